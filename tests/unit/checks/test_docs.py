"""A page that names what is not there is found."""

from __future__ import annotations

from pathlib import Path

import pytest

from callcard.settings import SETTINGS
from tests.checks.docs import findings

pytestmark = pytest.mark.unit


def found(root: Path, text: str = "", settings: str | None = None) -> list[str]:
    (root / "docs").mkdir()
    (root / "README.md").write_text(text)
    (root / "CHANGELOG.md").write_text("")
    (root / "Makefile").write_text("demo: ## Run it\n")
    (root / "docs" / "settings.md").write_text(table() if settings is None else settings)
    return list(findings(root))


def table() -> str:
    rows = [f"| `{each.variable}` | `{each.default or 'unset'}` | {each.purpose} |" for each in SETTINGS]
    return "\n".join(rows) + "\n"


@pytest.mark.parametrize(
    "text",
    [
        "`docs/settings.md` and [the settings](docs/settings.md), `CALLCARD_DATA`",
        "`callcard up --office FILE`, `callcard watch --plain`, `callcard --help`, `callcard pbx install`",
        "```\n.venv/bin/callcard office check my.yaml     what is wrong with it\nmake demo\n```",
        "Some call it callcard nonsense: words outside code are not looked at.",
    ],
)
def test_what_is_there_may_be_named(tmp_path: Path, text: str) -> None:
    assert found(tmp_path, text) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("`callrouter/nowhere.py`", "callrouter/nowhere.py does not exist"),
        ("[there](docs/nowhere.md)", "link to docs/nowhere.md leads nowhere"),
        ("`callcard dance`", "`callcard dance` is no command"),
        ("```\nTOKEN=$(callcard token forge anna)\n```", "`callcard token forge` is no command"),
        ("`callcard watch --loud`", "`callcard watch` has no option --loud"),
        ("`make tea`", "`make tea` is no target"),
        ("CALLCARD_COLOUR=red", "CALLCARD_COLOUR is no setting"),
        ("in `/hom" + "e/somebody`", "names a path of one machine"),
    ],
)
def test_what_is_not_there_is_found(tmp_path: Path, text: str, said: str) -> None:
    assert found(tmp_path, text) == [f"README.md: {said}"]


def test_settings_are_those_of_the_code(tmp_path: Path) -> None:
    first, *rest = table().splitlines(keepends=True)
    wrong = "".join(rest).replace("`5038`", "`5039`").replace("The manager's port.", "A port.")
    assert found(tmp_path, settings=wrong) == [
        f"docs/settings.md: {SETTINGS[0].variable} is not there",
        "docs/settings.md: CALLCARD_AMI_PORT: default is 5038",
        "docs/settings.md: CALLCARD_AMI_PORT: purpose differs: The manager's port.",
    ]
    assert SETTINGS[0].variable in first
