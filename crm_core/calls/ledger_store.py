"""Where the ledger writes: settled calls and how far its file was read, in one transaction.

A call is settled once: the first word stands, so reading the file again changes nothing, from whatever
place. What the live side knew of it (the customer, offers, trace) stays.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
import structlog

from crm_core.calls import missed_store, store
from crm_core.calls.events import CallEvent, CallMerged, CallSettled
from crm_core.calls.model import Call, CallState, Direction
from crm_core.calls.settlement import Settlement, settle
from crm_core.calls.trace import Code, line
from crm_core.clock import Clock
from crm_core.db import outbox
from crm_core.db.engine import Database

log = structlog.get_logger(__name__)

WRITE_S = 10.0  # nobody on a call waits here

_LOAD = """
SELECT to_jsonb(calls) - 'agents' AS call,
    (SELECT coalesce(jsonb_agg(to_jsonb(legs) - 'call_id' - 'pbx' ORDER BY legs.started_at), '[]')
     FROM call_legs AS legs WHERE legs.call_id = calls.id AND legs.pbx = calls.pbx) AS legs,
    (SELECT coalesce(jsonb_agg(to_jsonb(offers) - 'call_id' - 'pbx' ORDER BY offers.reserved_at), '[]')
     FROM call_offers AS offers WHERE offers.call_id = calls.id AND offers.pbx = calls.pbx) AS offers
FROM calls WHERE pbx = $1 AND id = ANY($2) FOR UPDATE"""


@dataclass(frozen=True, slots=True)
class LedgerPlace:
    """The first byte of the CEL file that is still needed: all calls before it are settled."""

    inode: int
    offset: int


class LedgerStore:
    """The calls room's side of the ledger of one PBX."""

    def __init__(self, database: Database, clock: Clock, *, pbx: str) -> None:
        self.poisoned = 0  # settlements the database would not take
        self._database = database
        self._clock = clock
        self._pbx = pbx

    async def place(self) -> LedgerPlace | None:
        """Where reading goes on; None: it never began. Raises Unavailable."""
        async with self._database.hot(timeout_s=WRITE_S) as connection:
            row = await connection.fetchrow(
                'SELECT inode, "offset" FROM ledger_offsets WHERE pbx = $1', self._pbx
            )
        return None if row is None else LedgerPlace(row["inode"], row["offset"])

    async def settle(self, settlements: Sequence[Settlement], place: LedgerPlace) -> None:
        """Write what is settled and the place after it: all, or nothing. Raises Unavailable.

        One that the database cannot take in any form is counted, logged and left out.
        """
        try:
            await self._write(settlements, place)
        except (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError):
            for settlement in settlements:
                await self._write_alone(settlement)
            await self._write((), place)

    async def _write_alone(self, settlement: Settlement) -> None:
        try:
            await self._write((settlement,), None)
        except (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError) as error:
            self.poisoned += 1
            log.error(
                "settlement cannot be stored", call=str(settlement.call_id), reason=type(error).__name__
            )

    async def _write(self, settlements: Sequence[Settlement], place: LedgerPlace | None) -> None:
        async with self._database.hot(timeout_s=WRITE_S) as connection, connection.transaction():
            if settlements:
                known = await _load(connection, self._pbx, settlements)
                events = [event for one in settlements for event in self._settle(one, known)]
                if events:
                    calls = [event.call for event in events]
                    await store.write(connection, calls)
                    await missed_store.refresh(connection, calls, self._clock.now())
                    await outbox.add_hot(connection, events)
            if place is not None:
                await _put_place(connection, self._pbx, place)

    def _settle(self, settlement: Settlement, known: dict[UUID, Call]) -> list[CallEvent]:
        """What becomes of the call and of consult calls that became part of it."""
        now = self._clock.now()
        settlement = _as_kept(settlement, known)
        seen = known.get(settlement.call_id)
        if seen is not None and seen.settled:
            return []
        call = settle(seen, settlement, self._pbx)
        said = {one.code for one in call.trace}
        codes = (Code.PBX_LOST, Code.SETTLED) if settlement.pbx_lost else (Code.SETTLED,)
        lines = tuple(line(now, code) for code in codes if code.value not in said)
        call = replace(call, trace=(*call.trace, *lines), version=call.version + 1)
        events: list[CallEvent] = [CallSettled(at=now, pbx=self._pbx, call=call)]
        for merged_id in settlement.merged:
            part = known.get(merged_id)
            if part is None or not part.settled:
                merged = _merged(part, merged_id, settlement, self._pbx)
                events.append(CallMerged(at=now, pbx=self._pbx, call=merged, into=call.id))
        known.update({event.call.id: event.call for event in events})
        return events


def _as_kept(settlement: Settlement, known: dict[UUID, Call]) -> Settlement:
    """The live side merged first: the call it kept is the one that is settled."""
    calls = (settlement.call_id, *settlement.merged)
    seen = known.get(settlement.call_id)
    if seen is None or seen.merged_into not in settlement.merged:
        return settlement
    kept = seen.merged_into
    return replace(settlement, call_id=kept, merged=tuple(one for one in calls if one != kept))


def _merged(seen: Call | None, call_id: UUID, settlement: Settlement, pbx: str) -> Call:
    """A consult call as part of another: no legs of its own, no outcome, not counted."""
    base = seen or Call(
        id=call_id,
        pbx=pbx,
        direction=Direction.INTERNAL,
        state=CallState.ENDED,
        from_number=None,
        from_raw="",
        from_name="",
        to=None,
        did=None,
        queue=None,
        started_at=settlement.started_at,
    )
    return replace(
        base,
        state=CallState.ENDED,
        outcome=None,
        hangup_by=None,
        ended_at=base.ended_at or settlement.ended_at,
        legs=(),
        merged_into=settlement.call_id,
        settled=True,
        version=base.version + 1,
    )


async def _load(connection: Any, pbx: str, settlements: Iterable[Settlement]) -> dict[UUID, Call]:
    """The calls of *settlements* as they are stored, locked until the end of the transaction."""
    ids: Collection[UUID] = {one_id for one in settlements for one_id in (one.call_id, *one.merged)}
    found = [_call(row) for row in await connection.fetch(_LOAD, pbx, sorted(ids))]
    return {call.id: call for call in found}


def _call(row: Any) -> Call:
    values = dict(row["call"])
    values["to"] = values.pop("to_number")
    return msgspec.convert({**values, "legs": row["legs"], "offers": row["offers"]}, Call)


async def _put_place(connection: Any, pbx: str, place: LedgerPlace) -> None:
    await connection.execute(
        'INSERT INTO ledger_offsets (pbx, inode, "offset") VALUES ($1, $2, $3) '
        'ON CONFLICT (pbx) DO UPDATE SET inode = excluded.inode, "offset" = excluded."offset"',
        pbx,
        place.inode,
        place.offset,
    )
