"""The link against a peer that speaks the wire and misbehaves: each test is a way links have died."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace

import pytest

from callrouter.ami.link import AmiLink, LinkLimits, LinkState
from callrouter.ami.session import OutcomeUnknown
from callrouter.reading.observations import (
    ChannelGone,
    ChannelSeen,
    DeviceSeen,
    Observation,
    PbxBooted,
    Snapshot,
)
from crm_core.errors import BadInput, Unavailable
from tests.fakes.ami_server import SYSTEM, AmiServer, Headers, channel, event, frame, live_channel
from tests.fakes.clock import FakeClock

pytestmark = pytest.mark.integration

QUICK = LinkLimits(
    connect=1.0,
    action=0.5,
    ping_every=0.05,
    ping_limit=0.05,
    retry_first=0.01,
    retry_last=0.05,
    refused_first=0.05,
    refused_last=0.2,
)


class Seen:
    """What a link told, in order, and a way to wait for it."""

    def __init__(self) -> None:
        self.observations: list[Observation] = []
        self.states: list[LinkState] = []
        self.changed = asyncio.Condition()
        self.gate = asyncio.Event()
        self.gate.set()
        self.fail_on: type[Observation] | None = None
        self.running = 0

    async def take(self, observations: Sequence[Observation]) -> None:
        assert self.running == 0, "two batches at once"
        self.running += 1
        try:
            await self.gate.wait()
            if any(type(one) is self.fail_on for one in observations):
                raise RuntimeError("a poisoned batch")
            self.observations += observations
        finally:
            self.running -= 1
        async with self.changed:
            self.changed.notify_all()

    def state(self, state: LinkState, _reason: str) -> None:
        self.states.append(state)

    def kinds(self) -> list[str]:
        return [type(one).__name__ for one in self.observations]

    def count(self, kind: type[Observation]) -> int:
        return sum(type(one) is kind for one in self.observations)

    async def until(self, kind: type[Observation], count: int = 1) -> None:
        async with self.changed, asyncio.timeout(20):
            await self.changed.wait_for(lambda: self.count(kind) >= count)


async def eventually(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not true():
            await asyncio.sleep(0.005)


class Lab:
    """A server, a clock and links that are stopped at the end."""

    def __init__(self, server: AmiServer) -> None:
        self.server = server
        self.clock = FakeClock()
        self.seen = Seen()
        self.links: list[AmiLink] = []

    async def listener(self, limits: LinkLimits = QUICK, secret: str = "s3cret") -> AmiLink:
        return await self._start(limits, secret, listens=True)

    async def actor(self, limits: LinkLimits = QUICK) -> AmiLink:
        link = await self._start(limits, "s3cret", listens=False)
        await eventually(lambda: link.state is LinkState.UP)
        return link

    async def _start(self, limits: LinkLimits, secret: str, *, listens: bool) -> AmiLink:
        link = AmiLink(
            "127.0.0.1",
            self.server.port,
            "account",
            secret,
            systemname=SYSTEM,
            clock=self.clock,
            on_observations=self.seen.take if listens else None,
            on_state=self.seen.state,
            limits=limits,
        )
        self.links.append(link)
        await link.start()
        return link


@pytest.fixture
async def lab() -> AsyncIterator[Lab]:
    async with AmiServer() as server:
        made = Lab(server)
        yield made
        for link in made.links:
            await link.stop()
    assert [task for task in asyncio.all_tasks() if task.get_name().startswith("ami-")] == []


def newchannel(number: int) -> bytes:
    return event("Newchannel", *channel(number))


# --- the beginning: login, boot, snapshot ---


async def test_a_login_tells_boot_devices_snapshot_then_what_happened_meanwhile(lab: Lab) -> None:
    lab.server.rows["CoreShowChannels"] = [live_channel(1)]
    lab.server.rows["DeviceStateList"] = [
        ["Event: DeviceStateChange", "Device: PJSIP/agent-anna-desk", "State: INUSE"]
    ]
    lists = frame("Response: Success", "ActionID: {}", "EventList: start", "Message: follows")
    end = frame("Event: QueueStatusComplete", "ActionID: {}", "EventList: Complete", "ListItems: 0")

    def with_an_event_between(headers: Headers) -> bytes:
        answer = lists + newchannel(2) + end
        return answer.replace(b"{}", headers["ActionID"].encode())

    lab.server.answers["QueueStatus"] = with_an_event_between
    link = await lab.listener()
    await lab.seen.until(ChannelSeen)
    assert lab.seen.kinds() == ["PbxBooted", "DeviceSeen", "Snapshot", "ChannelSeen"]
    snapshot = next(one for one in lab.seen.observations if isinstance(one, Snapshot))
    assert [one.channel.uniqueid for one in snapshot.channels] == [f"{SYSTEM}-1795287447.1"]
    assert link.state is LinkState.UP


async def test_a_login_is_not_readiness(lab: Lab) -> None:
    lab.server.booted = False
    link = await lab.listener()
    await lab.server.wait_for("Ping")
    assert lab.seen.states == [LinkState.CONNECTING]
    with pytest.raises(Unavailable):
        await link.action("Ping")
    lab.server.push(event("FullyBooted", "Uptime: 0", "Status: Fully Booted"))
    await lab.seen.until(Snapshot)
    assert lab.seen.states == [LinkState.CONNECTING, LinkState.UP]


async def test_the_actor_reads_nothing_and_is_up_at_login(lab: Lab) -> None:
    link = await lab.actor()
    (login,) = lab.server.named("Login")
    assert login["Events"] == "off"
    assert (await link.action("QueueRemove", Queue="sales", Interface="x"))["Response"] == "Success"
    assert lab.server.named("CoreShowChannels") == []


# --- refused ---


async def test_a_wrong_secret_is_one_clear_state_and_ever_rarer_tries(lab: Lab) -> None:
    limits = replace(QUICK, refused_first=0.02, refused_last=60)
    link = await lab.listener(limits, secret="wrong")
    await eventually(lambda: lab.server.logins >= 4)
    began = asyncio.get_running_loop().time()
    await eventually(lambda: lab.server.logins >= 5)
    # Delays so far: 20, 40, 80, 160 ms; panoramisk logs in every two seconds for ever.
    assert asyncio.get_running_loop().time() - began > 0.1
    assert lab.seen.states == [LinkState.CONNECTING, LinkState.REFUSED]
    assert link.reason == "Authentication failed"
    lab.server.secret = "wrong"  # now it is right
    await lab.seen.until(Snapshot)


@pytest.mark.parametrize("response", ["Error", "Success"])  # it depends on the version
async def test_an_account_in_use_elsewhere_is_refused(lab: Lab, response: str) -> None:
    lab.server.refusal = (response, "Login Already In Use")
    link = await lab.listener()
    await eventually(lambda: link.state is LinkState.REFUSED)
    assert link.reason == "Login Already In Use"
    assert link.counts["logins"] == 0


async def test_an_account_let_go_is_taken_over_soon(lab: Lab) -> None:
    lab.server.refusal = ("Error", "Login Already In Use")
    await lab.listener(replace(QUICK, refused_first=0.02, refused_last=60))
    await eventually(lambda: lab.server.logins >= 12)  # by doubling this would take 40 s
    lab.server.refusal = None
    await lab.seen.until(Snapshot)


# --- lost and back ---


async def test_a_cut_link_comes_back_with_a_fresh_snapshot(lab: Lab) -> None:
    link = await lab.listener()
    await lab.seen.until(Snapshot)
    lab.server.push(newchannel(1))
    await lab.seen.until(ChannelSeen)
    await lab.server.cut()
    await lab.seen.until(Snapshot, 2)
    assert lab.seen.states == [LinkState.CONNECTING, LinkState.UP, LinkState.LOST, LinkState.UP]
    assert lab.seen.kinds()[-2:] == ["PbxBooted", "Snapshot"]
    assert link.counts["logins"] == 2


async def test_a_half_open_link_is_found_by_its_silence(lab: Lab) -> None:
    link = await lab.listener()
    await lab.seen.until(Snapshot)
    lab.server.silent = True
    await eventually(lambda: link.state is LinkState.LOST)
    assert link.reason == "silent"
    lab.server.silent = False
    await lab.seen.until(Snapshot, 2)


async def test_a_late_pong_behind_a_flood_is_no_silence(lab: Lab) -> None:
    lab.server.answers["Ping"] = lambda _headers: None
    link = await lab.listener(replace(QUICK, ping_every=0.03, ping_limit=0.06))
    await lab.seen.until(Snapshot)
    for number in range(20):
        lab.server.push(newchannel(number))
        await asyncio.sleep(0.01)
    assert link.state is LinkState.UP
    await eventually(lambda: LinkState.LOST in lab.seen.states)  # and with the flood over, it is one


async def test_nothing_listening_is_lost_and_tried_again(lab: Lab) -> None:
    await lab.server.stop()
    link = await lab.listener()
    await eventually(lambda: link.state is LinkState.LOST)
    with pytest.raises(Unavailable):
        await link.action("Ping")
    await lab.server.start()
    await lab.seen.until(Snapshot)


async def test_stop_while_waiting_to_come_back_is_final(lab: Lab) -> None:
    await lab.server.stop()
    link = await lab.listener()
    await eventually(lambda: link.state is LinkState.LOST)
    await link.stop()
    await lab.server.start()
    await asyncio.sleep(0.2)  # ten times the longest retry: nobody may knock
    assert lab.server.logins == 0
    assert link.state is LinkState.STOPPED


async def test_stop_hands_over_what_was_received(lab: Lab) -> None:
    link = await lab.listener()
    await lab.seen.until(Snapshot)
    lab.seen.gate.clear()
    for number in range(300):
        lab.server.push(newchannel(number))
    await eventually(lambda: lab.seen.running == 1)
    await asyncio.sleep(0.05)
    stopping = asyncio.create_task(link.stop())
    await asyncio.sleep(0)
    lab.seen.gate.set()
    await stopping
    assert lab.seen.count(ChannelSeen) == 300


async def test_stop_does_not_wait_for_ever_for_a_stuck_consumer(lab: Lab) -> None:
    link = await lab.listener(replace(QUICK, drain=0.05))
    await lab.seen.until(Snapshot)
    lab.seen.gate.clear()
    lab.server.push(newchannel(1))
    await eventually(lambda: lab.seen.running == 1)
    async with asyncio.timeout(1):
        await link.stop()
    assert link.state is LinkState.STOPPED


async def test_a_frame_without_end_drops_the_session_only(lab: Lab) -> None:
    await lab.listener()
    await lab.seen.until(Snapshot)
    lab.server.push(b"Event: Newchannel\r\nX: " + b"x" * (2 << 20))
    await lab.seen.until(Snapshot, 2)


# --- actions ---


async def test_what_was_pending_fails_once_and_is_never_sent_again(lab: Lab) -> None:
    link = await lab.actor()
    lab.server.answers["Originate"] = lambda _headers: None
    call = asyncio.create_task(link.action("Originate", Channel="PJSIP/x", timeout=5))
    await lab.server.wait_for("Originate")
    await lab.server.cut()
    with pytest.raises(OutcomeUnknown):
        await call
    with pytest.raises(Unavailable):
        await link.action("Originate", Channel="PJSIP/y")
    await eventually(lambda: link.state is LinkState.UP)
    await link.action("Ping")
    assert [action["Channel"] for action in lab.server.named("Originate")] == ["PJSIP/x"]


async def test_an_action_nobody_answers_is_of_unknown_outcome(lab: Lab) -> None:
    link = await lab.actor(replace(QUICK, ping_every=10))
    lab.server.answers["Redirect"] = lambda _headers: None
    with pytest.raises(OutcomeUnknown):
        await link.action("Redirect", Channel="x", timeout=0.05)
    # Its answer coming late is not taken for the next one's.
    late = frame("Response: Error", f"ActionID: {lab.server.named('Redirect')[0]['ActionID']}")
    lab.server.push(late)
    assert (await link.action("Hangup", Channel="x"))["Response"] == "Success"


async def test_queue_add_has_one_answer(lab: Lab) -> None:
    link = await lab.actor()
    lab.server.answers["QueueAdd"] = lambda headers: frame(
        "Response: Success", f"ActionID: {headers['ActionID']}", "Message: Added interface to queue"
    )
    assert (await link.action("QueueAdd", Queue="sales"))["Message"] == "Added interface to queue"


@pytest.mark.parametrize("bad", ["a\r\n\r\nAction: Command", "a\nb", "a\rb", "a\0b", "x" * 1000])
async def test_no_value_can_carry_a_second_action(lab: Lab, bad: str) -> None:
    link = await lab.actor()
    before = len(lab.server.received)
    with pytest.raises(BadInput):
        await link.action("Setvar", Variable="X", Value=bad)
    with pytest.raises(BadInput):
        await link.action("Originate", Variable=["A=1", bad])
    with pytest.raises(BadInput):
        await link.action("Setvar", timeout=None, **{f"X: y{bad}": "1"})
    await link.action("Hangup", Channel="x")
    assert [a["Action"] for a in lab.server.received[before:] if a["Action"] != "Ping"] == ["Hangup"]


async def test_a_refused_list_ends_at_once(lab: Lab) -> None:
    link = await lab.actor()
    lab.server.answers["CoreShowChannels"] = lambda headers: frame(
        "Response: Error", f"ActionID: {headers['ActionID']}", "Message: Permission denied"
    )
    with pytest.raises(Unavailable, match="Permission denied"):
        await link.list_action("CoreShowChannels")


async def test_two_lists_at_once_keep_their_rows_apart(lab: Lab) -> None:
    lab.server.rows["CoreShowChannels"] = [live_channel(1), live_channel(2)]
    lab.server.rows["QueueStatus"] = [["Event: QueueParams", "Queue: sales"]]
    link = await lab.actor()
    channels, queues = await asyncio.gather(
        link.list_action("CoreShowChannels"), link.list_action("QueueStatus")
    )
    assert [row["Event"] for row in channels] == ["CoreShowChannel"] * 2
    assert [row["Queue"] for row in queues] == ["sales"]


async def test_an_event_with_the_id_of_a_pending_action_reaches_everybody(lab: Lab) -> None:
    link = await lab.listener()
    await lab.seen.until(Snapshot)

    def answer(headers: Headers) -> bytes:
        own = f"ActionID: {headers['ActionID']}"
        news = event("Hangup", own, *channel(1), "Cause: 16")
        return news + frame("Response: Success", own, "Message: Channel Hungup")

    lab.server.answers["Hangup"] = answer
    assert (await link.action("Hangup", Channel="x"))["Message"] == "Channel Hungup"
    await lab.seen.until(ChannelGone)


# --- events ---


async def test_a_poisoned_frame_costs_itself_only_and_asks_for_a_resync(lab: Lab) -> None:
    link = await lab.listener()
    await lab.seen.until(Snapshot)
    lab.clock.advance(3)
    forged = event("Newchannel", *channel(7, CallerIDName="x\r\nUniqueid: 1"))
    lab.server.push(newchannel(1) + forged + newchannel(2))
    await lab.seen.until(ChannelSeen, 2)
    await lab.seen.until(Snapshot, 2)
    assert link.counts["rejected"] == 1
    assert link.counts["logins"] == 1


async def test_many_poisoned_frames_ask_for_few_resyncs(lab: Lab) -> None:
    link = await lab.listener()
    await lab.seen.until(Snapshot)
    for _ in range(50):
        lab.server.push(event("Newchannel", *channel(7, CallerIDName="x\r\nUniqueid: 1")))
        await asyncio.sleep(0)
    await eventually(lambda: link.counts["rejected"] == 50)
    assert lab.seen.count(Snapshot) == 1  # no time has passed for the clock
    lab.clock.advance(2)
    await lab.seen.until(Snapshot, 2)


async def test_a_quiet_resync_every_half_minute(lab: Lab) -> None:
    await lab.listener()
    await lab.seen.until(Snapshot)
    lab.clock.advance(29)
    pings = len(lab.server.named("Ping"))
    await lab.server.wait_for("Ping", pings + 2)
    assert lab.seen.count(Snapshot) == 1
    lab.clock.advance(1)
    await lab.seen.until(Snapshot, 2)
    assert lab.seen.count(PbxBooted) == 1  # the boot epoch did not change


async def test_a_list_with_a_refused_row_is_not_taken_for_everything(lab: Lab) -> None:
    poisoned = live_channel(2, CallerIDName="x\r\nUniqueid: 1")
    lab.server.rows["CoreShowChannels"] = [live_channel(1), poisoned]
    link = await lab.listener()
    await eventually(lambda: link.counts["resync_incomplete"] == 1)
    assert lab.seen.count(Snapshot) == 0
    assert link.state is LinkState.UP
    lab.server.rows["CoreShowChannels"] = [live_channel(1)]
    lab.clock.advance(2)
    await lab.seen.until(Snapshot)


async def test_lists_that_never_end_drop_the_session(lab: Lab) -> None:
    lab.server.answers["QueueStatus"] = lambda _headers: None
    link = await lab.listener(replace(QUICK, action=0.05, ping_every=10))
    await eventually(lambda: link.counts["logins"] >= 2)
    del lab.server.answers["QueueStatus"]
    await lab.seen.until(Snapshot)


async def test_an_unreadable_event_is_counted_and_healed(lab: Lab) -> None:
    link = await lab.listener()
    await lab.seen.until(Snapshot)
    lab.server.push(event("Hangup", *channel(1)))  # no Cause
    await eventually(lambda: link.counts["unreadable"] == 1)
    lab.clock.advance(2)
    await lab.seen.until(Snapshot, 2)


async def test_a_handler_that_fails_does_not_stop_the_stream(lab: Lab) -> None:
    link = await lab.listener()
    await lab.seen.until(Snapshot)
    lab.seen.fail_on = ChannelSeen
    lab.server.push(newchannel(1))
    await eventually(lambda: link.counts["handler_failed"] == 1)
    lab.server.push(event("DeviceStateChange", "Device: PJSIP/agent-x", "State: INUSE"))
    await lab.seen.until(DeviceSeen)
    lab.clock.advance(2)
    await lab.seen.until(Snapshot, 2)
    assert link.counts["logins"] == 1


async def test_a_slow_consumer_never_blocks_the_link_and_overflow_resyncs(lab: Lab) -> None:
    link = await lab.listener(replace(QUICK, queue=100))
    await lab.seen.until(Snapshot)
    lab.seen.gate.clear()
    for number in range(500):
        lab.server.push(newchannel(number))
    await eventually(lambda: link.counts["overflows"] == 1)
    await eventually(lambda: link.counts["logins"] == 2)  # back before the consumer moved at all
    lab.seen.gate.set()
    await lab.seen.until(Snapshot, 2)
    assert lab.seen.count(ChannelSeen) <= 100 + 256
    assert lab.seen.kinds()[-2:] == ["PbxBooted", "Snapshot"]


async def test_events_keep_their_order_and_their_time_of_arrival(lab: Lab) -> None:
    await lab.listener()
    await lab.seen.until(Snapshot)
    lab.seen.gate.clear()
    first = lab.clock.now()
    for number in range(600):
        lab.server.push(newchannel(number))
    await eventually(lambda: lab.seen.running == 1)
    await asyncio.sleep(0.05)
    lab.clock.advance(7)
    lab.seen.gate.set()
    await lab.seen.until(ChannelSeen, 600)
    seen = [one for one in lab.seen.observations if isinstance(one, ChannelSeen)]
    assert [one.channel.uniqueid.rpartition(".")[2] for one in seen] == [str(n) for n in range(600)]
    assert {one.at for one in seen} == {first}
