"""A call may be on screens a moment before its row is in the database: who is that fast is not told 404.

The journal writes behind the calls, a quarter of a second later at most. Whoever asks about a call that the
live view shows them, and is told that there is none, is asked to wait for that long.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta

from aiohttp import web
from aiohttp.typedefs import Handler

from agent_ui.services import READER, SERVICES
from crm_core.errors import NotFound
from crm_core.ids import parse_id
from crm_core.live.visibility import sees

WAITS, EACH_S = 10, 0.1
YOUNG = timedelta(seconds=5)


@web.middleware
async def rows_behind(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Ask *handler* again while its call is young, seen by the reader, and not written yet.

    A handler that raised NotFound has changed nothing, and reads its body again from memory.
    """
    for _ in range(WAITS):
        try:
            return await handler(request)
        except NotFound:
            if not _on_its_way(request):
                raise
        await asyncio.sleep(EACH_S)
    return await handler(request)


def _on_its_way(request: web.Request) -> bool:
    services, reader = request.app[SERVICES], request.get(READER)
    call_id = parse_id(request.match_info.get("id", ""))
    if call_id is None or reader is None or not services.hub.ready:
        return False
    state = services.hub.state
    call = state.call(call_id)
    return (
        call is not None
        and services.clock.now() - call.started_at < YOUNG
        and sees(reader, call, state.directory)
    )
