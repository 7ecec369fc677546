"""The history of a card: calls with notes and recordings, changes, next steps; a piece at a time."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from aiohttp import web

from agent_ui.api.route import read_query
from agent_ui.api.shapes import Cursor, Question
from agent_ui.asking import Asking, path_id
from agent_ui.customers.history import history_items
from agent_ui.customers.history_views import HistoryItem, Kind, TimelineView
from agent_ui.pages import fragment
from crm_core.notes.model import TimelineItem, TimelineKind
from crm_core.notes.overview import CardOverview

PIECE = 20  # items


class TimelineQuestion(Question, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """*kind*: only these; *cursor*: what is older than the piece before."""

    kind: Kind = ""
    cursor: Cursor | None = None


async def timeline(request: web.Request) -> web.Response:
    """`GET /customers/{id}/timeline`: the panel, or with a cursor the older items alone. Raises NotFound."""
    query = read_query(request, TimelineQuestion)
    view = await timeline_of(Asking.of(request), path_id(request), query.kind, query.cursor)
    template = "customers/timeline.html" if query.cursor is None else "customers/timeline_items.html"
    return fragment(request, template, view)


async def timeline_of(asking: Asking, card: UUID, kind: Kind = "", cursor: str | None = None) -> TimelineView:
    """A piece of *card*'s history. Raises NotFound."""
    kinds = (TimelineKind(kind),) if kind else ()
    found, after = await asking.services.timelines.timeline(
        asking.reader, card, kinds, limit=PIECE, cursor=cursor
    )
    items = await _shown(asking, found)
    return TimelineView(card=card, kind=kind, items=items, next=after, dial=asking.dial)


async def newest_of(asking: Asking, overview: CardOverview) -> TimelineView:
    """The first piece, of a card that was read with its history."""
    items = await _shown(asking, overview.history)
    return TimelineView(
        card=overview.details.card.id, kind="", items=items, next=overview.older, dial=asking.dial
    )


async def _shown(asking: Asking, found: Sequence[TimelineItem]) -> tuple[HistoryItem, ...]:
    """*found* in the words of the house; the call one is in is no history yet."""
    me = asking.reader.person
    now = {call.id for call in asking.services.hub.state.seats.calls(me)}
    past = [item for item in found if item.id not in now]
    return history_items(past, asking.titles, await asking.results(), me)
