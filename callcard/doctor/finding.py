"""What a check says: one line."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from callcard.doctor.ground import Ground


class State(StrEnum):
    """How bad it is."""

    OK = "ok"
    WARNING = "warning"  # works, with less or not for long
    WRONG = "wrong"  # calls, recordings or the start suffer


@dataclass(frozen=True, slots=True)
class Finding:
    """One fact about the installation. *way_out* says what to do; empty when there is nothing to do."""

    state: State
    about: str
    text: str
    way_out: str = ""

    def __str__(self) -> str:
        line = f"{self.state:<8} {self.about}: {self.text}"
        return f"{line} → {self.way_out}" if self.way_out else line


Findings = Iterable[Finding]
Check = Callable[[Ground], Awaitable[Findings]]


def ok(about: str, text: str) -> Finding:
    """Nothing to do."""
    return Finding(State.OK, about, text)


def warning(about: str, text: str, way_out: str = "") -> Finding:
    """Worth doing something soon."""
    return Finding(State.WARNING, about, text, way_out)


def wrong(about: str, text: str, way_out: str = "") -> Finding:
    """To be put right."""
    return Finding(State.WRONG, about, text, way_out)
