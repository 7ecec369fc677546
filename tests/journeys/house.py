"""The whole product on real parts in one process: Asterisk, PostgreSQL, router, web, recorder, SIP peers."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from callcard.office_commands import apply_first
from callcard.pbx import private_pbx
from callcard.settings import Listen, Settings, load_keys
from callcard.wiring import Parts, running_parts
from crm_core.office.reading import read_office
from tests.fakes.sip.phone import Behaviour
from tests.fakes.sip_peer import Answer, Phone, SipPeer
from tests.journeys.front import (
    AGENTS,
    CALLERS,
    PHONES,
    SALES,
    SUPPORT,
    Front,
    make_tokens,
    office_text,
    ready,
    until,
)
from tests.journeys.pbx import cache_folder, find_or_install, free_port, free_sip_port

ALL = frozenset({"router", "web", "recorder"})


@dataclass(kw_only=True)
class House(Front):
    """The product in this process: its parts can be looked into."""

    parts: Parts


@asynccontextmanager
async def running_house(
    database_url: str,
    *,
    queue: str = "",
    behaviours: Mapping[str, Behaviour] | None = None,
    parts: frozenset[str] = ALL,
) -> AsyncIterator[House]:
    """The product, up and quiet, nobody logged in. Phones answer at once unless *behaviours* says other."""
    await find_or_install()
    data = Path(tempfile.mkdtemp(prefix="cc-", dir="/tmp"))
    data.chmod(0o755)
    async with AsyncExitStack() as stack:
        stack.callback(shutil.rmtree, data, ignore_errors=True)
        phones = {
            name: await stack.enter_async_context(
                await Phone.open(PHONES, endpoint=name, behaviour=(behaviours or {}).get(name, Answer()))
            )
            for name in AGENTS
        }
        trunk = await stack.enter_async_context(await SipPeer.open(CALLERS))
        text = office_text(phones, sip_port=free_sip_port("127.0.0.1"), rtp_start=20_000, queue=queue)
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
        )
        await apply_first(database_url, None, text)
        pbx = await private_pbx(settings, load_keys(data), office)
        await pbx.start()
        stack.push_async_callback(pbx.stop)
        running = await stack.enter_async_context(running_parts(settings, parts))
        house = House(settings, office, pbx, running.database, trunk, phones, parts=running)
        house.tokens = await make_tokens(running.database, (*AGENTS, "viktor", "admin"))
        house.http = await stack.enter_async_context(aiohttp.ClientSession())
        await until(ready(house), timeout=15, what="the house to be ready")
        yield house


__all__ = ["SALES", "SUPPORT", "House", "running_house", "until"]
