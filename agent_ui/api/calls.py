"""`/api/v1/calls`."""

from __future__ import annotations

from typing import Any

from agent_ui.api.questions import CallPatch, CallQuestion, CustomerChoice, Nothing
from agent_ui.api.reading import e164, utc
from agent_ui.api.route import Ask, Route
from agent_ui.api.shapes import ApiCall, CallPage
from agent_ui.api.shaping import Words, call_shape
from crm_core.calls.model import Call
from crm_core.permissions import Action


async def list_calls(ask: Ask[CallQuestion, None]) -> CallPage:
    """A page of calls, each with its legs, recordings and trace."""
    query, services = ask.query, ask.services
    calls, next_ = await services.calls.list(
        ask.reader,
        phone=e164(query.phone, ask),
        since=utc(query.since),
        agent=query.agent,
        state=query.state,
        limit=query.limit,
        cursor=query.cursor,
    )
    recordings = await services.recordings.of_calls([call.id for call in calls]) if calls else {}
    words = Words.of(ask.reader, ask.language, services.hub.directory)
    return CallPage(
        items=tuple(call_shape(call, recordings.get(call.id, ()), words) for call in calls), next=next_
    )


async def get_call(ask: Ask[Nothing, None]) -> ApiCall:
    """One call."""
    return await _shown(ask, await ask.services.calls.get(ask.reader, ask.id))


async def patch_call(ask: Ask[Nothing, CallPatch]) -> ApiCall:
    """Set what the agent says of a call."""
    changed = await ask.services.calls.set_disposition(ask.reader, ask.id, ask.body.disposition)
    return await _shown(ask, changed)


async def post_customer(ask: Ask[Nothing, CustomerChoice]) -> ApiCall:
    """Say which card the caller is."""
    return await _shown(
        ask, await ask.services.calls.choose_customer(ask.reader, ask.id, ask.body.customer_id)
    )


async def _shown(ask: Ask[Nothing, Any], call: Call) -> ApiCall:
    recordings = await ask.services.recordings.of_calls([call.id])
    words = Words.of(ask.reader, ask.language, ask.services.hub.directory)
    return call_shape(call, recordings.get(call.id, ()), words)


ROUTES = (
    Route(
        method="GET",
        path="/api/v1/calls",
        summary="Calls, newest first",
        action=Action.CALLS_READ,
        query=CallQuestion,
        handle=list_calls,
        answer=CallPage,
    ),
    Route(
        method="GET",
        path="/api/v1/calls/{id}",
        summary="One call",
        action=Action.CALLS_READ,
        query=Nothing,
        handle=get_call,
        answer=ApiCall,
        problems=(404,),
    ),
    Route(
        method="PATCH",
        path="/api/v1/calls/{id}",
        summary="Set the disposition of a call",
        action=Action.CALLS_WRITE,
        query=Nothing,
        handle=patch_call,
        body=CallPatch,
        answer=ApiCall,
        problems=(403, 404, 415),
    ),
    Route(
        method="POST",
        path="/api/v1/calls/{id}/customer",
        summary="Say which of the cards that share the number the caller is",
        action=Action.CALLS_WRITE,
        query=Nothing,
        handle=post_customer,
        body=CustomerChoice,
        answer=ApiCall,
        problems=(403, 404, 415),
    ),
)
