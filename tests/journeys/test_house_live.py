"""The live feed during calls: first to know, whole at the end, and shown only to those who may see."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import Any

import pytest

from tests.fakes.sip_peer import Answer, Refuse, Ring
from tests.journeys.feed import Feed
from tests.journeys.house import MARINA, SALES, SUPPORT, WITHHELD, House, codes, until

pytestmark = [pytest.mark.journey, pytest.mark.asyncio(loop_scope="module")]


def seen_calls(feed: Feed) -> set[str]:
    """Ids of all calls that ever came to this socket."""
    shown = {frame.data["id"] for frame in feed.frames if frame.event.startswith("call.")}
    for frame in feed.frames:
        if frame.event == "snapshot":
            shown |= {call["id"] for call in frame.data["calls"]}
    return shown


async def same_as_fresh(house: House, feed: Feed, who: str) -> None:
    """What the events amounted to is what a newcomer is shown."""
    seen: list[Any] = []

    async def same() -> bool:
        async with house.feed(who) as fresh:
            seen[:] = [feed.picture(), fresh.picture()]
        return bool(seen[0] == seen[1])

    await until(same, what=lambda: f"{who}'s view to be a newcomer's: {seen}")


async def test_the_offer_is_on_the_desk_before_the_phone_is_rung(house: House) -> None:
    await house.available("anna", "elena")
    async with house.feed("elena") as desk:
        seen = 0
        for _ in range(20):
            began = len(desk.frames)
            call, leg = await house.talk("elena", number=MARINA)
            shown = [frame for frame in desk.frames[began:] if frame.event == "call.offered"]
            ended = await house.over(call, from_=MARINA)
            await house.until_state("elena", "available")
            if "net" in codes(ended):
                continue  # a machine too busy to answer the dialplan in time: nothing was offered
            late = (shown[0].at - leg.received_at) * 1000
            assert late < 0, f"{late:.1f} ms late"
            told = shown[0].data
            assert (told["offer"]["agent"], told["customer_title"]) == ("elena", "Marina Volkova")
            seen += 1
            if seen == 10:
                break
        assert seen == 10


async def test_a_call_is_told_step_by_step_and_in_order(house: House) -> None:
    await house.available("anna", "elena")
    # Both ring for a while: of a 180 that comes with the answer Asterisk tells nothing.
    house.phones["elena"].behaviour = Refuse(486, after=0.5)
    house.phones["anna"].behaviour = Answer(after=0.5)
    async with house.feed("admin") as board:
        call, leg = await house.talk("anna", number=MARINA)
        await leg.hold()
        await leg.resume()
        seen = await house.over(call, from_=MARINA)
        await board.heard("call.settled", lambda told: told["id"] == seen["id"])
        mine = [frame for frame in board.frames if frame.data.get("id") == seen["id"]]
        versions = [frame.data["version"] for frame in mine if "version" in frame.data]
        assert versions == sorted(versions)
        steps = [frame.event.removeprefix("call.") for frame in mine]
        told = [step for step in steps if step != "changed"]
        assert told == [
            "started",
            "identified",
            "offered",
            "alerting",
            "offer_ended",
            "offered",
            "alerting",
            "offer_ended",
            "answered",
            "held",
            "resumed",
            "ended",
            "settled",
        ]
        await same_as_fresh(house, board, "admin")


async def test_snapshot_and_events_amount_to_a_fresh_snapshot(house: House) -> None:
    people = ("anna", "elena", "rashid", "viktor", "admin")
    await house.available("anna", "elena")
    async with AsyncExitStack() as stack:
        feeds = {who: await stack.enter_async_context(house.feed(who)) for who in people}
        first, _ = await house.talk("elena", number=MARINA)
        second, leg = await house.talk("anna", SUPPORT, from_header=WITHHELD)
        waiting = await house.call(SALES, number="+74955550801")
        await waiting.answered()
        await house.the_call(lambda shown: shown["state"] == "waiting")
        for who, feed in feeds.items():  # in the middle of it all
            await same_as_fresh(house, feed, who)
        await leg.refer(house.extension("701"))
        await leg.transferred()
        await leg.hangup()
        await asyncio.gather(first.hangup(), second.hangup(), waiting.hangup())
        for agent in ("anna", "elena"):
            await house.until_state(agent, "available")
        await house.audit()
        for who, feed in feeds.items():
            await same_as_fresh(house, feed, who)
            assert not feed.view.calls


async def test_a_call_is_shown_to_its_agents_and_their_supervisor_only(house: House) -> None:
    await house.available("anna", "elena")
    house.phones["elena"].behaviour = Ring()
    async with AsyncExitStack() as stack:
        people = ("anna", "elena", "rashid", "viktor", "admin")
        feeds = {who: await stack.enter_async_context(house.feed(who)) for who in people}
        call = await house.call(number=MARINA)
        leg = await house.leg("elena")
        await feeds["elena"].heard("call.alerting")
        leg.refuse(486)
        await (await house.leg("anna")).answered()
        await house.until_state("anna", "talking")
        seen = await house.over(call, from_=MARINA)
        await feeds["admin"].heard("call.settled", lambda told: told["id"] == seen["id"])
        for who in ("anna", "elena", "viktor", "admin"):
            assert seen["id"] in seen_calls(feeds[who]), who
        assert seen["id"] not in seen_calls(feeds["rashid"]), "of another office, and no part in it"
        offered = [
            frame.data["offer"]["agent"] for frame in feeds["anna"].frames if frame.event == "call.offered"
        ]
        assert offered == ["anna"], "what was offered to elena was nothing of anna's"
        assert [frame for frame in feeds["elena"].frames if frame.event == "call.gone"]
        gone = [frame for frame in feeds["elena"].frames if frame.data.get("id") == seen["id"]]
        assert gone[-1].event == "call.gone", "nothing more of it came after that"


async def test_agents_states_follow_their_calls(house: House) -> None:
    await house.available("anna")
    async with house.feed("viktor") as board:
        house.phones["anna"].behaviour = Ring()
        call = await house.call(from_header=WITHHELD)
        leg = await house.leg("anna")
        await board.heard("agent.changed", lambda told: told["name"] == "anna" and told["state"] == "ringing")
        leg.answer()
        await house.until_state("anna", "talking")
        await house.over(call)
        await house.until_state("anna", "available")
        shown = [frame.data for frame in board.frames if frame.data.get("name") == "anna"]
        assert list(dict.fromkeys(one["state"] for one in shown)) == ["ringing", "talking", "available"]
        talking = next(one for one in shown if one["state"] == "talking")
        assert talking["call_id"] is not None
