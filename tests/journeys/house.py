"""The whole product on real parts in one process: Asterisk, PostgreSQL, router, web, recorder, SIP peers."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from callcard.office_commands import apply_first
from callcard.pbx import private_pbx
from callcard.settings import Listen, Settings, load_keys
from callcard.wiring import Parts, running_parts
from callrouter.acd.core import Limits
from crm_core.office.reading import read_office
from tests.fakes.sip.phone import Behaviour
from tests.fakes.sip_peer import Answer, Call, Credentials, IncomingCall, OutgoingCall, Phone, SipPeer
from tests.journeys.feed import Feed
from tests.journeys.front import (
    AGENTS,
    BRIEF,
    CALLERS,
    DINA,
    PHONES,
    SALES,
    SUPPORT,
    Front,
    calling_outside,
    make_tokens,
    office_text,
    ready,
    until,
)
from tests.journeys.pbx import cache_folder, find_or_install, free_sip_port
from tests.servers import free_port, rtp_start

ALL = frozenset({"router", "web", "recorder"})
CALLER = 440  # Hz: what callers say
TONES = {"anna": 600, "elena": 800, "rashid": 1000, "dina": 1200}  # and agents
EVERY_TONE = (CALLER, *TONES.values())
MARINA = "+74955550142"  # a card of elena's
WITHHELD = '"Anonymous" <sip:anonymous@anonymous.invalid>'  # as From: no card, so nobody's load changes


@dataclass(kw_only=True)
class House(Front):
    """The product in this process: its parts can be looked into."""

    parts: Parts
    told: set[str] = field(default_factory=set)  # calls that `ended` has handed out

    # -- calls ------------------------------------------------------------------------------------

    def extension(self, number: str) -> str:
        """The SIP address of an extension, as a phone dials it or transfers to it."""
        return f"sip:{number}@{self.office.sip.bind}:{self.office.sip.port}"

    async def leg(self, agent: str, timeout: float = 20.0) -> IncomingCall:
        """The next INVITE that the agent's phone got."""
        return await self.phones[agent].next_invite(timeout)

    async def talk(self, agent: str, did: str = SALES, **call: Any) -> tuple[OutgoingCall, IncomingCall]:
        """A call that *agent* has answered: the caller's leg and the agent's."""
        self.phones[agent].forget_invites()
        made = await self.call(did, **call)
        leg = await self.leg(agent)
        await leg.answered()
        await made.answered()
        await self.until_state(agent, "talking")
        return made, leg

    async def call_out(self, agent: str, number: str) -> tuple[OutgoingCall, IncomingCall]:
        """*agent* dials a *number* outside, which rings: the agent's leg and the customer's."""
        self.trunk.forget_invites()
        made = await self.phones[agent].dial(number)
        leg = await self.trunk.next_invite()
        leg.ring()
        await made.ringing()
        return made, leg

    async def over(self, call: Call, **fits: Any) -> dict[str, Any]:
        """Hang up; the newest call as the API shows it then, with the values *fits*."""
        await call.hangup()
        return await self.ended(**fits)

    async def ended(self, *, timeout: float = 20.0, **fits: Any) -> dict[str, Any]:
        """The newest ended call of the API with the values *fits* (`from_` for `from`), each only once."""
        wanted = {name.rstrip("_"): value for name, value in fits.items()}
        seen: list[dict[str, Any]] = []

        async def there() -> bool:
            new = [call for call in await self.calls() if call["id"] not in self.told]
            seen[:] = [call for call in new if all(call[key] == wanted[key] for key in wanted)][:1]
            return bool(seen) and seen[0]["state"] == "ended"

        await until(there, timeout=timeout, what=lambda: f"the call {wanted} to end: {seen}")
        self.told.add(seen[0]["id"])
        return seen[0]

    def feed(self, who: str) -> Feed:
        """A live feed of *who*; open it with `async with`."""
        return Feed(f"ws://{self.settings.http}/live", self.tokens[who])

    # -- between journeys -------------------------------------------------------------------------

    async def hang_up(self) -> None:
        """Every caller and every phone ends what it has."""
        for peer in (self.trunk, *self.phones.values()):
            await asyncio.gather(*(leg.hangup() for leg in peer.calls))

    async def reset(self) -> None:
        """Begin as new: no call, phones answer at once, nobody is logged in."""
        await self.hang_up()
        for phone in self.phones.values():
            phone.behaviour = Answer()
            phone.forget_invites()
        for agent in AGENTS:
            await self.set_state(agent, "offline")
        for agent in AGENTS:
            await self.until_state(agent, "offline")
        self.told = {call["id"] for call in await self.calls()}


def codes(call: dict[str, Any]) -> list[str]:
    """What the trace of *call* says, as codes."""
    return [line["code"] for line in call["trace"]]


def texts(call: dict[str, Any]) -> list[str]:
    """What the trace of *call* says, in English."""
    return [line["text"] for line in call["trace"]]


def offers(call: dict[str, Any]) -> list[tuple[str, str]]:
    """Who was offered *call*, in order, and how each offer ended."""
    return [(offer["agent"], offer["state"]) for offer in call["offers"]]


# Journeys share their machine with other tests; what is shown here is the way, not the speed.
PATIENT = Limits(answer_s=1.5, identify_s=0.5)


@asynccontextmanager
async def running_house(
    database_url: str,
    *,
    queue: str = "",
    ring_s: int = 3,
    behaviours: Mapping[str, Behaviour] | None = None,
    parts: frozenset[str] = ALL,
    outside: bool = False,
    more: Callable[[str], str] = str,
) -> AsyncIterator[House]:
    """The product, up and quiet, nobody logged in. Phones answer at once unless *behaviours* says other.

    With *outside* agents call numbers outside, the trunk's peer being the carrier; *more* changes the
    office's text.
    """
    await find_or_install()
    data = Path(tempfile.mkdtemp(prefix="cc-", dir="/tmp"))
    data.chmod(0o755)
    async with AsyncExitStack() as stack:
        stack.callback(shutil.rmtree, data, ignore_errors=True)
        phones = {
            name: await stack.enter_async_context(
                await Phone.open(
                    PHONES,
                    endpoint=f"agent-{name}-desk",
                    behaviour=(behaviours or {}).get(name, Answer()),
                    tone=TONES[name],
                )
            )
            for name in (*AGENTS, "dina")
        }
        trunk = await stack.enter_async_context(await SipPeer.open(CALLERS))
        text = more(
            office_text(
                phones,
                sip_port=free_sip_port("127.0.0.1"),
                rtp_start=rtp_start(20_000),
                queue=queue,
                ring_s=ring_s,
            )
        )
        text = calling_outside(text, trunk) if outside else text
        office = read_office(text)
        settings = Settings(
            data=data,
            cache=cache_folder(),
            http=Listen("127.0.0.1", free_port("127.0.0.1")),
            agi=Listen("127.0.0.1", free_port("127.0.0.1")),
            ami_port=free_port("127.0.0.1"),
            pbx_http_port=free_port("127.0.0.1"),
            ami_listener_user="callcard-listener",
            ami_actor_user="callcard-actor",
            database_url=database_url,
        )
        await apply_first(database_url, text)
        pbx = await private_pbx(settings, load_keys(data), office)
        await pbx.start()
        stack.push_async_callback(pbx.stop)
        for phone in phones.values():
            phone.server = (office.sip.bind, office.sip.port)
            phone.credentials = Credentials(phone.user, pbx.settings.device_secrets[phone.user])
        running = await stack.enter_async_context(running_parts(settings, parts, limits=PATIENT))
        house = House(settings, office, pbx, running.database, trunk, phones, parts=running)
        house.tokens = await make_tokens(running.database, office.people)
        house.http = await stack.enter_async_context(aiohttp.ClientSession())
        await until(ready(house), timeout=30, what="the house to be ready")
        yield house


__all__ = [
    "BRIEF",
    "CALLER",
    "DINA",
    "EVERY_TONE",
    "MARINA",
    "SALES",
    "SUPPORT",
    "TONES",
    "WITHHELD",
    "House",
    "codes",
    "offers",
    "running_house",
    "texts",
    "until",
]
