"""`/api/v1/customers/{id}/merge`: another card becomes part of this one, after a look at what that gives."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

from agent_ui.api.questions import CustomerMerge, MergeQuestion, Nothing
from agent_ui.api.route import Ask, Route
from agent_ui.api.shapes import ApiCustomer, ApiMergeConflict, ApiMergePreview
from agent_ui.api.shaping import customer_shape
from agent_ui.only_read import refused_when_seen
from crm_core.customers.model import MergeField
from crm_core.errors import BadInput, Conflict
from crm_core.permissions import Action

_CALLED = {"keep": "id", "drop": "with"}  # what the service calls the two cards, and the API


async def preview_merge(ask: Ask[MergeQuestion, None]) -> ApiMergePreview:
    """What the card will have; nothing is done."""
    take = frozenset(map(MergeField, filter(None, ask.query.take.split(","))))
    async with _named(ask, ask.query.with_):
        planned = await ask.services.customers.preview_merge(ask.reader, ask.id, ask.query.with_, take)
    return ApiMergePreview(
        kept=customer_shape(planned.kept),
        dropped=customer_shape(planned.dropped),
        calls=planned.calls,
        conflicts=tuple(
            ApiMergeConflict(field=one.field, kept=one.kept, dropped=one.dropped) for one in planned.conflicts
        ),
        allowed=planned.allowed,
    )


async def merge(ask: Ask[Nothing, CustomerMerge]) -> ApiCustomer:
    """Do it: the kept card. The other one's address leads there from then on."""
    async with _named(ask, ask.body.with_):
        kept = await ask.services.customers.merge(
            ask.reader, ask.id, ask.body.with_, frozenset(ask.body.take)
        )
    return customer_shape(kept)


@asynccontextmanager
async def _named(ask: Ask[Any, Any], other: UUID) -> AsyncIterator[None]:
    """Let what is refused name the field of the request."""
    try:
        async with refused_when_seen(ask.services, ask.reader, ask.id, other):
            yield
    except (BadInput, Conflict) as error:
        error.field = _CALLED.get(error.field or "", error.field)
        raise


ROUTES = (
    Route(
        method="GET",
        path="/api/v1/customers/{id}/merge",
        summary="What a card would have if another became part of it",
        action=Action.CUSTOMERS_WRITE,
        query=MergeQuestion,
        handle=preview_merge,
        answer=ApiMergePreview,
        problems=(403, 404, 409),
    ),
    Route(
        method="POST",
        path="/api/v1/customers/{id}/merge",
        summary="Let another card become part of this one",
        action=Action.CUSTOMERS_WRITE,
        query=Nothing,
        handle=merge,
        body=CustomerMerge,
        answer=ApiCustomer,
        problems=(403, 404, 409, 415),
    ),
)
