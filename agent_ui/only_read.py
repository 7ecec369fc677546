"""Cards that one may see and not change: whoever met them in a call, of another office."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

from agent_ui.customers.views import may_edit
from agent_ui.services import WebServices
from crm_core.errors import Forbidden, NotFound
from crm_core.people.model import Reader


@asynccontextmanager
async def refused_when_seen(services: WebServices, reader: Reader, *cards: UUID) -> AsyncIterator[None]:
    """Turn "not there" into Forbidden where *reader* may see one of the *cards*, and only that.

    Services know what may be changed; what was only met is not there for them.
    """
    try:
        yield
    except NotFound:
        for card in cards:
            if await _only_read(services, reader, card):
                raise Forbidden from None
        raise


async def _only_read(services: WebServices, reader: Reader, card: UUID) -> bool:
    try:
        met = await services.calls.met(reader, card)
        return not may_edit(await services.customers.get(reader, card, met=met), reader)
    except NotFound:
        return False
