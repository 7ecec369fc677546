"""Recordings of real calls: both sides, kept and found, and heard only by those who may."""

from __future__ import annotations

import asyncio
from array import array
from typing import Any

import pytest
import soundfile

from tests.fakes.sip import tone
from tests.fakes.sip_peer import Call, IncomingCall, Manual
from tests.journeys.house import (
    CALLER,
    EVERY_TONE,
    MARINA,
    SALES,
    TONES,
    WITHHELD,
    House,
    until,
)

EXTENSIONS = {"anna": "101", "rashid": "103"}
SEQUENCES = {"elena": 30_000, "anna": 20_000, "rashid": 10_000}  # of RTP, each below the one before
TALK_S = 0.8

pytestmark = [pytest.mark.journey, pytest.mark.asyncio(loop_scope="module")]


async def kept(house: House, call_id: str, format: str = "mp3") -> dict[str, Any]:
    """The recording of a call, once it is verified and compressed."""
    seen: list[dict[str, Any]] = []

    async def there() -> bool:
        seen[:] = (await house.get(f"/api/v1/calls/{call_id}"))["recordings"]
        return bool(seen) and seen[0]["state"] != "running" and seen[0]["format"] == format

    await until(there, timeout=30, what=lambda: f"the recording of {call_id}: {seen}")
    assert len(seen) == 1
    return seen[0]


async def settled_talk(house: House, call_id: str) -> float:
    """Seconds of talk as the ledger has them: what AMI showed live may be late on a busy machine."""
    seen: dict[str, Any] = {}

    async def there() -> bool:
        seen.update(await house.get(f"/api/v1/calls/{call_id}"))
        return bool(seen["settled"])

    await until(there, timeout=30, what=f"the ledger to settle {call_id}")
    return float(seen["talk_s"])


async def fetch(
    house: House, recording: dict[str, Any], who: str, **headers: str
) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and bytes of the audio, as *who* gets it."""
    asked = {"Authorization": f"Bearer {house.tokens[who]}", **headers}
    async with house.http.get(f"http://{house.settings.http}{recording['audio']}", headers=asked) as answer:
        return answer.status, dict(answer.headers), await answer.read()


def whole(house: House, call_id: str) -> tuple[list[int], list[int]]:
    """What is kept of a call on disk: left and right samples."""
    (path,) = house.pbx.settings.recordings.glob(f"kept/*/{call_id}.*")
    samples, rate = soundfile.read(path, dtype="int16")
    assert rate == tone.RATE and samples.shape[1] == 2
    left, right = (array("h", samples[:, side].tobytes()).tolist() for side in (0, 1))
    return left, right


def sides(house: House, call_id: str) -> tuple[list[int], list[int]]:
    """What is kept of a call on disk, without its first and last quarter: left and right samples."""
    left, right = (side[len(side) // 4 : len(side) * 3 // 4] for side in whole(house, call_id))
    return left, right


async def test_both_sides_are_kept_verified_and_compressed(house: House) -> None:
    await house.available("anna")
    call, _ = await house.talk("anna", from_header=WITHHELD)
    await asyncio.sleep(2.0)
    seen = await house.over(call)
    recording = await kept(house, seen["id"])
    assert (recording["state"], recording["reason"], recording["kind"]) == ("ok", None, "call")
    talk_s = await settled_talk(house, seen["id"])
    assert recording["duration_s"] == pytest.approx(talk_s, rel=0.25)
    assert recording["expected_s"] == pytest.approx(talk_s, abs=0.1)
    left, right = sides(house, seen["id"])
    assert tone.loudest(left, EVERY_TONE) == CALLER
    assert tone.loudest(right, EVERY_TONE) == TONES["anna"]
    assert tone.power(left, TONES["anna"]) < 0.05 and tone.power(right, CALLER) < 0.05
    left_over = [path.name for path in house.pbx.settings.recordings.glob(f"{seen['id']}*")]
    assert left_over == [], "the PBX's own files are gone once the kept one is safe"


async def test_audio_whole_in_ranges_and_audited(house: House) -> None:
    await house.available("anna")
    call, _ = await house.talk("anna", from_header=WITHHELD)
    await asyncio.sleep(0.8)
    recording = await kept(house, (await house.over(call))["id"])
    status, headers, whole = await fetch(house, recording, "anna")
    assert (status, headers["Content-Type"], len(whole)) == (200, "audio/mpeg", recording["size_bytes"])
    status, headers, part = await fetch(house, recording, "viktor", Range="bytes=100-299")
    assert (status, part) == (206, whole[100:300])
    assert headers["Content-Range"] == f"bytes 100-299/{len(whole)}"
    status, _, tail = await fetch(house, recording, "admin", Range="bytes=-50")
    assert (status, tail) == (206, whole[-50:])
    status, headers, _ = await fetch(house, recording, "admin", Range=f"bytes={len(whole)}-")
    assert (status, headers["Content-Range"]) == (416, f"bytes */{len(whole)}")
    for stranger in ("elena", "rashid"):  # neither had part in the call
        assert (await fetch(house, recording, stranger))[0] == 404
        await house.get(f"/api/v1/recordings/{recording['id']}", who=stranger, status=404)
    async with house.http.get(f"http://{house.settings.http}{recording['audio']}") as answer:
        assert answer.status == 401
    async with house.database.hot(timeout_s=5) as connection:
        rows = await connection.fetch(
            "SELECT actor FROM audit WHERE action = 'recording.played' AND subject_id = $1 ORDER BY id",
            recording["id"],
        )
    assert [row["actor"] for row in rows] == ["anna", "viktor", "admin"]  # piece by piece, one playback each


@pytest.mark.parametrize(
    "ways",
    [("blind", "attended"), ("attended", "attended"), ("attended", "blind"), ("ringing", "attended")],
    ids="-".join,
)
async def test_everybody_is_recorded_through_transfers(house: House, ways: tuple[str, str]) -> None:
    agents = tuple(SEQUENCES)
    await house.available(*agents)
    for agent in agents:
        house.phones[agent].behaviour = Manual()
    call = await house.call(number=MARINA)
    leg = await answers(house, agents[0])
    await talks(call, agents[0])
    for giver, way, agent in zip(agents, ways, agents[1:], strict=False):
        leg = await given_to(house, leg, giver, way, agent)
        await talks(call, agent)
    seen = await house.over(call, from_=MARINA)
    recording = await kept(house, seen["id"])
    assert (recording["state"], recording["reason"]) == ("ok", None)
    talk_s = await settled_talk(house, seen["id"])
    assert recording["duration_s"] == pytest.approx(talk_s, rel=0.25)
    left, right = map(said, whole(house, seen["id"]))
    assert list(right) == [TONES[agent] for agent in agents]
    # A busy machine lets the peers' sound stumble; what is not taken in is missing by a whole agent.
    assert min(right.values()) >= TALK_S / 2, right
    assert left[CALLER] >= recording["duration_s"] * 0.7
    for who in agents:  # all had part in it
        assert (await fetch(house, recording, who))[0] == 200
    await leg.ended()


def said(samples: list[int]) -> dict[int, float]:
    """The tones in *samples*, in order, with their seconds."""
    found: dict[int, float] = {}
    step = tone.RATE // 10
    for at in range(0, len(samples) - step, step):
        heard = tone.loudest(samples[at : at + step], EVERY_TONE)
        if heard is not None:
            found[heard] = found.get(heard, 0.0) + 0.1
    return found


async def talks(call: Call, agent: str) -> None:
    """The caller hears *agent*, and they talk for `TALK_S`."""
    await call.hears(EVERY_TONE, TONES[agent])
    await asyncio.sleep(TALK_S)


async def given_to(house: House, leg: IncomingCall, giver: str, way: str, agent: str) -> IncomingCall:
    """*giver*, who has the call on *leg*, gives it to *agent*; the new leg."""
    phone, extension = house.phones[giver], EXTENSIONS[agent]
    if way == "blind":
        assert await leg.refer(house.extension(extension)) == 202
        assert await leg.transferred() == 200
        await leg.hangup()
        return await answers(house, agent)
    assert await leg.hold() == 200
    consult = await phone.dial(extension)
    taken = await house.leg(agent)
    taken.ring()
    if way == "attended":
        await answer(taken, agent)
        await consult.answered()
    else:
        await consult.ringing()
    await leg.join(consult)
    if way == "ringing":
        await answer(taken, agent)
    return taken


async def answers(house: House, agent: str) -> IncomingCall:
    """The agent's phone rings and answers."""
    leg = await house.leg(agent)
    leg.ring()
    await answer(leg, agent)
    return leg


async def answer(leg: IncomingCall, agent: str) -> None:
    """Counting RTP packets from a number below that of the phone before: what Asterisk may stumble over."""
    leg.rtp.sequence = SEQUENCES[agent]
    leg.answer()
    await leg.answered()


async def test_a_call_nobody_answered_has_no_recording(house: House) -> None:
    await house.available("anna")
    await house.set_state("anna", "break", reason="rest")
    await house.until_state("anna", "break")
    call = await house.call(SALES, number="+74955550950")
    await call.answered()  # by the music
    await asyncio.sleep(0.3)
    seen = await house.over(call, from_="+74955550950")
    assert seen["recordings"] == []
    assert list(house.pbx.settings.recordings.rglob(f"{seen['id']}*")) == []


async def test_what_is_found_by_number_agent_and_state(house: House) -> None:
    await house.available("elena")
    call, _ = await house.talk("elena", number=MARINA)
    await asyncio.sleep(0.5)
    seen = await house.over(call, from_=MARINA)
    recording = await kept(house, seen["id"])
    for query in ("phone=%2B74955550142", "phone=84955550142", "agent=elena", "state=ok"):
        listed = (await house.get(f"/api/v1/recordings?{query}"))["items"]
        assert recording["id"] in [item["id"] for item in listed], query
    listed = (await house.get("/api/v1/recordings?agent=elena", who="dina"))["items"]
    assert listed == []
