"""A card is changed in its place, one field at a time, beside others who do the same.

A form says what its field was when it was shown. What somebody else changed meanwhile is told and never
overwritten unseen: the form comes again with what was typed and what stands there now, and saving it again
decides. Numbers come and go each by itself, so two people who add one each both have their way.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from aiohttp import web

from agent_ui.api.shapes import Question
from agent_ui.asking import Asking, path_id
from agent_ui.customers.card import edit_view
from agent_ui.customers.views import Problem, card_lines
from agent_ui.forms import read_form
from agent_ui.pages import fragment
from crm_core.customers.model import ContactKind, Customer, CustomerChange
from crm_core.errors import BadInput, Conflict
from crm_core.i18n import Message
from crm_core.notes.model import TimelineChange, TimelineKind

TRIES = 3  # others may change the card while we do
EDIT = "customers/edit.html"


class TitleForm(Question, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The name; *was*: as the form was shown with."""

    title: str
    was: str


class OwnerForm(Question, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who is responsible, empty for nobody; *was*: as the form was shown with."""

    owner: str
    was: str


class PhoneForm(Question, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A number to add; *shared*: other cards may have it too."""

    phone: str
    shared: bool = False


class RemoveForm(Question, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A number to take away, in E.164."""

    phone: str


@dataclass(frozen=True)
class Elsewhere(Exception):
    """A field is not any more what its form was shown with: *now* it is this."""

    field: str
    now: str


async def set_title(request: web.Request) -> web.Response:
    """`POST /customers/{id}/title`: a provisional card is kept from then on."""
    form = await read_form(request, TitleForm)

    def wanted(card: Customer) -> CustomerChange | None:
        if card.title not in (form.was, form.title):
            raise Elsewhere("title", card.title)
        return CustomerChange(title=form.title, seen=card.updated_at)

    return await _changed(request, wanted, title=form.title)


async def set_owner(request: web.Request) -> web.Response:
    """`POST /customers/{id}/owner`. Raises Forbidden for who may not give cards away."""
    form = await read_form(request, OwnerForm)

    def wanted(card: Customer) -> CustomerChange | None:
        if (card.owner or "") not in (form.was, form.owner):
            raise Elsewhere("owner", card.owner or "")
        if (card.owner or "") == form.owner:
            return None
        return CustomerChange(owner=form.owner or None, seen=card.updated_at)

    return await _changed(request, wanted, owner=form.owner)


async def add_phone(request: web.Request) -> web.Response:
    """`POST /customers/{id}/phones`: of a number with a card it is asked whether both have it."""
    form = await read_form(request, PhoneForm)

    def wanted(card: Customer) -> CustomerChange | None:
        number, phones = Asking.of(request).number(form.phone), _phones(card)
        if number in phones:
            return None
        return CustomerChange(phones=(*phones, number), shared=form.shared, seen=card.updated_at)

    return await _changed(request, wanted, phone=form.phone)


async def remove_phone(request: web.Request) -> web.Response:
    """`POST /customers/{id}/phones/remove`: once is enough."""
    form = await read_form(request, RemoveForm)

    def wanted(card: Customer) -> CustomerChange | None:
        phones = _phones(card)
        left = tuple(phone for phone in phones if phone != form.phone)
        return None if left == phones else CustomerChange(phones=left, seen=card.updated_at)

    return await _changed(request, wanted)


def _phones(card: Customer) -> tuple[str, ...]:
    return tuple(p.value for p in card.contact_points if p.kind is ContactKind.PHONE)


async def _changed(
    request: web.Request,
    wanted: Callable[[Customer], CustomerChange | None],
    *,
    title: str | None = None,
    owner: str | None = None,
    phone: str = "",
) -> web.Response:
    """The card with its fields after what is *wanted* of it; what was typed stays when it was not taken."""
    asking, id = Asking.of(request), path_id(request)
    overview = await asking.card(id)
    # Whom the card is not for hears that before anything is said of its fields.
    await edit_view(asking, overview)
    try:
        await _change(asking, overview.details.card, wanted)
    except (BadInput, Conflict, Elsewhere) as error:
        overview = await asking.card(id)
        problem = await _problem(asking, error, overview.details.card, phone)
        view = await edit_view(asking, overview, title=title, owner=owner, phone=phone, problem=problem)
        status = error.status if isinstance(error, BadInput) else Conflict.status
        return fragment(request, EDIT, view, status=status)
    return fragment(request, EDIT, await edit_view(asking, await asking.card(id), saved=True))


async def _change(
    asking: Asking, card: Customer, wanted: Callable[[Customer], CustomerChange | None]
) -> None:
    """Do what is *wanted* of the card as it is then. Raises what the service does, and Elsewhere."""
    for tried in range(TRIES):
        change = wanted(card)
        if change is None:
            return
        try:
            await asking.services.customers.update(asking.reader, card.id, change)
        except Conflict as error:
            if error.code != "card_changed" or tried == TRIES - 1:
                raise
            card = (await asking.card(card.id)).details.card
        else:
            asking.services.written()
            return


async def _problem(
    asking: Asking, error: BadInput | Conflict | Elsewhere, card: Customer, phone: str
) -> Problem:
    if isinstance(error, Elsewhere):
        return await _elsewhere(asking, error, card)
    field = {"title": "title", "owner": "owner"}.get(error.field or "", "phone")
    if isinstance(error, Conflict) and error.code == "number_taken":
        return await _taken(asking, card, phone)
    hint = None if error.hint_words is None else error.hint_words
    return Problem(field=field, words=error.words, hint=hint)


async def _taken(asking: Asking, card: Customer, phone: str) -> Problem:
    """Whose number it is, as far as the reader may see these cards."""
    found = await asking.services.customers.search(asking.reader, asking.number(phone))
    others = [other for other in found if other.id != card.id]
    return Problem(
        field="shared",
        words=Message("Another card has this number."),
        hint=Message("Does it belong to both? A caller is then asked for."),
        cards=card_lines(others, asking.directory, asking.reader),
    )


async def _elsewhere(asking: Asking, error: Elsewhere, card: Customer) -> Problem:
    """Who changed the field meanwhile, and to what."""
    titles = asking.titles
    found, _ = await asking.services.timelines.timeline(
        asking.reader, card.id, {TimelineKind.CHANGE}, limit=1
    )
    by = next((item.actor for item in found if isinstance(item, TimelineChange)), "")
    now = titles.get(error.now, error.now) if error.field == "owner" else error.now
    words = (
        Message("{person} changed this meanwhile: it is “{now}” now.", person=titles.get(by, by), now=now)
        if now
        else Message("{person} changed this meanwhile: there is nobody now.", person=titles.get(by, by))
    )
    return Problem(
        field=error.field,
        words=words,
        hint=Message("Nothing is lost: save again to put yours there."),
    )
