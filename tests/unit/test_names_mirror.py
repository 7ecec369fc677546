"""Each unit test is found by the name of the module it tests; each test module says what it needs."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

pytestmark = pytest.mark.unit

TESTS = Path(__file__).parents[1]
ROOT = TESTS.parent
KINDS = {"unit", "integration", "journey"}
MODULES = sorted(TESTS.rglob("test_*.py"))
# Parts of the tests that have tests themselves.
OWN = {"fakes": TESTS / "fakes", "checks": TESTS / "checks"}
# Unit tests of what is more than one module, or none: with what it is.
NO_MODULE = {
    "test_names_mirror.py": "tests",
    "agent_ui/test_api_page.py": "docs/api.md",
    "callrouter/acd/test_batches.py": "callrouter/acd",
    "callrouter/acd/test_outgoing.py": "callrouter/acd",
    "callrouter/acd/test_races.py": "callrouter/acd",
    "callrouter/tracking/test_outside.py": "callrouter/tracking",
    "callrouter/tracking/test_properties.py": "callrouter/tracking",
    "callrouter/tracking/test_recorded.py": "callrouter/tracking",
    "fakes/test_sip_parts.py": "tests/fakes/sip",
}


def mirrored(test: Path) -> Path:
    """The module (or package) that *test* is named after."""
    folder, *below = test.relative_to(TESTS / "unit").parent.parts
    home = OWN.get(folder, ROOT / folder).joinpath(*below)
    return home / f"{test.stem.removeprefix('test_')}.py"


def marks(test: Path) -> list[str]:
    """The kinds named in the module's `pytestmark`."""
    tree = ast.parse(test.read_text("utf-8"))
    named = [
        node.value
        for node in tree.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "pytestmark"
    ]
    return [
        part.attr
        for value in named
        for part in ast.walk(value)
        if isinstance(part, ast.Attribute) and part.attr in KINDS
    ]


def test_there_is_something_to_look_at() -> None:
    assert len(MODULES) > 100


@pytest.mark.parametrize("test", MODULES, ids=lambda path: str(path.relative_to(TESTS)))
def test_a_module_has_one_mark_and_it_is_that_of_its_folder(test: Path) -> None:
    folder = test.relative_to(TESTS).parts[0]
    assert marks(test) == [{"journeys": "journey", "browser": "journey"}.get(folder, folder)]


@pytest.mark.parametrize(
    "test",
    [test for test in MODULES if test.is_relative_to(TESTS / "unit")],
    ids=lambda path: str(path.relative_to(TESTS / "unit")),
)
def test_a_unit_test_is_named_after_what_it_tests(test: Path) -> None:
    name = str(test.relative_to(TESTS / "unit"))
    other = NO_MODULE.get(name)
    module = mirrored(test) if other is None else ROOT / other
    assert module.exists() or module.with_suffix("").is_dir(), (
        f"{name}: there is no {module.relative_to(ROOT)}"
    )


def test_no_exception_is_left_over() -> None:
    assert all((TESTS / "unit" / name).exists() for name in NO_MODULE)
