"""Pieces of screens: G14 for each screen, language and reader, and that nobody gets what they may not see."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent_ui.assets import load_assets
from agent_ui.board.regions import BOARD
from agent_ui.desk.regions import DESK
from agent_ui.language import Manner
from agent_ui.live.html import HtmlFace, Workshop
from agent_ui.live.screens import Screen
from agent_ui.pages import Templates
from crm_core.calls import events as happened
from crm_core.calls.events import MissedChanged
from crm_core.calls.model import CallState, Direction, Leg, LegRole, LegState, Offer, OfferState
from crm_core.health import HealthState, PartHealth
from crm_core.ids import new_id
from crm_core.live.projection import LiveState, Seed
from crm_core.live.stream import LiveStream, NumberedEvent
from crm_core.live.visibility import sees, sees_card
from crm_core.notes.events import NoteSaved
from crm_core.people.model import Reader
from crm_core.presence.events import AgentStateChanged
from crm_core.presence.model import AgentState
from tests.fakes.house import DIRECTORY, NOW, READERS, call, call_id, reader
from tests.unit.agent_ui.live.screen_page import ScreenPage
from tests.unit.crm_core.live.happenings import some_event, told

pytestmark = pytest.mark.unit

WORKSHOP = Workshop(Templates(load_assets()))
SCREENS = (DESK, BOARD)
MANNERS = (
    Manner(language="en"),
    Manner(language="ru", timezone="Europe/Moscow", country="RU"),
    Manner(language="az", timezone="Asia/Baku", country="AZ"),
)


def face(screen: Screen = DESK, manner: Manner = MANNERS[0]) -> HtmlFace:
    return HtmlFace(WORKSHOP, screen, manner)


def fresh() -> LiveState:
    return LiveState(Seed(directory=DIRECTORY), NOW)


class Desk:
    """One reader's screen beside the house: what happens is told to it as to a socket."""

    def __init__(self, who: str = "anna", screen: Screen = DESK) -> None:
        self.state, self.stream = fresh(), LiveStream()
        self.reader, self.face = reader(who), face(screen)
        self.page = ScreenPage()
        self.page.apply(self.face.snapshot(self.state, self.reader, "b-0", NOW))

    def happens(self, *events: Any) -> list[dict[str, Any]]:
        """The frames that *events*, told together, make."""
        numbered = [each for event in events for each in told(self.state, self.stream, event)]
        frames = list(self.face.changes(numbered, self.state, self.reader))
        for each in frames:
            self.page.apply(each)
        return [json.loads(each) for each in frames]


def offered(number: int = 1, agent: str = "anna", **changes: Any) -> happened.CallOffered:
    offer = Offer(id=new_id(), agent=agent, attempt=1, state=OfferState.ALERTING, ring_s=20, reserved_at=NOW)
    subject = call(number, state=CallState.OFFERED, offers=(offer,), version=1, **changes)
    return happened.CallOffered(at=NOW, call=subject, offer=offer)


def leg(agent: str, state: LegState = LegState.UP) -> Leg:
    return Leg(
        channel=agent,
        channel_name="PJSIP/x-00000001",
        role=LegRole.AGENT,
        agent=agent,
        endpoint=None,
        number=None,
        state=state,
        started_at=NOW,
        answered_at=NOW + timedelta(seconds=6),
    )


def test_an_offer_is_one_message_with_the_panel_the_reason_and_the_focus() -> None:
    desk = Desk()
    [frame] = desk.happens(
        offered(customer_title="Maria <b>", customer_id=call_id(9)),
        AgentStateChanged(at=NOW, agent="anna", state=AgentState.RINGING, reason=None, since=NOW),
    )
    assert (frame["id"], frame["event"]) == (desk.stream.last_id, "changed")
    regions = frame["data"]["regions"]
    assert {"panel", "focus", "why", "pill", "agent-anna"} <= regions.keys()
    assert next(iter(regions)) == "panel"  # pages show them in this order: who rings before all else
    assert "Maria &lt;b&gt;" in regions["panel"] and "<b>" not in regions["panel"]
    assert f'data-card="{call_id(9)}"' in regions["focus"]


def test_what_did_not_change_for_the_reader_is_not_sent_again() -> None:
    desk = Desk()
    desk.happens(offered())
    assert desk.happens(replace(offered(), id=new_id())) != [], "another offer id"
    again = offered()
    desk.happens(again)
    assert desk.happens(replace(again, id=new_id())) == []


def test_others_get_the_same_bytes_of_what_all_may_see() -> None:
    state, stream = fresh(), LiveStream()
    events = stream.add(
        state.apply(
            AgentStateChanged(at=NOW, agent="leyla", state=AgentState.BREAK, reason="lunch", since=NOW)
        )
    )
    faces = [face() for _ in range(3)]
    for each in faces:
        each.snapshot(state, reader("rena"), "b-0", NOW)
    made = [next(iter(each.changes(events, state, reader("rena")))) for each in faces]
    assert len(set(made)) == 1
    boris = face()
    boris.snapshot(state, reader("boris"), "b-0", NOW)
    assert b"agent-leyla" not in b"".join(boris.changes(events, state, reader("boris")))


def test_a_call_that_is_over_leaves_the_panel_and_stays_in_wrap_up() -> None:
    desk = Desk()
    talking = call(state=CallState.TALKING, agent="anna", legs=(leg("anna"),), version=2)
    desk.happens(happened.CallAnswered(at=NOW, call=talking, agent="anna"))
    assert f'id="call-{call_id(1)}"' in desk.page.text
    ended = replace(talking, state=CallState.ENDED, legs=(leg("anna", LegState.ENDED),), version=3)
    until = NOW + timedelta(seconds=20)
    desk.happens(
        happened.CallEnded(at=NOW, call=ended),
        AgentStateChanged(
            at=NOW, agent="anna", state=AgentState.WRAP_UP, reason=None, since=NOW, until=until
        ),
    )
    assert f'id="call-{call_id(1)}"' not in desk.page.text
    assert 'data-part="wrap_up"' in desk.page.text and f'data-call="{call_id(1)}"' in desk.page.text
    desk.happens(
        AgentStateChanged(
            at=NOW + timedelta(seconds=20), agent="anna", state=AgentState.AVAILABLE, reason=None, since=until
        )
    )
    assert f'id="chip-{call_id(1)}"' in desk.page.text, "its result was not said"
    desk.happens(happened.CallChanged(at=NOW, call=replace(ended, disposition="agreed")))
    assert f'id="chip-{call_id(1)}"' not in desk.page.text


def test_a_talk_with_a_colleague_asks_for_no_result() -> None:
    desk = Desk()
    inside = {"direction": Direction.INTERNAL, "to": "102", "queue": None}
    for number, more in ((1, inside), (2, {})):
        talks = call(number, state=CallState.TALKING, agent="anna", legs=(leg("anna"),), version=2, **more)
        desk.happens(happened.CallAnswered(at=NOW, call=talks, agent="anna"))
        left = replace(talks, state=CallState.ENDED, legs=(leg("anna", LegState.ENDED),), version=3)
        desk.happens(happened.CallEnded(at=NOW, call=left))
    # Another call is in the middle now: the notes of those before are a press away.
    desk.happens(offered(3))
    assert f'id="chip-{call_id(2)}"' in desk.page.text and f'id="chip-{call_id(1)}"' not in desk.page.text


def test_a_part_that_fails_is_said_in_words() -> None:
    desk = Desk()
    desk.happens(PartHealth("ami.listener", HealthState.DOWN, "gone", NOW))
    assert "No link to the telephone exchange" in desk.page.text
    desk.happens(PartHealth("ami.listener", HealthState.UP, "", NOW))
    assert "No link to the telephone exchange" not in desk.page.text


def test_a_call_without_a_card_is_read_again_when_its_result_was_said() -> None:
    desk = Desk()
    talks = call(1, state=CallState.TALKING, agent="anna", legs=(leg("anna"),), version=2)
    desk.happens(happened.CallChanged(at=NOW, call=talks))
    desk.page.touched.clear()
    desk.happens(happened.CallChanged(at=NOW, call=replace(talks, disposition="agreed", version=3)))
    assert desk.page.touched == {f"call-{call_id(1)}"}


def test_touches_go_to_those_they_are_for() -> None:
    missed = MissedChanged(at=NOW, offices=("moscow",), queues=("service",), agents=())
    note = NoteSaved(at=NOW, call_id=call_id(1), customer_id=None, author="anna", version=2)
    got = {}
    for who in READERS:
        desk = Desk(who.person)
        desk.happens(missed, note)
        got[who.person] = desk.page.touched
    mine = f"note-{call_id(1)}"
    assert got == {
        "anna": {mine},  # not a member of Service, and agents reach no further
        "boris": {"missed-shared"},
        "leyla": {"missed-shared"},
        "oleg": {"missed-shared"},
        "rena": set(),
        "root": {"missed", "missed-shared", mine},
    }


def test_every_region_is_one_element_with_its_id() -> None:
    desk = Desk()
    desk.happens(offered(choices=()))
    for screen in SCREENS:
        for id_, html in face(screen).regions(desk.state, reader("root")).items():
            page = ScreenPage()
            page.text = html
            assert page.find(id_) == (0, len(html)), id_


def shown_page(screen: Screen, manner: Manner, state: LiveState, who: Reader) -> str:
    page = ScreenPage()
    page.draw(face(screen, manner).regions(state, who))
    return page.text


def assert_may_see(page: ScreenPage, state: LiveState, who: Reader) -> None:
    """Nothing on the page is of a call, a card or a person that is not the reader's to know of."""
    seen = {call.id for call in state.calls.values() if sees(who, call, DIRECTORY)}
    part = {call.id for call in (*state.seats.calls(who.person), *state.seats.left(who.person))}
    for shown in re.findall(r'(?:id="call-|data-call="|id="chip-)([0-9a-f-]{36})"', page.text):
        assert any(str(id_) == shown for id_ in seen | part)
    for name in re.findall(r'id="agent-(\w+)"', page.text):
        assert sees(who, state.agents[name], DIRECTORY)
    for name in re.findall(r'id="queue-(\w+)"', page.text):
        assert sees(who, state.queues[name], DIRECTORY)
    for title in re.findall(r"Choice\d(\d)", page.text):
        owner, office = (("anna", "moscow"), (None, "baku"))[int(title)]
        assert sees_card(who, office, owner, DIRECTORY)
    assert "Secret" not in page.text
    titles = {
        call.customer_title
        for call in (*state.calls.values(), *state.seats.left(who.person))
        if call.id in seen | part
    }
    assert set(re.findall(r"Title\d", page.text)) <= titles


@settings(max_examples=40, deadline=None)
@given(
    st.lists(some_event(), max_size=25),
    st.sampled_from(SCREENS),
    st.sampled_from(MANNERS),
    st.lists(st.integers(1, 4), max_size=25),
    st.data(),
)
def test_messages_make_the_page_that_would_be_drawn_now(
    stream_of: list[Any], screen: Screen, manner: Manner, steps: list[int], data: st.DataObject
) -> None:
    """G14 for each reader: told in portions of any size, some behind what happens, cut and taken up again
    with `?since=`.
    """
    state, stream = fresh(), LiveStream(kept=30)
    pages = {who.person: ScreenPage() for who in READERS}
    faces = {who.person: face(screen, manner) for who in READERS}
    told_up_to = dict.fromkeys(pages, -1)
    cut = data.draw(st.sets(st.integers(0, max(0, len(stream_of) - 1)), max_size=3))
    sizes = iter(steps)
    due = next(sizes, 1)

    def forward(who: Reader, behind: int = 0) -> None:
        until = max(told_up_to[who.person], stream.last - behind)
        missed = stream.after(told_up_to[who.person], until)
        page, its = pages[who.person], faces[who.person]
        if missed is None:
            page.apply(its.snapshot(state, who, stream.last_id, NOW))
            until = stream.last
        else:
            for payload in its.changes(missed, state, who):
                page.apply(payload)
        told_up_to[who.person] = until

    for index, event in enumerate(stream_of):
        told(state, stream, event)
        due -= 1
        for who in READERS:
            if index in cut:  # a new socket, which knows only the id of the last message
                faces[who.person] = face(screen, manner)
                number = stream.number(pages[who.person].last_id or "")
                told_up_to[who.person] = -1 if number is None else number
            if due <= 0 or index in cut:
                forward(who, data.draw(st.integers(0, 3)))
                if told_up_to[who.person] == stream.last:
                    assert_may_see(pages[who.person], state, who)
        due = next(sizes, 1) if due <= 0 else due
    for who in READERS:
        forward(who)
        assert pages[who.person].text == shown_page(screen, manner, state, who), who.person


def test_a_snapshot_is_the_page_that_is_drawn() -> None:
    desk = Desk()
    desk.happens(offered(), PartHealth("database", HealthState.DOWN, "", NOW))
    for screen in SCREENS:
        for who in READERS:
            page = ScreenPage()
            page.apply(face(screen).snapshot(desk.state, who, "b-1", NOW))
            assert page.text == shown_page(screen, MANNERS[0], desk.state, who)


def test_nothing_that_concerns_nobody_is_sent() -> None:
    desk = Desk("leyla")
    assert desk.happens(happened.CallStarted(at=NOW, call=call(state=CallState.ROUTING))) == []
    empty: Sequence[NumberedEvent] = ()
    assert list(desk.face.changes(empty, desk.state, desk.reader)) == []
