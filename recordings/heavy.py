"""Work that wants a processor for long: in a process of its own, last in line, so that no call waits for it.

A thread would not do: it would hold the interpreter that also answers "who takes this call?".
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from typing import TypeVar, TypeVarTuple

Args = TypeVarTuple("Args")
R = TypeVar("R")

_NICE = 19
_PR_SET_PDEATHSIG = 1  # prctl(2)


class HeavyWork:
    """One process, made when first needed; made anew when it died."""

    def __init__(self) -> None:
        self._pool: ProcessPoolExecutor | None = None

    async def run(self, work: Callable[[*Args], R], *args: *Args) -> R:
        """*work*, a function of a module with arguments that pickle, over there.

        Raises what it raises, and OSError when the process died under it.
        """
        if self._pool is None:
            self._pool = ProcessPoolExecutor(
                1, mp_context=get_context("spawn"), initializer=_settle_in, initargs=(os.getpid(),)
            )
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, work, *args)
        except BrokenProcessPool as error:
            self._pool.shutdown(wait=False, cancel_futures=True)
            self._pool = None
            raise OSError("the process that works on recordings died") from error

    def close(self) -> None:
        """Take no more; what runs is cut off by our own end at the latest."""
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)
            self._pool = None


def _settle_in(parent: int) -> None:
    """The new process: polite, not for Ctrl-C, and gone when its parent is."""
    os.nice(_NICE)
    # Beside that: a processor that does nothing else counts as free when a call wakes somebody up.
    os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died before we asked to be told
        os._exit(0)
