"""Agents call customers over a trunk, on a real Asterisk: what may be dialled, what both sides get."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.fakes.sip_peer import Answer, CallFailed, OutgoingCall
from tests.journeys.agi_script import always
from tests.journeys.dialplan_house import MAIN, QUIET, House, dial, dialplan_house

pytestmark = pytest.mark.journey
TONES = (440, 600, 850)
CUSTOMER = "+74955550142"
FORMS = {  # dialled by anna, who sits in RU, and what reaches the carrier
    CUSTOMER: "74955550142",
    "0074955550142": "74955550142",
    "84955550142": "74955550142",
    "810994125550142": "994125550142",
    "+994125550142": "994125550142",
}
NOT_CALLED = {
    "+15555550142": 403,  # no prefix of the office
    "001 5555550142".replace(" ", ""): 403,
    MAIN: 403,  # our own: no loop over the carrier
    QUIET: 403,
    "74955550142": 404,  # a plus is missing
    "0125550142": 404,  # as people dial in AZ
    "112": 404,
    "+7495": 404,
    "+7495555014212345": 404,  # longer than E.164
    "+74955550142%26PJSIP%2Ftrunk-carrier": 404,
    "84955550142%2Ccc-out-carrier%2C1": 404,
}


async def status_of(call: OutgoingCall) -> int | None:
    """The final answer of a call that must not be answered."""
    with pytest.raises(CallFailed) as failed:
        await call.answered()
    return failed.value.status


async def test_an_agent_calls_a_customer(tmp_path: Path) -> None:
    async with dialplan_house(always("hangup|||||"), tmp_path, 171, outside=True) as house:
        call = await house.phones["anna"].dial(CUSTOMER)
        leg = await house.caller.next_invite()
        assert (leg.called, leg.remote_number, leg.remote_name) == ("74955550142", MAIN, "")
        leg.ring()
        await call.ringing()
        assert call.answered_at is None
        leg.answer()
        await asyncio.gather(call.answered(), leg.answered())
        await asyncio.gather(call.hears(TONES, 440), leg.hears(TONES, 600))
        arrived = await house.ami.event(UserEvent="Callcard", Step="arrived")
        assert (arrived["Direction"], arrived["FromAgent"], arrived["To"]) == ("out", "anna", CUSTOMER)
        assert (arrived["Did"], arrived["Queue"], arrived["Trunk"]) == (MAIN, "sales", "carrier")
        assert arrived["AccountCode"] == arrived["Call"]
        recorded = {path.name for path in house.running.settings.recordings.iterdir()}
        assert recorded == {f"{arrived['Call']}{part}.wav" for part in ("", "-in", "-out")}
        await call.hangup()
        await leg.ended()
        await house.idle()
        assert house.router.asks == [], "the router is not asked: it may be away"


async def test_what_may_be_dialled(tmp_path: Path) -> None:
    async with dialplan_house(always("hangup|||||"), tmp_path, 172, outside=True) as house:
        anna = house.phones["anna"]
        for dialled, number in FORMS.items():
            call = await anna.dial(dialled)
            leg = await house.caller.next_invite()
            assert leg.called == number, dialled
            await call.hangup()
            await leg.ended()
        for dialled, status in NOT_CALLED.items():
            assert await status_of(await anna.dial(dialled)) == status, dialled
        for dialled in (CUSTOMER, "84955550142", "0074955550142"):
            assert await status_of(await house.call(dialled)) == 404, "a caller reaches nobody outside"
        await house.idle()


WHY = {486: 486, 600: 486, 480: 480, 603: 603, 403: 603, 404: 404, 410: 410, 503: 503, 302: 486, None: 480}


async def test_who_is_not_reached_and_why(tmp_path: Path) -> None:
    """What the carrier says, and what the agent's phone is told; None: it rings for too long."""
    async with dialplan_house(always("hangup|||||"), tmp_path, 173, outside=True) as house:
        for said, told in WHY.items():
            call = await house.phones["anna"].dial(CUSTOMER)
            leg = await house.caller.next_invite()
            leg.ring()
            await call.ringing()
            if said is not None:
                leg.refuse(said)
            assert await status_of(call) == told, said
        await house.idle()
        assert list(house.running.settings.recordings.iterdir()) == []
        call = await house.phones["anna"].dial(CUSTOMER)
        leg = await house.caller.next_invite()
        leg.ring()
        await call.ringing()
        await call.hangup()
        await leg.ended()
        assert leg.ended_by == "them"
        await house.idle()


async def test_a_customer_is_handed_to_a_colleague_or_a_queue_but_not_outside(tmp_path: Path) -> None:
    async with dialplan_house(always(dial("boris")), tmp_path, 174, outside=True) as house:
        house.phones["boris"].behaviour = Answer()
        for extension in ("102", "600"):
            call = await house.phones["anna"].dial(CUSTOMER)
            leg = await house.caller.next_invite()
            leg.answer()
            await asyncio.gather(call.answered(), leg.answered())
            await asyncio.gather(call.hears(TONES, 440), leg.hears(TONES, 600))
            await call.refer(target(house, "+74955550143"))
            assert await call.transferred() >= 400
            assert await call.refer(target(house, extension)) == 202
            taken = await house.phones["boris"].next_invite()
            assert taken.remote_number == CUSTOMER
            await taken.answered()
            await asyncio.gather(taken.hears(TONES, 440), leg.hears(TONES, 600))
            await taken.hangup()
            await leg.ended()
            await house.idle()
        (ask,) = house.router.asks
        assert (ask.args[2], ask.reason, ask.args[8], ask.args[9]) == ("sales", "transferred", "out", "")


def target(house: House, extension: str) -> str:
    settings = house.running.settings
    return f"sip:{extension}@{settings.sip_bind}:{settings.sip_port}"
