"""The live feed as pieces of a screen: `{id, event, data}`, in `data.regions` HTML by the id of its element.

    {"id": "b-17", "event": "changed", "data": {"regions": {"agent-anna": "<a …>"}, "touch": ["missed"]}}

Regions are made from what happens now, not from what the event said: after each message the page is as if it
had just been drawn, however many events the message stands for. `touch` names what the page reads again from
the database. Everything a reader is sent was chosen by what that reader may see before it was put into words.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import msgspec
from aiohttp import web
from markupsafe import Markup

from agent_ui.language import Manner
from agent_ui.live.news import Gist, News, gist_of, news_of
from agent_ui.live.screens import Own, Screen, Shared
from agent_ui.pages import Templates
from crm_core.live.directory import Directory
from crm_core.live.projection import LiveState
from crm_core.live.stream import KEPT_EVENTS, NumberedEvent
from crm_core.live.visibility import sees
from crm_core.people.model import Reader, Role

KEPT_REGIONS = 4000  # rendered pieces, by template, view and manner
KEPT_PIECES = 64  # of one moment of the stream: one for each audience and place in it

_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True, kw_only=True)
class Audience:
    """Readers to whom all shared regions of a screen look the same: of one role, they see the same people
    and queues.
    """

    screen: str
    manner: Manner
    role: Role
    agents: frozenset[str]
    queues: frozenset[str]


class Workshop:
    """Renders regions, each once as long as it is remembered. One for all sockets of an application."""

    def __init__(self, templates: Templates) -> None:
        self._templates = templates
        self._rendered: OrderedDict[tuple[str, Hashable, Manner], bytes] = OrderedDict()
        self._audiences: dict[Audience, Audience] = {}
        self._pieces: dict[tuple[str, str, Audience], tuple[bytes, ...]] = {}
        self._gists: OrderedDict[str, Gist] = OrderedDict()
        self._news: dict[tuple[str, str], News] = {}

    def region(self, template: str, view: Hashable, manner: Manner) -> bytes:
        """A rendered region as a JSON string."""
        key = (template, view, manner)
        found = self._rendered.get(key)
        if found is None:
            found = self._rendered[key] = _encode(self._templates.render(template, view, manner).strip())
            if len(self._rendered) > KEPT_REGIONS:
                self._rendered.popitem(last=False)
        else:
            self._rendered.move_to_end(key)
        return found

    def audience(self, screen: Screen, manner: Manner, state: LiveState, reader: Reader) -> Audience:
        """The one audience of all who see what *reader* sees."""
        directory = state.directory
        made = Audience(
            screen=screen.name,
            manner=manner,
            role=reader.role,
            agents=frozenset(name for name, agent in state.agents.items() if sees(reader, agent, directory)),
            queues=frozenset(name for name, queue in state.queues.items() if sees(reader, queue, directory)),
        )
        if len(self._audiences) > KEPT_PIECES:
            self._audiences.clear()
        return self._audiences.setdefault(made, made)

    def news(self, events: Sequence[NumberedEvent], directory: Directory) -> News:
        """The gist of *events*; sockets in the same place of the stream share it."""
        key = (events[0].id, events[-1].id)
        if key not in self._news:
            if len(self._news) > KEPT_PIECES:
                self._news.clear()
            self._news[key] = news_of([self._gist(event, directory) for event in events])
        return self._news[key]

    def _gist(self, numbered: NumberedEvent, directory: Directory) -> Gist:
        found = self._gists.get(numbered.id)
        if found is None:
            found = self._gists[numbered.id] = gist_of(numbered.event, directory)
            if len(self._gists) > KEPT_EVENTS:
                self._gists.popitem(last=False)
        return found

    def shared(
        self, screen: Screen, audience: Audience, state: LiveState, events: Sequence[NumberedEvent]
    ) -> tuple[bytes, ...]:
        """The shared regions that *events* concern, made once for all of *audience*."""
        key = (events[0].id, events[-1].id, audience)
        if key not in self._pieces:
            if len(self._pieces) > KEPT_PIECES:
                self._pieces.clear()
            news = self.news(events, state.directory)
            agents = screen.agent.concerns(news, state) if screen.agent is not None else ()
            queues = screen.queue.concerns(news, state) if screen.queue is not None else ()
            self._pieces[key] = tuple(
                self._shared(
                    screen,
                    audience,
                    state,
                    audience.agents.intersection(agents),
                    audience.queues.intersection(queues),
                )
            )
        return self._pieces[key]

    def all_shared(self, screen: Screen, audience: Audience, state: LiveState) -> tuple[bytes, ...]:
        """All shared regions of *audience*."""
        return tuple(self._shared(screen, audience, state, audience.agents, audience.queues))

    def _shared(
        self,
        screen: Screen,
        audience: Audience,
        state: LiveState,
        agents: Iterable[str],
        queues: Iterable[str],
    ) -> Iterator[bytes]:
        for shared, names in ((screen.agent, agents), (screen.queue, queues)):
            if shared is not None:
                for name in sorted(names):
                    yield self._one(shared, state, name, audience)

    def _one(self, shared: Shared, state: LiveState, name: str, audience: Audience) -> bytes:
        html = self.region(shared.template, shared.view(state, name, audience.role), audience.manner)
        return _encode(shared.prefix + name) + b":" + html


WORKSHOP = web.AppKey("live_workshop", Workshop)


class HtmlFace:
    """One reader's screen in their manner; remembers what it sent of the reader's own regions.

    *office*: only what belongs there, for whoever sees all offices.
    """

    steady = True

    def __init__(
        self, workshop: Workshop, screen: Screen, manner: Manner, *, office: str | None = None
    ) -> None:
        self.pops = screen.pops
        self._office = office
        self._workshop = workshop
        self._screen = screen
        self._manner = manner
        self._audience: Audience | None = None
        self._sent: dict[str, Hashable] = {}

    def snapshot(self, state: LiveState, reader: Reader, id_: str, at: datetime) -> bytes:
        """Every region, those that frame others first."""
        reader = self._as_asked(reader)
        self._audience = self._workshop.audience(self._screen, self._manner, state, reader)
        self._sent.clear()
        own = [made for each in self._screen.own if (made := self._made(each, state, reader))]
        regions = [*own, *self._workshop.all_shared(self._screen, self._audience, state)]
        return _frame(id_, b"snapshot", regions, b',"at":' + _encode(at))

    def changes(self, events: Sequence[NumberedEvent], state: LiveState, reader: Reader) -> Iterable[bytes]:
        """At most one frame, numbered as the last of *events*: all regions they concern, as they are now."""
        if not events:
            return ()
        reader = self._as_asked(reader)
        if self._audience is None:
            self._audience = self._workshop.audience(self._screen, self._manner, state, reader)
        news = self._workshop.news(events, state.directory)
        concerned = {says for says in self._screen.reasons if says(news, state, reader)}
        regions = [
            made
            for each in (self._screen.own if concerned else ())
            if each.concerns in concerned and (made := self._made(each, state, reader))
        ]
        regions += self._workshop.shared(self._screen, self._audience, state, events)
        touched = news.touches.of(reader)
        if not regions and not touched:
            return ()
        more = b',"touch":' + _encode(sorted(touched)) if touched else b""
        return (_frame(events[-1].id, b"changed", regions, more),)

    def regions(self, state: LiveState, reader: Reader) -> Mapping[str, Markup]:
        """All regions as HTML, for drawing the page itself."""
        reader = self._as_asked(reader)
        audience = self._workshop.audience(self._screen, self._manner, state, reader)
        made = [self._named(each, each.view(state, reader)) for each in self._screen.own]
        made += self._workshop.all_shared(self._screen, audience, state)
        found: dict[str, str] = msgspec.json.decode(b"{" + b",".join(made) + b"}")
        return {id_: Markup(html) for id_, html in found.items()}  # noqa: S704 - made by our templates

    def _as_asked(self, reader: Reader) -> Reader:
        """*reader* with eyes for the one office that was asked for; nobody sees more by asking."""
        if self._office is None or reader.role is not Role.ADMIN:
            return reader
        return replace(reader, role=Role.SUPERVISOR, office=self._office)

    def _made(self, own: Own, state: LiveState, reader: Reader) -> bytes | None:
        """The region, unless it is as it was sent last."""
        view = own.view(state, reader)
        if self._sent.get(own.id) == view:
            return None
        self._sent[own.id] = view
        return self._named(own, view)

    def _named(self, own: Own, view: Hashable) -> bytes:
        return _encode(own.id) + b":" + self._workshop.region(own.template, view, self._manner)


def _frame(id_: str, event: bytes, regions: Sequence[bytes], more: bytes) -> bytes:
    head = b'{"id":' + _encode(id_) + b',"event":"' + event + b'","data":{"regions":{'
    return head + b",".join(regions) + b"}" + more + b"}}"
