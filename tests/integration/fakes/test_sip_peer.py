"""Peer calls peer over loopback: what the journeys stand on must itself be right."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.fakes.sip_peer import (
    Answer,
    CallFailed,
    Credentials,
    DigestGuard,
    IncomingCall,
    Media,
    OutgoingCall,
    Phone,
    Refuse,
    RegistrationFailed,
    Ring,
    Silent,
    SipPeer,
    Step,
)

pytestmark = pytest.mark.integration
TONES = (440, 600, 850)


@pytest.fixture
async def caller() -> AsyncIterator[SipPeer]:
    async with await SipPeer.open("127.0.0.2", tone=440) as peer:
        yield peer


@pytest.fixture
async def phone() -> AsyncIterator[Phone]:
    async with await Phone.open("127.0.0.3", endpoint="agent-anna-desk", tone=600) as opened:
        yield opened


async def connect(caller: SipPeer, phone: Phone) -> tuple[OutgoingCall, IncomingCall]:
    """A call that is up."""
    phone.behaviour = Answer()
    call = await caller.invite(f"sip:agent-anna-desk@127.0.0.3:{phone.port}", from_number="+74955550142")
    taken = await phone.next_invite()
    await call.answered()
    return call, taken


async def test_both_sides_hear_each_other(caller: SipPeer, phone: Phone) -> None:
    call, taken = await connect(caller, phone)
    await asyncio.gather(call.hears(TONES, 600), taken.hears(TONES, 440))
    await call.hangup()
    await taken.ended()
    assert (call.ended_by, taken.ended_by) == ("us", "them")
    assert call.rtp.sent > 5 and taken.rtp.received > 5
    assert not caller.calls and not phone.calls


async def test_times_of_both_ends_are_in_order(caller: SipPeer, phone: Phone) -> None:
    phone.behaviour = Answer(after=0.05)
    call = await caller.invite(f"sip:agent-anna-desk@127.0.0.3:{phone.port}", from_name="Пётр")
    taken = await phone.next_invite()
    await call.answered()
    await taken.until(lambda: taken.confirmed_at is not None, 2)
    assert taken.ringing_at is not None and call.ringing_at is not None
    assert taken.answered_at is not None and call.answered_at is not None
    assert call.invited_at <= taken.received_at <= taken.ringing_at <= call.ringing_at
    assert call.ringing_at < taken.answered_at <= call.answered_at
    assert taken.remote_name == "Пётр" and taken.called == "agent-anna-desk"


async def test_caller_cancels_a_ringing_call(caller: SipPeer, phone: Phone) -> None:
    phone.behaviour = Ring()
    call = await caller.invite(f"sip:x@127.0.0.3:{phone.port}")
    taken = await phone.next_invite()
    await call.ringing()
    await call.hangup()
    assert (call.status, call.ended_by, call.answered_at) == (487, "us", None)
    assert (taken.step, taken.ended_by) == (Step.ENDED, "them")


async def test_hangup_before_any_answer_waits_for_the_first(caller: SipPeer, phone: Phone) -> None:
    phone.behaviour = Ring()
    call = await caller.invite(f"sip:x@127.0.0.3:{phone.port}")
    await call.hangup()
    assert call.status == 487


async def test_refusal_tells_its_status(caller: SipPeer, phone: Phone) -> None:
    phone.behaviour = Refuse(486)
    call = await caller.invite(f"sip:x@127.0.0.3:{phone.port}")
    with pytest.raises(CallFailed) as refused:
        await call.answered()
    assert refused.value.status == call.status == 486


async def test_silent_phone_gives_nothing(caller: SipPeer, phone: Phone) -> None:
    phone.behaviour = Silent()
    call = await caller.invite(f"sip:x@127.0.0.3:{phone.port}")
    with pytest.raises(TimeoutError):
        await call.ringing(timeout=0.3)
    assert call.status is None


async def test_hold_stops_the_held_side_and_resume_returns_it(caller: SipPeer, phone: Phone) -> None:
    call, taken = await connect(caller, phone)
    await taken.hears(TONES, 440)
    assert await taken.hold() == 200
    assert (call.remote_media, call.rtp.sending) == (Media.SENDONLY, False)
    assert await taken.resume() == 200
    assert await taken.hold(Media.INACTIVE) == 200
    assert (call.remote_media, call.rtp.sending) == (Media.INACTIVE, False)
    assert await taken.resume() == 200
    await asyncio.gather(call.hears(TONES, 600), taken.hears(TONES, 440))


async def test_refer_is_taken_and_its_end_told(caller: SipPeer, phone: Phone) -> None:
    call, taken = await connect(caller, phone)
    assert await taken.refer("sip:102@127.0.0.1") == 202
    assert await taken.transferred() == 200
    assert call.refers[0].get("Refer-To") == "<sip:102@127.0.0.1>"


async def test_attended_refer_names_the_consult_dialog(caller: SipPeer, phone: Phone) -> None:
    call, taken = await connect(caller, phone)
    consult, _ = await connect(caller, phone)
    assert await taken.refer_attended(consult) == 202
    refer_to = call.refers[0].get("Refer-To")
    assert f"Replaces={consult.call_id}%3Bto-tag%3D" in refer_to


@pytest.mark.parametrize("algorithms", [("MD5",), ("SHA-256",), ("SHA-256", "MD5")])
async def test_registers_and_calls_with_digest(algorithms: tuple[str, ...]) -> None:
    guard = DigestGuard({"agent-anna-desk": "secret"}, algorithms)
    async with await SipPeer.open("127.0.0.1", guard=guard) as switch:
        server = ("127.0.0.1", switch.port)
        async with await Phone.open(
            "127.0.0.3", endpoint="agent-anna-desk", server=server, password="secret"
        ) as phone:
            assert list(switch.registrations.values()) == [phone.contact]
            call = await phone.dial("*50")
            taken = await switch.next_invite()
            taken.answer()
            await call.answered()
            assert taken.called == "*50"
            await phone.unregister()
            assert switch.registrations == {}


async def test_wrong_password_is_told(caller: SipPeer) -> None:
    async with await SipPeer.open("127.0.0.1", guard=DigestGuard({"a": "right"})) as switch:
        with pytest.raises(RegistrationFailed) as failed:
            await Phone.open("127.0.0.3", endpoint="a", server=("127.0.0.1", switch.port), password="wrong")
        assert failed.value.status == 401
        call = await caller.invite(f"sip:1@127.0.0.1:{switch.port}", credentials=Credentials("a", "wrong"))
        with pytest.raises(CallFailed):
            await call.answered()
        assert call.status == 401


async def test_raw_request_gets_its_answer(caller: SipPeer, phone: Phone) -> None:
    raw = (
        b"OPTIONS sip:x@127.0.0.3 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.2;branch=raw1\r\n"
        b"From: <sip:a@b>;tag=1\r\nTo: <sip:x@127.0.0.3>\r\nCall-ID: raw-1\r\nCSeq: 1 OPTIONS\r\n\r\n"
    )
    assert (await caller.ask_raw(raw, ("127.0.0.3", phone.port))).status == 200
    caller.send_raw(b"\xff\x00 nonsense", ("127.0.0.3", phone.port))
    assert (await caller.ask_raw(raw.replace(b"raw-1", b"raw-2"), ("127.0.0.3", phone.port))).status == 200


async def test_a_lost_invite_is_sent_again(caller: SipPeer) -> None:
    """The phone's port opens only after the first INVITE was lost."""
    async with await Phone.open("127.0.0.3", endpoint="a") as gone:
        port = gone.port
    call = await caller.invite(f"sip:a@127.0.0.3:{port}")
    async with await Phone.open("127.0.0.3", endpoint="a", port=port, behaviour=Answer()):
        await call.answered(timeout=3)
        await call.hangup()


async def test_many_calls_at_once_keep_time(caller: SipPeer, phone: Phone) -> None:
    phone.behaviour = Answer()
    calls = [await caller.invite(f"sip:x@127.0.0.3:{phone.port}") for _ in range(40)]
    await asyncio.gather(*(call.answered() for call in calls))
    await asyncio.sleep(1.0)
    counts = [call.rtp.received for call in calls]
    await asyncio.gather(*(call.hangup() for call in calls))
    assert min(counts) > 30, counts
