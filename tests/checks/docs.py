"""What the documents say is in the code: settings, paths, commands."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from callcard.settings import SETTINGS

ROOT = Path(__file__).parents[2]
PATH_LIKE = re.compile(
    r"`((?:callcard|callrouter|crm_core|agent_ui|recordings|asterisk_conf|docs|tests|examples|benchmarks)/[^`\s*{}<>|]*)`"
)
COMMAND = re.compile(r"`(?:\.venv/bin/)?callcard ([a-z]+)(?: ([a-z]+))?[^`]*`")
MACHINE = re.compile(r"[^a-z.]/(wor[k]|hom[e]|roo[t])/[a-z]")


def findings() -> Iterator[str]:
    """One line for each statement that is not true."""
    pages = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
    for page in pages:
        yield from _page(page)
    yield from _settings((ROOT / "docs" / "settings.md").read_text("utf-8"))


def _page(page: Path) -> Iterator[str]:
    text = page.read_text("utf-8")
    name = page.relative_to(ROOT)
    for path in sorted(set(PATH_LIKE.findall(text))):
        bare = path.split("#")[0].split(":")[0]
        if not (ROOT / bare).exists():
            yield f"{name}: {path} does not exist"
    commands = _commands()
    for first, second in sorted(set(COMMAND.findall(text))):
        if first not in commands or (second and commands[first] and second not in commands[first]):
            yield f"{name}: `callcard {first} {second}`.strip() is no command"
    for link in re.findall(r"\]\((?!https?:|#)([^)#]+)", text):
        if not (page.parent / link).exists():
            yield f"{name}: link to {link} leads nowhere"
    if MACHINE.search(text):
        yield f"{name}: names a path of one machine"


def _commands() -> dict[str, set[str]]:
    """Commands of the command line, and their second words."""
    from callcard.main import app

    found: dict[str, set[str]] = {}
    for name in app:
        if name.startswith("-"):
            continue
        found[name] = {sub for sub in app[name] if not sub.startswith("-")}
    return found


def _settings(text: str) -> Iterator[str]:
    rows = dict(re.findall(r"^\| `(CALLCARD_[A-Z_]+)` \| (.*?) \|$", text, re.MULTILINE))
    for setting in SETTINGS:
        if setting.variable not in rows:
            yield f"docs/settings.md: {setting.variable} is not there"
            continue
        default, _, purpose = rows[setting.variable].partition(" | ")
        if setting.default is not None and default.strip("`") != setting.default:
            yield f"docs/settings.md: {setting.variable}: default is {setting.default}"
        if purpose.strip() != setting.purpose:
            yield f"docs/settings.md: {setting.variable}: purpose differs: {setting.purpose}"
    for name in rows.keys() - {setting.variable for setting in SETTINGS}:
        yield f"docs/settings.md: {name} is no setting"
