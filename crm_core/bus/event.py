"""The base of everything that travels on the bus, and the registry that names it on the wire."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import TypeVar
from uuid import UUID

import msgspec

from crm_core.errors import BadInput
from crm_core.i18n import N_
from crm_core.ids import new_id

_classes: dict[str, type[Event]] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened (past tense) or is asked for (imperative). Immutable; *id* dedupes."""

    id: UUID = field(default_factory=new_id)
    at: datetime = field(default_factory=lambda: datetime.now(UTC))
    pbx: str = "main"


EventClass = TypeVar("EventClass", bound=type[Event])


def register(cls: EventClass) -> EventClass:
    """Class decorator: the class name becomes the event's name on the wire. Names are never reused."""
    if cls.__name__ in _classes:
        raise ValueError(f"event name {cls.__name__} is taken")
    _classes[cls.__name__] = cls
    return cls


def event_name(event: Event) -> str:
    """The name under which *event* travels."""
    return type(event).__name__


def event_class(name: str) -> type[Event]:
    """The class behind a wire name. Raises BadInput for an unknown one."""
    try:
        return _classes[name]
    except KeyError:
        raise BadInput(N_("This event has no known name."), field="type") from None


def encode(event: Event) -> bytes:
    """One JSON object: {"type": name, "body": {...}}."""
    return msgspec.json.encode({"type": event_name(event), "body": event})


class _Wire(msgspec.Struct):
    type: str
    body: msgspec.Raw


_wire = msgspec.json.Decoder(_Wire)


def decode(data: bytes | str) -> Event:
    """The event that *data* holds. Raises BadInput when it is not one."""
    try:
        wire = _wire.decode(data)
    except msgspec.MsgspecError as error:
        raise BadInput(N_("This is not an event."), field="event") from error
    return read_body(wire.type, wire.body)


@cache
def _decoder(name: str) -> msgspec.json.Decoder[Event]:
    """One for each name: to make it costs more than most of what it reads. Raises BadInput."""
    return msgspec.json.Decoder(event_class(name))


def read_body(name: str, body: msgspec.Raw | bytes | str) -> Event:
    """The event of wire name *name* whose fields *body* spells. Raises BadInput when it is not one."""
    try:
        return _decoder(name).decode(body)
    except msgspec.MsgspecError as error:
        raise BadInput(N_("This is not an event."), field="event") from error
