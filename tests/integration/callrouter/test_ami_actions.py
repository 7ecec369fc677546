"""What goes over the wire for each action of the router, and what our own code refuses to send."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from callrouter.ami.actions import Actor, QueueMember
from callrouter.ami.link import AmiLink, LinkState
from callrouter.ami.session import Incomplete
from crm_core.errors import BadInput, Unavailable
from tests.fakes.ami_server import SYSTEM, AmiServer, Headers, frame
from tests.fakes.clock import FakeClock

pytestmark = pytest.mark.integration

CHANNEL = "PJSIP/city-0000000a"


@dataclass
class Lab:
    server: AmiServer
    link: AmiLink
    actor: Actor

    def refuse(self, action: str, message: str) -> None:
        def answer(headers: Headers) -> bytes:
            return frame("Response: Error", f"ActionID: {headers['ActionID']}", f"Message: {message}")

        self.server.answers[action] = answer

    def sent(self, action: str) -> Headers:
        (headers,) = self.server.named(action)
        return {name: value for name, value in headers.items() if name not in ("Action", "ActionID")}


@pytest.fixture
async def lab() -> AsyncIterator[Lab]:
    async with AmiServer() as server:
        up = asyncio.Event()
        link = AmiLink(
            "127.0.0.1",
            server.port,
            "actor",
            "s3cret",
            systemname=SYSTEM,
            clock=FakeClock(),
            on_state=lambda state, _why: up.set() if state is LinkState.UP else None,
        )
        await link.start()
        async with asyncio.timeout(20):
            await up.wait()
        yield Lab(server, link, Actor(link))
        await link.stop()


async def test_redirect_leads_to_the_offer_only(lab: Lab) -> None:
    lab.server.rows["Status"] = [["Event: Status", f"Channel: {CHANNEL}", "BridgeID: "]]
    assert await lab.actor.redirect_to_offer(CHANNEL)
    assert lab.sent("Status") == {"Channel": CHANNEL}
    assert lab.sent("Redirect") == {"Channel": CHANNEL, "Context": "cc-offer", "Exten": "s", "Priority": "1"}


async def test_an_agents_own_telephone_rings_and_dials_a_number(lab: Lab) -> None:
    assert await lab.actor.originate("agent-anna-desk", "+74955550142", ring_s=20)
    assert lab.sent("Originate") == {
        "Channel": "PJSIP/agent-anna-desk",
        "Context": "cc-agents",
        "Exten": "+74955550142",
        "Priority": "1",
        "CallerID": "<+74955550142>",
        "Timeout": "20000",
        "Async": "true",
    }
    lab.refuse("Originate", "Originate failed")
    assert not await lab.actor.originate("agent-anna-desk", "+74955550142", ring_s=20)


@pytest.mark.parametrize(
    ("endpoint", "number"),
    [
        ("trunk-carrier", "+74955550142"),
        ("agent-anna-desk/x", "+74955550142"),
        ("agent-anna-desk", "74955550142"),
        ("agent-anna-desk", "+7495555\r\nAction: Logoff"),
        ("agent-anna-desk", "101"),
    ],
)
async def test_nothing_but_agents_telephones_rings_and_nothing_but_numbers_is_dialled(
    lab: Lab, endpoint: str, number: str
) -> None:
    with pytest.raises(BadInput):
        await lab.actor.originate(endpoint, number, ring_s=20)
    assert not lab.server.named("Originate")


async def test_a_caller_who_talks_by_now_is_not_torn_away(lab: Lab) -> None:
    lab.server.rows["Status"] = [["Event: Status", f"Channel: {CHANNEL}", "BridgeID: 5f0e"]]
    assert not await lab.actor.redirect_to_offer(CHANNEL)
    assert not lab.server.named("Redirect")


async def test_a_channel_that_is_gone_is_no_error(lab: Lab) -> None:
    lab.server.rows["Status"] = [["Event: Status", f"Channel: {CHANNEL}", "BridgeID: "]]
    lab.refuse("Redirect", f"Channel does not exist: {CHANNEL}")
    assert not await lab.actor.redirect_to_offer(CHANNEL)
    lab.refuse("Status", "No such channel")
    lab.refuse("Hangup", "No such channel")
    assert not await lab.actor.redirect_to_offer(CHANNEL)
    assert not await lab.actor.hangup_leg(CHANNEL)


@pytest.mark.parametrize(
    "name", ["/.*/", "PJSIP/city", "", "PJSIP/city-0000000a\r\nX: y", "PJSIP/^-0000000a"]
)
async def test_hangup_takes_one_channel_never_a_pattern(lab: Lab, name: str) -> None:
    with pytest.raises(BadInput):
        await lab.actor.hangup_leg(name)
    assert lab.server.named("Hangup") == []


async def test_the_net_is_mirrored(lab: Lab) -> None:
    interface = "Local/anna@cc-fallback/n"
    assert await lab.actor.queue_add("sales", interface, member="anna", state_interface="hint:anna@cc-hints")
    assert lab.sent("QueueAdd") == {
        "Queue": "sales",
        "Interface": interface,
        "MemberName": "anna",
        "StateInterface": "hint:anna@cc-hints",
        "Penalty": "0",
        "Paused": "false",
    }
    assert await lab.actor.queue_pause(interface, True, reason="lunch")
    assert lab.sent("QueuePause") == {"Interface": interface, "Paused": "true", "Reason": "lunch"}
    assert await lab.actor.queue_penalty("sales", interface, 3)
    assert lab.sent("QueuePenalty") == {"Queue": "sales", "Interface": interface, "Penalty": "3"}
    assert await lab.actor.queue_remove("sales", interface)
    assert lab.sent("QueueRemove") == {"Queue": "sales", "Interface": interface}
    lab.refuse("QueueAdd", "Unable to add interface: Already there")
    assert not await lab.actor.queue_add("sales", interface, member="anna", state_interface="")


async def test_members_are_read_or_refused_as_a_whole(lab: Lab) -> None:
    row = ["Event: QueueMember", "Queue: sales", "Location: Local/a@b/n", "Penalty: 2", "Paused: 1"]
    lab.server.rows["QueueStatus"] = [["Event: QueueParams", "Queue: sales"], row]
    assert await lab.actor.queue_members() == (
        QueueMember(queue="sales", interface="Local/a@b/n", penalty=2, paused=True),
    )
    lab.server.rows["QueueStatus"] = [row, row[:-1]]
    with pytest.raises(Incomplete):
        await lab.actor.queue_members()


async def test_globals(lab: Lab) -> None:
    await lab.actor.set_global("CC_TERM", "7")
    assert lab.sent("Setvar") == {"Variable": "GLOBAL(CC_TERM)", "Value": "7"}
    lab.server.answers["Getvar"] = lambda headers: frame(
        "Response: Success", f"ActionID: {headers['ActionID']}", "Variable: GLOBAL(CC_TERM)", "Value: 7"
    )
    assert await lab.actor.get_global("CC_TERM") == "7"
    lab.server.answers["Getvar"] = lambda headers: frame(
        "Response: Success", f"ActionID: {headers['ActionID']}", "Variable: GLOBAL(CC_TERM)", "Value: "
    )
    assert await lab.actor.get_global("CC_TERM") is None
    lab.refuse("Setvar", "Permission denied")
    with pytest.raises(Unavailable):
        await lab.actor.set_global("CC_TERM", "8")


async def test_a_device_is_asked_and_when_it_last_answered_is_read(lab: Lab) -> None:
    asked = []
    values = {
        "PJSIP_AOR(agent-anna-web,contact)": "agent-anna-web;@0af9,agent-anna-web@@12,x",
        "PJSIP_CONTACT(agent-anna-web;@0af9,rtt)": "731",
        "PJSIP_CONTACT(agent-anna-web;@0afa,rtt)": "N/A",
    }

    def answer(headers: Headers) -> bytes:
        asked.append(headers["Variable"])
        value = values.get(headers["Variable"], "")
        return frame("Response: Success", f"ActionID: {headers['ActionID']}", f"Value: {value}")

    lab.server.answers["Getvar"] = answer
    assert await lab.actor.contacts("agent-anna-web") == ("agent-anna-web;@0af9",), "fixed ones are left out"
    assert await lab.actor.contacts("agent-boris-web") == ()
    assert await lab.actor.round_trip_us("agent-anna-web;@0af9") == 731
    assert await lab.actor.round_trip_us("agent-anna-web;@0afa") is None
    assert len(asked) == 4
    assert await lab.actor.qualify("agent-anna-web")
    assert lab.sent("PJSIPQualify") == {"Endpoint": "agent-anna-web"}
    lab.refuse("PJSIPQualify", "Unable to retrieve endpoint")
    assert not await lab.actor.qualify("agent-boris-web")


@pytest.mark.parametrize("name", ["", "a,b", "a)", "SHELL(id)", "a b", "a\r\nA: b"])
async def test_a_device_is_never_a_function(lab: Lab, name: str) -> None:
    for act in (lab.actor.contacts, lab.actor.round_trip_us, lab.actor.qualify):
        with pytest.raises(BadInput):
            await act(name)


@pytest.mark.parametrize("name", ["SHELL(id)", "X)", "x", "", "CC_TERM\r\nA: b"])
async def test_a_global_is_never_a_function(lab: Lab, name: str) -> None:
    with pytest.raises(BadInput):
        await lab.actor.set_global(name, "1")
    with pytest.raises(BadInput):
        await lab.actor.get_global(name)
