"""Checks of the database and of Redis."""

from __future__ import annotations

import time

from redis.asyncio import Redis
from redis.exceptions import RedisError
from sqlalchemy import text

from callcard.doctor.finding import Finding, Findings, ok, warning, wrong
from callcard.doctor.ground import Ground
from crm_core.errors import CallcardError

MINIMUM_REDIS = 7
CLOCKS_APART_S = 2.0
_REDIS_S = 3.0


async def database(ground: Ground) -> Findings:
    """Whether it answers, which version it is, whether its tables and its clock fit."""
    own = ground.settings.database_url is None
    if ground.database is None:
        if ground.database_problem:
            way_out = "callcard up says more in its log" if own else "see CALLCARD_DATABASE_URL"
            return [wrong("database", ground.database_problem, way_out)]
        return [ok("database", "will be made at the first `callcard up`")]
    try:
        async with ground.database.transaction(timeout_s=5.0) as connection:
            asked = text("SELECT current_setting('server_version'), extract(epoch FROM clock_timestamp())")
            version, its_time = (await connection.execute(asked)).one()
    except CallcardError as error:
        return [wrong("database", error.message)]
    return [
        ok("database", f"PostgreSQL {version}, {'embedded' if own else 'your own'}"),
        _tables(ground),
        *_clocks(float(its_time) - time.time()),
    ]


def _tables(ground: Ground) -> Finding:
    revisions = ground.revisions
    if revisions is None:
        return wrong("tables", "their version cannot be read", "callcard db upgrade")
    if revisions.applied == revisions.newest:
        return ok("tables", f"version {revisions.applied}")
    has = f"version {revisions.applied}" if revisions.applied else "not made yet"
    return wrong("tables", f"{has}; this Callcard needs {revisions.newest}", "callcard db upgrade")


def _clocks(apart_s: float) -> Findings:
    if abs(apart_s) > CLOCKS_APART_S:
        text = f"the database's clock is {apart_s:+.0f} s from this machine's"
        return [wrong("clock", text, "keep both right by NTP")]
    return []


async def redis(ground: Ground) -> Findings:
    """Whether the configured Redis answers and is new enough."""
    url = ground.settings.redis_url
    if url is None:
        return []
    client = Redis.from_url(url, socket_timeout=_REDIS_S, socket_connect_timeout=_REDIS_S)
    try:
        version = str((await client.info("server"))["redis_version"])
    except (RedisError, OSError, TimeoutError, ValueError) as error:
        return [wrong("Redis", f"does not answer: {error}", "see CALLCARD_REDIS_URL")]
    finally:
        await client.aclose()
    if int(version.split(".")[0]) < MINIMUM_REDIS:
        text = f"{version} is older than {MINIMUM_REDIS}"
        return [warning("Redis", text, f"install Redis {MINIMUM_REDIS} or newer")]
    return [ok("Redis", version)]
