"""The projection: what each event changes, and G14: snapshot + events = a fresh snapshot."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_core.bus.event import Event
from crm_core.calls import events as happened
from crm_core.calls.model import (
    Call,
    CallState,
    Outcome,
)
from crm_core.health import HealthState, PartHealth
from crm_core.live.agents import KnownAgent
from crm_core.live.model import LiveAgent, LiveCall, LiveQueue, LiveRecording, Snapshot
from crm_core.live.projection import NAMES, LiveState, Seed
from crm_core.live.stream import LiveStream, frame, frames_for
from crm_core.live.view import LiveView
from crm_core.people.model import Reader
from crm_core.presence.events import AgentStateChanged
from crm_core.presence.model import AgentState, Unreachable
from crm_core.recordings.events import RecordingSettled
from crm_core.recordings.model import Recording, RecordingKind, RecordingState
from tests.fakes.house import DIRECTORY, NOW, READERS, call, call_id, reader
from tests.unit.crm_core.live.happenings import some_call, some_event, told

pytestmark = pytest.mark.unit


def fresh(**seed: Any) -> LiveState:
    return LiveState(Seed(directory=DIRECTORY, **seed), NOW)


def started(**changes: Any) -> happened.CallStarted:
    return happened.CallStarted(at=NOW, call=call(**changes))


def changed(state: LiveState, event: Event, kind: type) -> list[Any]:
    return [change.after for change in state.apply(event) if isinstance(change.after, kind)]


def test_the_ledgers_word_is_told_once() -> None:
    state = fresh()
    state.apply(started())
    state.apply(happened.CallEnded(at=NOW, call=call(state=CallState.ENDED, version=2)))
    settled = call(state=CallState.ENDED, settled=True, version=3)
    assert [c.settled for c in changed(state, happened.CallSettled(at=NOW, call=settled), LiveCall)] == [True]
    assert changed(state, happened.CallSettled(at=NOW, call=settled), LiveCall) == []


def test_a_recording_is_told_when_what_readers_see_of_it_changes() -> None:
    state = fresh()
    state.apply(started())
    kept = Recording(
        id=call_id(7),
        call_id=call_id(1),
        kind=RecordingKind.CALL,
        state=RecordingState.OK,
        format="wav",
        duration_s=18.2,
    )

    def told(recording: Recording, seconds: int) -> list[RecordingState]:
        said = RecordingSettled(at=NOW + timedelta(seconds=seconds), recording=recording)
        return [change.state for change in changed(state, said, LiveRecording)]

    assert told(kept, 0) == [RecordingState.OK]
    assert told(kept, 1) == []
    assert told(replace(kept, format="mp3", size_bytes=9), 2) == [], "compressed: for readers the same"
    short = replace(kept, format="mp3", state=RecordingState.TRUNCATED)
    assert told(short, 4) == [RecordingState.TRUNCATED]
    assert told(kept, 3) == [], "late"


def test_what_a_person_said_of_the_caller_outlives_a_router_that_does_not_know_yet() -> None:
    state = fresh()
    state.apply(started())
    card = call_id(9)
    chosen = call(version=1, customer_id=card, customer_title="Olga", owner="anna")
    state.apply(happened.CustomerChosen(at=NOW, call=chosen, by="anna"))
    [told] = changed(state, happened.CallWaiting(at=NOW, call=call(version=2)), LiveCall)
    assert (told.customer_id, told.customer_title, told.owner) == (card, "Olga", "anna")
    known = replace(chosen, version=3, owner="boris")
    [told] = changed(state, happened.CallIdentified(at=NOW, call=known), LiveCall)
    assert told.owner == "boris"


def test_every_call_event_has_its_own_name() -> None:
    told = {c for c in vars(happened).values() if isinstance(c, type) and issubclass(c, happened.CallEvent)}
    assert set(NAMES) == told - {happened.CallEvent}
    assert len(set(NAMES.values())) == len(NAMES)


def test_a_waiting_call_is_counted_by_its_queue_until_somebody_takes_it() -> None:
    state = fresh()
    [queue] = changed(state, started(state=CallState.WAITING, version=1), LiveQueue)
    assert (queue.name, queue.waiting, queue.oldest_waiting_at, queue.offered) == ("sales", 1, NOW, 1)
    talking = call(state=CallState.TALKING, version=2, agent="anna", answered_at=NOW + timedelta(seconds=5))
    [queue] = changed(state, happened.CallAnswered(at=NOW, call=talking, agent="anna"), LiveQueue)
    assert (queue.waiting, queue.oldest_waiting_at, queue.answered, queue.service_level) == (0, None, 1, 1.0)


def test_who_is_available_and_cannot_be_reached_is_not_free() -> None:
    state = fresh()

    def becomes(shown: AgentState, why: Unreachable | None) -> tuple[list[LiveAgent], list[LiveQueue]]:
        event = AgentStateChanged(
            at=NOW, agent="boris", state=shown, reason=None, since=NOW, unreachable=why, unreachable_until=NOW
        )
        told = [change.after for change in state.apply(event)]
        return [each for each in told if isinstance(each, LiveAgent)], [
            each for each in told if isinstance(each, LiveQueue)
        ]

    def free() -> tuple[int, int, int]:
        queue = state.queues["sales"]
        return queue.agents.get(AgentState.AVAILABLE, 0), queue.unreachable, queue.free

    becomes(AgentState.AVAILABLE, None)
    assert free() == (1, 0, 1)
    [agent], queues = becomes(AgentState.AVAILABLE, Unreachable.DID_NOT_RING)
    assert (agent.unreachable, agent.unreachable_until, agent.free) == (Unreachable.DID_NOT_RING, NOW, False)
    assert queues and free() == (1, 1, 0)
    _, queues = becomes(AgentState.AVAILABLE, Unreachable.NO_PHONE)
    assert not queues, "for another reason: the queue has as many as before"
    becomes(AgentState.BREAK, Unreachable.NO_PHONE)
    assert free() == (0, 0, 0), "on a break anyway"


def test_state_since_moves_with_the_state_only() -> None:
    state = fresh()
    state.apply(started(state=CallState.WAITING, version=1))
    later = happened.CallChanged(at=NOW + timedelta(seconds=9), call=call(state=CallState.WAITING, version=2))
    [same] = changed(state, later, LiveCall)
    assert same.state_since == NOW
    talks = happened.CallChanged(
        at=NOW + timedelta(seconds=12), call=call(state=CallState.TALKING, version=3)
    )
    [moved] = changed(state, talks, LiveCall)
    assert moved.state_since == NOW + timedelta(seconds=12)


def test_what_comes_late_or_twice_brings_nothing_back() -> None:
    state = fresh()
    state.apply(started(state=CallState.TALKING, version=3))
    assert state.apply(started(state=CallState.NEW, version=1)) == ()
    state.apply(happened.CallEnded(at=NOW, call=call(state=CallState.ENDED, version=5)))
    assert state.apply(started(state=CallState.TALKING, version=5)) == ()
    assert state.snapshot(reader("root"), NOW).calls == ()


def test_the_switch_does_not_take_a_disposition_away() -> None:
    state = fresh()
    for version, disposition, wanted in (
        (1, None, None),
        (1, "sold", "sold"),
        (2, None, "sold"),
        (2, None, None),
    ):
        event = happened.CallChanged(at=NOW, call=call(disposition=disposition, version=version))
        [after] = changed(state, event, LiveCall)
        assert after.disposition == wanted


def test_an_older_state_of_an_agent_is_left_out() -> None:
    state = fresh()
    new = AgentStateChanged(
        at=NOW + timedelta(seconds=2), agent="anna", state=AgentState.TALKING, reason=None, since=NOW
    )
    old = AgentStateChanged(at=NOW, agent="anna", state=AgentState.RINGING, reason=None, since=NOW)
    agent, queue = (change.after for change in state.apply(new))
    assert isinstance(agent, LiveAgent) and agent.state is AgentState.TALKING
    assert isinstance(queue, LiveQueue)
    assert queue.agents == {AgentState.TALKING: 1, AgentState.OFFLINE: 1}
    assert state.apply(old) == ()
    assert state.apply(new) == ()
    assert (
        state.apply(AgentStateChanged(agent="nobody", state=AgentState.BREAK, reason=None, since=NOW)) == ()
    )


def test_a_seed_is_what_the_first_reader_sees() -> None:
    state = fresh(
        calls=(call(state=CallState.WAITING),),
        agents=(KnownAgent(name="anna", state=AgentState.BREAK, reason="lunch", since=NOW),),
        today=(call(7, outcome=Outcome.ABANDONED, state=CallState.ENDED),),
    )
    state.apply_health(PartHealth("database", HealthState.UP, "", NOW))
    seen = state.snapshot(reader("root"), NOW)
    assert [c.id for c in seen.calls] == [call_id(1)]
    assert next(a for a in seen.agents if a.name == "anna").reason == "lunch"
    sales = next(q for q in seen.queues if q.name == "sales")
    assert (sales.waiting, sales.abandoned, sales.service_level) == (1, 1, 0.0)
    assert seen.health[0].name == "database"


def test_a_call_that_moves_to_another_agent_is_gone_for_the_first() -> None:
    state, stream = fresh(), LiveStream(boot="b")
    mine = call(state=CallState.TALKING, agent="anna", version=1)
    stream.add(state.apply(happened.CallAnswered(at=NOW, call=mine, agent="anna")))
    moved = call(state=CallState.TALKING, agent="leyla", version=2)
    events = stream.add(
        state.apply(happened.CallTransferred(at=NOW, call=moved, kind="blind", target="leyla"))
    )
    anna = list(frames_for(events, reader("anna"), DIRECTORY))
    assert len(anna) == 1 and b'"call.gone"' in anna[0]
    assert b"+7495" not in anna[0]
    assert b'"call.transferred"' in next(frames_for(events, reader("leyla"), DIRECTORY))
    assert not [f for f in frames_for(events, reader("boris"), DIRECTORY) if b'"call.' in f]


def assert_same(view: LiveView, snapshot: Snapshot, who: Reader) -> None:
    assert view.calls == {c.id: c for c in snapshot.calls}, who.person
    assert view.agents == {a.name: a for a in snapshot.agents}, who.person
    assert view.queues == {q.name: q for q in snapshot.queues}, who.person
    assert view.health == {h.name: h for h in snapshot.health}, who.person


@settings(max_examples=150, deadline=None)
@given(st.lists(some_event(), max_size=40), st.data())
def test_snapshot_and_events_make_a_fresh_snapshot(stream_of: list[Any], data: st.DataObject) -> None:
    """G14, for each reader of the house, over every prefix, with a break and `?since=` in between."""
    joined = data.draw(st.integers(0, len(stream_of)))
    away = data.draw(st.integers(joined, len(stream_of)))
    back = data.draw(st.integers(away, len(stream_of)))
    state, stream = fresh(), LiveStream(kept=30)
    views = {who.person: LiveView() for who in READERS}
    for index in range(len(stream_of) + 1):
        for who in READERS:
            view = views[who.person]
            if index == joined:
                view.apply(frame(stream.last_id, "snapshot", state.snapshot(who, NOW)))
            if index == back:
                number = stream.number(view.last_id or "")
                missed = None if number is None else stream.after(number)
                if missed is None:
                    view.apply(frame(stream.last_id, "snapshot", state.snapshot(who, NOW)))
                else:
                    for made in frames_for(missed, who, DIRECTORY):
                        view.apply(made)
        if index == len(stream_of):
            break
        events = told(state, stream, stream_of[index])
        if joined <= index < away or back <= index:
            for who in READERS:
                for made in frames_for(events, who, DIRECTORY):
                    views[who.person].apply(made)
    for who in READERS:
        assert_same(views[who.person], state.snapshot(who, NOW), who)


@settings(max_examples=150, deadline=None)
@given(st.lists(some_call(), max_size=30))
def test_figures_do_not_depend_on_repetition(stream_of: list[Call]) -> None:
    once, twice = fresh(), fresh()
    for subject in stream_of:
        event = happened.CallChanged(at=NOW, call=subject)
        once.apply(event)
        twice.apply(event)
        twice.apply(event)
    assert (once.queues, once.agents) == (twice.queues, twice.agents)
    for queue in once.snapshot(reader("root"), NOW).queues:
        assert queue.offered >= queue.answered + queue.abandoned >= 0
        waiting = [c for c in once.snapshot(reader("root"), NOW).calls if c.state is CallState.WAITING]
        assert queue.waiting == sum(c.queue == queue.name for c in waiting)
