"""Whether the switch is ready for a phone: a switch that starts takes sockets before it answers SIP.

A REGISTER sent into that gap is lost, and a phone would wait half a minute for its answer. So the switch
is asked first, in the phone's name: 401 says that it answers and has a password to ask for.
"""

from __future__ import annotations

import asyncio
import secrets

import aiohttp
from aiohttp import WSMsgType

_ANSWER_S = 0.5
_AGAIN_S = 0.1
_ASKED_FOR_PASSWORD = "SIP/2.0 401 "  # noqa: S105 - the start of an answer


async def until_ready(switch: aiohttp.ClientWebSocketResponse, endpoint: str) -> None:
    """Ask until the switch wants *endpoint*'s password. Unbounded: the caller has a time-out.

    Raises ConnectionError when the switch ends the connection.
    """
    while True:
        await switch.send_str(_options(endpoint))
        try:
            answer = await switch.receive(timeout=_ANSWER_S)
        except TimeoutError:
            continue
        if answer.type is not WSMsgType.TEXT:
            raise ConnectionError("the switch ended the connection")
        if answer.data.startswith(_ASKED_FOR_PASSWORD):
            return
        await asyncio.sleep(_AGAIN_S)


def _options(endpoint: str) -> str:
    party = f"<sip:{endpoint}@pbx.invalid>"
    token = secrets.token_hex(8)
    lines = (
        "OPTIONS sip:pbx.invalid SIP/2.0",
        f"Via: SIP/2.0/WS web.invalid;branch=z9hG4bK{token}",
        "Max-Forwards: 69",
        f"From: {party};tag={token}",
        f"To: {party}",
        f"Call-ID: {token}",
        "CSeq: 1 OPTIONS",
        "Content-Length: 0",
        "",
        "",
    )
    return "\r\n".join(lines)
