"""Nobody is free: waiting with music, the line over both queues, overflow, voicemail."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Any

import pytest

from tests.fakes.sip_peer import OutgoingCall, Refuse
from tests.journeys.house import (
    BRIEF,
    CALLER,
    EVERY_TONE,
    SALES,
    SUPPORT,
    TONES,
    House,
    codes,
    offers,
    texts,
    until,
)

pytestmark = [pytest.mark.journey, pytest.mark.asyncio(loop_scope="module")]


async def waits(house: House, did: str, number: str) -> OutgoingCall:
    """A call that finds nobody free; returns when the music plays and the API shows it waiting."""
    call = await house.call(did, number=number)
    await call.answered()  # by the waiting music

    async def waiting() -> bool:
        return any(c["from"] == number and c["state"] == "waiting" for c in await house.calls())

    await until(waiting, what=f"{number} to wait")
    return call


async def connected(house: House, agent: str, number: str, call: OutgoingCall) -> float:
    """The next INVITE of the agent's phone is for *number*, and both sides talk; when it came."""
    leg = await house.leg(agent)
    assert leg.remote_number == number
    await leg.answered()
    await asyncio.gather(call.hears(EVERY_TONE, TONES[agent]), leg.hears(EVERY_TONE, CALLER))
    return leg.received_at


async def in_order(
    house: House, agent: str, first: OutgoingCall, line: Sequence[tuple[str, OutgoingCall]]
) -> None:
    """The agent talks with *first*; each end brings the next of *line*, at once."""
    talking = first
    for number, call in line:
        freed = time.monotonic()
        await talking.hangup()
        reached = await connected(house, agent, number, call)
        assert reached - freed < 3, "a caller who waits for the next slice of music waits ten seconds"
        talking = call
    await talking.hangup()


async def test_a_caller_waits_with_music_and_goes_to_who_is_free_first(house: House) -> None:
    await house.available("anna", "elena")
    with_anna, _ = await house.talk("anna", number="+74955550601")
    with_elena, _ = await house.talk("elena", number="+74955550602")
    call = await waits(house, SALES, "+74955550603")
    heard = call.rtp.received
    await until(_more_sound(call, heard + 40), what="music")
    house.phones["elena"].forget_invites()
    await in_order(house, "elena", with_elena, [("+74955550603", call)])
    await with_anna.hangup()
    seen = await house.ended(from_="+74955550603")
    assert (seen["outcome"], seen["agent"], seen["queue"]) == ("answered", "elena", "sales")
    said = codes(seen)
    assert said.index("waits") < said.index("freed") < said.index("answered")
    assert {"Nobody is free in Sales; the caller waits with music.", "Elena answered."} <= set(texts(seen))
    assert seen["wait_s"] > 0.8


def _more_sound(call: OutgoingCall, packets: int) -> Any:
    async def heard() -> bool:
        return call.rtp.received >= packets

    return heard


async def test_one_line_over_queues_that_share_an_agent_oldest_first(house: House) -> None:
    await house.available("anna")
    first, _ = await house.talk("anna", SALES, number="+74955550610")
    line = []
    for at, did in enumerate((SUPPORT, SALES, SUPPORT, SALES)):
        number = f"+7495555062{at}"
        line.append((number, await waits(house, did, number)))
    queues = {queue["name"]: queue["waiting"] for queue in (await house.get("/api/v1/queues"))["items"]}
    assert (queues["sales"], queues["support"]) == (2, 2)
    house.phones["anna"].forget_invites()
    await in_order(house, "anna", first, line)


async def test_a_newcomer_does_not_overtake_who_waits(house: House) -> None:
    await house.available("anna")
    await house.set_state("anna", "break", reason="rest")
    await house.until_state("anna", "break")
    older = await waits(house, SALES, "+74955550630")
    newer = await waits(house, SUPPORT, "+74955550631")
    await house.set_state("anna", "available")
    newest = await house.call(SALES, number="+74955550632")
    await connected(house, "anna", "+74955550630", older)
    await newest.answered()  # by the music
    await in_order(house, "anna", older, [("+74955550631", newer), ("+74955550632", newest)])


async def test_what_takes_long_for_each_of_three_queues(house: House) -> None:
    """Nobody logged in: voicemail. Waited too long: overflow. Refused: tried again after the music."""
    await house.phones["dina"].register()
    await house.until_state("dina", "available")
    await house.set_state("dina", "break", reason="meeting")
    await house.until_state("dina", "break")
    await house.available("rashid")
    await asyncio.gather(_leaves_a_message(house), _waits_too_long(house), _is_tried_again(house))
    await house.phones["dina"].unregister()


async def _is_tried_again(house: House) -> None:
    phone = house.phones["rashid"]
    phone.behaviour = Refuse(486)
    call = await waits(house, SUPPORT, "+74955550640")
    first = await phone.next_invite()
    again = await phone.next_invite(timeout=25)
    assert again.received_at - first.received_at > 10, "ten seconds of music lie between"
    await call.hangup()
    seen = await house.ended(from_="+74955550640")
    assert [agent for agent, _ in offers(seen)] == ["rashid", "rashid"]
    assert (seen["outcome"], seen["hangup_by"]) == ("abandoned", "caller")


async def _leaves_a_message(house: House) -> None:
    call = await house.call(SALES, number="+74955550650")
    await call.answered()
    seen: list[Any] = []

    async def recording() -> bool:
        shown = await house.pbx.control.run("core show channels concise")
        seen[:] = [shown]
        return "!Record!" in shown

    await until(recording, timeout=20, what=lambda: f"the message to be recorded: {seen}")
    await asyncio.sleep(2.5)
    await call.hangup()
    left = await house.ended(from_="+74955550650")
    assert (left["outcome"], left["agent"], left["talk_s"]) == ("voicemail", None, 0)
    assert {"overflow_no_agents", "voicemail"} <= set(codes(left))

    async def kept() -> bool:
        listed = (await house.get("/api/v1/recordings?phone=%2B74955550650"))["items"]
        seen[:] = listed
        return bool(listed) and listed[0]["state"] == "ok"

    await until(kept, what=lambda: f"the message to be kept: {seen}")
    assert (seen[0]["kind"], seen[0]["call_id"]) == ("voicemail", left["id"])
    assert 2.0 < seen[0]["duration_s"] < 4.0


async def _waits_too_long(house: House) -> None:
    call = await waits(house, BRIEF, "+74955550651")
    await call.ended(timeout=30)
    assert call.ended_by == "them"
    seen = await house.ended(from_="+74955550651")
    assert (seen["outcome"], seen["hangup_by"], seen["agent"]) == ("overflow", "system", None)
    assert "overflow_max_wait" in codes(seen)


async def test_a_caller_who_gives_up_waiting_is_abandoned(house: House) -> None:
    await house.available("anna")
    await house.set_state("anna", "break", reason="lunch")
    await house.until_state("anna", "break")
    call = await waits(house, SALES, "+74955550660")
    waited = await house.over(call, from_="+74955550660")
    assert (waited["outcome"], waited["hangup_by"]) == ("abandoned", "caller")
    assert waited["ended_at"] > waited["started_at"] and waited["answered_at"] is None
    assert call.ended_at is not None and call.invited_at is not None
    assert abs(waited["wait_s"] - (call.ended_at - call.invited_at)) < 0.3
    assert offers(waited) == []
