"""A build is read from its manifest; without one the start is refused in one line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from agent_ui.assets import load_assets
from crm_core.errors import StartRefused

pytestmark = pytest.mark.unit

MANIFEST = {"files": {"app.js": "app.ABC.js"}, "all": ["app.ABC.js", "chunk.DEF.js"], "icons": ["phone"]}


def test_names_lead_to_files(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text(json.dumps(MANIFEST))
    for name in ("app.ABC.js", "app.ABC.js.gz", "chunk.DEF.js"):
        (tmp_path / name).write_text(name)
    assets = load_assets(tmp_path)
    (tmp_path / "app.ABC.js").unlink()  # by a newer build
    assert assets.contents["app.ABC.js"] == b"app.ABC.js"
    assert assets.url("app.js") == "/static/app.ABC.js"
    assert assets.names == {"app.ABC.js", "chunk.DEF.js"}
    assert assets.icons == {"phone"}
    with pytest.raises(KeyError):
        assets.url("chunk.js")


@pytest.mark.parametrize("manifest", [None, "", "{", "{}", json.dumps(MANIFEST)])
def test_a_missing_build_refuses_the_start(tmp_path: Path, manifest: str | None) -> None:
    if manifest is not None:
        (tmp_path / "manifest.json").write_text(manifest)
    with pytest.raises(StartRefused, match="make setup"):
        load_assets(tmp_path)
