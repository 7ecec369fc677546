"""Anything that may happen to a live projection, in any order: for tests of whatever is folded from it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from crm_core.bus.event import Event
from crm_core.calls import events as happened
from crm_core.calls.model import (
    Call,
    CallState,
    Direction,
    Leg,
    LegRole,
    LegState,
    Offer,
    OfferState,
    Outcome,
)
from crm_core.calls.trace import Code, line
from crm_core.customers.events import CustomerChanged
from crm_core.customers.model import CardChoice, CardStatus, Customer
from crm_core.health import HealthState, PartHealth
from crm_core.ids import new_id
from crm_core.live.projection import LiveState
from crm_core.live.stream import LiveStream
from crm_core.notes.events import NoteSaved
from crm_core.presence.events import AgentStateChanged
from crm_core.presence.model import AgentState, Unreachable
from crm_core.recordings.events import RecordingSettled
from crm_core.recordings.model import Recording, RecordingKind, RecordingState
from tests.fakes.house import BAKU_DID, MOSCOW_DID, NOW, call, call_id

AGENTS = ("anna", "boris", "leyla")

numbers = st.integers(1, 4)
agents = st.sampled_from(AGENTS)
traces = st.lists(
    st.builds(
        lambda code, agent: line(NOW, code, agent=agent, target=agent, queue="sales"),
        st.sampled_from([Code.CHOSEN_OWNER, Code.TIE_LONGEST_IDLE, Code.TRANSFERRED_BLIND, Code.NET]),
        agents,
    ),
    max_size=2,
).map(tuple)


@st.composite
def some_call(draw: st.DrawFn) -> Call:
    """Any call, also impossible ones: the fold must hold for whatever arrives."""
    agent = draw(st.none() | agents)
    answered = draw(st.none() | st.integers(0, 40))
    legs = tuple(
        Leg(
            channel=f"c{i}",
            channel_name="PJSIP/x-00000001",
            role=LegRole.AGENT,
            agent=draw(agents),
            endpoint=None,
            number=None,
            state=draw(st.sampled_from(LegState)),
            started_at=NOW,
            answered_at=draw(st.none() | st.sampled_from([NOW, NOW - timedelta(hours=13)])),
        )
        for i in range(draw(st.integers(0, 2)))
    )
    offers = tuple(
        Offer(
            id=new_id(),
            agent=draw(agents),
            attempt=1,
            state=draw(st.sampled_from(OfferState)),
            ring_s=20,
            reserved_at=NOW,
        )
        for _ in range(draw(st.integers(0, 1)))
    )
    number = draw(numbers)
    choices = tuple(
        CardChoice(customer_id=call_id(50 + i), title=f"Choice{number}{i}", owner=owner, office=office)
        for i, (owner, office) in enumerate((("anna", "moscow"), (None, "baku"))[: draw(st.integers(0, 2))])
    )
    return call(
        number,
        from_number=draw(st.sampled_from([None, f"+7495555010{number}"])),
        customer_id=draw(st.sampled_from([None, call_id(40 + number)])),
        customer_title=draw(st.sampled_from([None, f"Title{number}"])),
        owner=draw(st.none() | agents),
        disposition=draw(st.none() | st.just("agreed")),
        choices=choices,
        trace=draw(traces),
        direction=draw(st.sampled_from(Direction)),
        state=draw(st.sampled_from(CallState)),
        did=draw(st.sampled_from([None, MOSCOW_DID, BAKU_DID, "+10000000000"])),
        queue=draw(st.sampled_from([None, "sales", "service", "empty", "not-ours"])),
        outcome=draw(st.none() | st.sampled_from(Outcome)),
        agent=agent,
        started_at=NOW - timedelta(hours=draw(st.sampled_from([0, 0, 0, 13, 30]))),
        answered_at=None if answered is None else NOW + timedelta(seconds=answered),
        merged_into=draw(st.sampled_from([None, None, None, call_id(9)])),
        legs=legs,
        offers=offers,
        version=draw(st.integers(0, 12)),
    )


def some_chore(at: datetime) -> st.SearchStrategy[Event]:
    """Something that only the database has changed."""
    return st.one_of(
        st.builds(
            happened.MissedChanged,
            at=st.just(at),
            offices=st.sampled_from([(), ("moscow",), ("baku",)]),
            queues=st.sampled_from([(), ("sales",), ("service",)]),
            agents=st.sampled_from([(), ("anna",)]),
        ),
        st.builds(
            NoteSaved,
            at=st.just(at),
            call_id=numbers.map(call_id),
            customer_id=st.none(),
            author=agents,
            version=st.integers(1, 3),
        ),
        st.builds(CustomerChanged, at=st.just(at), customer=some_card(), by=st.just("root")),
    )


def some_card() -> st.SearchStrategy[Customer]:
    """A card of either office, or of none."""
    return st.builds(
        Customer,
        id=numbers.map(lambda number: call_id(40 + number)),
        title=st.just("Secret"),
        status=st.just(CardStatus.KEPT),
        owner=st.none() | agents,
        office=st.sampled_from([None, "moscow", "baku"]),
        contact_points=st.just(()),
        created_at=st.just(NOW),
        updated_at=st.just(NOW),
    )


@st.composite
def some_event(draw: st.DrawFn) -> Event | PartHealth | int:
    """A bus event, a change of health, or a step of the clock in hours."""
    at = NOW + timedelta(seconds=draw(st.integers(0, 100)))
    kind = draw(st.integers(0, 11))
    if kind == 0:
        return draw(st.integers(0, 30))
    if kind == 1:
        return PartHealth(draw(st.sampled_from("ab")), draw(st.sampled_from(HealthState)), "", at)
    if kind == 2:
        recording = Recording(
            id=new_id(),
            call_id=call_id(draw(numbers)),
            kind=RecordingKind.CALL,
            state=draw(st.sampled_from(RecordingState)),
        )
        return RecordingSettled(at=at, recording=recording)
    if kind in (3, 4):
        return AgentStateChanged(
            at=at,
            agent=draw(st.sampled_from((*AGENTS, "nobody"))),
            state=draw(st.sampled_from(AgentState)),
            reason=draw(st.sampled_from([None, "lunch"])),
            since=at,
            load=draw(st.sampled_from([0.0, 1.5])),
            until=draw(st.none() | st.just(NOW + timedelta(seconds=20))),
            unreachable=draw(st.none() | st.sampled_from(Unreachable)),
            unreachable_until=draw(st.none() | st.just(NOW + timedelta(seconds=60))),
        )
    if kind in (5, 6):
        return draw(some_chore(at))
    subject = draw(some_call())
    cls = draw(st.sampled_from([happened.CallStarted, happened.CallChanged, happened.CallEnded]))
    return cls(at=at, call=subject)


def told(state: LiveState, stream: LiveStream, event: Event | PartHealth | int) -> list[Any]:
    if isinstance(event, int):
        return stream.add(state.roll(NOW + timedelta(hours=event)))
    if isinstance(event, PartHealth):
        return stream.add(state.apply_health(event))
    return stream.add(state.apply(event))
