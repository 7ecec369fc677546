"""Whatever AMI loses, repeats or reorders: the same calls in the end."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from callrouter.reading.observations import HangupAsked, Observation, PbxBooted, Snapshot, Step, StepName
from callrouter.tracking.tracker import CallTracker
from crm_core.calls.events import CallChanged, CallEvent
from crm_core.calls.model import Call
from tests.unit.callrouter.tracking.streams import BEAT, OFFICE, STREAMS, recorded
from tests.unit.callrouter.tracking.test_machines import FINAL

pytestmark = pytest.mark.unit

WINDOW = 20  # beats: two seconds


def told(items: Iterable[Observation]) -> tuple[CallTracker, list[CallEvent]]:
    """A tracker after *items*, with the invariants of every step checked."""
    tracker = CallTracker(OFFICE, "main")
    events: list[CallEvent] = []
    finals: dict[Any, Any] = {}
    for item in items:
        new = tracker.apply(item)
        for event in new:
            check(event.call, finals)
        events.extend(new)
    return tracker, events


def check(call: Call, finals: dict[Any, Any]) -> None:
    """No negative duration; a final state is never left."""
    assert min(call.wait_s, call.ring_s, call.talk_s, *(leg.talk_s for leg in call.legs), 0.0) == 0.0
    assert call.ended_at is None or call.ended_at >= call.started_at
    for key, state in [
        (call.id, call.state),
        *((leg.channel, leg.state) for leg in call.legs),
        *(((call.id, offer.id), offer.state) for offer in call.offers),
    ]:
        assert key not in finals or finals[key] is state
        if state in FINAL:
            finals[key] = state


def final(events: Sequence[CallEvent]) -> dict[Any, Any]:
    """What matters of each call at the end."""
    last = {event.call.id: event.call for event in events}
    return {
        call.id: (
            call.state,
            call.outcome,
            call.agent if call.merged_into is None else None,
            call.answered_at is not None if call.merged_into is None else None,
            call.merged_into,
            sorted((leg.channel, leg.role, leg.agent, leg.state) for leg in call.legs),
        )
        for call in last.values()
    }


def ends(events: Sequence[CallEvent]) -> dict[Any, Any]:
    """Whose call it was and who ended it: what one lost event may cost, till the ledger tells it."""
    last = {event.call.id: event.call for event in events}
    return {
        call.id: (call.hangup_by, call.direction, call.from_raw, call.to, call.did, call.queue)
        for call in last.values()
    }


def empty(after: Sequence[Observation]) -> Snapshot:
    """Nothing is up any more."""
    return Snapshot(at=after[-1].at + timedelta(seconds=30), channels=())


TRUTH = {name: final(told(recorded(name))[1]) for name in STREAMS}
ENDS = {name: ends(told(recorded(name))[1]) for name in STREAMS}


@settings(max_examples=100, deadline=None)
@given(name=st.sampled_from(STREAMS), keys=st.data(), restamped=st.booleans())
def test_permuted_within_two_seconds(name: str, keys: st.DataObject, restamped: bool) -> None:
    items = recorded(name)
    moved = keys.draw(st.lists(st.integers(0, WINDOW), min_size=len(items), max_size=len(items)))
    order = sorted(range(len(items)), key=lambda index: (index + moved[index], index))
    shuffled = [items[index] for index in order]
    if restamped:  # as our clock would stamp them on arrival
        shuffled = [replace(item, at=items[0].at + BEAT * place) for place, item in enumerate(shuffled)]
    events = told(shuffled)[1]
    assert final(events) == TRUTH[name]
    assert restamped or ends(events) == ENDS[name], "who asked first is told by the times alone"


@pytest.mark.parametrize("name", STREAMS)
def test_doubled(name: str) -> None:
    items = recorded(name)
    truth = told(items)[1]
    _, each = told([item for item in items for _ in range(2)])
    assert final(each) == TRUTH[name]
    assert [(type(one), one.call) for one in each] == [(type(one), one.call) for one in truth]
    _, whole = told([*items, *items])
    assert (final(whole), ends(whole)) == (TRUTH[name], ENDS[name])


@pytest.mark.parametrize("name", [name for name in STREAMS if "blind" in name])
def test_a_mark_of_a_transfer_that_comes_late_takes_the_call_from_nobody(name: str) -> None:
    items = recorded(name)
    mark = next(item for item in items if isinstance(item, Step) and item.step is StepName.TRANSFERRED)
    rest = [item for item in items if item is not mark]
    asked = next(
        place for place, item in enumerate(rest) if isinstance(item, HangupAsked) and place > len(rest) / 2
    )
    late = replace(mark, at=rest[asked].at)
    events = told([*rest[:asked], late, *rest[asked:]])[1]
    assert (final(events), ends(events)) == (TRUTH[name], ENDS[name])


@pytest.mark.parametrize("name", STREAMS)
def test_any_one_lost_then_a_snapshot(name: str) -> None:
    items = recorded(name)
    for lost in range(len(items)):
        kept = [*items[:lost], *items[lost + 1 :]]
        tracker, events = told([*kept, empty(items)])
        assert final(events) == TRUTH[name], items[lost]
        assert list(tracker.live_calls()) == []
        assert not any(tracker.agent_legs(agent).busy for agent in ("anna", "boris", "vera"))


@settings(max_examples=60, deadline=None)
@given(name=st.sampled_from(STREAMS), cuts=st.lists(st.integers(0, 60), max_size=6))
def test_folded_in_batches_the_same_is_said(name: str, cuts: list[int]) -> None:
    items = recorded(name)
    ends = [0, *sorted(min(cut, len(items)) for cut in cuts), len(items)]
    tracker = CallTracker(OFFICE, "main")
    told_of = [event for a, b in pairwise(ends) for event in tracker.apply_all(items[a:b])]
    assert final(told_of) == TRUTH[name]

    def said(events: Sequence[CallEvent]) -> list[tuple[str, Any]]:
        return [(type(one).__name__, one.call.id) for one in events if not isinstance(one, CallChanged)]

    assert said(told_of) == said(told(items)[1])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(STREAMS), min_size=2, max_size=5), st.data())
def test_calls_side_by_side_do_not_touch_each_other(names: list[str], data: st.DataObject) -> None:
    # One login's uptime goes on; each recording has its own.
    lanes = {n: [one for one in recorded(n) if not isinstance(one, PbxBooted)] for n in set(names)}
    mixed = []
    while lanes:
        name = data.draw(st.sampled_from(sorted(lanes)))
        mixed.append(lanes[name].pop(0))
        if not lanes[name]:
            del lanes[name]
    expected: dict[Any, Any] = {}
    for name in set(names):
        expected |= TRUTH[name]
    assert final(told(mixed)[1]) == expected
