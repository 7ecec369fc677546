"""`/api/v1/queues`: where calls wait, as the live view shows them now."""

from __future__ import annotations

from agent_ui.api.questions import Nothing, QueueQuestion
from agent_ui.api.reading import page
from agent_ui.api.route import Ask, Route
from agent_ui.api.shapes import ApiQueue, QueuePage
from agent_ui.api.shaping import queue_shape
from crm_core.errors import NotFound
from crm_core.permissions import Action


async def list_queues(ask: Ask[QueueQuestion, None]) -> QueuePage:
    """A page of queues."""
    query, hub = ask.query, ask.services.hub
    wanted = [
        queue
        for queue in hub.snapshot(ask.reader).queues
        if query.agent is None or query.agent in hub.directory.members_of(queue.name)
    ]
    items, next_ = page(wanted, limit=query.limit, cursor=query.cursor)
    return QueuePage(items=tuple(queue_shape(queue, hub.directory) for queue in items), next=next_)


async def get_queue(ask: Ask[Nothing, None]) -> ApiQueue:
    """One queue."""
    hub = ask.services.hub
    for queue in hub.snapshot(ask.reader).queues:
        if queue.name == ask.path["name"]:
            return queue_shape(queue, hub.directory)
    raise NotFound


ROUTES = (
    Route(
        method="GET",
        path="/api/v1/queues",
        summary="Queues now and today",
        action=Action.QUEUES_READ,
        query=QueueQuestion,
        handle=list_queues,
        answer=QueuePage,
    ),
    Route(
        method="GET",
        path="/api/v1/queues/{name}",
        summary="One queue",
        action=Action.QUEUES_READ,
        query=Nothing,
        handle=get_queue,
        answer=ApiQueue,
        problems=(404,),
    ),
)
