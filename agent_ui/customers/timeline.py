"""The history of a card: calls with notes and recordings, changes, next steps; a piece at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from aiohttp import web

from agent_ui.api.route import read_query
from agent_ui.api.shapes import Cursor, Question
from agent_ui.customers.asking import directory, id_in
from agent_ui.customers.services import CARDS
from agent_ui.desk.card_views import HistoryView
from agent_ui.desk.history import history_items
from agent_ui.pages import fragment
from agent_ui.services import READER, SERVICES
from crm_core.notes.model import TimelineKind

PIECE = 20  # items

Kind = Literal["", "call", "change", "step"]


class TimelineQuestion(Question, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """*kind*: only these; *cursor*: what is older than the piece before."""

    kind: Kind = ""
    cursor: Cursor | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineView:
    """A piece of a card's history. *next*: cursor of the older one."""

    card: UUID
    kind: Kind
    history: HistoryView
    next: str | None


async def timeline(request: web.Request) -> web.Response:
    """`GET /customers/{id}/timeline`: the panel, or with a cursor the older items alone. Raises NotFound."""
    query = read_query(request, TimelineQuestion)
    view = await timeline_of(request, id_in(request), query.kind, query.cursor)
    template = "customers/timeline.html" if query.cursor is None else "customers/timeline_items.html"
    return fragment(request, template, view)


async def timeline_of(
    request: web.Request, card: UUID, kind: Kind = "", cursor: str | None = None
) -> TimelineView:
    """A piece of *card*'s history in the words of the house."""
    cards, reader = request.app[CARDS], request[READER]
    kinds = (TimelineKind(kind),) if kind else ()
    found, after = await cards.timelines.timeline(reader, card, kinds, limit=PIECE, cursor=cursor)
    said = {one.name: one.title for one in await cards.calls.dispositions(request.app[SERVICES].pbx)}
    items = history_items(found, directory(request).titles, said, reader.person)
    # Pieces and their filters are ours; the items are drawn as everywhere.
    history = HistoryView(card=card, kind=kind, items=items, next=None, first=cursor is None)
    return TimelineView(card=card, kind=kind, history=history, next=after)
