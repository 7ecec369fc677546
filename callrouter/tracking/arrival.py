"""How a call enters, and the steps the dialplan marks on its way."""

from __future__ import annotations

from datetime import datetime

from callrouter.reading.observations import Step, StepName
from callrouter.tracking import transfers
from callrouter.tracking.facts import Arrived
from callrouter.tracking.record import CallRecord
from callrouter.tracking.registry import Registry
from crm_core.calls.model import Direction
from crm_core.calls.trace import Code, line

_ENTRIES = frozenset({Code.ARRIVED.value, Code.ARRIVED_INTERNAL.value, Code.CALLED.value})
_DIRECTIONS = {direction.value: direction for direction in Direction}


def arrived(registry: Registry, item: Arrived) -> None:
    """AGI asked about the call: it may be the first we hear of it."""
    record = registry.exact(item.call_id, item.at)
    if record is None:
        return
    if record.merged_into is None:
        registry.introduce_by_name(item.uniqueid, item.channel_name, record, item.at)
    if record.direction is not Direction.OUT:  # there a customer asks whom an agent has called
        record.caller_raw = record.caller_raw or item.caller_raw
        record.caller_name = record.caller_name or item.caller_name
    _enter(
        registry,
        record,
        item.at,
        direction=item.direction,
        did=item.did,
        queue=item.queue,
        from_agent=item.from_agent,
        to=None,
    )


def stepped(registry: Registry, item: Step) -> None:
    """A mark of our own dialplan."""
    channel = registry.channel(item.channel, item.at)
    if channel is None:
        return
    record = registry.owner(channel)
    registry.touch(record)
    match item.step:
        case StepName.ARRIVED:
            exact = registry.exact(item.channel.call_id or record.id, item.at)
            if exact is not None:
                _enter(
                    registry,
                    exact,
                    item.at,
                    direction=item.values.get("direction"),
                    did=item.values.get("did"),
                    queue=item.values.get("queue"),
                    from_agent=item.values.get("fromagent"),
                    to=item.values.get("to"),
                )
        case StepName.WAITING:
            record.asked = record.waiting = True
        case StepName.NET:
            record.asked = record.waiting = True
            record.queue = record.queue or item.values.get("queue")
            _mark(record, item.at, Code.NET, queue=item.values.get("queue"))
        case StepName.VOICEMAIL:
            record.waiting = False
            if record.voicemail_at is None:
                record.voicemail_at = item.at
                _mark(record, item.at, Code.VOICEMAIL)
        case StepName.TRANSFERRED:
            transfers.stepped(registry, record, item)
        case StepName.REFUSED:
            _mark(record, item.at, Code.REFUSED)


def called_outside(registry: Registry, record: CallRecord, at: datetime) -> None:
    """An agent's own call whose mark we missed: where its channel stands in the dialplan says the same."""
    origin = record.origin
    if record.direction is not None or origin is None or origin.agent is None or origin.called is None:
        return
    trunk, number = origin.called
    _enter(
        registry,
        record,
        at,
        direction=Direction.OUT.value,
        did=registry.directory.caller_ids.get(trunk),
        queue=None,
        from_agent=origin.agent,
        to=number,
    )


def _enter(
    registry: Registry,
    record: CallRecord,
    at: datetime,
    *,
    direction: str | None,
    did: str | None,
    queue: str | None,
    from_agent: str | None,
    to: str | None,
) -> None:
    """Fill in what is said of the call's start; what is known already stays."""
    directory = registry.directory
    before = (record.direction, record.did, record.queue, record.to, record.from_agent)
    if record.direction is None:
        record.direction = _DIRECTIONS.get(direction or "")
    record.asked = True
    record.did = record.did or did or None
    record.queue = record.queue or queue or directory.number_queues.get(record.did or "")
    record.to = record.to or to or None
    record.from_agent = record.from_agent or from_agent or None
    if record.e164 is None and record.from_agent is not None:
        record.e164 = directory.extension_of(record.from_agent)
    if record.direction is Direction.OUT and record.agent is None:
        record.agent = record.from_agent  # whose call it is from the start
    if before == (record.direction, record.did, record.queue, record.to, record.from_agent):
        return
    record.changed = True
    if any(known.code in _ENTRIES for known in record.trace):
        return
    if record.direction is Direction.OUT:
        record.add_line(line(at, Code.CALLED, agent=record.from_agent, to=record.to, did=record.did))
    elif record.from_agent is not None:
        reached = record.to or record.queue
        record.add_line(line(at, Code.ARRIVED_INTERNAL, agent=record.from_agent, to=reached))
    else:
        record.add_line(line(at, Code.ARRIVED, did=record.did, queue=record.queue))


def _mark(record: CallRecord, at: datetime, code: Code, **values: str | None) -> None:
    """One line, however often the dialplan passes the step or AMI repeats it."""
    if not any(known.code == code.value for known in record.trace):
        record.add_line(line(at, code, **values))
