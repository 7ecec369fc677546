"""What attackers put into headers of an INVITE to have it in AMI events or FastAGI answers."""

from __future__ import annotations

import secrets

from tests.fakes.sip_peer import SipPeer

FORGED = "%0d%0aEvent%3a%20Hangup%0d%0aUniqueid%3a%201.1"
DIALLED = "+994125550100"
ATTACKER = "+74955550142"
CLEAN = f"<sip:{ATTACKER}@127.0.0.9>"


def invite(peer: SipPeer, uri: str, *lines: str, drop: str = "") -> bytes:
    """A whole INVITE to *uri* as bytes; *lines* come first, header names in *drop* are left to them."""
    call_id = secrets.token_hex(8)
    own = {
        "From": f"{CLEAN};tag={call_id}",
        "To": f"<{uri}>",
        "Contact": peer.contact,
        "Call-ID": call_id,
    }
    kept = [f"{name}: {value}" for name, value in own.items() if name not in drop.split()]
    host = f"IN IP4 {peer.host}"
    sdp = f"v=0\r\no=- 1 1 {host}\r\ns=-\r\nc={host}\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\n"
    head = [
        f"INVITE {uri} SIP/2.0",
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


CORPUS: list[tuple[str, str]] = [  # header lines, and the header they replace
    (f"From: <sip:{ATTACKER}{FORGED}@127.0.0.9>;tag=1", "From"),
    (f"f: <sip:{ATTACKER}{FORGED}@127.0.0.9>;tag=1", "From"),
    (f"FROM : <sip:{ATTACKER}{FORGED}@127.0.0.9>;tag=1", "From"),
    (f"From: sip:{ATTACKER}{FORGED}@127.0.0.9;tag=1", "From"),
    (f'From: "x" <sip:{ATTACKER}%0D%0AEvent@127.0.0.9>;tag=1', "From"),
    (f"From: <sip:{ATTACKER}%0a@127.0.0.9>;tag=1", "From"),
    (f"From: <sip:{ATTACKER}%00@127.0.0.9>;tag=1", "From"),
    (f"From: <sip:{ATTACKER}%7F@127.0.0.9>;tag=1", "From"),
    (f"From: <sip:{ATTACKER}%1b@127.0.0.9>;tag=1", "From"),
    (f'From: "a\rEvent: Hangup" <sip:{ATTACKER}@127.0.0.9>;tag=1', "From"),
    (f'From: "a\x01b" <sip:{ATTACKER}@127.0.0.9>;tag=1', "From"),
    (f"To: <sip:{DIALLED}{FORGED}@127.0.0.9>", "To"),
    (f"t: <sip:{DIALLED}{FORGED}@127.0.0.9>", "To"),
    (f"Contact: <sip:x{FORGED}@127.0.0.9>", "Contact"),
    (f"m: <sip:x{FORGED}@127.0.0.9>", "Contact"),
    (f"P-Asserted-Identity: <sip:{ATTACKER}{FORGED}@127.0.0.9>", ""),
    (f"p-asserted-identity: <tel:{ATTACKER}{FORGED}>", ""),
    (f"P-Asserted-Identity: {CLEAN}\r\nP-Asserted-Identity: <sip:1{FORGED}@127.0.0.9>", ""),
    (f"P-Asserted-Identity: {CLEAN}, <sip:1{FORGED}@127.0.0.9>", ""),
    (f"Remote-Party-ID: <sip:{ATTACKER}{FORGED}@127.0.0.9>;party=calling", ""),
    (f"Diversion: <sip:{ATTACKER}{FORGED}@127.0.0.9>;reason=unconditional", ""),
    (f"Diversion: {CLEAN}\r\nDiversion: <sip:1{FORGED}@127.0.0.9>;reason=no-answer", ""),
    (f"Call-ID: abc%0d%0aEvent{secrets.token_hex(4)}", "Call-ID"),
]

UNREADABLE = (  # PJSIP drops the datagram: there is no answer to wait for
    f"From: <tel:{ATTACKER}{FORGED}>;tag=1",
    f"From: <sip:{ATTACKER}%0d%0aEvent:%20Hangup@127.0.0.9>;tag=1",
    f'From: "a\r\nEvent: Hangup" <sip:{ATTACKER}@127.0.0.9>;tag=1',
)


def hostile_uris(dialled: str, host: str) -> tuple[str, ...]:
    """Request URIs that are none of ours: refused like the rest of the corpus."""
    return (f"sip:{dialled}{FORGED}@{host}", f"sip:{dialled}%26Local%2Fx@{host}", "sip:%0d%0a@x")
