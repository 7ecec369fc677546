"""The real build of a small front-end: what it finds in templates, and what it refuses."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

import agent_ui
from agent_ui.assets import load_assets
from agent_ui.frontend.make import find_node

pytestmark = pytest.mark.integration

FRONTEND = Path(agent_ui.__file__).parent / "frontend"
TEMPLATE = """{% from "components.html" import item_row %}
<p class="card">{{ icon("phone") }} {{ item_row("Title", "Note", "coffee") }}</p>
<p>{{ item_row("Title", mark="star") }}</p>"""


@pytest.fixture
def room(tmp_path: Path) -> Path:
    """The sources, with one template and one view; the packages are those of the checkout."""
    room = tmp_path / "agent_ui"
    shutil.copytree(FRONTEND, room / "frontend", ignore=shutil.ignore_patterns("node_modules"))
    (room / "frontend" / "node_modules").symlink_to(FRONTEND / "node_modules")
    (room / "desk" / "templates").mkdir(parents=True)
    (room / "desk" / "templates" / "call.html").write_text(TEMPLATE)
    (room / "states.py").write_text('LOOK = Look(icon="ban")')
    return room


def build(room: Path) -> subprocess.CompletedProcess[str]:
    found = find_node()
    assert found is not None
    return subprocess.run(
        [found[0], "build.mjs"],
        cwd=room / "frontend",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        stdin=subprocess.DEVNULL,
    )


def test_a_build_has_what_the_templates_name_and_forgets_what_was(room: Path) -> None:
    (room / "static").mkdir()
    (room / "static" / "app.OLD.js").write_text("")
    done = build(room)
    assert done.returncode == 0, done.stderr
    assets = load_assets(room / "static")
    assert assets.icons == {"phone", "coffee", "star", "ban"}
    sprite = (assets.folder / assets.files["icons.svg"]).read_text()
    assert sprite.count("<symbol ") == 4
    styles = (assets.folder / assets.files["app.css"]).read_text()
    assert ".card" in styles and ".breadcrumb" not in styles  # of Tabler's only what is named
    present = {path.name for path in assets.folder.iterdir()}
    compressed = {name for name in present if name.endswith(".gz")}
    assert present == assets.names | compressed | {"manifest.json"}
    assert {name.removesuffix(".gz") for name in compressed} == {
        name for name in assets.names if name.endswith((".js", ".css", ".svg"))
    }
    before = json.loads((room / "static" / "manifest.json").read_text())
    assert build(room).returncode == 0
    assert json.loads((room / "static" / "manifest.json").read_text()) == before


@pytest.mark.parametrize("use", ['{{ icon("no-such") }}', '{{ item_row("Title", mark="no-such") }}'])
def test_an_icon_that_does_not_exist_fails_the_build(room: Path, use: str) -> None:
    (room / "desk" / "templates" / "call.html").write_text(use)
    done = build(room)
    assert done.returncode == 1
    assert done.stderr == 'front-end: call.html: "no-such" is not one of Tabler\'s outline icons\n'
    assert not (room / "static").exists()


def test_a_script_that_is_wrong_fails_the_build(room: Path) -> None:
    (room / "frontend" / "src" / "app.ts").write_text("import './nowhere';")
    done = build(room)
    assert done.returncode == 1
    assert "nowhere" in done.stderr
    assert not (room / "static").exists()
