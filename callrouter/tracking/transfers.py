"""Transfers: the same call goes on with another agent, or in a queue."""

from __future__ import annotations

from datetime import datetime

from callrouter.reading.observations import AttendedTransferred, BlindTransferred, Step
from callrouter.tracking.channel import Channel
from callrouter.tracking.record import CallRecord
from callrouter.tracking.registry import Registry
from crm_core.calls import events
from crm_core.calls.model import LegRole
from crm_core.calls.trace import Code, line

BLIND, ATTENDED = "blind", "attended"


def blind(registry: Registry, item: BlindTransferred) -> None:
    """An agent sent the other party on to an extension."""
    transferer = registry.channel(item.transferer, item.at)
    if item.transferee is not None:
        registry.channel(item.transferee, item.at)
    if transferer is None or not item.success:
        return
    record = registry.owner(transferer)
    registry.touch(record)
    record.blind_told += 1
    target = registry.directory.target(item.exten)
    _hand_over(record, transferer, BLIND, target or item.exten, item.at)
    _aim(registry, record, target)


def stepped(registry: Registry, record: CallRecord, item: Step) -> None:
    """The dialplan marks that a transferred call goes on; it stands in for a BlindTransfer that was lost.

    Where that was told, the mark may come late: whoever has the call by then has not given it away.
    """
    target = item.values.get("queue") or item.values.get("agent")
    record.blind_marked += 1
    having = [
        channel
        for channel in record.channels.values()
        if channel.role is LegRole.AGENT and channel.agent == record.agent and channel.announced
    ]
    if having and target and record.blind_marked > record.blind_told:
        _hand_over(record, max(having, key=lambda channel: channel.order), BLIND, target, item.at)
    _aim(registry, record, target)


def attended(registry: Registry, item: AttendedTransferred) -> None:
    """An agent joined two parties: the consult call becomes part of the customer's call.

    Which calls: those of the transferer's two legs, by Uniqueid. While the consult leg is in no bridge, as
    it rings or was answered this moment (`DestType: App`), there is no target: it is the device that the
    second leg has dialled, and the other party takes the place of the second leg by masquerade.
    """
    first = registry.channel(item.first, item.at)
    second = registry.channel(item.second, item.at)
    transferee, target = (
        registry.channel(facts, item.at) if facts is not None else None
        for facts in (item.transferee, item.target)
    )
    if first is None or second is None or not item.success:
        return
    record = registry.merge(registry.owner(first), registry.owner(second), item.at)
    registry.touch(record)
    if item.target is None and transferee is not None:
        second.heir = transferee
        record.regroup()
    towards = _consulted(registry, record, second, target)
    if second.uniqueid not in record.handed_over:
        record.handed_over.add(second.uniqueid)
        record.changed = True
    _hand_over(record, first, ATTENDED, towards, item.at)


def _consulted(registry: Registry, record: CallRecord, second: Channel, target: Channel | None) -> str:
    if target is not None:
        return target.agent or target.caller_number
    dialled = [channel for channel in record.channels.values() if channel.source == second.uniqueid]
    last = max(dialled, key=lambda channel: channel.order, default=None)
    if last is not None:
        return last.agent or last.caller_number
    return registry.directory.target(second.exten) or second.exten


def _hand_over(record: CallRecord, transferer: Channel, kind: str, target: str, at: datetime) -> None:
    """Say it once: each of an agent's channels can give the call away only once."""
    if transferer.uniqueid in record.handed_over:
        return
    record.handed_over.add(transferer.uniqueid)
    code = Code.TRANSFERRED_BLIND if kind == BLIND else Code.TRANSFERRED_ATTENDED
    record.add_line(line(at, code, agent=transferer.agent, target=target))
    record.say(events.CallTransferred, kind=kind, target=target)


def _aim(registry: Registry, record: CallRecord, target: str | None) -> None:
    """A call that goes to a queue is that queue's from now on."""
    record.waiting = False
    if target in registry.directory.queue_extensions.values() and record.queue != target:
        record.queue, record.changed = target, True
