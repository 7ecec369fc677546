"""A new card, made by a person: who is there already under this name or number is said on the way."""

from __future__ import annotations

from dataclasses import dataclass

from aiohttp import web

from agent_ui.api.route import read_query
from agent_ui.api.shapes import Question
from agent_ui.asking import Asking
from agent_ui.customers.card import CUSTOMERS, go
from agent_ui.customers.listing import Typed
from agent_ui.customers.views import CardLine, Problem, card_lines
from agent_ui.forms import read_form
from agent_ui.pages import fragment, page
from crm_core.customers.model import Customer, NewCustomer
from crm_core.errors import BadInput, Conflict

FEW = 5  # cards named beside the form
MOST_PHONES = 20


class NewForm(Question, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """*phones*: one a line, as people write them; *mine*: the maker is responsible."""

    title: str = ""
    phones: str = ""
    mine: bool = False
    shared: bool = False


class SimilarQuestion(Question, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the form holds so far; whether the rest of it is ticked says nothing here."""

    title: Typed = ""
    phones: Typed = ""
    mine: str = ""
    shared: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SimilarView:
    """Cards that may be the same."""

    cards: tuple[CardLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewView:
    """The form, with what was typed. *taken*: it is asked whether a number belongs to both."""

    title: str = ""
    phones: str = ""
    mine: bool = True
    taken: bool = False
    problem: Problem | None = None
    similar: tuple[CardLine, ...] = ()


async def new(request: web.Request) -> web.Response:
    """`GET /customers/new`."""
    return page(request, "customers/new.html", NewView())


async def similar(request: web.Request) -> web.Response:
    """`GET /customers/new/similar`: as one types."""
    query = read_query(request, SimilarQuestion)
    found = await _similar(Asking.of(request), query.title, query.phones)
    return fragment(request, "customers/similar.html", SimilarView(cards=found))


async def make(request: web.Request) -> web.Response:
    """`POST /customers`: to the new card; or the form again, with what is wrong."""
    form, asking = await read_form(request, NewForm), Asking.of(request)
    try:
        numbers = [asking.number(line) for line in _lines(form.phones)]
        made = NewCustomer(
            title=form.title,
            phones=tuple(dict.fromkeys(numbers)),
            owner=asking.reader.person if form.mine else None,
            shared=form.shared,
        )
        card = await asking.services.customers.create(asking.reader, made)
    except (BadInput, Conflict) as error:
        view = NewView(
            title=form.title,
            phones=form.phones,
            mine=form.mine,
            taken=error.code == "number_taken",
            problem=Problem(
                field="title" if error.field == "title" else "phones",
                words=error.words,
                hint=error.hint_words,
            ),
            similar=await _similar(asking, form.title, form.phones),
        )
        return page(request, "customers/new.html", view, status=error.status)
    asking.services.written()
    return go(f"{CUSTOMERS}/{card.id}")


def _lines(text: str) -> list[str]:
    """The numbers, one a line. Raises BadInput for too many."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if len(lines) > MOST_PHONES:
        raise BadInput(field="phones")
    return lines


async def _similar(asking: Asking, title: str, phones: str) -> tuple[CardLine, ...]:
    """Cards of these numbers, then of this name."""
    reader, found, customers = asking.reader, dict[object, Customer](), asking.services.customers
    for text in (*_lines(phones)[-FEW:], title):
        if len(text.strip()) >= 3 and len(found) < FEW:
            found |= {card.id: card for card in await customers.search(reader, text, FEW)}
    return card_lines(list(found.values())[:FEW], asking.directory, reader)
