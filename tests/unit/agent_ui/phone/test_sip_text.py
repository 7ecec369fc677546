"""One whole message a frame, in one's own name: what a phone sends passes, every trick does not."""

from __future__ import annotations

import pytest

from agent_ui.phone.sip_text import NotAllowed, check_message

pytestmark = pytest.mark.unit

OWN = "agent-anna-web"
ME = f"<sip:{OWN}@pbx.invalid>"
BORIS = "<sip:agent-boris-web@pbx.invalid>"


def text(
    method: str = "INVITE",
    *,
    called: str = "102@pbx.invalid",
    sender: str = f"{ME};tag=1",
    to: str = "<sip:102@pbx.invalid>",
    body: str = "",
    length: int | str | None = None,
    more: tuple[str, ...] = (),
) -> str:
    """A request to *called* as JsSIP writes it; *more* are lines of headers."""
    size = len(body.encode()) if length is None else length
    lines = (
        f"{method} sip:{called} SIP/2.0",
        "Via: SIP/2.0/WS x.invalid;branch=z9hG4bK1",
        "Max-Forwards: 69",
        f"To: {to}",
        f"From: {sender}",
        "Call-ID: c1",
        f"CSeq: 1 {method}",
        *more,
        f"Content-Length: {size}",
    )
    return "\r\n".join(lines) + "\r\n\r\n" + body


@pytest.mark.parametrize(
    "message",
    [
        text(body="v=0\r\n"),
        text(body="привет"),  # counted in bytes
        text("REGISTER", to=ME),
        text("REGISTER", to=f"sip:{OWN}@pbx.invalid", sender=f"sip:{OWN}@pbx.invalid;tag=1"),
        text("MESSAGE", sender=f'"Anna <sip:x@y>" {ME};tag=1'),
        text("BYE", sender="<sip:zufall@pbx.invalid>;tag=1", to="<sip:102@pbx.invalid>;tag=2"),
        text("CANCEL"),
        text(called="+994125550142@pbx.invalid", to="<sip:+994125550142@pbx.invalid>"),
        text(called="*50@pbx.invalid", to="<sip:*50@pbx.invalid>"),
        # Within a call: the switch names itself as it likes.
        text(called="asterisk@127.0.0.1:5060;transport=ws", to="<sip:+994125550142@pbx.invalid>;tag=2"),
        "SIP/2.0 200 OK\r\nVia: SIP/2.0/WS x;branch=1\r\nTo: <sip:a@b>;tag=1\r\nContent-Length: 0\r\n\r\n",
        "SIP/2.0 180 \r\nContent-Length: 0\r\n\r\n",
        "\r\n\r\n",
        "\r\n",
    ],
)
def test_what_a_phone_says_passes(message: str) -> None:
    check_message(message, OWN)


@pytest.mark.parametrize(
    ("message", "why"),
    [
        *(
            (text(m, sender=f"{BORIS};tag=1"), "identity")
            for m in ("INVITE", "SUBSCRIBE", "MESSAGE", "REFER")
        ),
        *(
            (text(called=f"{called}@pbx.invalid"), "called")
            for called in (
                "+0125550142",  # nobody's number in E.164
                "+123456",  # too short for one
                "+1234567890123456",  # too long
                "84955550142",  # which country's is said by the house
                "+99412555014a",
                "+994125550142;phone-context=x",
                "+994125550142,102",
                "%2B994125550142",
                "1",
                "agent-boris-web",
                "s",
            )
        ),
        (text(called="102@127.0.0.1:5060"), "called"),
        (text(called="102@pbx.invalid;x=y"), "called"),
        (text(called="pbx.invalid"), "called"),
        (text("REGISTER", to=BORIS), "identity"),
        (text("REGISTER", to=BORIS, sender=f"{BORIS};tag=1"), "identity"),
        (text("REGISTER", sender=f"{BORIS};tag=1", to=f"{ME};tag=2"), "identity"),  # a tag makes no dialog
        (text(sender=f'"{ME}" {BORIS};tag=1'), "identity"),
        (text(sender="<sip:agent%2Danna-web@pbx.invalid>;tag=1"), "identity"),
        (text(sender="<tel:+74955550142>;tag=1"), "identity"),
        (text(more=(f"From: {BORIS};tag=2",)), "from"),
        (text(more=(f"f: {BORIS};tag=2",)), "from"),
        (text(more=(f"FROM : {BORIS};tag=2",)), "from"),
        (text(more=(f"t: {BORIS};tag=2",)), "to"),
        (text(more=(" folded",)), "header"),
        (text(more=("X: a\nFrom: b",)), "header"),
        (text(more=("X: a\rb",)), "header"),
        (text(more=("X: a\x00b",)), "header"),
        (text(more=("no colon",)), "header"),
        (text() + text(sender=f"{BORIS};tag=1"), "length"),
        (text(body="abc", length=2), "length"),
        (text(body="abc", length=4), "length"),
        (text(length="0, 0"), "length"),
        (text(length="-0"), "length"),
        (text(more=("l: 0",)), "length"),
        (text().replace("Content-Length: 0\r\n", ""), "length"),
        (text().replace("\r\n", "\n"), "form"),
        (text().replace("INVITE sip:102", "invite sip:102", 1), "form"),
        (text().replace("SIP/2.0", "HTTP/1.1", 1), "form"),
        ("GET / HTTP/1.1\r\nContent-Length: 0\r\n\r\n", "form"),
        ("\x00", "form"),
    ],
)
def test_tricks_do_not(message: str, why: str) -> None:
    with pytest.raises(NotAllowed, match=f"^{why}$"):
        check_message(message, OWN)
