"""What differs between two offices, in plain words: for `office diff`, for audit, for the refusal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import msgspec

from crm_core.i18n import Message
from crm_core.office.model import CustomerEntry, DeviceEntry, OfficeFile, OutgoingEntry

SECTIONS = ("offices", "teams", "people", "trunks", "numbers", "queues", "dispositions")
SINGLES = ("pbx", "sip", "state_codes")


class ChangeKind(StrEnum):
    """What happened to a thing."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One difference. *path* is a thing (`people.anna`) or its field (`queues.sales.ring_s`)."""

    kind: ChangeKind
    path: str
    before: str | None = None
    after: str | None = None

    @property
    def words(self) -> Message:
        """One line for people: `queues.sales.ring_s: 20 → 25`."""
        if self.kind is ChangeKind.ADDED:
            return Message("{path}: added ({what})", path=self.path, what=self.after)
        if self.kind is ChangeKind.REMOVED:
            return Message("{path}: removed ({what})", path=self.path, what=self.before)
        return Message("{path}: {before} → {after}", path=self.path, before=self.before, after=self.after)


def diff(old: OfficeFile | None, new: OfficeFile) -> tuple[Change, ...]:
    """Every difference, in the order of the file. Without *old* everything is added."""
    found: list[Change] = []
    for name in SINGLES:
        if old is not None:
            found += _value(name, getattr(old, name), getattr(new, name))
    for section in SECTIONS:
        found += _section(section, getattr(old, section) if old else {}, getattr(new, section))
    found += _section("customers", _by_phone(old.customers if old else ()), _by_phone(new.customers))
    return tuple(found)


def _by_phone(customers: tuple[CustomerEntry, ...]) -> dict[str, CustomerEntry]:
    """Customers have no name in the file: the first number, and the title where numbers are shared."""
    first: dict[str, CustomerEntry] = {}
    for entry in customers:
        key = entry.phones[0]
        first[key if key not in first else f"{key} {entry.title}"] = entry
    return first


def _section(section: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    for name, entry in new.items():
        if name not in old:
            yield Change(kind=ChangeKind.ADDED, path=f"{section}.{name}", after=_short(entry))
        else:
            yield from _value(f"{section}.{name}", old[name], entry)
    for name, entry in old.items():
        if name not in new:
            yield Change(kind=ChangeKind.REMOVED, path=f"{section}.{name}", before=_short(entry))


def _value(path: str, old: Any, new: Any) -> Iterator[Change]:
    if old == new:
        return
    if isinstance(new, msgspec.Struct) and isinstance(old, msgspec.Struct):
        for field in new.__struct_fields__:
            yield from _value(f"{path}.{field}", getattr(old, field), getattr(new, field))
    else:
        yield Change(kind=ChangeKind.CHANGED, path=path, before=_short(old), after=_short(new))


def _short(value: Any) -> str:
    """*value* as the file writes it, in short: a thing by its title, a list by its parts, nothing as `–`."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return ", ".join(_short(part) for part in value) or "–"
    if isinstance(value, DeviceEntry):
        return f"{value.name} ({value.contact or value.kind})"
    if isinstance(value, OutgoingEntry):
        return f"{_short(value.prefixes)} ({value.caller_id})"
    if isinstance(value, msgspec.Struct):
        return str(getattr(value, "title", type(value).__name__))
    return str(value)
