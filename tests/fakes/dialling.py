"""Telephones beside the page, in memory: what they were asked to call."""

from __future__ import annotations

from dataclasses import dataclass, field

from crm_core.errors import CallcardError
from crm_core.people.model import Reader


@dataclass
class MemoryDialling:
    """Every telephone rings unless *refusal* says why not."""

    asked: list[tuple[str, str]] = field(default_factory=list)
    refusal: CallcardError | None = None

    async def dial(self, reader: Reader, number: str) -> None:
        if self.refusal is not None:
            raise self.refusal
        self.asked.append((reader.person, number))
