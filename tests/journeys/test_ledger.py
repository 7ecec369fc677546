"""Calls through a real Asterisk, settled from the file it writes: as the SIP peers lived them."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from callrouter.ledger.reader import CelReader
from callrouter.ledger.service import Ledger, Surroundings
from crm_core.calls.ledger_store import LedgerStore
from crm_core.calls.model import Call as StoredCall
from crm_core.calls.model import HangupBy, Outcome
from crm_core.calls.service import CallService
from crm_core.calls.settlement import Settlement
from crm_core.clock import SystemClock
from crm_core.db.engine import Database
from crm_core.errors import Unavailable
from crm_core.health import Health
from tests.fakes.sip_peer import Answer, Call, IncomingCall, OutgoingCall, Refuse, Ring
from tests.journeys.agi_script import Ask, Conversation
from tests.journeys.dialplan_house import House, dial, dialplan_house
from tests.journeys.house import until
from tests.unit.callrouter.ledger.records import OFFICE

pytestmark = pytest.mark.journey

CALLER, AGENT = HangupBy.CALLER, HangupBy.AGENT
EXACT_S = 0.3  # settled talk against what the peers measured
SOON_S = 2.0  # from the end of a call to its settlement


@dataclass
class Expected:
    """What the peers saw of a call. *talks*: agent → seconds connected with the other side."""

    outcome: Outcome
    hangup_by: HangupBy
    talks: dict[str, float] = field(default_factory=dict)
    agent: str | None = None
    consults: int = 0
    from_name: str = ""


@dataclass
class Office:
    """A PBX with phones, a scripted router and a ledger on its file."""

    house: House
    service: CallService
    decisions: list[str]
    settled: list[Settlement]

    async def talk(self, agent: str = "anna") -> tuple[OutgoingCall, IncomingCall]:
        """A customer talks with *agent*."""
        self.house.phones[agent].behaviour = Answer()
        call = await self.house.call()
        leg = await self.house.phones[agent].next_invite()
        await asyncio.gather(call.answered(), leg.answered())
        return call, leg

    def target(self, extension: str) -> str:
        settings = self.house.running.settings
        return f"sip:{extension}@{settings.sip_bind}:{settings.sip_port}"

    async def settlement(self, number: int) -> Settlement:
        """The settlement number so many, counted from 1."""

        async def there() -> bool:
            return len(self.settled) >= number

        await until(there, timeout=30, what=f"settlement {number}")
        return self.settled[number - 1]

    async def stored(self, settlement: Settlement) -> StoredCall:
        found = await self.service.find(settlement.call_id)
        assert found is not None
        return found


@asynccontextmanager
async def office(database: Database, directory: Path, net: int) -> AsyncIterator[Office]:
    """Open all of it. The router says the next of `decisions`, the last one again and again."""
    decisions = ["wait|||||"]

    async def decide(ask: Ask, conversation: Conversation) -> None:
        decision = decisions.pop(0) if len(decisions) > 1 else decisions[0]
        if decision:
            await conversation.decide(ask, decision)

    async with dialplan_house(decide, directory, net) as house:
        settled: list[Settlement] = []
        clock = SystemClock()
        ledger = Ledger(
            CelReader(house.running.settings.cel_file),
            LedgerStore(database, clock, pbx="main"),
            clock=clock,
            health=Health(clock),
            directory=OFFICE,
            around=Surroundings(settled=settled.append),
        )
        await ledger.start()
        try:
            yield Office(house, CallService(database, clock), decisions, settled)
        finally:
            await ledger.stop()


def connected(one: Call, other: Call) -> float:
    """Seconds both legs were up."""
    assert one.answered_at and other.answered_at and one.ended_at and other.ended_at
    return min(one.ended_at, other.ended_at) - max(one.answered_at, other.answered_at)


# -- the calls -----------------------------------------------------------------------------------


async def caller_hangs_up(office: Office) -> Expected:
    office.decisions[:] = [dial("anna")]
    call, leg = await office.talk()
    await asyncio.sleep(1.2)
    await call.hangup()
    await leg.ended()
    return Expected(Outcome.ANSWERED, CALLER, {"anna": connected(call, leg)}, "anna")


async def agent_hangs_up_after_a_hold(office: Office) -> Expected:
    office.decisions[:] = [dial("anna")]
    call, leg = await office.talk()
    await asyncio.sleep(0.4)
    assert await leg.hold() == 200
    await asyncio.sleep(0.8)
    assert await leg.resume() == 200
    await leg.hangup()
    await call.ended()
    return Expected(Outcome.ANSWERED, AGENT, {"anna": connected(call, leg)}, "anna")


async def abandoned_while_ringing(office: Office) -> Expected:
    office.decisions[:] = [dial("anna")]
    office.house.phones["anna"].behaviour = Ring()
    call = await office.house.call()
    leg = await office.house.phones["anna"].next_invite()
    await leg.ringing()
    await call.hangup()
    await leg.ended()
    return Expected(Outcome.ABANDONED, CALLER, {"anna": 0.0})


async def abandoned_while_waiting(office: Office) -> Expected:
    """A caller whose name tries to end the record and begin another."""
    name = r"x\",\"\",\"\"CHAN_END\",\"1795000000.000000\",<b>Анна</b>"  # Asterisk keeps SIP's backslashes
    office.decisions[:] = ["wait|||||"]
    call = await office.house.call(from_header=f'"{name}" <sip:+79161234567@127.0.0.9>')
    await call.answered()
    await asyncio.sleep(0.5)
    await call.hangup()
    return Expected(Outcome.ABANDONED, CALLER, from_name=name)


async def not_answered_then_the_next(office: Office) -> Expected:
    office.decisions[:] = [dial("anna", ring=1), dial("boris")]
    office.house.phones["anna"].behaviour = Ring()
    office.house.phones["boris"].behaviour = Answer()
    call = await office.house.call()
    leg = await office.house.phones["boris"].next_invite()
    await asyncio.gather(call.answered(), leg.answered())
    await asyncio.sleep(0.6)
    await leg.hangup()
    await call.ended()
    await office.house.phones["anna"].next_invite()
    return Expected(Outcome.ANSWERED, AGENT, {"anna": 0.0, "boris": connected(call, leg)}, "boris")


async def transferred_blind(office: Office) -> Expected:
    office.decisions[:] = [dial("anna")]
    call, leg = await office.talk()
    await asyncio.sleep(0.6)
    office.house.phones["boris"].behaviour = Answer(after=0.5)
    moved = time.monotonic()
    assert await leg.refer(office.target("102")) == 202
    second = await office.house.phones["boris"].next_invite()
    await second.answered()
    await asyncio.sleep(0.6)
    await second.hangup()
    await call.ended()
    assert call.answered_at and leg.answered_at
    first = moved - max(call.answered_at, leg.answered_at)
    return Expected(Outcome.ANSWERED, AGENT, {"anna": first, "boris": connected(call, second)}, "boris")


async def transferred_attended(office: Office) -> Expected:
    office.decisions[:] = [dial("anna")]
    call, leg = await office.talk()
    office.house.phones["boris"].behaviour = Answer()
    consult = await office.house.phones["anna"].dial("102")
    second = await office.house.phones["boris"].next_invite()
    await asyncio.gather(consult.answered(), second.answered())
    await asyncio.sleep(0.7)
    joined = time.monotonic()
    assert await leg.refer_attended(consult) == 202
    await asyncio.sleep(0.5)
    await call.hangup()
    await second.ended()
    assert call.answered_at and leg.answered_at and call.ended_at
    first, rest = joined - max(call.answered_at, leg.answered_at), call.ended_at - joined
    return Expected(Outcome.ANSWERED, CALLER, {"anna": first, "boris": rest}, "boris", consults=1)


async def internal(office: Office) -> Expected:
    office.house.phones["boris"].behaviour = Answer()
    call = await office.house.phones["anna"].dial("102")
    leg = await office.house.phones["boris"].next_invite()
    await asyncio.gather(call.answered(), leg.answered())
    await asyncio.sleep(0.5)
    await leg.hangup()
    await call.ended()
    talked = connected(call, leg)
    return Expected(Outcome.ANSWERED, AGENT, {"anna": talked, "boris": talked}, "boris")


async def busy_colleague(office: Office) -> Expected:
    office.house.phones["boris"].behaviour = Refuse(status=486)
    call = await office.house.phones["anna"].dial("102")
    await office.house.phones["boris"].next_invite()
    await call.ended()
    return Expected(Outcome.FAILED, HangupBy.SYSTEM, {"anna": 0.0, "boris": 0.0})


async def the_net(office: Office) -> Expected:
    """No answer of the router: app_queue, across Local channels; the agent hangs up."""
    office.decisions[:] = [""]
    await office.house.member("clara")
    office.house.phones["clara"].behaviour = Answer()
    call = await office.house.call()
    leg = await office.house.phones["clara"].next_invite()
    await leg.answered()
    await asyncio.sleep(0.8)
    await leg.hangup()
    await call.ended()
    return Expected(Outcome.ANSWERED, AGENT, {"clara": connected(call, leg)}, "clara")


async def message_left(office: Office) -> Expected:
    office.decisions[:] = ["voicemail|||||"]
    call = await office.house.call()
    await call.answered()
    recordings = office.house.running.settings.recordings
    before = set(recordings.glob("*-vm.wav"))

    async def recording() -> bool:
        return set(recordings.glob("*-vm.wav")) != before

    await until(recording, timeout=30, what="the greeting to end")
    await asyncio.sleep(0.5)
    await call.hangup()
    return Expected(Outcome.VOICEMAIL, CALLER)


CALLS: tuple[Callable[[Office], Awaitable[Expected]], ...] = (
    caller_hangs_up,
    agent_hangs_up_after_a_hold,
    abandoned_while_ringing,
    abandoned_while_waiting,
    not_answered_then_the_next,
    transferred_blind,
    transferred_attended,
    internal,
    busy_colleague,
    the_net,
    message_left,
)


async def test_calls_are_settled_as_the_peers_lived_them(database: Database, tmp_path: Path) -> None:
    async with office(database, tmp_path, 91) as place:
        for number, make in enumerate(CALLS, 1):
            name = make.__name__
            expected = await make(place)
            await place.house.idle()
            ended = time.monotonic()
            settlement = await place.settlement(number)
            assert time.monotonic() - ended < SOON_S, name
            call = await place.stored(settlement)
            assert (call.outcome, call.hangup_by, call.agent) == (
                expected.outcome,
                expected.hangup_by,
                expected.agent,
            ), name
            talks: dict[str, float] = {}
            for leg in call.legs:
                if leg.agent is not None:
                    talks[leg.agent] = talks.get(leg.agent, 0.0) + leg.talk_s
            assert talks == pytest.approx(expected.talks, abs=EXACT_S), name
            inside = 2 if name == "internal" else 1
            assert call.talk_s == pytest.approx(sum(expected.talks.values()) / inside, abs=EXACT_S), name
            assert len(settlement.merged) == expected.consults, name
            assert expected.from_name in ("", call.from_name), name
            assert call.settled and call.merged_into is None, name
        async with database.hot(timeout_s=10) as connection:
            stored = await connection.fetchval("SELECT count(*) FROM calls WHERE merged_into IS NULL")
        assert stored == len(CALLS)


async def test_calls_a_killed_pbx_had_are_settled_by_the_next_call(
    database: Database, tmp_path: Path
) -> None:
    async with office(database, tmp_path, 92) as place:
        place.decisions[:] = [dial("anna")]
        call, leg = await place.talk()
        await asyncio.sleep(1.0)
        pbx = place.house.running.pbx
        assert pbx.pid is not None
        os.kill(pbx.pid, signal.SIGKILL)
        killed = time.monotonic()
        for one in (call, leg):
            one.finish("us")  # nobody is there to say BYE to

        async def back() -> bool:
            try:
                return "Asterisk" in await place.house.running.control.run("core show version")
            except Unavailable:
                return False

        await until(back, timeout=20, what="the PBX to be started again")
        await asyncio.sleep(max(0.0, killed + 2.5 - time.monotonic()))  # channels of two boots are 2 s apart
        await place.house.running.control.run("dialplan set global CC_TERM 1")
        place.decisions[:] = ["wait|||||"]
        again = await place.house.call()
        await again.answered()
        await again.hangup()
        lost = await place.stored(await place.settlement(1))
        fresh = await place.stored(await place.settlement(2))
        assert (lost.outcome, lost.hangup_by, lost.agent) == (Outcome.PBX_LOST, HangupBy.SYSTEM, "anna")
        assert fresh.outcome is Outcome.ABANDONED
