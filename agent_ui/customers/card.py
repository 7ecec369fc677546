"""One card: its page, and the fragments that the desk shows too."""

from __future__ import annotations

from dataclasses import dataclass

from aiohttp import hdrs, web

from agent_ui.api.route import read_query
from agent_ui.api.shapes import Question
from agent_ui.asking import Asking, path_id
from agent_ui.customers.history_views import TimelineView
from agent_ui.customers.timeline import PIECE, newest_of
from agent_ui.customers.views import CardView, EditView, Problem, card_view, owners_of
from agent_ui.pages import fragment, page
from crm_core.errors import Forbidden
from crm_core.notes.overview import CardOverview

CUSTOMERS = "/customers"


class CardQuestion(Question, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What brought the reader here: *joined* from a merged card's address, *merged* after a merge."""

    joined: bool = False
    merged: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PageView:
    """The page of a card. *joined*: the address was that of a card that became part of this one.

    *live_since*: the last event that the page was made from.
    """

    card: CardView
    timeline: TimelineView
    joined: bool
    merged: bool
    live_since: str


async def card_page(request: web.Request) -> web.Response:
    """`GET /customers/{id}`: a merged card's address leads to the one it became part of."""
    query, id, asking = read_query(request, CardQuestion), path_id(request), Asking.of(request)
    live_since = asking.services.hub.last_id
    overview = await asking.card(id, history=PIECE)
    if overview.details.card.id != id:
        return go(f"{CUSTOMERS}/{overview.details.card.id}?joined=1")
    view = PageView(
        card=await view_of(asking, overview),
        timeline=await newest_of(asking, overview),
        joined=query.joined,
        merged=query.merged,
        live_since=live_since,
    )
    return page(request, "customers/card_page.html", view)


async def card(request: web.Request) -> web.Response:
    """`GET /customers/{id}/card`: the card itself."""
    asking = Asking.of(request)
    view = await view_of(asking, await asking.card(path_id(request)))
    return fragment(request, "customers/card.html", view)


async def edit(request: web.Request) -> web.Response:
    """`GET /customers/{id}/edit`: the card with its fields. Raises Forbidden for one that is only read."""
    asking = Asking.of(request)
    view = await edit_view(asking, await asking.card(path_id(request)))
    return fragment(request, "customers/edit.html", view)


async def view_of(asking: Asking, overview: CardOverview) -> CardView:
    """The card with its figures."""
    results = await asking.results()
    return card_view(overview.details, overview.facts, results, asking.directory, asking.reader, asking.dial)


async def edit_view(
    asking: Asking,
    overview: CardOverview,
    *,
    title: str | None = None,
    owner: str | None = None,
    phone: str = "",
    problem: Problem | None = None,
    saved: bool = False,
) -> EditView:
    """The card's fields, with what was typed and not taken. Raises Forbidden."""
    view = await view_of(asking, overview)
    if not view.may_edit:
        raise Forbidden
    stored = overview.details.card
    return EditView(
        card=view,
        title=stored.title if title is None else title,
        phone=phone,
        owner=(stored.owner or "") if owner is None else owner,
        owners=owners_of(stored.office, asking.directory, stored.owner) if view.may_assign else (),
        problem=problem,
        saved=saved,
    )


def go(path: str) -> web.Response:
    """Go there: after a form was sent, or because the card is another one now."""
    return web.Response(status=303, headers={hdrs.LOCATION: path})
