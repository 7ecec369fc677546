"""Tasks that end with the stack that owns them."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from typing import Any

import structlog

log = structlog.get_logger(__name__)


async def own_task(stack: AsyncExitStack, work: Coroutine[Any, Any, None], name: str) -> None:
    """Run *work* as a task that ends with the stack; if it ends before, say so loudly."""

    def ended(task: asyncio.Task[None]) -> None:
        if not task.cancelled():
            log.error("task ended", task=name, error=repr(task.exception()))

    task = asyncio.create_task(work, name=name)
    task.add_done_callback(ended)

    async def end() -> None:
        task.cancel()
        await asyncio.wait({task})

    stack.push_async_callback(end)
