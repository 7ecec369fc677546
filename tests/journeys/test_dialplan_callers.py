"""Who calls: odd, withheld and hostile identities, as real INVITEs to a real Asterisk."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.sip_peer import SipPeer
from tests.journeys.agi_script import Ask, always
from tests.journeys.dialplan_house import CALLER, MAIN, House, dialplan_house

pytestmark = pytest.mark.journey

FORGED = "%0d%0aEvent%3a%20Hangup%0d%0aUniqueid%3a%201.1"
CLEAN = f"<sip:{CALLER}@127.0.0.9>"


async def asked(house: House, **call: Any) -> Ask:
    """What the router is told of a call with these identities."""
    made = await house.call(**call)
    ask = await house.router.next_ask()
    await made.hangup()
    await house.idle()
    return ask


async def test_identities_reach_the_router_clean_or_not_at_all(tmp_path: Path) -> None:
    async with dialplan_house(always("wait|||||"), tmp_path, 71) as house:
        cases: list[tuple[dict[str, object], str, str]] = [
            ({"from_number": CALLER, "from_name": "Анна Əliyeva"}, CALLER, "Анна Əliyeva"),
            ({"from_number": "anonymous"}, "unknown", "unknown"),
            ({"from_number": "1%222"}, "unknown", "unknown"),
            ({"from_number": "8495abc"}, "unknown", "unknown"),
            ({"from_number": "1" * 40}, "1" * 40, "unknown"),
            ({"from_number": CALLER, "from_name": "${SHELL(id)} <b>;`x`"}, CALLER, "${SHELL(id)} <b>;`x`"),
            ({"from_number": "100%26Local%2F900%40x"}, "unknown", "unknown"),
            ({"from_header": f'"Bad \udcff name" <sip:{CALLER}@127.0.0.9>'}, CALLER, "Bad � name"),
        ]
        for call, number, name in cases:
            ask = await asked(house, **call)
            assert (ask.env["agi_callerid"], ask.env["agi_calleridname"]) == (number, name), call
            assert ask.env["agi_dnid"] == MAIN


async def test_a_withheld_number_says_so(tmp_path: Path) -> None:
    async with dialplan_house(always("wait|||||"), tmp_path, 72) as house:
        hidden = await asked(
            house,
            from_header='"Anonymous" <sip:anonymous@anonymous.invalid>',
            headers=[("P-Asserted-Identity", f"<sip:{CALLER}@127.0.0.9>"), ("Privacy", "id")],
        )
        assert hidden.args[6].startswith("prohib")
        assert hidden.env["agi_callerid"] == "unknown", "what the network was asked to hide stays hidden"
        shown = await asked(house, headers=[("P-Asserted-Identity", "<sip:+79990000001@127.0.0.9>")])
        assert shown.args[6].startswith("allowed") and shown.env["agi_callerid"] == "+79990000001"


async def test_a_forwarded_call_keeps_a_clean_first_target(tmp_path: Path) -> None:
    async with dialplan_house(always("wait|||||"), tmp_path, 73) as house:
        ask = await asked(house, headers=[("Diversion", "<sip:+74950000001@127.0.0.9>;reason=unconditional")])
        assert ask.env["agi_rdnis"] == "+74950000001"


def invite(peer: SipPeer, house: House, *lines: str, uri: str | None = None, drop: str = "") -> bytes:
    """A whole INVITE as bytes; *lines* come first, header names in *drop* are left to them."""
    settings = house.running.settings
    target = uri or f"sip:{MAIN}@{settings.sip_bind}:{settings.sip_port}"
    call_id = secrets.token_hex(8)
    own = {
        "From": f"{CLEAN};tag={call_id}",
        "To": f"<sip:{MAIN}@{settings.sip_bind}>",
        "Contact": peer.contact,
        "Call-ID": call_id,
    }
    kept = [f"{name}: {value}" for name, value in own.items() if name not in drop.split()]
    host = f"IN IP4 {peer.host}"
    sdp = f"v=0\r\no=- 1 1 {host}\r\ns=-\r\nc={host}\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\n"
    head = [
        f"INVITE {target} SIP/2.0",
        f"Via: SIP/2.0/UDP {peer.host}:{peer.port};rport;branch=z9hG4bK{secrets.token_hex(8)}",
        "Max-Forwards: 70",
        *lines,
        *kept,
        "CSeq: 1 INVITE",
        "Content-Type: application/sdp",
        f"Content-Length: {len(sdp)}",
        "",
        sdp,
    ]
    return "\r\n".join(head).encode("utf-8", "surrogateescape")


CORPUS: list[tuple[str, str]] = [
    (f"From: <sip:{CALLER}{FORGED}@127.0.0.9>;tag=1", "From"),
    (f"f: <sip:{CALLER}{FORGED}@127.0.0.9>;tag=1", "From"),
    (f"FROM : <sip:{CALLER}{FORGED}@127.0.0.9>;tag=1", "From"),
    (f"From: sip:{CALLER}{FORGED}@127.0.0.9;tag=1", "From"),
    (f'From: "x" <sip:{CALLER}%0D%0AEvent@127.0.0.9>;tag=1', "From"),
    (f"From: <sip:{CALLER}%0a@127.0.0.9>;tag=1", "From"),
    (f"From: <sip:{CALLER}%00@127.0.0.9>;tag=1", "From"),
    (f"From: <sip:{CALLER}%7F@127.0.0.9>;tag=1", "From"),
    (f"From: <sip:{CALLER}%1b@127.0.0.9>;tag=1", "From"),
    (f'From: "a\rEvent: Hangup" <sip:{CALLER}@127.0.0.9>;tag=1', "From"),
    (f'From: "a\x01b" <sip:{CALLER}@127.0.0.9>;tag=1', "From"),
    (f"To: <sip:{MAIN}{FORGED}@127.0.0.9>", "To"),
    (f"t: <sip:{MAIN}{FORGED}@127.0.0.9>", "To"),
    (f"Contact: <sip:x{FORGED}@127.0.0.9>", "Contact"),
    (f"m: <sip:x{FORGED}@127.0.0.9>", "Contact"),
    (f"P-Asserted-Identity: <sip:{CALLER}{FORGED}@127.0.0.9>", ""),
    (f"p-asserted-identity: <tel:{CALLER}{FORGED}>", ""),
    (f"P-Asserted-Identity: {CLEAN}\r\nP-Asserted-Identity: <sip:1{FORGED}@127.0.0.9>", ""),
    (f"P-Asserted-Identity: {CLEAN}, <sip:1{FORGED}@127.0.0.9>", ""),
    (f"Remote-Party-ID: <sip:{CALLER}{FORGED}@127.0.0.9>;party=calling", ""),
    (f"Diversion: <sip:{CALLER}{FORGED}@127.0.0.9>;reason=unconditional", ""),
    (f"Diversion: {CLEAN}\r\nDiversion: <sip:1{FORGED}@127.0.0.9>;reason=no-answer", ""),
    (f"Call-ID: abc%0d%0aEvent{secrets.token_hex(4)}", "Call-ID"),
]

UNREADABLE = (  # PJSIP drops the datagram: there is no answer to wait for
    f"From: <tel:{CALLER}{FORGED}>;tag=1",
    f"From: <sip:{CALLER}%0d%0aEvent:%20Hangup@127.0.0.9>;tag=1",
    f'From: "a\r\nEvent: Hangup" <sip:{CALLER}@127.0.0.9>;tag=1',
)


async def test_the_hostile_corpus_makes_no_channel_and_no_event(tmp_path: Path) -> None:
    async with dialplan_house(always("wait|||||"), tmp_path, 74) as house:
        target = (house.running.settings.sip_bind, house.running.settings.sip_port)
        seen = len(house.ami.events)
        for line in UNREADABLE:
            house.caller.send_raw(invite(house.caller, house, line, drop="From"), target)
        for line, drop in CORPUS:
            answer = await house.caller.ask_raw(invite(house.caller, house, line, drop=drop), target)
            assert answer.status == 404, line
        for uri in (f"sip:{MAIN}{FORGED}@{target[0]}", f"sip:{MAIN}%26Local%2Fx@{target[0]}", "sip:%0d%0a@x"):
            answer = await house.caller.ask_raw(invite(house.caller, house, uri=uri), target)
            assert answer.status == 404, uri
        await house.idle()
        assert house.ami.events[seen:] == []
        assert house.router.asks == []
        assert b"Uniqueid: 1.1" not in bytes(house.ami.raw)
        clean = await house.call()  # the same caller, clean: a call as any other
        await house.router.next_ask()
        await clean.hangup()
        await house.idle()


async def test_a_stranger_gets_nothing(tmp_path: Path) -> None:
    async with dialplan_house(always("wait|||||"), tmp_path, 75) as house:
        target = (house.running.settings.sip_bind, house.running.settings.sip_port)
        async with await SipPeer.open("127.0.75.66") as stranger:
            answer = await stranger.ask_raw(invite(stranger, house), target)
        assert answer.status == 401
        assert house.router.asks == []
        await house.idle()
