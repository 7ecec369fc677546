"""The mirror against an app_queue that keeps members as Asterisk does."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace

import pytest

from callrouter.control.mirror import Mirror
from crm_core.errors import Unavailable
from crm_core.presence.model import ChosenState
from tests.unit.callrouter.acd.world import World, person, queue

pytestmark = pytest.mark.unit


@dataclass(frozen=True)
class Member:
    queue: str
    interface: str
    penalty: int = 0
    paused: bool = False


class Net:
    """app_queue: refuses what Asterisk refuses."""

    def __init__(self, *members: Member) -> None:
        self.members = {(m.queue, m.interface): m for m in members}
        self.actions = 0
        self.away = False
        self.odd = False  # answers once what nobody foresaw

    def _count(self) -> None:
        if self.away:
            raise Unavailable
        self.actions += 1

    async def queue_members(self) -> list[Member]:
        if self.away:
            raise Unavailable
        if self.odd:
            self.odd = False
            raise LookupError
        return list(self.members.values())

    async def queue_add(
        self,
        queue: str,
        interface: str,
        *,
        member: str,
        state_interface: str,
        penalty: int = 0,
        paused: bool = False,
    ) -> bool:
        self._count()
        if (queue, interface) in self.members:
            return False
        self.members[(queue, interface)] = Member(queue, interface, penalty, paused)
        return True

    async def queue_remove(self, queue: str, interface: str) -> bool:
        self._count()
        return self.members.pop((queue, interface), None) is not None

    async def queue_pause(
        self, interface: str, paused: bool, *, reason: str = "", queue: str | None = None
    ) -> bool:
        self._count()
        for key, member in self.members.items():
            if member.interface == interface and queue in (None, member.queue):
                self.members[key] = replace(member, paused=paused)
        return True

    async def queue_penalty(self, queue: str, interface: str, penalty: int) -> bool:
        self._count()
        self.members[(queue, interface)] = replace(self.members[(queue, interface)], penalty=penalty)
        return True

    def seats(self) -> dict[tuple[str, str], tuple[bool, int]]:
        return {
            (queue, interface.removeprefix("Local/").split("@")[0]): (member.paused, member.penalty)
            for (queue, interface), member in self.members.items()
        }


@pytest.fixture
def world() -> World:
    return World(
        [person("anna"), person("boris")], [queue("sales", "anna", "boris"), queue("service", "boris")]
    )


def mirror(world: World, net: Net) -> Mirror:
    return Mirror(
        net, world.clock, agents=world.core.agents.all, queues=lambda: world.core.queues, is_up=lambda: True
    )


async def test_only_the_difference_is_sent_and_strangers_are_left_alone(world: World) -> None:
    net = Net(Member("sales", "PJSIP/desk"), Member("sales", "Local/gone@cc-fallback/n"))
    world.log_in("anna", "boris")
    made = mirror(world, net)
    assert await made.sync()
    assert net.seats() == {
        ("sales", "PJSIP/desk"): (False, 0),
        ("sales", "anna"): (False, 0),
        ("sales", "boris"): (False, 0),
        ("service", "boris"): (False, 0),
    }
    sent = net.actions
    assert await made.sync()
    assert net.actions == sent, "the second time changes nothing"


async def test_breaks_pause_and_logging_out_removes(world: World) -> None:
    net = Net()
    world.log_in("anna", "boris")
    made = mirror(world, net)
    await made.sync()
    world.dispatcher.seats.choose("boris", ChosenState.BREAK, reason="lunch", by="boris")
    world.dispatcher.seats.choose("anna", ChosenState.OFFLINE, reason=None, by="anna")
    await made.sync()
    assert net.seats() == {("sales", "boris"): (True, 0), ("service", "boris"): (True, 0)}


async def test_wrap_up_pauses_and_load_becomes_penalty(world: World) -> None:
    net = Net()
    world.log_in("anna")
    caller = await world.arrive()
    caller.pick_up()
    world.advance(780)
    caller.talk_ends()
    await mirror(world, net).sync()
    assert net.seats()[("sales", "anna")] == (True, 2), "13 minutes of work"


async def test_what_the_switch_lost_is_put_back_after_doubt(world: World) -> None:
    net = Net()
    world.log_in("anna")
    made = mirror(world, net)
    await made.sync()
    net.members.clear()
    await made.sync()
    assert net.seats() == {}, "believed until looked at"
    made.doubt()
    await made.sync()
    assert net.seats() == {("sales", "anna"): (False, 0)}


async def test_a_switch_that_is_away_is_said(world: World) -> None:
    net = Net()
    net.away = True
    with pytest.raises(Unavailable):
        await mirror(world, net).sync()


async def test_one_pass_that_fails_is_not_the_last(world: World) -> None:
    net = Net()
    world.log_in("anna")
    made = mirror(world, net)
    net.odd = True
    running = asyncio.create_task(made.run(), name="mirror")
    made.touch()
    async with asyncio.timeout(10):
        while net.odd:
            await asyncio.sleep(0.01)
        made.touch()
        while not net.seats():
            await asyncio.sleep(0.01)
    running.cancel()
