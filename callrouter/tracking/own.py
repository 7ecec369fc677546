"""What our own router did, folded into the calls."""

from __future__ import annotations

from callrouter.tracking import facts, offering
from callrouter.tracking.record import CallRecord
from callrouter.tracking.registry import Registry
from crm_core.calls import events
from crm_core.calls.model import Direction
from crm_core.calls.trace import Code

FROM_THE_SWITCH = frozenset(
    {code.value for code in offering.ENDS.values()}
    | {
        code.value
        for code in (
            Code.ARRIVED,
            Code.ARRIVED_INTERNAL,
            Code.CALLED,
            Code.ANSWERED,
            Code.REACHED,
            Code.TRANSFERRED_BLIND,
            Code.TRANSFERRED_ATTENDED,
            Code.NET,
            Code.VOICEMAIL,
            Code.REFUSED,
            Code.PBX_LOST,
            Code.ENDED_BY,
            Code.SETTLED,
        )
    }
)


def identified(registry: Registry, item: facts.Identified) -> None:
    """Who the caller is; may come late, also after the end."""
    record = _known(registry, item)
    if record is None:
        return
    # Whom an agent calls is known from the start: the call is from the agent's own extension.
    e164 = record.e164 if record.direction is Direction.OUT else item.e164
    identity = (e164, item.customer_id, item.title, item.owner, item.choices)
    if identity != (record.e164, record.customer_id, record.title, record.owner, record.choices):
        record.e164, record.customer_id, record.title, record.owner, record.choices = identity
        record.say(events.CallIdentified)


def offered(registry: Registry, item: facts.Offered) -> None:
    """The call is shown to an agent."""
    record = _known(registry, item)
    if record is not None and not record.ended:
        offering.reserve(record, item.offer)


def offer_moved(registry: Registry, item: facts.OfferMoved) -> None:
    """The router's own move of an offer."""
    record = _known(registry, item)
    offer = record.offers.get(item.offer_id) if record is not None else None
    if record is None or offer is None:
        registry.oddities["an offer we do not know"] += 1
    elif not offering.move(record, offer, item.state, item.at) and offer.state is not item.state:
        registry.oddities["an offer that could not move"] += 1


def waits(registry: Registry, item: facts.Waits) -> None:
    """The dialplan was told: wait."""
    record = _known(registry, item)
    if record is not None:
        record.asked = record.waiting = True


def traced(registry: Registry, item: facts.Traced) -> None:
    """Why the router did what it did. Lines of what the switch did are the tracker's own."""
    record = _known(registry, item)
    if record is None:
        return
    for line in item.lines:
        if line.code in FROM_THE_SWITCH:
            registry.oddities["a trace line that is the tracker's own"] += 1
        else:
            record.add_line(line)


def settled(registry: Registry, item: facts.Settled) -> None:
    """The ledger's word, also on calls that AMI did not show to be one."""
    record = _known(registry, item)
    if record is None:
        return
    for merged in item.settlement.merged:
        if (other := registry.find(merged)) is not None:
            record = registry.merge(record, other, item.at)
    for channel in [channel for channel in record.channels.values() if channel.live]:
        registry.gone(channel, item.at, None)  # AMI was late, or lost it: the ledger has its end
    record.settle(item.settlement, item.at)


def _known(registry: Registry, item: facts.Fact) -> CallRecord | None:
    """The fact's call, marked as touched. Only an arrival makes a call: else none would end it."""
    record = registry.find(item.call_id)
    if record is None:
        registry.oddities["a fact about a call we do not know"] += 1
        return None
    registry.touch(record)
    return record
