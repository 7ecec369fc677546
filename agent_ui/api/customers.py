"""`/api/v1/customers`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec import UNSET

from agent_ui.api.questions import CustomerNew, CustomerPatch, CustomerQuestion, Nothing
from agent_ui.api.reading import e164, utc
from agent_ui.api.route import Ask, Route
from agent_ui.api.shapes import ApiCustomer, CustomerPage
from agent_ui.api.shaping import customer_shape
from agent_ui.only_read import refused_when_seen
from crm_core.customers.model import Customer, CustomerChange, NewCustomer
from crm_core.errors import BadInput
from crm_core.i18n import N_
from crm_core.permissions import Action


async def list_customers(ask: Ask[CustomerQuestion, None]) -> CustomerPage:
    """A page of cards; of a search, all there is of it."""
    query = ask.query
    if query.search is not None:
        found = await _search(ask, query.search)
        return CustomerPage(items=tuple(map(customer_shape, found)), next=None)
    customers, next_ = await ask.services.customers.list(
        ask.reader,
        phone=e164(query.phone, ask),
        since=utc(query.since),
        agent=query.agent,
        limit=query.limit,
        cursor=query.cursor,
    )
    return CustomerPage(items=tuple(map(customer_shape, customers)), next=next_)


async def _search(ask: Ask[CustomerQuestion, None], text: str) -> Sequence[Customer]:
    """What the desk's search finds. Raises BadInput for what cannot go with it."""
    query = ask.query
    if not text.strip():
        raise BadInput(
            N_("There is nothing to search for."),
            field="search",
            hint=N_("Words of a name, or digits of a number."),
        )
    for name, given in (("phone", query.phone), ("since", query.since), ("cursor", query.cursor)):
        if given is not None:
            raise BadInput(N_("A search goes with agent and limit only."), field=name)
    return await ask.services.customers.search(ask.reader, text, query.limit, owner=query.agent)


async def get_customer(ask: Ask[Nothing, None]) -> ApiCustomer:
    """One card: of the own office, or of a call that one may see."""
    met = await ask.services.calls.met(ask.reader, ask.id)
    return customer_shape(await ask.services.customers.get(ask.reader, ask.id, met=met))


async def post_customer(ask: Ask[Nothing, CustomerNew]) -> ApiCustomer:
    """Make a card."""
    body = ask.body
    new = NewCustomer(
        title=body.title,
        phones=_phones(body.phones, ask),
        owner=body.owner,
        office=body.office,
        shared=body.shared,
    )
    return customer_shape(await ask.services.customers.create(ask.reader, new))


async def patch_customer(ask: Ask[Nothing, CustomerPatch]) -> ApiCustomer:
    """Change a card."""
    body = ask.body
    change = CustomerChange(
        title=body.title,
        owner=body.owner,
        phones=UNSET if body.phones is UNSET else _phones(body.phones, ask),
        shared=body.shared,
        seen=utc(body.seen),
    )
    async with refused_when_seen(ask.services, ask.reader, ask.id):
        return customer_shape(await ask.services.customers.update(ask.reader, ask.id, change))


def _phones(phones: tuple[str, ...], ask: Ask[Any, Any]) -> tuple[str, ...]:
    """*phones* in E.164, each once. Raises BadInput that names the field."""
    try:
        return tuple(dict.fromkeys(e164(phone, ask) or "" for phone in phones))
    except BadInput as error:
        raise BadInput(error.words, field="phones", hint=error.hint_words) from error


ROUTES = (
    Route(
        method="GET",
        path="/api/v1/customers",
        summary="Customer cards, newest first, or the likeliest of a search",
        action=Action.CUSTOMERS_READ,
        query=CustomerQuestion,
        handle=list_customers,
        answer=CustomerPage,
    ),
    Route(
        method="GET",
        path="/api/v1/customers/{id}",
        summary="One card",
        action=Action.CUSTOMERS_READ,
        query=Nothing,
        handle=get_customer,
        answer=ApiCustomer,
        problems=(404,),
    ),
    Route(
        method="POST",
        path="/api/v1/customers",
        summary="Make a card",
        action=Action.CUSTOMERS_WRITE,
        query=Nothing,
        handle=post_customer,
        body=CustomerNew,
        answer=ApiCustomer,
        problems=(403, 409, 415),
    ),
    Route(
        method="PATCH",
        path="/api/v1/customers/{id}",
        summary="Change a card",
        action=Action.CUSTOMERS_WRITE,
        query=Nothing,
        handle=patch_customer,
        body=CustomerPatch,
        answer=ApiCustomer,
        problems=(403, 404, 409, 415),
    ),
)
