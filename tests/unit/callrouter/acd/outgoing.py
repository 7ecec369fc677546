"""An agent's call to a customer, as AMI tells it to the world of these tests."""

from __future__ import annotations

from uuid import uuid4

from msgspec.structs import replace as as_now

from callrouter.reading.observations import (
    BridgeEntered,
    BridgeLeft,
    ChannelFacts,
    ChannelGone,
    ChannelSeen,
    DialBegan,
    DialEnded,
    DialRinging,
    HangupAsked,
    Step,
    StepName,
)
from crm_core.calls.model import Call
from tests.unit.callrouter.acd.world import TRUNK, World

SHOWN, CUSTOMER = "+994125550100", "+994501112233"


class AgentsCall:
    """Made by `dial`; then it rings, and is picked up or not."""

    def __init__(self, world: World, agent: str, number: str = CUSTOMER) -> None:
        self.world, self.agent, self.number = world, agent, number
        self.id = uuid4()
        leg = world.leg(f"agent-{agent}-desk", self.id, None)
        self.own: ChannelFacts = as_now(
            leg, state=4, context="cc-out-city", exten=number, caller_number="101"
        )
        self.customers = as_now(
            world.leg(TRUNK, self.id, None), context="cc-in-city", caller_number=number, exten=number
        )

    @property
    def call(self) -> Call:
        call = self.world.tracker.call(self.id)
        assert call is not None
        return call

    def arrive(self, queue: str = "sales") -> None:
        """The dialplan marks it."""
        self.world.see(ChannelSeen, channel=self.own)
        self.world.see(
            Step,
            channel=self.own,
            step=StepName.ARRIVED,
            values={
                "direction": "out",
                "did": SHOWN,
                "queue": queue,
                "fromagent": self.agent,
                "to": self.number,
            },
        )

    def dial(self, queue: str = "sales") -> None:
        """It rings at the customer's."""
        self.arrive(queue)
        self.world.see(DialBegan, source=self.own, dest=self.customers)
        self.world.see(DialRinging, source=self.own, dest=as_now(self.customers, state=5))

    def pick_up(self) -> None:
        """The customer answers."""
        self.world.see(DialEnded, source=self.own, dest=as_now(self.customers, state=6), status="ANSWER")
        for channel in (self.customers, self.own):
            self.world.see(BridgeEntered, channel=as_now(channel, state=6), bridge=f"b-{self.id}")

    def talk_ends(self) -> None:
        """The customer hangs up."""
        self.world.see(HangupAsked, channel=as_now(self.customers, state=6))
        for channel in (self.customers, self.own):
            self.world.see(BridgeLeft, channel=channel, bridge=f"b-{self.id}")
        for channel in (self.customers, self.own):
            self.world.see(ChannelGone, channel=channel, cause=16)

    def is_busy(self) -> None:
        """The customer is."""
        self.world.see(DialEnded, source=self.own, dest=self.customers, status="BUSY")
        self.world.see(ChannelGone, channel=self.customers, cause=17)
        self.world.see(ChannelGone, channel=as_now(self.own, context="cc-unreached", exten="s"), cause=17)
