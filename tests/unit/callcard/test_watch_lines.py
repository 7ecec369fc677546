"""One line an event, the trace's news once."""

from __future__ import annotations

import io
import re

import msgspec
import pytest

from callcard.watch_lines import Lines
from callcard.watch_words import Words
from crm_core.calls.model import CallState, Outcome
from crm_core.calls.trace import Code, line
from crm_core.live.model import CallGone, LiveRecording, Snapshot
from crm_core.live.projection import LiveState, Seed
from crm_core.live.shown import live_call
from crm_core.live.stream import frame
from crm_core.live.view import LiveView
from crm_core.presence.model import AgentState, Unreachable
from crm_core.recordings.model import RecordingKind, RecordingState
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
    assert re.fullmatch(r"\d\d:\d\d:\d\d snapshot +calls: 0, agents: 3, queues: 3\n", told)
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
    ended = live_call(call(state=CallState.ENDED, outcome=Outcome.ANSWERED, agent="anna", talk_s=64.0), NOW)
    assert feed.tell("call.ended", ended).endswith("+7 495 555-01-42 · answered · Anna · 1:04\n")


def test_agents_queues_and_parts(feed: Feed) -> None:
    agent = feed.view.agents["anna"]
    assert feed.tell("agent.changed", agent).endswith("agent.changed      Anna · offline\n")
    silent = msgspec.structs.replace(
        agent, state=AgentState.AVAILABLE, unreachable=Unreachable.DID_NOT_RING, unreachable_until=NOW
    )
    assert feed.tell("agent.changed", silent).endswith("Anna · available, the phone did not ring\n")
    queue = feed.view.queues["sales"]
    waiting = msgspec.structs.replace(queue, waiting=1)
    assert feed.tell("queue.changed", waiting).endswith("Sales · 1 waiting, 0 answered, 0 abandoned today\n")
    part = {"name": "database", "state": "down", "since": NOW}
    assert feed.tell("health.changed", part).endswith("health.changed     database · is down\n")


def test_what_changes_nothing_of_a_line_prints_none(feed: Feed) -> None:
    ringing = call(state=CallState.OFFERED, agent="anna")
    assert feed.tell("call.offered", live_call(ringing, NOW)).endswith("ringing · Anna\n")
    assert feed.tell("call.changed", live_call(ringing, NOW)) == ""
    assert feed.tell("queue.changed", feed.view.queues["sales"]) == ""  # as in the snapshot
    agent = feed.view.agents["anna"]
    assert feed.tell("agent.changed", agent) != ""
    assert feed.tell("agent.changed", msgspec.structs.replace(agent, load=0.3)) == ""


def test_steps_that_come_in_one_batch_are_all_told(feed: Feed) -> None:
    """Events of one moment all carry the call as it is after the last of them."""
    talking = live_call(call(state=CallState.TALKING, agent="anna"), NOW)
    assert feed.tell("call.offer_ended", talking).endswith("talking · Anna\n")
    assert feed.tell("call.answered", talking).endswith(
        "call.answered      +7 495 555-01-42 · talking · Anna\n"
    )
    assert feed.tell("call.answered", talking) == "", "said again, not happened again"
    over = live_call(call(state=CallState.ENDED, outcome=Outcome.ANSWERED, agent="anna", talk_s=64.0), NOW)
    assert feed.tell("call.changed", over).endswith("answered · Anna · 1:04\n")
    assert feed.tell("call.ended", over).endswith("answered · Anna · 1:04\n")
    assert feed.tell("call.settled", over) == ""


def test_a_recording_is_told_once_with_the_caller_it_is_of(feed: Feed) -> None:
    feed.tell("call.started", live_call(call(customer_title="Maria"), NOW))
    kept = LiveRecording(
        id=call_id(9),
        call_id=call_id(1),
        kind=RecordingKind.CALL,
        state=RecordingState.OK,
        reason=None,
        duration_s=18.2,
    )
    told = feed.tell("recording.settled", kept)
    assert told.endswith("recording.settled  +7 495 555-01-42 · Maria · recording kept · 0:18\n")
    assert feed.tell("recording.settled", kept) == ""  # compressed since


def test_a_withheld_caller_is_called_so(feed: Feed) -> None:
    hidden = call(from_number=None, from_raw="anonymous", from_name="Anonymous")
    assert feed.tell("call.started", live_call(hidden, NOW)).endswith(" withheld · new\n")


def test_a_number_is_written_for_people_before_it_is_identified(feed: Feed) -> None:
    early = call(from_number=None, from_raw="+74955550142", from_name="")
    assert feed.tell("call.started", live_call(early, NOW)).endswith(" +7 495 555-01-42 · new\n")


def test_gone_calls_ticks_and_what_is_new_to_us(feed: Feed) -> None:
    feed.tell("call.started", live_call(call(), NOW))
    assert feed.tell("call.gone", CallGone(id=call_id(1))).endswith("call.gone          +7 495 555-01-42\n")
    assert feed.tell("tick", {"at": NOW}) == ""
    assert feed.tell("weather.changed", {}).endswith(" weather.changed\n")


def test_a_hostile_name_stays_on_its_line(feed: Feed) -> None:
    told = feed.tell("call.started", live_call(call(from_name="\x1b[2J\nroot: ok\r"), NOW))
    assert told.count("\n") == 1 and "\x1b" not in told and "\r" not in told
