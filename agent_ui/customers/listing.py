"""Cards found: the page of all, and the box that finds as one types."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlencode

from aiohttp import web
from msgspec import Meta

from agent_ui.api.route import read_query
from agent_ui.api.shapes import Cursor, Question
from agent_ui.asking import Asking
from agent_ui.customers.views import CardLine, card_lines, owners_of
from agent_ui.dialling import Dialling
from agent_ui.pages import fragment, page
from crm_core.people.model import Role
from crm_core.phone_number import to_e164

PIECE = 50
SUGGESTED = 8

Typed = Annotated[str, Meta(max_length=200)]


class ListQuestion(Question, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """*q*: words of the name or digits of a number; *owner*: of whose cards; *cursor*: what comes after."""

    q: Typed = ""
    owner: Typed = ""
    cursor: Cursor | None = None


class SearchQuestion(Question, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What was typed so far."""

    q: Typed = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListView:
    """A piece of the list. *more*: where it goes on; *cut*: a search found more than is shown."""

    q: str
    owner: str
    owners: tuple[tuple[str, str], ...]
    cards: tuple[CardLine, ...]
    more: str | None
    cut: bool
    dial: Dialling


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundView:
    """What the search box found for *q*. *number*: it is one (E.164) that no card has, and can be called."""

    q: str
    cards: tuple[CardLine, ...]
    number: str | None
    dial: Dialling


async def customers(request: web.Request) -> web.Response:
    """`GET /customers`: the page, the list alone as one types, or with a cursor the rows that follow."""
    query, asking = read_query(request, ListQuestion), Asking.of(request)
    reader, who, cards = asking.reader, asking.directory, asking.services.customers
    owner, more = query.owner or None, None
    if query.q.strip():
        found = await cards.search(reader, query.q, PIECE, owner=owner)
    else:
        found, after = await cards.list(
            reader, phone=None, since=None, agent=owner, limit=PIECE, cursor=query.cursor
        )
        more = f"?{urlencode({'owner': query.owner, 'cursor': after})}" if after is not None else None
    view = ListView(
        q=query.q,
        owner=query.owner,
        owners=owners_of(None if reader.role is Role.ADMIN else reader.office, who, owner),
        cards=card_lines(found, who, reader),
        more=more,
        cut=bool(query.q.strip()) and len(found) == PIECE,
        dial=asking.dial,
    )
    if query.cursor is not None:
        return fragment(request, "customers/list_rows.html", view)
    if "HX-Request" in request.headers:
        return fragment(request, "customers/list.html", view)
    return page(request, "customers/list_page.html", view)


async def search(request: web.Request) -> web.Response:
    """`GET /search?q=`: the few likeliest cards."""
    query, asking = read_query(request, SearchQuestion), Asking.of(request)
    found = await asking.services.customers.search(asking.reader, query.q, SUGGESTED)
    cards = card_lines(found, asking.directory, asking.reader)
    view = FoundView(
        q=query.q.strip(), cards=cards, number=_nobodys(query.q, cards, asking), dial=asking.dial
    )
    return fragment(request, "customers/found.html", view)


def _nobodys(typed: str, cards: Sequence[CardLine], asking: Asking) -> str | None:
    """*typed* as a number that none of *cards* has and that can be called."""
    number = to_e164(typed, country=asking.directory.country_of(asking.reader.office))
    known = any(number in card.phones for card in cards)
    return number if asking.dial.reaches(number) and not known else None
