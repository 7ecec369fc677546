"""`/api/v1/customers`."""

from __future__ import annotations

from agent_ui.api.reading import e164, utc
from agent_ui.api.route import Ask, Route
from agent_ui.api.shapes import ApiCustomer, CustomerPage, CustomerQuestion, Nothing
from agent_ui.api.shaping import customer_shape
from crm_core.permissions import Action


async def list_customers(ask: Ask[CustomerQuestion, None]) -> CustomerPage:
    """A page of cards."""
    query = ask.query
    customers, next_ = await ask.services.customers.list(
        ask.reader,
        phone=e164(query.phone, ask),
        since=utc(query.since),
        agent=query.agent,
        limit=query.limit,
        cursor=query.cursor,
    )
    return CustomerPage(items=tuple(map(customer_shape, customers)), next=next_)


async def get_customer(ask: Ask[Nothing, None]) -> ApiCustomer:
    """One card: of the own office, or of a call that one may see."""
    met = await ask.services.calls.met(ask.reader, ask.id)
    return customer_shape(await ask.services.customers.get(ask.reader, ask.id, met=met))


ROUTES = (
    Route(
        method="GET",
        path="/api/v1/customers",
        summary="Customer cards, newest first",
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
)
