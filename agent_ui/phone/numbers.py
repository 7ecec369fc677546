"""`GET /phone/number`: what was typed into the dial field, as a number to call, or why it is none."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Annotated

from aiohttp import web
from msgspec import Meta

from agent_ui.api.route import read_query
from agent_ui.api.shapes import Question
from agent_ui.asking import Asking
from agent_ui.dialling import Dialling
from agent_ui.pages import fragment
from crm_core.errors import Unavailable
from crm_core.i18n import Message
from crm_core.live.directory import Directory
from crm_core.people.model import Reader
from crm_core.phone_number import MAX_RAW, to_e164

NUMBER = "/phone/number"
_SHORT = re.compile(r"[0-9]{1,6}")  # an extension, or a service of the network


class NumberQuestion(Question, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """*typed* so far; *done*: it is to be dialled, so it is said when it cannot be."""

    typed: Annotated[str, Meta(max_length=MAX_RAW)]
    done: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TypedView:
    """*number*: what is called, E.164 or an extension, and the *name* of its card if it has one. Else why it
    cannot be, if that is to be said.
    """

    number: str | None = None
    name: str | None = None
    problem: Message | None = None
    hint: Message | None = None


async def typed_number(request: web.Request) -> web.Response:
    """The line over the list of colleagues."""
    question, asking = read_query(request, NumberQuestion), Asking.of(request)
    view = typed_view(question.typed, asking.dial, asking.directory, asking.reader, done=question.done)
    if view.number is not None and asking.dial.reaches(view.number):
        view = replace(view, name=await _name(asking, view.number))
    return fragment(request, "phone/typed.html", view)


def typed_view(typed: str, dial: Dialling, directory: Directory, reader: Reader, *, done: bool) -> TypedView:
    """*typed* as people of *reader*'s office write numbers; half of one is no problem until it is *done*."""
    number = to_e164(typed, country=directory.country_of(reader.office))
    if dial.reaches(number):
        return TypedView(number=number)
    if typed.strip() in directory.extensions:  # of somebody whom the reader's list does not show
        return TypedView(number=typed.strip())
    if number is None and not done:
        return TypedView()
    if number in dial.own:
        return TypedView(
            problem=Message("This number is our own."),
            hint=Message("Colleagues are called by their extension."),
        )
    if number is not None:
        return TypedView(problem=Message("This number is not called from here."), hint=_reached(dial))
    if _SHORT.fullmatch(typed.strip()):
        return TypedView(
            problem=Message("Nobody has this extension."),
            hint=Message("Emergency and other short numbers are not dialled here: take another telephone."),
        )
    return TypedView(
        problem=Message("This is not a telephone number."),
        hint=Message("Write it with its area code, or from the plus on: +994 12 555 01 42."),
    )


def _reached(dial: Dialling) -> Message:
    if not dial.prefixes:
        return Message("Your office calls nobody outside.")
    return Message("Numbers are called that begin with {prefixes}.", prefixes=", ".join(dial.prefixes))


async def _name(asking: Asking, number: str) -> str | None:
    """How the one card with *number* is called; calls do not wait for the database."""
    try:
        found, _ = await asking.services.customers.list(
            asking.reader, phone=number, since=None, agent=None, limit=2, cursor=None
        )
    except Unavailable:
        return None
    titles = [card.title for card in found if card.title != number]
    return titles[0] if len(found) == 1 and titles else None
