"""What agents' phones may dial, and where a transfer may lead, on a real Asterisk."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.fakes.sip_peer import Answer, CallFailed, Credentials, IncomingCall, OutgoingCall, Refuse, Ring
from tests.journeys.agi_script import Ask, Conversation, always, in_turn
from tests.journeys.dialplan_house import MAIN, House, dial, dialplan_house

pytestmark = pytest.mark.journey
TONES = (440, 600, 850)


async def talk(house: House, agent: str = "anna") -> tuple[OutgoingCall, IncomingCall]:
    """A customer talks with *agent*; the call and the agent's leg.

    Until both are in the bridge Asterisk takes a REFER with 202 and then tells 400: nothing happens.
    """
    house.phones[agent].behaviour = Answer()
    call = await house.call()
    leg = await house.phones[agent].next_invite()
    await asyncio.gather(call.answered(), leg.answered())
    await house.ami.event(Event="BridgeEnter", BridgeNumChannels="2")
    await asyncio.gather(call.hears(TONES, 600), leg.hears(TONES, 440))
    return call, leg


def target(house: House, extension: str) -> str:
    settings = house.running.settings
    return f"sip:{extension}@{settings.sip_bind}:{settings.sip_port}"


async def test_colleagues_call_each_other_and_nobody_is_asked(tmp_path: Path) -> None:
    async with dialplan_house(always("hangup|||||"), tmp_path, 51) as house:
        house.phones["boris"].behaviour = Answer()
        call = await house.phones["anna"].dial("102")
        leg = await house.phones["boris"].next_invite()
        await asyncio.gather(call.answered(), leg.answered())
        assert (leg.remote_number, leg.remote_name) == ("101", "Anna")
        arrived = await house.ami.event(UserEvent="Callcard", Step="arrived")
        assert (arrived["Direction"], arrived["FromAgent"], arrived["To"]) == ("internal", "anna", "102")
        assert arrived["AccountCode"] == arrived["Call"]
        await call.hangup()
        await house.idle()
        assert house.router.asks == []
        assert list(house.running.settings.recordings.iterdir()) == []


async def test_a_colleague_who_is_busy_is_told_so(tmp_path: Path) -> None:
    async with dialplan_house(always("hangup|||||"), tmp_path, 52) as house:
        house.phones["boris"].behaviour = Refuse(status=486)
        assert await status_of(await house.phones["anna"].dial("102")) == 486
        await house.idle()


async def test_a_queue_by_extension_is_asked_as_an_internal_call(tmp_path: Path) -> None:
    async with dialplan_house(always(dial("boris")), tmp_path, 53) as house:
        house.phones["boris"].behaviour = Answer()
        call = await house.phones["anna"].dial("600")
        ask = await house.router.next_ask()
        assert (ask.args[1], ask.args[2], ask.args[8], ask.args[9]) == ("", "sales", "internal", "anna")
        await call.answered()
        await call.hangup()
        await house.idle()


OUTSIDE = (MAIN, "84951234567", "900", "102%26PJSIP%2Ftrunk-carrier", "s", "h", "T", "anna", "*99")


async def status_of(call: OutgoingCall) -> int | None:
    """The final answer of a call that must not be answered."""
    with pytest.raises(CallFailed) as failed:
        await call.answered()
    return failed.value.status


async def test_nothing_leads_outside_and_nobody_gets_in_without_a_password(tmp_path: Path) -> None:
    async with dialplan_house(always("hangup|||||"), tmp_path, 64) as house:
        anna = house.phones["anna"]
        for dialled in OUTSIDE:
            assert await status_of(await anna.dial(dialled)) == 404, dialled
            if dialled != MAIN:
                assert await status_of(await house.call(dialled)) == 404, dialled
        anna.credentials = Credentials("agent-anna-desk", "not-the-password")
        assert await status_of(await anna.dial("102")) == 401
        # A caller who says that he is an agent's device is asked for its password.
        assert await status_of(await house.call("102", from_number="agent-anna-desk")) == 401
        await house.idle()


async def take_state(ask: Ask, conversation: Conversation) -> None:
    await conversation.set("CC_RESULT", "ok")


@pytest.mark.parametrize(("code", "state"), [("*50", "available"), ("*51", "break"), ("*52", "offline")])
async def test_state_codes_tell_the_router(code: str, state: str, tmp_path: Path) -> None:
    async with dialplan_house(take_state, tmp_path, 54) as house:
        call = await house.phones["boris"].dial(code)
        ask = await house.router.next_ask()
        assert (ask.script, ask.args) == ("state", ("boris", state))
        await call.answered()
        await call.ended(10)
        await house.idle()


async def test_a_state_code_with_a_hung_router_ends_by_itself(tmp_path: Path) -> None:
    async def silent(ask: Ask, conversation: Conversation) -> None:
        await asyncio.sleep(60)

    async with dialplan_house(silent, tmp_path, 55) as house:
        call = await house.phones["boris"].dial("*50")
        await call.answered()
        await call.ended(10)
        await house.idle()


async def test_a_blind_transfer_to_a_colleague_keeps_the_call(tmp_path: Path) -> None:
    async with dialplan_house(always(dial("anna")), tmp_path, 56) as house:
        call, leg = await talk(house)
        house.phones["boris"].behaviour = Answer()
        assert await leg.refer(target(house, "102")) == 202
        second = await house.phones["boris"].next_invite()
        await second.answered()
        await call.hears(TONES, 600)
        moved = await house.ami.event(UserEvent="Callcard", Step="transferred")
        assert (moved["Call"], moved["Agent"]) == (house.router.asks[0].args[0], "boris")
        await second.hangup()
        await call.ended()
        await house.idle()
        assert len(house.router.asks) == 1


async def test_a_transfer_nobody_takes_comes_back_to_routing(tmp_path: Path) -> None:
    async with dialplan_house(in_turn(dial("anna"), dial("clara")), tmp_path, 57) as house:
        call, leg = await talk(house)
        await house.router.next_ask()
        house.phones["boris"].behaviour = Refuse(status=486)
        house.phones["clara"].behaviour = Answer()
        assert await leg.refer(target(house, "102")) == 202
        back = await house.router.next_ask()
        assert back.args[0] == house.router.asks[0].args[0]
        assert back.args[2:6] == ("sales", "2", "dialled", "BUSY") and back.args[7] == ""
        third = await house.phones["clara"].next_invite()
        await third.answered()
        await call.hangup()
        await house.idle()


async def test_a_transfer_to_a_queue_is_routed_as_the_same_call(tmp_path: Path) -> None:
    async with dialplan_house(in_turn(dial("anna"), dial("boris")), tmp_path, 58) as house:
        call, leg = await talk(house)
        first = await house.router.next_ask()
        house.phones["boris"].behaviour = Answer()
        assert await leg.refer(target(house, "600")) == 202
        second = await house.router.next_ask()
        assert second.args[0] == first.args[0]
        assert second.args[2:5] == ("sales", "2", "transferred")
        taken = await house.phones["boris"].next_invite()
        await taken.answered()
        await call.hears(TONES, 600)  # before the bridge it would be no answer
        await taken.hangup()
        await call.ended()
        await house.idle()


@pytest.mark.parametrize("extension", ["84951234567", "*50", "s"])
async def test_a_transfer_leads_only_where_a_transfer_may(extension: str, tmp_path: Path) -> None:
    async with dialplan_house(always(dial("anna")), tmp_path, 59) as house:
        call, leg = await talk(house)
        await leg.refer(target(house, extension))
        await asyncio.sleep(0.5)  # time for Asterisk to do what it must not
        shown = await house.running.control.run("core show channels concise")
        assert "cc-transfer" not in shown
        assert len(house.router.asks) == 1
        await call.hangup()
        await house.idle()


async def test_the_callers_side_may_transfer_nobody(tmp_path: Path) -> None:
    async with dialplan_house(always(dial("anna")), tmp_path, 60) as house:
        call, leg = await talk(house)
        status = await call.refer(target(house, "102"))
        assert status >= 400
        await call.hangup()
        await leg.ended()
        await house.idle()


async def test_an_attended_transfer_joins_customer_and_colleague(tmp_path: Path) -> None:
    async with dialplan_house(always(dial("anna")), tmp_path, 61) as house:
        call, leg = await talk(house)
        house.phones["boris"].behaviour = Answer()
        consult = await house.phones["anna"].dial("102")
        second = await house.phones["boris"].next_invite()
        await asyncio.gather(consult.answered(), second.answered())
        assert await leg.refer_attended(consult) == 202
        event = await house.ami.event(Event="AttendedTransfer")
        assert event["Result"] == "Success"
        await second.hears(TONES, 440)
        await second.hangup()
        await call.ended()
        await house.idle()


async def test_a_forward_by_a_phone_is_ignored(tmp_path: Path) -> None:
    async with dialplan_house(in_turn(dial("anna"), "hangup|||||"), tmp_path, 62) as house:
        house.phones["anna"].behaviour = Refuse(status=302)
        await house.call()
        await house.router.next_ask()
        again = await house.router.next_ask()
        assert again.reason == "dialled"
        assert not [e for e in house.ami.events if "Local/" in e.get("DestChannel", "")]


async def test_a_caller_may_hang_up_while_a_phone_rings(tmp_path: Path) -> None:
    async with dialplan_house(always(dial("anna")), tmp_path, 63) as house:
        house.phones["anna"].behaviour = Ring()
        call = await house.call()
        leg = await house.phones["anna"].next_invite()
        await leg.ringing()
        await call.hangup()
        await leg.ended()
        await house.idle()
        assert len(house.router.asks) == 1
