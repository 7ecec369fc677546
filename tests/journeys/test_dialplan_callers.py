"""Who calls: odd, withheld and hostile identities, as real INVITEs to a real Asterisk."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.fakes.sip_peer import SipPeer
from tests.journeys.agi_script import Ask, always
from tests.journeys.dialplan_house import CALLER, MAIN, House, dialplan_house
from tests.journeys.hostile import CORPUS, UNREADABLE, hostile_uris, invite

pytestmark = pytest.mark.journey


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


async def test_the_hostile_corpus_makes_no_channel_and_no_event(tmp_path: Path) -> None:
    async with dialplan_house(always("wait|||||"), tmp_path, 74) as house:
        target = (house.running.settings.sip_bind, house.running.settings.sip_port)
        uri = f"sip:{MAIN}@{target[0]}:{target[1]}"
        seen = len(house.ami.events)
        for line in UNREADABLE:
            house.caller.send_raw(invite(house.caller, uri, line, drop="From"), target)
        for line, drop in CORPUS:
            answer = await house.caller.ask_raw(invite(house.caller, uri, line, drop=drop), target)
            assert answer.status == 404, line
        for wrong in hostile_uris(MAIN, target[0]):
            answer = await house.caller.ask_raw(invite(house.caller, wrong), target)
            assert answer.status == 404, wrong
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
            answer = await stranger.ask_raw(invite(stranger, f"sip:{MAIN}@{target[0]}:{target[1]}"), target)
        assert answer.status == 401
        assert house.router.asks == []
        await house.idle()
