"""Two cards of one customer become one: the other is searched, what will be is shown, then it is done."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from uuid import UUID

from aiohttp import web

from agent_ui.api.route import read_query
from agent_ui.api.shapes import Question
from agent_ui.asking import Asking, path_id
from agent_ui.customers.card import CUSTOMERS, go
from agent_ui.customers.listing import SUGGESTED, Typed
from agent_ui.customers.views import CardLine, card_line, card_lines, may_edit
from agent_ui.forms import read_form
from agent_ui.only_read import refused_when_seen
from agent_ui.pages import fragment, page
from crm_core.customers.model import Customer, MergeField, MergePreview
from crm_core.errors import Forbidden, NotFound
from crm_core.ids import parse_id
from crm_core.live.directory import Directory


class JoinQuestion(Question, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """*q*: to find the other card; *other*: that card; *keep*: which of the two stays.

    *title*, *owner*, *office*: from which of them the kept card has it, where both say something.
    """

    q: Typed = ""
    other: Typed = ""
    keep: Typed = ""
    title: Typed = ""
    owner: Typed = ""
    office: Typed = ""

    def take(self, drop: UUID) -> frozenset[MergeField]:
        """What the kept card takes from the card *drop*."""
        chosen = {MergeField.TITLE: self.title, MergeField.OWNER: self.owner, MergeField.OFFICE: self.office}
        return frozenset(field for field, card in chosen.items() if card == str(drop))


@dataclass(frozen=True, slots=True, kw_only=True)
class FindView:
    """The search for the other card."""

    card: CardLine
    q: str
    found: tuple[CardLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConflictView:
    """Where both say something. *options*: each card and what it says; *taken*: whose it will be."""

    field: str
    options: tuple[tuple[UUID, str], ...]
    taken: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinView:
    """What a merge of *card* and *other* gives. *keep*: which stays; *after*: as it will be."""

    card: CardLine
    other: CardLine
    keep: UUID
    after: CardLine
    calls: int
    conflicts: tuple[ConflictView, ...]
    allowed: bool


async def join_page(request: web.Request) -> web.Response:
    """`GET /customers/{id}/merge`: the search; with *other* what the merge gives. Raises Forbidden."""
    query, asking = read_query(request, JoinQuestion), Asking.of(request)
    card = await _mine_to_join(asking, path_id(request))
    if query.other:
        view = await _preview(asking, card, query)
        if "HX-Request" in request.headers:
            return fragment(request, "customers/join.html", view)
        return page(request, "customers/join_page.html", view)
    reader, who = asking.reader, asking.directory
    found = await asking.services.customers.search(reader, query.q, SUGGESTED)
    others = card_lines((one for one in found if one.id != card.id), who, reader)
    find = FindView(card=card_line(card, who, reader), q=query.q.strip(), found=others)
    if "HX-Request" in request.headers:
        return fragment(request, "customers/join_found.html", find)
    return page(request, "customers/join_find.html", find)


async def join(request: web.Request) -> web.Response:
    """`POST /customers/{id}/merge`: to the kept card. Raises Conflict when one was merged meanwhile."""
    form, asking = await read_form(request, JoinQuestion), Asking.of(request)
    card = await _mine_to_join(asking, path_id(request))
    keep, drop = _sides(card, form)
    async with refused_when_seen(asking.services, asking.reader, keep, drop):
        kept = await asking.services.customers.merge(asking.reader, keep, drop, form.take(drop))
    asking.services.written()
    return go(f"{CUSTOMERS}/{kept.id}?merged=1")


async def _mine_to_join(asking: Asking, id: UUID) -> Customer:
    card = (await asking.card(id)).details.card
    if not may_edit(card, asking.reader):
        raise Forbidden
    return card


def _sides(card: Customer, form: JoinQuestion) -> tuple[UUID, UUID]:
    """The card that stays and the one that goes. Raises NotFound for an id that is none."""
    other = parse_id(form.other)
    if other is None:
        raise NotFound
    return (other, card.id) if form.keep == str(other) else (card.id, other)


async def _preview(asking: Asking, card: Customer, query: JoinQuestion) -> JoinView:
    reader, who, customers = asking.reader, asking.directory, asking.services.customers
    keep, drop = _sides(card, query)
    async with refused_when_seen(asking.services, reader, keep, drop):
        planned = await customers.preview_merge(reader, keep, drop, query.take(drop))
    # The preview has the kept card as it will be; the two as they are stand beside it.
    other = planned.dropped if keep == card.id else await customers.get(reader, keep, met=False)
    return JoinView(
        card=card_line(card, who, reader),
        other=card_line(other, who, reader),
        keep=keep,
        after=card_line(planned.kept, who, reader),
        calls=planned.calls,
        conflicts=_conflicts(planned, query.take(drop), who),
        allowed=planned.allowed,
    )


def _conflicts(
    planned: MergePreview, taken: Collection[MergeField], who: Directory
) -> tuple[ConflictView, ...]:
    offices = {name: office.title for name, office in who.offices.items()}
    called: Mapping[MergeField, Mapping[str, str]] = {
        MergeField.OWNER: who.titles,
        MergeField.OFFICE: offices,
    }
    kept, dropped, views = planned.kept.id, planned.dropped.id, []
    for one in planned.conflicts:
        names = called.get(one.field, {})
        options = ((kept, names.get(one.kept, one.kept)), (dropped, names.get(one.dropped, one.dropped)))
        views.append(
            ConflictView(
                field=one.field.value, options=options, taken=dropped if one.field in taken else kept
            )
        )
    return tuple(views)
