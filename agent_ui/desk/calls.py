"""The reader's calls as their desk shows them."""

from __future__ import annotations

from datetime import datetime, timedelta

from agent_ui.desk.views import CallView
from agent_ui.parties import party_of
from crm_core.calls.model import FINAL_OFFER_STATES, Direction, LegState
from crm_core.live.directory import Directory
from crm_core.live.model import LiveCall, LiveLeg, LiveOffer
from crm_core.live.projection import LiveState
from crm_core.people.model import DeviceKind, Reader
from crm_core.presence.model import AgentState

_ORDER = {"offered": 0, "calling": 1, "talking": 2, "held": 3}


def shown_calls(state: LiveState, reader: Reader) -> tuple[CallView, ...]:
    """Calls the reader has part in: what rings first, then what talks, then what holds."""
    views = [call_view(call, state.directory, reader) for call in state.seats.calls(reader.person)]
    return tuple(sorted(views, key=lambda view: (_ORDER[view.part], view.since)))


def focus_call(state: LiveState, reader: Reader) -> LiveCall | None:
    """The call the desk is about while there is one: what rings, else what talks.

    A consult call to a colleague has no customer; the customer's call beside it keeps the desk.
    """
    calls = state.seats.calls(reader.person)
    return min(calls, key=lambda call: _weight(call, reader.person), default=None)


def call_left(state: LiveState, reader: Reader) -> LiveCall | None:
    """The call left last that the desk is still about.

    In wrap-up the talk before it; else one that was handed over and goes on, or one made in vain whose result
    nobody has said yet.
    """
    left = state.seats.left(reader.person)
    me = state.agents.get(reader.person)
    if me is not None and me.state is AgentState.WRAP_UP:
        return next((call for call in left if not call.unreached), None)
    last = left[0] if left else None
    owed = last is not None and last.unreached and last.disposition is None
    return last if last is not None and (owed or not last.over) else None


def _weight(call: LiveCall, me: str) -> tuple[bool, int, datetime]:
    part, since = _part(call, me)
    return call.direction is Direction.INTERNAL, _ORDER[part], since


def call_view(call: LiveCall, directory: Directory, reader: Reader) -> CallView:
    """*call* as the reader has part in it."""
    part, since = _part(call, reader.person)
    offer = _offer(call, reader.person)
    number = directory.numbers.get(call.did or "")
    dialled = number.title if number is not None else None
    answered = call.answered_at
    return CallView(
        id=call.id,
        offer=offer.id if offer is not None else None,
        part=part,
        direction=call.direction.value,
        party=party_of(call, directory, reader.person),
        since=since,
        deadline=offer.reserved_at + timedelta(seconds=offer.ring_s) if offer is not None else None,
        mine=call.owner == reader.person,
        owner=directory.titles.get(call.owner, call.owner) if call.owner is not None else None,
        shared=bool(call.choices) and call.customer_id is None,
        number=dialled,
        source=_more(number.source if number is not None else None, dialled),
        queue=_more(directory.titles.get(call.queue or "", call.queue), dialled),
        came_at=call.started_at,
        waited_s=None if answered is None else int((answered - call.started_at).total_seconds()),
        browser=has_browser_phone(directory, reader.person),
    )


def _more(words: str | None, said: str | None) -> str | None:
    """*words*, unless they were *said* already: "Kitchens, site", from the site."""
    repeated = words is not None and said is not None and words.casefold() in said.casefold()
    return None if repeated else words


def has_browser_phone(directory: Directory, agent: str) -> bool:
    """Whether the office gave this agent a phone in the browser."""
    person = directory.people.get(agent)
    return person is not None and any(device.kind is DeviceKind.BROWSER for device in person.devices)


def _part(call: LiveCall, me: str) -> tuple[str, datetime]:
    """What the call is for this agent, and since when."""
    if call.direction is Direction.OUT and call.answered_at is None and call.begun_by == me:
        return "calling", call.started_at  # a phone that was rung first is up before the customer's is
    legs = [leg for leg in call.legs if leg.agent == me and leg.state is not LegState.ENDED]
    up = [leg for leg in legs if leg.state in (LegState.UP, LegState.HELD)]
    if up:
        held = all(leg.state is LegState.HELD for leg in up)
        return "held" if held else "talking", _began(up[0], call)
    offer = _offer(call, me)
    if offer is not None:
        return "offered", offer.alerting_at or offer.reserved_at
    if legs:
        return "calling" if call.begun_by == me else "offered", legs[0].started_at
    return "talking", call.answered_at or call.started_at


def _began(leg: LiveLeg, call: LiveCall) -> datetime:
    return leg.answered_at or call.answered_at or leg.started_at


def _offer(call: LiveCall, me: str) -> LiveOffer | None:
    """The offer of *call* to this agent that is still open."""
    offer = call.offer
    if offer is None or offer.agent != me or offer.state in FINAL_OFFER_STATES:
        return None
    return offer
