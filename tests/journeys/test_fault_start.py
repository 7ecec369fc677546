"""`callcard up` and `callcard demo` as real commands: started twice, ended by Ctrl-C, started again."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from agent_ui.demo.bell import PAUSE
from callcard.layout import Layout, read_running
from crm_core.clock import SystemClock
from crm_core.db.engine import Database
from crm_core.people.service import PeopleService
from tests.fakes.sip.ws_phone import Account, WsPhone
from tests.fakes.sip_peer import Phone, SipPeer
from tests.journeys.front import AGENTS, CALLERS, PHONES, SALES, office_text, until
from tests.journeys.pbx import cache_folder, find_or_install, free_sip_port
from tests.servers import free_port, rtp_start

pytestmark = pytest.mark.journey

STARTED_S = 60.0
RINGS_S = 4.0  # from the button to the phone; idle it takes about one second
ENDED_S = 20.0  # from Ctrl-C to the prompt; idle it takes about one second
MARK = "A_CALLCARD_JOURNEY"  # in the environment of everything a command starts


@pytest.fixture
def data() -> Iterator[Path]:
    """A data folder that the ordinary user Asterisk runs as may enter."""
    folder = Path(tempfile.mkdtemp(prefix="cc-", dir="/tmp"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def _environment(data: Path) -> dict[str, str]:
    return {
        **os.environ,
        MARK: str(data),
        "CALLCARD_DATA": str(data),
        "CALLCARD_CACHE": str(cache_folder()),
        "CALLCARD_HTTP": f"127.0.0.1:{free_port('127.0.0.1')}",
        "CALLCARD_AGI": f"127.0.0.1:{free_port('127.0.0.1')}",
        "CALLCARD_AMI_PORT": str(free_port("127.0.0.1")),
    }


def _alive(data: Path) -> dict[int, str]:
    """Living processes of this data folder, ours and those whose environment we do not choose."""
    found = {}
    for process in Path("/proc").iterdir():
        if not process.name.isdigit() or int(process.name) == os.getpid():
            continue
        try:
            command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            environment = (process / "environ").read_bytes()
        except OSError:
            continue  # it has just ended
        if str(data) in command or f"{MARK}={data}".encode() in environment:
            found[int(process.name)] = command
    return found


@asynccontextmanager
async def _command(data: Path, *arguments: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """`callcard *arguments*` in a session of its own; whatever is left of it at the end is killed."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "callcard", *arguments),
        env=_environment(data),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        for pid in _alive(data):
            os.kill(pid, signal.SIGKILL)
        await process.communicate()


async def _says(process: asyncio.subprocess.Process, text: str) -> str:
    """Wait for a line of its standard output that holds *text*."""
    assert process.stdout is not None
    async with asyncio.timeout(STARTED_S):
        while line := (await process.stdout.readline()).decode():
            if text in line:
                return line
    assert process.stderr is not None
    raise AssertionError(f"it ended without {text!r}: {(await process.stderr.read()).decode()}")


async def _ctrl_c(process: asyncio.subprocess.Process, data: Path) -> None:
    """As at a terminal: everything ends, in time, and nothing is left."""
    os.killpg(process.pid, signal.SIGINT)
    async with asyncio.timeout(ENDED_S):
        _, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()
    assert "Traceback" not in errors.decode()
    assert _alive(data) == {}
    assert read_running(Layout(data)) is None and not Layout(data).running.exists()


async def _token(data: Path) -> tuple[str, str]:
    """Where the running Callcard answers, and a token of its admin."""
    running = read_running(Layout(data))
    assert running is not None
    database = await Database.open(running.database_url, pool_size=1, hot_size=1)
    try:
        token = await PeopleService(database, SystemClock()).create_token("admin", "journey", by="journey")
    finally:
        await database.close()
    return f"http://{running.http}", token


async def _calls(url: str, token: str) -> list[dict[str, Any]]:
    async with (
        aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"}) as session,
        session.get(f"{url}/api/v1/calls") as answer,
    ):
        found: list[dict[str, Any]] = (await answer.json())["items"] if answer.status == 200 else []
        return found


async def test_up_is_refused_twice_ended_by_ctrl_c_and_knows_its_calls_again(data: Path) -> None:
    await find_or_install()
    sip_port = free_sip_port("127.0.0.1")
    async with await SipPeer.open(CALLERS) as trunk, await Phone.open(PHONES, endpoint="x") as phone:
        office = data / "office.yaml"
        office.write_text(
            office_text(dict.fromkeys(AGENTS, phone), sip_port=sip_port, rtp_start=rtp_start(21_800))
        )
        uri = f"sip:{SALES}@127.0.0.1:{sip_port}"
        async with _command(data, "up", "--office", str(office)) as up:
            await _says(up, "Callcard is up")
            await _refused(data, up.pid)
            call = await trunk.invite(uri, from_number="+74955556001")
            await call.answered(30)  # nobody is logged in: voicemail
            await call.hangup()
            url, token = await _token(data)

            async def known() -> bool:
                return [call["state"] for call in await _calls(url, token)] == ["ended"]

            await until(known, timeout=30, what="the call to be in the API")
            before = await _calls(url, token)
            await _ctrl_c(up, data)
        async with _command(data, "up") as up:
            await _says(up, "Callcard is up")
            url, token = await _token(data)
            assert [call["id"] for call in await _calls(url, token)] == [call["id"] for call in before]
            standing = await trunk.invite(uri, from_number="+74955556002")
            await standing.answered(30)
            await _ctrl_c(up, data)  # in mid-call


async def _refused(data: Path, owner: int) -> None:
    """A second one on the same data: one line, and the first goes on."""
    second = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "callcard", "up"),
        env=_environment(data),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(STARTED_S):
        said, errors = await second.communicate()
    assert (second.returncode, said) == (2, b"")
    (line,) = errors.decode().splitlines()
    assert line.startswith(f"callcard: CALLCARD_DATA: {data} is in use by process {owner};")
    url, token = await _token(data)
    assert await _calls(url, token) == []


async def test_the_demo_rings_its_free_seat_and_is_ended_by_ctrl_c(data: Path) -> None:
    await find_or_install()
    async with _command(data, "demo", "--calls", "1", "--data", str(data), "--lang", "en") as demo:
        url, password = await _ready(demo)
        await _says(demo, "call.started")
        async with _free_seat(demo, url, password) as (dina, phone):
            for who, shown in (("known", "Zoya Lebedeva"), ("withheld", "withheld")):
                await _rings(dina, phone, who)
                await _says(demo, f"{shown} · ringing · Dina Karimova")
                await asyncio.sleep(PAUSE.total_seconds())
        await _ctrl_c(demo, data)


async def test_in_a_quiet_demo_nobody_rings_but_who_is_asked_for(data: Path) -> None:
    """Without `--quiet` the first caller rings as soon as the agents have their seats."""
    await find_or_install()
    async with _command(data, "demo", "--quiet", "--data", str(data), "--lang", "en") as demo:
        url, password = await _ready(demo)
        async with _free_seat(demo, url, password) as (dina, phone):
            await _rings(dina, phone, "known")
        url, token = await _token(data)

        async def known() -> bool:
            return await _calls(url, token) != []

        await until(known, timeout=30, what="the call to be in the API")
        assert [call["customer_title"] for call in await _calls(url, token)] == ["Zoya Lebedeva"]
        await _ctrl_c(demo, data)


async def _ready(demo: asyncio.subprocess.Process) -> tuple[str, str]:
    """Where the demo is, and everybody's password."""
    said = re.search(r"Open (\S+) .* password is (\S+)", await _says(demo, "Open http"))
    assert said is not None
    return said[1], said[2]


@asynccontextmanager
async def _free_seat(
    demo: asyncio.subprocess.Process, url: str, password: str
) -> AsyncIterator[tuple[aiohttp.ClientSession, WsPhone]]:
    """Dina's browser, with a phone that is registered."""
    async with _signed_in(url, "dina", password) as dina:
        async with dina.post("/phone/credentials") as answer:
            account = Account.read(await answer.json())
        async with await WsPhone.open(dina, url, account, {}) as phone:
            assert await phone.register() == 200
            await _says(demo, "Dina Karimova · available")
            yield dina, phone


async def _rings(dina: aiohttp.ClientSession, phone: WsPhone, who: str) -> None:
    """Ask for a caller, who rings at once and is refused."""
    async with dina.post("/demo/ring", data={"who": who}) as answer:
        assert answer.status == 200, await answer.text()
    async with asyncio.timeout(RINGS_S):
        invite = await phone.invites.get()
    await phone.refuse(invite)


@asynccontextmanager
async def _signed_in(url: str, name: str, password: str) -> AsyncIterator[aiohttp.ClientSession]:
    """A browser in which *name* has signed in by the page."""
    jar = aiohttp.CookieJar(unsafe=True)  # unsafe: also for hosts that are addresses
    headers = {"Origin": url}
    async with aiohttp.ClientSession(url, headers=headers, cookie_jar=jar) as session:
        form = {"name": name, "password": password, "next": "/settings"}
        async with session.post("/login", data=form, allow_redirects=False) as answer:
            assert answer.status == 303, await answer.text()
        yield session
