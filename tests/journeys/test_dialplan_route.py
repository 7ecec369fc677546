"""The ask, the decision and what becomes of it, on a real Asterisk."""

from __future__ import annotations

import asyncio
import time
import wave
from pathlib import Path
from uuid import UUID

import pytest

from tests.fakes.sip_peer import Answer, CallFailed, Refuse, Ring
from tests.journeys.agi_script import Ask, Conversation, always, in_turn
from tests.journeys.ami_tap import AmiTap
from tests.journeys.dialplan_house import CALLER, MAIN, QUIET, dial, dialplan_house

pytestmark = pytest.mark.journey
TONES = (440, 600)


async def test_a_decision_rings_the_agent_and_the_call_is_recorded(tmp_path: Path) -> None:
    async with dialplan_house(always(dial("anna")), tmp_path, 31) as house:
        house.phones["anna"].behaviour = Answer(after=0.1)
        call = await house.call()
        leg = await house.phones["anna"].next_invite()
        await call.answered()
        await asyncio.gather(call.hears(TONES, 600), leg.hears(TONES, 440))
        ask = house.router.asks[0]
        call_id = ask.args[0]
        assert str(UUID(call_id)) == call_id
        assert ask.token == house.running.settings.agi_token and ask.script == "route"
        assert ask.args[1:6] == (MAIN, "sales", "1", "arrived", "")
        assert ask.args[6:] == ("allowed_not_screened", "", "in", "")
        assert ask.env["agi_callerid"] == CALLER and ask.env["agi_accountcode"] == call_id
        assert leg.remote_number == CALLER
        arrived = await house.ami.event(UserEvent="Callcard", Step="arrived")
        assert (arrived["Call"], arrived["Did"], arrived["Queue"]) == (call_id, MAIN, "sales")
        assert (arrived["Direction"], arrived["Trunk"]) == ("in", "carrier")
        dialled = await house.ami.event(Event="DialBegin")
        assert dialled["DestAccountCode"] == call_id
        assert dialled["DestChanVariable"] == "CC_AGENT=anna"  # the last of the three of its name
        await leg.hangup()
        await call.ended()
        assert call.ended_by == "them"
        await house.idle()
        recordings = house.running.settings.recordings
        for suffix in ("", "-in", "-out"):
            with wave.open(str(recordings / f"{call_id}{suffix}.wav")) as heard:
                assert heard.getnframes() > 800
        rows = house.running.settings.cel_file.read_text()
        assert rows.count('"BRIDGE_ENTER"') == 2 and call_id in rows
        assert len(house.router.asks) == 1


async def test_a_refused_offer_asks_again_and_then_waits_until_it_is_pulled(tmp_path: Path) -> None:
    answers = in_turn(dial("anna", offer="first"), "wait|||||", dial("boris"))
    async with dialplan_house(answers, tmp_path, 32) as house:
        house.phones["anna"].behaviour = Refuse(status=486)
        house.phones["boris"].behaviour = Answer()
        call = await house.call()
        await house.router.next_ask()
        again = await house.router.next_ask()
        assert again.args[3:6] == ("2", "dialled", "BUSY")
        assert again.args[7] == "first"
        waiting = await house.ami.event(UserEvent="Callcard", Step="waiting")
        assert waiting["Queue"] == "sales"
        await call.answered()  # this number answers before music
        settings = house.running.settings
        async with await AmiTap.login(settings.ami_port, settings.actor_user, settings.actor_secret) as actor:
            done = await actor.action(
                "Redirect", Channel=waiting["Channel"], Context="cc-offer", Exten="s", Priority="1"
            )
        assert done["Response"] == "Success"
        freed = await house.router.next_ask()
        assert freed.args[3:6] == ("3", "freed", "") and freed.args[7] == ""
        leg = await house.phones["boris"].next_invite()
        await leg.answered()
        await call.hears(TONES, 600)
        await call.hangup()
        await leg.ended()
        await house.idle()


async def test_an_unanswered_offer_ends_by_the_dials_own_timer(tmp_path: Path) -> None:
    async with dialplan_house(in_turn(dial("anna", ring=1), "hangup|||||"), tmp_path, 33) as house:
        house.phones["anna"].behaviour = Ring()
        call = await house.call()
        await house.router.next_ask()
        again = await house.router.next_ask()
        assert again.args[5] == "NOANSWER"
        with pytest.raises(CallFailed):
            await call.answered(20)
        await house.idle()


async def test_music_asks_every_ten_seconds_and_early_media_is_not_answered(tmp_path: Path) -> None:
    async with dialplan_house(always("wait|||||"), tmp_path, 34) as house:
        call = await house.call(QUIET)
        await house.router.next_ask()
        await house.ami.event(Event="MusicOnHoldStart", timeout=30)
        began = time.monotonic()
        again = await house.router.next_ask(timeout=30)
        assert again.reason == "waiting"
        assert time.monotonic() - began > 9
        assert call.answered_at is None
        await call.hangup()
        await house.idle()


async def test_voicemail_is_kept_when_the_caller_hangs_up(tmp_path: Path) -> None:
    async with dialplan_house(always("voicemail|||||"), tmp_path, 35) as house:
        call = await house.call()
        ask = await house.router.next_ask()
        await house.ami.event(UserEvent="Callcard", Step="voicemail")
        await call.answered()
        file = house.running.settings.recordings / f"{ask.args[0]}-vm.wav"
        async with asyncio.timeout(30):
            while not file.exists() or file.stat().st_size < 30_000:
                await asyncio.sleep(0.1)
        await call.hangup()
        await house.idle()
        with wave.open(str(file)) as heard:
            assert heard.getnframes() > 8_000


async def stale(ask: Ask, conversation: Conversation) -> None:
    await conversation.decide(ask, dial("anna"), term="0")


async def foreign(ask: Ask, conversation: Conversation) -> None:
    await conversation.set("CC_DECISION", dial("anna"))
    await conversation.set("ROUTE", f"ok:1.1:1:{ask.attempt}")


async def outside(ask: Ask, conversation: Conversation) -> None:
    await conversation.decide(ask, "dial|anna|x|PJSIP/900900@trunk-carrier|20|")


@pytest.mark.parametrize("answer", [stale, foreign, outside])
async def test_an_answer_that_is_not_ours_to_take_goes_to_the_net(answer: object, tmp_path: Path) -> None:
    async with dialplan_house(answer, tmp_path, 36) as house:  # type: ignore[arg-type]
        await house.member("boris")
        house.phones["boris"].behaviour = Answer()
        call = await house.call()
        await house.ami.event(UserEvent="Callcard", Step="refused")
        net = await house.ami.event(UserEvent="Callcard", Step="net")
        assert net["Queue"] == "sales"
        leg = await house.phones["boris"].next_invite()
        await leg.answered()
        await call.hears(TONES, 600)
        await call.hangup()
        await house.idle()
        assert all("boris" in e["DestChannel"] for e in house.ami.events if e["Event"] == "DialBegin")


async def silent(ask: Ask, conversation: Conversation) -> None:
    await asyncio.sleep(60)


async def half(ask: Ask, conversation: Conversation) -> None:
    await conversation.set("CC_DECISION", dial("anna"))


async def gone(ask: Ask, conversation: Conversation) -> None:
    return


@pytest.mark.parametrize(("answer", "limit"), [(silent, 2.6), (half, 0.6), (gone, 0.6)])
async def test_a_router_that_fails_costs_the_caller_seconds_not_the_call(
    answer: object, limit: float, tmp_path: Path
) -> None:
    async with dialplan_house(answer, tmp_path, 37) as house:  # type: ignore[arg-type]
        await house.member("boris")
        house.phones["boris"].behaviour = Answer()
        began = time.monotonic()
        call = await house.call()
        leg = await house.phones["boris"].next_invite()
        assert time.monotonic() - began < limit
        await leg.answered()
        await call.hears(TONES, 600)
        await call.hangup()
        await house.idle()


async def test_a_caller_in_the_net_is_pulled_back_into_routing(tmp_path: Path) -> None:
    """Also when the net's agent begins to ring, at the moment when Asterisk would tell the caller who."""
    async with dialplan_house(in_turn("queue|||||", dial("anna")), tmp_path, 41) as house:
        await house.member("boris")
        house.phones["boris"].behaviour = Ring()
        house.phones["anna"].behaviour = Answer()
        settings = house.running.settings
        async with await AmiTap.login(settings.ami_port, settings.actor_user, settings.actor_secret) as actor:
            call = await house.call()
            await house.router.next_ask()
            joined = await house.ami.event(Event="QueueCallerJoin")
            await house.phones["boris"].next_invite()
            channel = joined["Channel"]
            await actor.action("Redirect", Channel=channel, Context="cc-offer", Exten="s", Priority="1")
            again = await house.router.next_ask()
        assert (again.reason, again.args[0]) == ("freed", house.router.asks[0].args[0])
        await (await house.phones["anna"].next_invite()).answered()
        await call.hears(TONES, 600)
        await call.hangup()
        await house.idle()


async def test_a_reload_under_a_call_leaves_it_alone(tmp_path: Path) -> None:
    async with dialplan_house(always(dial("anna")), tmp_path, 42) as house:
        house.phones["anna"].behaviour = Answer()
        call = await house.call()
        leg = await house.phones["anna"].next_invite()
        await asyncio.gather(call.answered(), leg.answered())
        await house.running.control.run("core reload")
        await asyncio.gather(call.hears(TONES, 600), leg.hears(TONES, 440))
        await leg.hangup()
        await call.ended()
        await house.idle()


async def test_with_no_router_at_all_the_net_takes_the_call_and_records_it(tmp_path: Path) -> None:
    async with dialplan_house(always("hangup|||||"), tmp_path, 38) as house:
        await house.router.close()
        await house.member("boris")
        house.phones["boris"].behaviour = Answer()
        call = await house.call()
        leg = await house.phones["boris"].next_invite()
        await leg.answered()
        await call.hears(TONES, 600)
        arrived = await house.ami.event(UserEvent="Callcard", Step="arrived")
        await leg.hangup()
        await call.ended()
        await house.idle()
        assert (house.running.settings.recordings / f"{arrived['Call']}.wav").stat().st_size > 1_000


async def test_with_no_router_and_no_member_the_caller_may_leave_a_message(tmp_path: Path) -> None:
    async with dialplan_house(always("hangup|||||"), tmp_path, 39) as house:
        await house.router.close()
        call = await house.call()
        await house.ami.event(UserEvent="Callcard", Step="voicemail")
        await call.answered()
        await call.hangup()
        await house.idle()


async def test_a_caller_who_leaves_a_hung_ask_leaves_no_channel(tmp_path: Path) -> None:
    async with dialplan_house(silent, tmp_path, 40) as house:
        call = await house.call()
        await house.router.next_ask()
        await call.hangup()
        await house.idle()
        assert not house.ami.steps("net"), "the ask ended with the caller, not with its time"
