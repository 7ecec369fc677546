"""A lock that does not pin, does not satisfy, or names a registry is found."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.checks.locks import BUILD_LOCK, LOCKS, PACKAGES, findings

pytestmark = pytest.mark.unit

PROJECT = """
[project]
dependencies = ["first>=2,<3"]
[project.optional-dependencies]
embedded = ["second>=1"]
audio = []
dev = []
[dependency-groups]
node = ["third>=3"]
"""
LOCK = """first==2.1 \\
    --hash=sha256:aa
second==1.0 ; sys_platform == 'linux' \\
    --hash=sha256:bb
"""
BUILD = """third==3.1 \\
    --hash=sha256:cc
"""
NAMED = {"dependencies": {"fourth": "4.0.0"}, "devDependencies": {}}
PACKAGE = {"version": "4.0.0", "integrity": "sha512-dd"}


def found(root: Path, lock: str, *, build: str = BUILD, package: dict[str, Any] = PACKAGE) -> list[str]:
    (root / "pyproject.toml").write_text(PROJECT)
    for name in LOCKS:
        (root / name).write_text(LOCK)
    (root / "requirements.lock").write_text(lock)
    (root / BUILD_LOCK).write_text(build)
    (root / PACKAGES).mkdir(parents=True)
    (root / PACKAGES / "package.json").write_text(json.dumps(NAMED))
    packages = {"": {"name": "ours"}, "node_modules/fourth": package}
    (root / PACKAGES / "package-lock.json").write_text(json.dumps({"packages": packages}))
    return list(findings(root))


def test_a_right_lock_has_no_finding(tmp_path: Path) -> None:
    assert found(tmp_path, LOCK) == []


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("    --hash=sha256:aa\n", "", "first has no hash"),
        ("first==2.1", "first==3.0", "first==3.0 does not satisfy first>=2,<3"),
        ("first==2.1", "other==2.1", "first is not pinned"),
        ("first==2.1", "first>=2.1", "not a pin: first>=2.1"),
        ("first==2.1", "--index-url https://registry.example\nfirst==2.1", "names a registry address"),
    ],
)
def test_a_fault_is_found(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert any(said in finding for finding in found(tmp_path, LOCK.replace(old, new)))


def test_the_lock_of_node_is_looked_at_too(tmp_path: Path) -> None:
    assert found(tmp_path, LOCK, build=BUILD.replace("3.1", "2.9")) == [
        f"{BUILD_LOCK}: third==2.9 does not satisfy third>=3; run `make lock`"
    ]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"resolved": "somewhere"}, "node_modules/fourth: names a registry address"),
        ({"integrity": None}, "node_modules/fourth: has no hash"),
        ({"version": "5.0.0"}, "fourth is 5.0.0, package.json says 4.0.0"),
    ],
)
def test_a_fault_of_the_npm_lock_is_found(tmp_path: Path, change: dict[str, str | None], said: str) -> None:
    package = {key: value for key, value in (PACKAGE | change).items() if value is not None}
    (finding,) = found(tmp_path, LOCK, package=package)
    assert said in finding
