"""Writing and reading Asterisk's configuration text.

Asterisk has no escape for most of its syntax (only `\\;`), so a value is either of an allowed form or
refused: nothing is quoted, cut or repaired, but a display name. Every expression of every template
passes `checked` (Jinja's finalize), so a template cannot forget it.

Syntax: config.c of Asterisk; `;` comments, `[section](template,!)`, `key = value`, `key => value`.
"""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from crm_core.errors import BadOffice
from crm_core.i18n import N_

_WORD = re.compile(r"[A-Za-z0-9_+*.:/-]*")
_PATH = re.compile(r"/[A-Za-z0-9_+.@ /-]*")
_SECRET = re.compile(r"[A-Za-z0-9_-]{16,128}")
_URI = re.compile(r"sips?:[A-Za-z0-9._+-]+(@[A-Za-z0-9.-]+)?(:[0-9]{1,5})?(;transport=(udp|tcp|tls))?")
_SECTION = re.compile(r"\[(?P<name>[^\]]+)\](\((?P<flags>[^)]*)\))?")


class Checked(str):
    """Text that one of the functions below made: safe where its name says."""

    __slots__ = ()


def checked(value: object) -> str:
    """Finish a template expression. Raises BadOffice for anything but a word, a number or Checked text."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, Checked):
        return value
    if isinstance(value, str) and _WORD.fullmatch(value):
        return value
    raise BadOffice(N_("A value cannot be written into Asterisk's configuration."), field=repr(value)[:80])


def path(value: Path) -> Checked:
    """An absolute path. A comma or `;` would end an argument or start a comment: refused."""
    text = str(value)
    if not _PATH.fullmatch(text):
        raise BadOffice(N_("A folder's path has characters Asterisk cannot take."), field=text[:80])
    return Checked(text)


def secret(value: str) -> Checked:
    """A password or token: 16 to 128 letters, digits, `-`, `_`. The value is never named in the error."""
    if not _SECRET.fullmatch(value):
        raise BadOffice(N_("A secret must be 16 to 128 letters, digits, - or _."))
    return Checked(value)


def uri(value: str) -> Checked:
    """A SIP address; its parameter's `;` is escaped, else it would start a comment."""
    if not _URI.fullmatch(value):
        raise BadOffice(N_("This is not a SIP address of the form sip:user@host:port."), field=value[:80])
    return Checked(value.replace(";", "\\;"))


def address(value: str) -> Checked:
    """An IP address, or a network with its prefix length."""
    try:
        ipaddress.ip_network(value, strict=False)
    except ValueError:
        raise BadOffice(N_("This is not an IP address or network."), field=value[:80]) from None
    return Checked(value)


def display(value: str) -> Checked:
    """A person's name as phones show it: letters, digits and `.'-`; everything else becomes a space.

    The one place where text is changed instead of refused: it is for eyes only, and titles are free text.
    """
    composed = unicodedata.normalize("NFC", value)
    kept = "".join(char if char.isalnum() or char in ".'-" else " " for char in composed)
    return Checked(" ".join(kept.split())[:40].strip())


@dataclass(frozen=True, slots=True)
class Entry:
    """One `key = value` of a file. *line* counts from 1."""

    section: str
    key: str
    value: str
    line: int


@dataclass(frozen=True, slots=True)
class Section:
    """One `[name]` of a file; *template* when it is marked `(!)`, *bases* are those it inherits."""

    name: str
    line: int
    template: bool
    bases: tuple[str, ...]
    entries: tuple[Entry, ...]

    def get(self, key: str) -> str | None:
        """The last value of *key*, as Asterisk takes it."""
        return next((entry.value for entry in reversed(self.entries) if entry.key == key), None)

    def all(self, key: str) -> tuple[str, ...]:
        """Every value of *key* in order."""
        return tuple(entry.value for entry in self.entries if entry.key == key)


def strip_comment(line: str) -> str:
    """Return *line* without its `;` comment, `\\;` unescaped, outer blanks removed."""
    out: list[str] = []
    index = 0
    while index < len(line):
        if line[index] == "\\" and line[index + 1 : index + 2] == ";":
            out.append(";")
            index += 2
            continue
        if line[index] == ";":
            break
        out.append(line[index])
        index += 1
    return "".join(out).strip()


def read_sections(text: str) -> tuple[Section, ...]:
    """Parse configuration text. Raises ValueError with the line for what is none of the known forms."""
    sections: list[Section] = []
    head: tuple[str, int, bool, tuple[str, ...]] | None = None
    entries: list[Entry] = []
    for number, line in _lines(text):
        found = _SECTION.fullmatch(line)
        if found:
            if head:
                sections.append(Section(*head, tuple(entries)))
            flags = [flag.strip() for flag in (found["flags"] or "").split(",") if flag.strip()]
            head = (found["name"], number, "!" in flags, tuple(flag for flag in flags if flag != "!"))
            entries = []
            continue
        key, sign, value = line.partition("=")
        if not sign or head is None or not key.strip():
            raise ValueError(f"line {number}: not a section and not key = value")
        entries.append(Entry(head[0], key.strip(), value.removeprefix(">").strip(), number))
    if head:
        sections.append(Section(*head, tuple(entries)))
    return tuple(sections)


def _lines(text: str) -> Iterator[tuple[int, str]]:
    for number, raw in enumerate(text.split("\n"), start=1):
        line = strip_comment(raw)
        if line:
            yield number, line
