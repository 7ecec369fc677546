"""What the documents say is in the code: settings, paths, commands and options, `make` targets, links."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from cyclopts import App

from callcard.main import app
from callcard.settings import SETTINGS

ROOT = Path(__file__).parents[2]
TOP = "callcard|callrouter|crm_core|agent_ui|recordings|asterisk_conf|docs|tests|examples|benchmarks"
PATH = re.compile(rf"`((?:{TOP})/[^`\s*{{}}<>|]*)`")
FENCE = re.compile(r"^```[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
QUOTED = re.compile(r"`([^`\n]+)`")
COMMAND = re.compile(r"(?:^|[\s($])(?:\.venv/bin/)?callcard((?: +(?:[a-z]+|--[a-z-]+|[^\s`)]+))+)")
MAKE = re.compile(r"(?:^|\s)make ([a-z]+)$")
VARIABLE = re.compile(r"CALLCARD_[A-Z_]*[A-Z]")
MACHINE = re.compile(r"[^a-z.]/(wor[k]|hom[e]|roo[t])/[a-z]")
LINK = re.compile(r"\]\((?!https?:|#)([^)#]+)")


def findings(root: Path = ROOT) -> Iterator[str]:
    """One line for each statement that is not true."""
    for page in (root / "README.md", root / "CHANGELOG.md", *sorted((root / "docs").rglob("*.md"))):
        for finding in _page(root, page):
            yield f"{page.relative_to(root)}: {finding}"
    for finding in _settings((root / "docs" / "settings.md").read_text("utf-8")):
        yield f"docs/settings.md: {finding}"


def _page(root: Path, page: Path) -> Iterator[str]:
    text = page.read_text("utf-8")
    for path in sorted(set(PATH.findall(text))):
        if not (root / path.split("#")[0].split(":")[0]).exists():
            yield f"{path} does not exist"
    for link in LINK.findall(text):
        if not (page.parent / link).exists():
            yield f"link to {link} leads nowhere"
    if MACHINE.search(text):
        yield "names a path of one machine"
    known = {setting.variable for setting in SETTINGS}
    for name in sorted(set(VARIABLE.findall(text)) - known):
        yield f"{name} is no setting"
    targets = set(re.findall(r"^([a-z]+):", (root / "Makefile").read_text("utf-8"), re.MULTILINE))
    for line in sorted(set(_code(text))):
        yield from _commands(line)
        made = MAKE.search(line)
        if made and made[1] not in targets:
            yield f"`make {made[1]}` is no target"


def _code(text: str) -> Iterator[str]:
    """What stands in code: the lines of blocks, and quoted words outside them."""
    for block in FENCE.findall(text):
        yield from block.splitlines()
    yield from QUOTED.findall(FENCE.sub("", text))


def _commands(line: str) -> Iterator[str]:
    for found in COMMAND.finditer(line):
        here: App = app
        said = "callcard"
        for word in found[1].split():
            if word.startswith("--"):
                if word.split("=")[0] not in _options(here):
                    yield f"`{said}` has no option {word}"
            elif word in here:
                here, said = here[word], f"{said} {word}"
            elif here.default_command is None and word.isalpha() and word.islower():
                yield f"`{said} {word}` is no command"
                break
            elif here.default_command is None:
                break


def _options(command: App) -> set[str]:
    if command.default_command is None:
        return {"--help", "--version"}
    arguments = command.assemble_argument_collection()
    return {name for argument in arguments for name in argument.names} | {"--help"}


def _settings(text: str) -> Iterator[str]:
    rows = dict(re.findall(r"^\| `(CALLCARD_[A-Z_]+)` \| (.*?) \|$", text, re.MULTILINE))
    for setting in SETTINGS:
        if setting.variable not in rows:
            yield f"{setting.variable} is not there"
            continue
        default, _, purpose = rows[setting.variable].partition(" | ")
        if setting.default is not None and default.strip("`") != setting.default:
            yield f"{setting.variable}: default is {setting.default}"
        if purpose.strip() != setting.purpose:
            yield f"{setting.variable}: purpose differs: {setting.purpose}"
