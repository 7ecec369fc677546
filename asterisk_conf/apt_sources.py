"""The system's own apt configuration, read: where packages come from and which key signs them.

Both forms are read: one line (`deb [options] uri suite component…`) and deb822 (`Types:`, `URIs:` …);
sources.list(5). No address is known to our code: the mirror is the one this machine uses already.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

_ONE_LINE = re.compile(
    r"deb\s+(?:\[(?P<options>[^\]]*)\]\s+)?(?P<uri>\S+)\s+(?P<suite>\S+)(?P<components>(?:\s+\S+)*)"
)
_URI = re.compile(r"[a-z+]+:[A-Za-z0-9._~:/%@+-]+")


@dataclass(frozen=True, slots=True)
class AptSource:
    """One archive the system takes binary packages from."""

    uri: str
    suites: tuple[str, ...]
    components: tuple[str, ...]
    signed_by: str | None  # path of a keyring


def read_sources(sourcelist: Path, sourceparts: Path) -> list[AptSource]:
    """Every enabled binary source of *sourcelist* and the folder *sourceparts*, in apt's order."""
    files = [sourcelist, *sorted(sourceparts.glob("*.list")), *sorted(sourceparts.glob("*.sources"))]
    found: list[AptSource] = []
    for file in files:
        try:
            text = file.read_text(encoding="utf-8", errors="replace")
        except (FileNotFoundError, PermissionError, IsADirectoryError):
            continue
        found.extend(parse_deb822(text) if file.suffix == ".sources" else parse_one_line(text))
    return found


def parse_one_line(text: str) -> Iterator[AptSource]:
    """Sources of a `.list` file; lines of another form are passed over, as apt warns and goes on."""
    for raw in text.splitlines():
        found = _ONE_LINE.fullmatch(raw.partition("#")[0].strip())
        if found is None or not _URI.fullmatch(found["uri"]):
            continue
        options = dict(option.split("=", 1) for option in (found["options"] or "").split() if "=" in option)
        yield AptSource(
            uri=found["uri"].rstrip("/"),
            suites=(found["suite"],),
            components=tuple(found["components"].split()),
            signed_by=_keyring(options.get("signed-by")),
        )


def parse_deb822(text: str) -> Iterator[AptSource]:
    """Sources of a `.sources` file."""
    for stanza in re.split(r"\n\s*\n", text):
        fields = _fields(stanza.splitlines())
        if "deb" not in fields.get("types", "").split() or fields.get("enabled", "yes").lower() in (
            "no",
            "false",
        ):
            continue
        for uri in fields.get("uris", "").split():
            if _URI.fullmatch(uri):
                yield AptSource(
                    uri=uri.rstrip("/"),
                    suites=tuple(fields.get("suites", "").split()),
                    components=tuple(fields.get("components", "").split()),
                    signed_by=_keyring(fields.get("signed-by")),
                )


def choose(sources: Iterable[AptSource], codename: str, component: str) -> AptSource | None:
    """The archive that carries the release *codename* itself with *component* (not security or updates)."""
    return next((s for s in sources if codename in s.suites and component in s.components), None)


def _fields(lines: Iterable[str]) -> dict[str, str]:
    fields: dict[str, str] = {}
    name = ""
    for line in lines:
        if line.startswith("#"):
            continue
        if line[:1].isspace():
            fields[name] = f"{fields.get(name, '')}\n{line.strip()}"
        elif ":" in line:
            key, _, value = line.partition(":")
            name = key.strip().lower()
            fields[name] = value.strip()
    return fields


def _keyring(value: str | None) -> str | None:
    """The keyring's path; None for a fingerprint or a key written into the file itself."""
    return value if value and re.fullmatch(r"/[A-Za-z0-9._/+-]+", value) else None
