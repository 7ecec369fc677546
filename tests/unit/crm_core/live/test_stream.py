"""Numbering, `?since=`, and the bytes that readers share."""

from __future__ import annotations

import json

import pytest

from crm_core.calls.events import CallWaiting
from crm_core.calls.model import CallState
from crm_core.customers.model import CardChoice
from crm_core.ids import new_id
from crm_core.live.projection import LiveState, Seed
from crm_core.live.stream import LiveStream, NumberedEvent
from tests.fakes.house import DIRECTORY, NOW, call, reader

pytestmark = pytest.mark.unit


def numbered(stream: LiveStream, count: int) -> list[NumberedEvent]:
    state = LiveState(Seed(directory=DIRECTORY), NOW)
    made: list[NumberedEvent] = []
    for number in range(count):
        change = state.apply(CallWaiting(at=NOW, call=call(number, state=CallState.WAITING, version=1)))
        made += stream.add(change[:1])
    return made


def test_ids_count_within_a_boot() -> None:
    stream = LiveStream(boot="b")
    assert stream.last_id == "b-0"
    assert [event.id for event in numbered(stream, 3)] == ["b-1", "b-2", "b-3"]
    assert stream.last_id == "b-3"
    assert LiveStream().boot != LiveStream().boot


def test_what_was_missed_is_given() -> None:
    stream = LiveStream(boot="b", kept=3)
    events = numbered(stream, 5)
    assert stream.after(5) == []
    assert stream.after(3) == events[3:]
    assert stream.after(2) == events[2:]
    assert stream.after(1) is None, "older than what is kept"
    assert stream.after(6) is None, "of the future"
    assert stream.number("b-3") == 3


@pytest.mark.parametrize("unknown", ["", "b", "b-", "a-5", "b--1", "b-x", "b-٣", "b-" + "9" * 40, "-5"])
def test_what_is_no_id_of_this_boot_has_no_number(unknown: str) -> None:
    assert LiveStream(boot="b").number(unknown) is None


def test_after_forgetting_no_older_id_is_known() -> None:
    stream = LiveStream(boot="b")
    numbered(stream, 2)
    stream.forget()
    assert stream.after(2) is None
    assert stream.after(stream.last) == []


def test_readers_share_bytes_until_released() -> None:
    stream = LiveStream(boot="b")
    [event] = numbered(stream, 1)
    first = event.for_reader(reader("root"), DIRECTORY)
    assert first is event.for_reader(reader("anna"), DIRECTORY)
    assert event.for_reader(reader("leyla"), DIRECTORY) is None
    event.release()
    again = event.for_reader(reader("root"), DIRECTORY)
    assert again == first and again is not first
    assert first is not None
    data = json.loads(first)
    assert set(data) == {"id", "event", "data"}
    assert data["data"]["from"] == "+74955550142"
    assert data["data"]["started_at"] == "2026-03-02T09:00:00Z"


def test_what_a_reader_may_not_see_of_a_call_is_not_in_their_bytes() -> None:
    cards = tuple(
        CardChoice(customer_id=new_id(), title=title, owner=None, office=office)
        for title, office in (("Igor", "moscow"), ("Rauf", "baku"))
    )
    state = LiveState(Seed(directory=DIRECTORY), NOW)
    shared = call(1, state=CallState.WAITING, version=1, choices=cards)
    [event] = LiveStream(boot="b").add(state.apply(CallWaiting(at=NOW, call=shared))[:1])
    for who, titles in (("anna", ["Igor"]), ("root", ["Igor", "Rauf"]), ("anna", ["Igor"])):
        shown = event.for_reader(reader(who), DIRECTORY)
        assert shown is not None
        assert [card["title"] for card in json.loads(shown)["data"]["choices"]] == titles
        (snapshot,) = state.snapshot(reader(who), NOW).calls
        assert [card.title for card in snapshot.choices] == titles
