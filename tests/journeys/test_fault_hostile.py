"""The hostile corpus against the whole product, between real calls: none is forged, none is hidden."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from tests.journeys.front import SALES
from tests.journeys.hostile import CORPUS, UNREADABLE, hostile_uris, invite
from tests.journeys.running_callcard import Callcard, running_callcard, talk

pytestmark = [pytest.mark.journey, pytest.mark.asyncio(loop_scope="module")]

# Odd, but calls like any other: name and number on the wire.
ODD = (
    ("+74955558001", '<script>alert("1")</script>'),
    ("+74955558002", "=cmd|' /C calc'!A0"),
    ("+74955558003", "${SHELL(id)}"),
    ("1%222", "quote"),
    ("8" * 40, "forty digits"),
    ("100%26Local%2F900%40secret", "dial string"),
)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def callcard() -> AsyncIterator[Callcard]:
    async with running_callcard() as running:
        yield running


async def test_forged_headers_make_no_call_and_hide_none(callcard: Callcard) -> None:
    await callcard.at_work("anna", "elena")
    sip = callcard.office.sip
    target, uri = (sip.bind, sip.port), f"sip:{SALES}@{sip.bind}:{sip.port}"
    standing = await callcard.call(number="+74955557000")
    await standing.answered()
    _, leg = await callcard.rung("+74955557000")
    real = ["+74955557000"]
    for nth, (line, drop) in enumerate(CORPUS):
        if nth % 5 == 0:  # a real call in the middle of the attack
            real.append(f"+7495555700{len(real)}")
            call = await callcard.call(number=real[-1])
        answer = await callcard.trunk.ask_raw(invite(callcard.trunk, uri, line, drop=drop), target)
        assert answer.status == 404, line
        if nth % 5 == 4:
            await call.answered()
            await call.hangup()
            await callcard.ended(real[-1])
    for line in UNREADABLE:
        callcard.trunk.send_raw(invite(callcard.trunk, uri, line, drop="From"), target)
    for wrong in hostile_uris(SALES, sip.bind):
        answer = await callcard.trunk.ask_raw(invite(callcard.trunk, wrong), target)
        assert answer.status == 404, wrong
    await talk(standing, leg)
    await standing.hangup()
    await call.hangup()
    for number in real:
        assert (await callcard.ended(number))["outcome"] == "answered"
        await callcard.carded(number)
    assert sorted(call["from_raw"] for call in await callcard.calls()) == sorted(real)
    for agent in ("anna", "elena"):
        await callcard.until_state(agent, "available")
    await callcard.audit()


async def test_odd_identities_are_calls_like_any_other(callcard: Callcard) -> None:
    await callcard.at_work("anna")
    known = {call["id"] for call in await callcard.calls()}
    for number, name in ODD:
        shown = name.replace("\\", "\\\\").replace('"', '\\"')
        header = f'"{shown}" <sip:{number}@127.0.0.2>'
        call = await callcard.call(from_header=header)
        await call.answered()
        await call.hangup()
        seen = await callcard.the_call(lambda c: c["id"] not in known and c["settled"] and _looked_up(c))
        known.add(seen["id"])
        assert seen["outcome"] == "answered" and seen["agent"] == "anna"
        assert seen["from"] == (number if number.startswith("+") else None), "no card on half a number"
        text = f"{seen['from_raw']}{seen['from_name']}"
        assert text.isprintable() and "\r" not in text
        await callcard.until_state("anna", "available")
    await callcard.audit()


def _looked_up(call: dict[str, Any]) -> bool:
    """Behind the call, where the machine is too busy to do it in time."""
    return any(line["code"].startswith("identified") for line in call["trace"])
