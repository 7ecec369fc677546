"""A lock that does not pin, does not satisfy, or names a registry is found."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.checks.locks import LOCKS, findings

pytestmark = pytest.mark.unit

PROJECT = """
[project]
dependencies = ["first>=2,<3"]
[project.optional-dependencies]
embedded = ["second>=1"]
audio = []
dev = []
"""
LOCK = """first==2.1 \\
    --hash=sha256:aa
second==1.0 ; sys_platform == 'linux' \\
    --hash=sha256:bb
"""


def found(root: Path, lock: str) -> list[str]:
    (root / "pyproject.toml").write_text(PROJECT)
    for name in LOCKS:
        (root / name).write_text(LOCK)
    (root / "requirements.lock").write_text(lock)
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
