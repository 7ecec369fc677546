"""SQL of the recorder's side, on the plain connection of `Database.hot`: a few statements for each call.

The recorder shares its processor with whoever routes calls, and putting a statement together anew each
time costs more than running it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from crm_core.bus.event import event_name
from crm_core.calls.model import Call
from crm_core.ids import new_id, plain_id
from crm_core.recordings.events import RecordingSettled
from crm_core.recordings.model import Recording, RecordingKind, RecordingState
from crm_core.recordings.store import talkers

_FIELDS = tuple(Recording.__dataclass_fields__)
_COLUMNS = ", ".join(_FIELDS)
_WRITTEN = tuple(name for name in _FIELDS if name != "id")
_NEW_AT, _PARTIES_AT = 2, 2 + len(_WRITTEN)  # numbers of the first parameters of each kind
_EVENT_AT, _OLD_AT = _PARTIES_AT + 3, _PARTIES_AT + 6


def _numbers(first: int) -> str:
    return ", ".join(f"${number}" for number in range(first, first + len(_WRITTEN)))


# Who had part in a call decides who may see its recordings: a later word on that is taken, no word is not.
_NEW = "INSERT INTO recordings (id, call_id, kind, state, started_at, pbx, agents, did, from_number)"
_EXPECT = f"""{_NEW}
SELECT $1, $2, 'call', 'running', $3, $4, $5, $6, $7 FROM queues WHERE pbx = $4 AND name = $8 AND record
ON CONFLICT (call_id, kind) DO UPDATE
SET agents = excluded.agents, did = excluded.did, from_number = excluded.from_number
RETURNING {_COLUMNS}"""  # noqa: S608 - our own column names
_ADOPT = f"""{_NEW}
VALUES ($1, $2, $8, 'running', $3, $4, coalesce($5::text[], '{{}}'), $6, $7)
ON CONFLICT (call_id, kind) DO UPDATE
SET agents = coalesce($5::text[], recordings.agents), did = coalesce($6, recordings.did),
    from_number = coalesce($7, recordings.from_number)
RETURNING {_COLUMNS}"""
_OF_CALL = f"SELECT {_COLUMNS} FROM recordings WHERE call_id = $1"  # noqa: S608 - the same
_LOCKED = f"SELECT {_COLUMNS} FROM recordings WHERE id = $1 FOR UPDATE"  # noqa: S608 - the same
_PUT = f"""
WITH before AS (SELECT {_COLUMNS} FROM recordings WHERE id = $1{{condition}} FOR UPDATE),
written AS (
    UPDATE recordings SET ({", ".join(_WRITTEN)}) = ROW ({_numbers(_NEW_AT)}),
        agents = coalesce(${_PARTIES_AT}::text[], agents), did = coalesce(${_PARTIES_AT + 1}, did),
        from_number = coalesce(${_PARTIES_AT + 2}, from_number)
    WHERE id IN (SELECT id FROM before)),
said AS (
    INSERT INTO outbox (event_id, name, body)
    SELECT ${_EVENT_AT}, ${_EVENT_AT + 1}, ${_EVENT_AT + 2}::text::jsonb
    FROM before WHERE ({", ".join(_WRITTEN)}) IS DISTINCT FROM ({_numbers(_NEW_AT)}))
SELECT count(*) FROM before"""  # noqa: S608 - the same
_SETTLE = _PUT.format(condition="")
_SWAP = _PUT.format(condition=f" AND ({', '.join(_WRITTEN)}) IS NOT DISTINCT FROM ({_numbers(_OLD_AT)})")


async def expect(connection: Any, call: Call, at: datetime) -> Recording | None:
    """The recording of *call*, made (running) when there is none; None when its queue is not recorded."""
    row = await connection.fetchrow(
        _EXPECT, new_id(), call.id, call.answered_at or at, call.pbx, *_parties(call), call.queue
    )
    return None if row is None else _recording(row)


async def adopt(
    connection: Any, pbx: str, call_id: UUID, kind: RecordingKind, call: Call | None, at: datetime
) -> Recording:
    """The recording of this kind, made (running) when there is none."""
    started = (call.answered_at if call else None) or at
    row = await connection.fetchrow(_ADOPT, new_id(), call_id, started, pbx, *_parties(call), kind.value)
    return _recording(row)


async def of_call(connection: Any, call_id: UUID) -> dict[RecordingKind, Recording]:
    """What there is of one call."""
    found = map(_recording, await connection.fetch(_OF_CALL, call_id))
    return {recording.kind: recording for recording in found}


async def locked(connection: Any, recording_id: UUID) -> Recording | None:
    """The recording, for this transaction alone to change."""
    row = await connection.fetchrow(_LOCKED, recording_id)
    return None if row is None else _recording(row)


async def settle(
    connection: Any, recording: Recording, call: Call | None, at: datetime, *, over: Recording | None = None
) -> bool:
    """Store *recording* over its row, and who had part in its *call* when that is known; whether it did.

    RecordingSettled is said when something changed. With *over* the row must be just that.
    """
    event = RecordingSettled(recording=recording, at=at)
    said = (event.id, event_name(event), msgspec.json.encode(event).decode())
    values = (recording.id, *_values(recording), *_parties(call), *said)
    if over is None:
        return bool(await connection.fetchval(_SETTLE, *values))
    return bool(await connection.fetchval(_SWAP, *values, *_values(over)))


def _values(recording: Recording) -> tuple[Any, ...]:
    return tuple(getattr(recording, name) for name in _WRITTEN)


def _parties(call: Call | None) -> tuple[list[str] | None, str | None, str | None]:
    """Columns agents, did and from_number."""
    return (sorted(talkers(call)), call.did, call.customer_number) if call else (None, None, None)


def _recording(row: Any) -> Recording:
    values = dict(row)
    for name in ("id", "call_id"):
        values[name] = plain_id(values[name])
    values["kind"], values["state"] = RecordingKind(values["kind"]), RecordingState(values["state"])
    return Recording(**values)
