"""Router, web and recorder as three processes over Redis: a call end to end, and Redis flushed or gone."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from callcard.office_commands import apply_first
from callcard.pbx import private_pbx
from callcard.settings import Listen, Settings, load_keys
from crm_core.child import Child, Command
from crm_core.db.engine import Database
from crm_core.office.reading import read_office
from tests.fakes.sip_peer import Answer, Phone, SipPeer
from tests.journeys.front import AGENTS, CALLERS, PHONES, Front, make_tokens, office_text, ready, until
from tests.journeys.pbx import cache_folder, find_or_install, free_sip_port
from tests.servers import RedisProcess, free_port, rtp_start

pytestmark = pytest.mark.journey

PARTS = ("router", "web", "recorder")


def _environment(settings: Settings) -> dict[str, str]:
    return {
        **os.environ,
        "CALLCARD_DATA": str(settings.data),
        "CALLCARD_CACHE": str(settings.cache),
        "CALLCARD_DATABASE_URL": settings.database_url or "",
        "CALLCARD_REDIS_URL": settings.redis_url or "",
        "CALLCARD_HTTP": str(settings.http),
        "CALLCARD_AGI": str(settings.agi),
        "CALLCARD_AMI_PORT": str(settings.ami_port),
    }


@asynccontextmanager
async def running_apart(database_url: str, redis_url: str) -> AsyncIterator[Front]:
    """One PBX, and `callcard router | web | recorder` each in a process of its own."""
    await find_or_install()
    data = Path(tempfile.mkdtemp(prefix="cc-", dir="/tmp"))
    data.chmod(0o755)
    async with AsyncExitStack() as stack:
        stack.callback(shutil.rmtree, data, ignore_errors=True)
        phones = {
            name: await stack.enter_async_context(await Phone.open(PHONES, endpoint=name, behaviour=Answer()))
            for name in AGENTS
        }
        trunk = await stack.enter_async_context(await SipPeer.open(CALLERS))
        text = office_text(phones, sip_port=free_sip_port("127.0.0.1"), rtp_start=rtp_start(21_200))
        office = read_office(text)
        settings = Settings(
            data=data,
            cache=cache_folder(),
            http=Listen("127.0.0.1", free_port("127.0.0.1")),
            agi=Listen("127.0.0.1", free_port("127.0.0.1")),
            ami_port=free_port("127.0.0.1"),
            ami_listener_user="callcard-listener",
            ami_actor_user="callcard-actor",
            database_url=database_url,
            redis_url=redis_url,
        )
        await apply_first(database_url, text)
        pbx = await private_pbx(settings, load_keys(data), office)
        await pbx.start()
        stack.push_async_callback(pbx.stop)
        for part in PARTS:
            argv = [sys.executable, "-m", "callcard", part]
            child = await Child.start(Command(name=part, argv=argv, env=_environment(settings)))
            stack.push_async_callback(child.stop)
        database = await Database.open(database_url, pool_size=2, hot_size=1)
        stack.push_async_callback(database.close)
        front = Front(settings, office, pbx, database, trunk, phones)
        front.tokens = await make_tokens(database, (*AGENTS, "viktor", "admin"))
        front.http = await stack.enter_async_context(aiohttp.ClientSession())
        await until(ready(front), timeout=40, what="the web to be ready")
        yield front


async def test_a_call_end_to_end_and_redis_flushed_and_gone(
    database_dsn: str, redis_program: str, tmp_path: Path
) -> None:
    redis = RedisProcess(redis_program, "127.0.0.32", tmp_path)
    redis.start()
    try:
        async with running_apart(database_dsn, redis.url) as front:
            await front.available("anna", "elena")
            await _a_call(front, "+74955559001")
            await _the_whole_house_is_shown(front)
            await _flushed_in_mid_call(front, redis)
            await _gone_and_back(front, redis)
            await front.audit()
    finally:
        redis.stop()


async def _a_call(front: Front, number: str) -> None:
    """Known to every part: routed, shown, recorded."""
    call = await front.call(number=number)
    await call.answered()
    shown = await front.the_call(lambda c: c["from"] == number and c["state"] == "talking")
    await front.until_state(shown["agent"], "talking")
    await call.hangup()
    seen = await front.the_call(lambda c: c["state"] == "ended" and c["settled"] and bool(c["recordings"]))
    assert (seen["outcome"], seen["customer_title"]) == ("answered", number)
    assert "net" not in [line["code"] for line in seen["trace"]]
    await front.until_state(seen["agent"], "available")


async def _health(front: Front) -> dict[str, str]:
    async with front.http.get(f"http://{front.settings.http}/healthz") as answer:
        return {part["name"]: f"{part['state']}: {part['detail']}" for part in (await answer.json())["parts"]}


async def _figures(front: Front) -> list[str]:
    async with front.http.get(f"http://{front.settings.http}/metrics") as answer:
        return [line for line in (await answer.text()).splitlines() if not line.startswith("#")]


async def _the_whole_house_is_shown(front: Front) -> None:
    """The web knows what the others are and count, though they have no HTTP; and has nothing twice."""
    health = await _health(front)
    theirs = {"router", "ami.listener", "ami.actor", "journal", "ledger", "recordings"}
    apart = {f"{part}.{process}" for part in ("database", "bus") for process in ("router", "recorder")}
    assert health.keys() >= {"database", "bus", "process.router", "process.recorder"} | theirs | apart
    assert {state.partition(":")[0] for state in health.values()} == {"up"}, health

    async def counted() -> bool:
        return 'callcard_calls_total{direction="in",outcome="answered"} 1.0' in await _figures(front)

    await until(counted, what="the call to be counted")
    names = [line.rpartition(" ")[0] for line in await _figures(front)]
    assert len(names) == len(set(names))
    for process in PARTS:
        assert f'process_open_fds{{part="{process}"}}' in names


async def _nothing_is_known_of_the_others(front: Front) -> None:
    async def said() -> bool:
        health = await _health(front)
        return health["bus"].startswith("down") and "Redis is away" in health["process.router"]

    await until(said, timeout=30, what="health to say that Redis is away")
    assert not any("callcard_calls_total" in line for line in await _figures(front))


async def _everything_is_known_again(front: Front) -> None:
    async def said() -> bool:
        return {state.partition(":")[0] for state in (await _health(front)).values()} == {"up"}

    await until(said, timeout=30, what="every part to be up")


async def _flushed_in_mid_call(front: Front, redis: RedisProcess) -> None:
    call = await front.call(number="+74955559002")
    await call.answered()
    shown = await front.the_call(lambda c: c["from"] == "+74955559002" and c["state"] == "talking")
    redis.flush()
    await call.hangup()
    await front.until_state(shown["agent"], "available", timeout=30)
    await _a_call(front, "+74955559003")


async def _gone_and_back(front: Front, redis: RedisProcess) -> None:
    before = await front.call(number="+74955559004")
    await before.answered()
    redis.stop()
    meanwhile = await front.call(number="+74955559005")
    await meanwhile.answered()
    seen = await front.the_call(lambda c: c["from"] == "+74955559005" and c["state"] == "talking")
    assert seen["agent"] is not None
    assert "net" not in [line["code"] for line in seen["trace"]], "routed without Redis"
    await _nothing_is_known_of_the_others(front)
    await before.hangup()
    redis.start()
    await meanwhile.hangup()
    for agent in ("anna", "elena"):
        await front.until_state(agent, "available", timeout=30)
    await _a_call(front, "+74955559006")
    await _everything_is_known_again(front)


def test_apart_without_redis_is_refused_in_one_line(tmp_path: Path) -> None:
    environment = {**os.environ, "CALLCARD_DATA": str(tmp_path), "CALLCARD_DATABASE_URL": "postgresql://x/y"}
    environment.pop("CALLCARD_REDIS_URL", None)
    started = [
        subprocess.Popen(
            [sys.executable, "-m", "callcard", part], env=environment, stderr=subprocess.PIPE, text=True
        )
        for part in PARTS
    ]
    for process in started:
        _, said = process.communicate(timeout=30)
        assert process.returncode == 2
        assert said.splitlines() == [
            "callcard: CALLCARD_REDIS_URL: needed when router, web and recorder are started apart"
        ]
