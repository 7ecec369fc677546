"""What events were about, and who is told what to read again."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent_ui.live.news import Touches, gist_of, news_of, touched
from crm_core.live.model import Circle, LiveAgent, LiveCall, LiveQueue
from crm_core.live.projection import LiveState, Seed
from crm_core.live.stream import LiveStream
from crm_core.live.visibility import sees
from crm_core.people.model import Reader, Role
from crm_core.permissions import Action
from tests.fakes.house import DIRECTORY, NOW, READERS, reader
from tests.unit.crm_core.live.happenings import some_event, told

pytestmark = pytest.mark.unit


@settings(deadline=None)
@given(st.lists(some_event(), max_size=25))
def test_each_reader_is_told_what_they_may_see_and_nothing_else(happened: list[Any]) -> None:
    state, stream = LiveState(Seed(directory=DIRECTORY), NOW), LiveStream()
    events = [each.event for event in happened for each in told(state, stream, event)]
    news = news_of([gist_of(event, DIRECTORY) for event in events])
    for who in READERS:
        assert news.touches.of(who) == {
            name
            for event in events
            if sees(who, event.after, DIRECTORY, event.about)
            for name in touched(event)
        }
    assert news.agents == {event.after.name for event in events if isinstance(event.after, LiveAgent)}
    assert news.queues == {event.after.name for event in events if isinstance(event.after, LiveQueue)}
    assert news.calls == {event.after.id for event in events if isinstance(event.after, LiveCall)}


def test_a_circle_without_a_place_is_open_to_none_but_those_who_see_all() -> None:
    nowhere = Touches([(Circle(action=Action.CUSTOMERS_READ), ("card-1",))])
    homeless = Reader(person="nora", role=Role.AGENT, office="nowhere", team=None)
    assert [nowhere.of(who) for who in (reader("anna"), homeless, reader("root"))] == [
        set(),
        set(),
        {"card-1"},
    ]
