"""What a live screen is made of: a table of regions, each a pure function of what happens now.

A region is an element of the page with an id of its own, a template, and a function that gives the
template's view, a frozen dataclass. Shared regions are about one thing (an agent's row, a queue's tile) and
look the same to everybody of a role who may see that thing: they are put into words once for each event,
role and language.
Own regions depend on the reader and are made only when something happened that concerns them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Mapping
from dataclasses import dataclass
from functools import cached_property

from aiohttp import web

from agent_ui.live.news import News
from crm_core.live.projection import LiveState
from crm_core.people.model import Reader, Role

Concerns = Callable[[News, LiveState, Reader], bool]


def never(_news: News, _state: LiveState, _reader: Reader) -> bool:
    """For regions that only frame others: they are sent with a snapshot."""
    return False


def about_me(news: News, _state: LiveState, reader: Reader) -> bool:
    """Something happened to the reader's own state or calls."""
    return reader.person in news.people


def about_my_queues(news: News, state: LiveState, reader: Reader) -> bool:
    """Something happened in a queue the reader is a member of, or to the reader."""
    return reader.person in news.people or not news.queues.isdisjoint(
        state.directory.queues_of(reader.person)
    )


def about_calls(news: News, _state: LiveState, _reader: Reader) -> bool:
    """Any call changed."""
    return bool(news.calls)


def about_health(news: News, _state: LiveState, _reader: Reader) -> bool:
    """A part of the house changed."""
    return news.health


@dataclass(frozen=True, slots=True, kw_only=True)
class Own:
    """A region that depends on the reader. *concerns* may say yes too often, never no too often."""

    id: str
    template: str
    view: Callable[[LiveState, Reader], Hashable]
    concerns: Concerns


def of_agents(news: News, _state: LiveState) -> Collection[str]:
    """Agents to whom something happened."""
    return news.agents


def of_agents_and_calls(news: News, _state: LiveState) -> Collection[str]:
    """Agents to whom something happened, or to a call they have or had part in."""
    return news.people


def of_queues(news: News, _state: LiveState) -> Collection[str]:
    """Queues whose figures changed."""
    return news.queues


def of_queues_and_health(news: News, state: LiveState) -> Collection[str]:
    """Queues whose figures changed; all of them when a part of the house did."""
    return state.queues.keys() if news.health else news.queues


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """A region about one agent or queue; its id is *prefix* and the name.

    *view* gets the role of who reads; *concerns* names the agents or queues to draw anew.
    """

    prefix: str
    template: str
    view: Callable[[LiveState, str, Role], Hashable]
    concerns: Callable[[News, LiveState], Collection[str]]


@dataclass(frozen=True, kw_only=True)
class Screen:
    """A live screen. *own* in the order in which they are put in their places: what frames others first.

    *pops*: it shows the reader's own offers.
    """

    name: str
    own: tuple[Own, ...]
    agent: Shared | None = None
    queue: Shared | None = None
    pops: bool = False

    @cached_property
    def reasons(self) -> frozenset[Concerns]:
        """What any of its own regions asks about news; regions that ask the same are asked once."""
        return frozenset(each.concerns for each in self.own)


# Pages without live regions: they hear what to read again.
LISTS = Screen(name="lists", own=())
SCREENS = web.AppKey("live_screens", Mapping[str, Screen])
