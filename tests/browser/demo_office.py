"""The demo office as `make screens` looks at it: started, rung, and asked over the API."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import signal
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from callcard.demo.peers import ring
from callcard.demo.script import OPENING
from callcard.layout import Layout
from tests.journeys.front import until

START_S = 60.0
CALL_S = 45.0  # until calls are over and settled
CALLERS = [caller for caller in OPENING if caller.talk_s < 30]
HOSTILE = {
    "+994125550142": '<script>alert("Kamran")</script> & <b>sons</b>',
    "+994125550143": "Leyla " + "Hüseynova-Qasımzadə " * 6,
    "+74955550151": "שלום \u202eevil\u202c мир {{ 7*7 }} ${7*7}",
}


@dataclass
class Demo:
    """The running demo as its terminal describes it. *over*: the callers have hung up; *found*: what is not
    as it should be.
    """

    url: str
    password: str
    http: aiohttp.ClientSession
    spool: Path
    over: asyncio.Event = field(default_factory=asyncio.Event)
    found: list[str] = field(default_factory=list)

    async def sign_in(self) -> None:
        """As the admin, for `api`."""
        form = {"name": "admin", "password": self.password, "next": "/"}
        async with self.http.post(f"{self.url}/login", data=form, allow_redirects=False) as answer:
            assert answer.status == 303, await answer.text()

    async def api(self, method: str, path: str, **rest: Any) -> Any:
        """What the API answers to the admin."""
        async with self.http.request(method, f"{self.url}/api/v1{path}", **rest) as answer:
            assert answer.status == 200, await answer.text()
            return await answer.json()

    async def ring(self) -> None:
        """Let the demo's first callers ring, and wait until they are gone.

        Not while somebody sits at the free seat: whoever is free and has talked least is rung at once.
        """
        await until(self._seated, timeout=START_S, what="the demo's agents to be available")
        for caller in CALLERS:
            await asyncio.sleep(caller.after_s)
            await asyncio.to_thread(ring, self.spool, caller)
        await until(self._all_over, timeout=CALL_S, what="the callers to hang up")
        self.over.set()

    async def _seated(self) -> bool:
        shown = (await self.api("GET", "/agents"))["items"]
        return [agent["state"] for agent in shown].count("available") == len(shown) - 1

    async def _all_over(self) -> bool:
        calls = (await self.api("GET", "/calls?limit=50"))["items"]
        return len(calls) >= len(CALLERS) and all(call["state"] == "ended" for call in calls)

    async def settled_calls(self, count: int) -> list[dict[str, Any]]:
        """Calls that are over, with what they left, once there are so many."""
        async with asyncio.timeout(CALL_S):
            while True:
                calls = (await self.api("GET", "/calls?limit=50"))["items"]
                over = [call for call in calls if call["settled"] and call["customer_id"]]
                if len(over) >= count:
                    return over
                await asyncio.sleep(0.5)

    async def with_hostile_names(self) -> None:
        """Give some customers names that try to be something else."""
        for number, title in HOSTILE.items():
            (card,) = (await self.api("GET", "/customers", params={"phone": number}))["items"]
            await self.api("PATCH", f"/customers/{card['id']}", json={"title": title})


@asynccontextmanager
async def running_demo() -> AsyncIterator[Demo]:
    """`callcard demo` in a folder of its own, ended as by Ctrl-C."""
    folder = Path(tempfile.mkdtemp(prefix="cc-", dir="/tmp"))
    folder.chmod(0o755)
    said = folder / "said"
    with said.open("wb") as out:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "callcard", "demo", "--quiet", "--lang", "en"),
            *("--data", str(folder / "data")),
            stdout=out,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        async with asyncio.timeout(START_S):
            while (ready := re.search(r"Open (\S+) .*?password is (\S+)\n", said.read_text())) is None:
                if process.returncode is not None:
                    raise SystemExit(said.read_text())
                await asyncio.sleep(0.2)
        url, password = ready.groups()
        jar = aiohttp.CookieJar(unsafe=True)  # unsafe: also for hosts that are addresses
        async with aiohttp.ClientSession(cookie_jar=jar, headers={"Origin": url}) as http:
            demo = Demo(url, password, http, Layout(folder / "data").pbx / "spool")
            await demo.sign_in()
            yield demo
    finally:
        if process.returncode is None:
            os.killpg(process.pid, signal.SIGINT)
        await asyncio.wait_for(process.wait(), 30)
        shutil.rmtree(folder, ignore_errors=True)
