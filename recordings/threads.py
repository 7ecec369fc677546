"""Threads for file work: a disk that hangs must not hold the event loop."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


class FileThreads:
    """A few named threads. *nice*: added to their priority number, so that calls come first."""

    def __init__(self, name: str, count: int, *, nice: int = 0) -> None:
        self._nice = nice
        self._pool = ThreadPoolExecutor(count, thread_name_prefix=name, initializer=self._lower)

    async def run(self, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """*work* in a thread. Not bounded in time: what cannot be cancelled is awaited."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, lambda: work(*args, **kwargs))

    def close(self) -> None:
        """Take no more; what runs is finished by its thread."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _lower(self) -> None:
        if self._nice and hasattr(os, "setpriority"):
            # Linux gives each thread its own niceness, by thread id.
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), self._nice)
