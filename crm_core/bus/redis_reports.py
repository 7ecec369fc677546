"""Reports of processes that are started apart: one key each in Redis, which is gone when they fall silent.

Not a stream: only the newest report is of use, and whoever comes late needs it at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable
from typing import Any

import redis.asyncio as redis
import structlog
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from crm_core.errors import BadInput, Unavailable
from crm_core.i18n import N_
from crm_core.reports import Report, decode, encode

log = structlog.get_logger(__name__)

KEY = "callcard:report"


class RedisReports:
    """Reports of the processes around one PBX, on *url*; each use is bounded by *timeout_s*."""

    def __init__(self, url: str, *, pbx: str, timeout_s: float = 1.0) -> None:
        self._pbx = pbx
        self._timeout_s = timeout_s
        self._client: redis.Redis = redis.Redis.from_url(
            url,
            socket_timeout=timeout_s,
            socket_connect_timeout=timeout_s,
            socket_keepalive=True,
            retry=Retry(NoBackoff(), 1),  # a pooled connection may have died unnoticed
        )

    async def put(self, process: str, report: Report, *, keep_s: float) -> None:
        """Replace what *process* told before; gone after *keep_s* seconds. Raises Unavailable."""
        milliseconds = int(keep_s * 1000)
        await self._ask(self._client.set(self._key(process), encode(report), px=milliseconds))

    async def get(self, processes: Iterable[str]) -> dict[str, Report]:
        """The newest report of each that is not silent. Raises Unavailable."""
        names = tuple(processes)
        found = await self._ask(self._client.mget([self._key(name) for name in names]))
        reports = {}
        for name, data in zip(names, found, strict=True):
            if data is None:
                continue
            try:
                reports[name] = decode(data)
            except BadInput:
                log.warning("report is unreadable", process=name)  # of another version of ours
        return reports

    async def close(self) -> None:
        """End the connections."""
        await self._client.aclose()

    def _key(self, process: str) -> str:
        return f"{KEY}:{self._pbx}:{process}"

    async def _ask(self, asking: Awaitable[Any]) -> Any:
        try:
            async with asyncio.timeout(self._timeout_s):
                return await asking
        except (RedisError, OSError, TimeoutError) as error:
            raise Unavailable(N_("Redis is away.")) from error
