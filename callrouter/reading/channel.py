"""The channel block of a frame: the same dozen headers under several prefixes (`Dest`, `Transferee`, …)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from operator import itemgetter
from typing import Final
from uuid import UUID

from callrouter.reading.observations import ChannelFacts
from callrouter.reading.text import clean
from crm_core.ids import parse_id

_HEADERS: Final = (
    "Uniqueid",
    "Channel",
    "ChannelState",
    "CallerIDNum",
    "CallerIDName",
    "Context",
    "Exten",
    "AccountCode",
)
PREFIXES: Final = (
    "",
    "Dest",
    "Transferer",
    "Transferee",
    "OrigTransferer",
    "SecondTransferer",
    "TransferTarget",
)
_BLOCKS: Final = {prefix: itemgetter(*(prefix + header for header in _HEADERS)) for prefix in PREFIXES}
_VARIABLES: Final = {
    prefix: itemgetter(*(f"{prefix}ChanVariable/{name}" for name in ("CC_CALL", "CC_OFFER")))
    for prefix in PREFIXES
}
_NO_VARIABLES: Final = ("", "")


def facts(fields: Mapping[str, str], prefix: str = "") -> ChannelFacts:
    """Read the channel block under *prefix*. Raises KeyError or ValueError when it is not whole."""
    try:
        variables: tuple[str, ...] = _VARIABLES[prefix](fields)
    except KeyError:  # a foreign PBX, where `channelvars` is not ours
        variables = _NO_VARIABLES
    return _facts(*_BLOCKS[prefix](fields), *variables)


def facts_if_any(fields: Mapping[str, str], prefix: str = "") -> ChannelFacts | None:
    """As `facts`, or None when the frame has no channel under *prefix* at all (Originate has no source)."""
    return facts(fields, prefix) if f"{prefix}Channel" in fields else None


@lru_cache(maxsize=4096)  # a channel's block is the same in most of its frames
def _facts(
    uniqueid: str,
    name: str,
    state: str,
    caller_number: str,
    caller_name: str,
    context: str,
    exten: str,
    account: str,
    call: str,
    offer: str,
) -> ChannelFacts:
    return ChannelFacts(
        uniqueid=_required(uniqueid),
        name=_required(name),
        state=int(state),
        caller_number=clean(caller_number),
        caller_name=clean(caller_name),
        context=clean(context),
        exten=clean(exten),
        call_id=_uuid(account) or _uuid(call),
        offer_id=_uuid(offer),
    )


@lru_cache(maxsize=4096)
def _uuid(text: str) -> UUID | None:
    return parse_id(text)


def _required(text: str) -> str:
    """An id or channel name: never empty, never long, never with anything invisible in it."""
    if not text or len(text) > 256 or not text.isprintable():
        raise ValueError(text)
    return text
