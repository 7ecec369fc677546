"""One line an event, the trace's news once."""

from __future__ import annotations

import io
import re

import pytest

from callcard.watch_lines import Lines
from callcard.watch_words import Words
from crm_core.calls.model import CallState, Outcome
from crm_core.calls.trace import Code, line
from crm_core.live.model import CallGone, Snapshot, live_call
from crm_core.live.projection import LiveState, Seed
from crm_core.live.stream import frame
from crm_core.live.view import LiveView
from tests.fakes.house import DIRECTORY, NOW, call, call_id, reader

pytestmark = pytest.mark.unit


class Feed:
    def __init__(self) -> None:
        self.view, self.out = LiveView(), io.StringIO()
        self.lines = Lines(self.view, Words("en"), self.out)
        self.number = 0

    def tell(self, event: str, data: object) -> str:
        self.number += 1
        before = self.out.tell()
        self.lines.told(*self.view.apply(frame(f"b-{self.number}", event, data)))
        return self.out.getvalue()[before:]


@pytest.fixture
def feed() -> Feed:
    feed = Feed()
    snapshot: Snapshot = LiveState(Seed(directory=DIRECTORY), NOW).snapshot(reader("root"), NOW)
    told = feed.tell("snapshot", snapshot)
    assert re.fullmatch(r"\d\d:\d\d:\d\d snapshot +0 calls, 3 agents, 3 queues\n", told)
    return feed


def test_a_call_is_followed_in_plain_words(feed: Feed) -> None:
    first = line(NOW, Code.IDENTIFIED_KNOWN, title="Maria")
    second = line(NOW, Code.OFFERED, agent="anna", ring_s=20)
    known = live_call(call(customer_title="Maria", state=CallState.ROUTING, trace=(first,)), NOW)
    assert feed.tell("call.identified", known).endswith(
        "call.identified    +7 495 555-01-42 · Maria · being routed — The caller is Maria.\n"
    )
    talking = call(customer_title="Maria", state=CallState.TALKING, agent="anna", trace=(first, second))
    told = feed.tell("call.answered", live_call(talking, NOW))
    assert told.endswith("+7 495 555-01-42 · Maria · talking · Anna — Offered to Anna for 20 s.\n")
    assert feed.tell("call.held", live_call(talking, NOW)).endswith("talking · Anna\n")
    ended = live_call(call(state=CallState.ENDED, outcome=Outcome.ANSWERED, agent="anna", talk_s=64.0), NOW)
    assert feed.tell("call.ended", ended).endswith("+7 495 555-01-42 · answered · Anna · 1:04\n")


def test_agents_queues_and_parts(feed: Feed) -> None:
    agent = feed.view.agents["anna"]
    assert feed.tell("agent.changed", agent).endswith("agent.changed      Anna · offline\n")
    queue = feed.view.queues["sales"]
    assert feed.tell("queue.changed", queue).endswith("Sales · 0 waiting, 0 answered, 0 abandoned today\n")
    part = {"name": "database", "state": "down", "since": NOW}
    assert feed.tell("health.changed", part).endswith("health.changed     database · is down\n")


def test_gone_calls_ticks_and_what_is_new_to_us(feed: Feed) -> None:
    feed.tell("call.started", live_call(call(), NOW))
    assert feed.tell("call.gone", CallGone(id=call_id(1))).endswith("call.gone          +7 495 555-01-42\n")
    assert feed.tell("tick", {"at": NOW}) == ""
    assert feed.tell("weather.changed", {}).endswith(" weather.changed\n")


def test_a_hostile_name_stays_on_its_line(feed: Feed) -> None:
    told = feed.tell("call.started", live_call(call(from_name="\x1b[2J\nroot: ok\r"), NOW))
    assert told.count("\n") == 1 and "\x1b" not in told and "\r" not in told
