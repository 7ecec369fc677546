"""A caller, a router made of a function, three phones and a real Asterisk between them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.fakes.offices import decode_office
from tests.fakes.sip_peer import OutgoingCall, Phone, SipPeer
from tests.journeys.agi_script import TERM, Answerer, ScriptedRouter
from tests.journeys.ami_tap import AmiTap
from tests.journeys.pbx import RunningPbx, running_pbx

AGENTS = {"anna": "101", "boris": "102", "clara": "103"}
MAIN, QUIET = "+74955550100", "+994125550100"
CALLER = "+79161234567"


@dataclass(frozen=True)
class House:
    """Everything a dialplan journey touches."""

    running: RunningPbx
    router: ScriptedRouter
    ami: AmiTap
    caller: SipPeer
    phones: dict[str, Phone]

    async def call(self, dialled: str = MAIN, **more: Any) -> OutgoingCall:
        """A call from the trunk."""
        settings = self.running.settings
        more.setdefault("from_number", CALLER)
        return await self.caller.invite(f"sip:{dialled}@{settings.sip_bind}:{settings.sip_port}", **more)

    async def idle(self) -> None:
        """Wait until the PBX has no channel left. Raises TimeoutError."""
        for _ in range(100):
            shown = await self.running.control.run("core show channels count")
            if shown.startswith("0 active channels"):
                return
        raise TimeoutError(shown)

    async def member(self, agent: str, queue: str = "sales") -> None:
        """Put *agent* into app_queue as the router mirrors it."""
        await self.running.control.run(
            f"queue add member Local/{agent}@cc-fallback/n to {queue} penalty 0 as {agent} "
            f"state_interface hint:{agent}@cc-hints"
        )


def dial(agent: str, *, ring: int = 10, offer: str = "0191c0de-0000-7000-8000-000000000001") -> str:
    """CC_DECISION that rings *agent*."""
    return f"dial|{agent}|{offer}|PJSIP/agent-{agent}-desk|{ring}|"


def house_office(
    phones: dict[str, Phone], trunk: SipPeer, *, outside: bool = False, **queue: Any
) -> dict[str, Any]:
    """The office of these peers, as plain data; *queue* goes into queue `sales`.

    With *outside* agents may call numbers that begin with +7 or +994.
    """
    carrier: dict[str, Any] = {"title": "Carrier", "match": [trunk.host]}
    if outside:
        carrier["contact"] = f"sip:{trunk.host}:{trunk.port}"
        carrier["outgoing"] = {"caller_id": MAIN, "prefixes": ["+7", "+994"], "ring_s": 5}
    return {
        "offices": {
            "moscow": {"title": "Москва", "country": "RU", "timezone": "Europe/Moscow", "language": "ru"},
            "baku": {"title": "Bakı", "country": "AZ", "timezone": "Asia/Baku", "language": "az"},
        },
        "people": {
            name: {
                "title": name.title(),
                "office": "moscow",
                "extension": extension,
                "devices": [
                    {
                        "kind": "contact",
                        "contact": f"sip:agent-{name}-desk@{phones[name].host}:{phones[name].port}",
                    }
                ],
            }
            for name, extension in AGENTS.items()
        },
        "trunks": {"carrier": carrier},
        "queues": {
            "sales": {"title": "Sales", "extension": "600", "members": list(AGENTS), **queue},
            "quiet": {"title": "Quiet", "members": ["clara"], "record": False, "overflow": "hangup"},
        },
        "numbers": {
            MAIN: {"title": "Main", "office": "moscow", "queue": "sales"},
            QUIET: {"title": "Quiet", "office": "baku", "queue": "quiet", "answer": False},
        },
    }


@asynccontextmanager
async def dialplan_house(
    answer: Answerer, directory: Path, net: int, *, outside: bool = False, **queue: Any
) -> AsyncIterator[House]:
    """Open all of it on addresses 127.0.*net*.x; the term is raised as a leader does.

    With *outside* agents may call the carrier.
    """
    async with AsyncExitStack() as stack:
        router = await stack.enter_async_context(await ScriptedRouter.open(answer))
        trunk = await stack.enter_async_context(await SipPeer.open(f"127.0.{net}.2"))
        phones = {
            name: await stack.enter_async_context(
                await Phone.open(f"127.0.{net}.3", endpoint=f"agent-{name}-desk")
            )
            for name in AGENTS
        }
        office = decode_office(house_office(phones, trunk, outside=outside, **queue))
        running = await stack.enter_async_context(
            running_pbx(office, agi_port=router.port, directory=directory, address=f"127.0.{net}.1")
        )
        settings = running.settings
        for phone in phones.values():
            phone.server = (settings.sip_bind, settings.sip_port)
            phone.credentials = running.credentials(phone.user)
        ami = await stack.enter_async_context(
            await AmiTap.login(settings.ami_port, settings.listener_user, settings.listener_secret)
        )
        await running.control.run(f"dialplan set global CC_TERM {TERM}")
        yield House(running, router, ami, trunk, phones)
