"""A tracker and short words for what AMI says to it: for scenes that were not recorded."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from msgspec.structs import replace

from callrouter.reading import observations as seen
from callrouter.reading.observations import ChannelFacts
from callrouter.tracking.facts import Arrived, Offered
from callrouter.tracking.tracker import CallTracker, Item
from crm_core.calls.events import CallEvent
from crm_core.calls.model import Call, CallState, Offer, OfferState
from tests.unit.callrouter.tracking.streams import AT, OFFICE

CALL = UUID("f3844acc-f6de-435c-b474-2c2302a01e92")
OTHER = UUID("9e209762-0969-404a-9d24-e115ca6b46dd")
OFFER = UUID("0191c0de-0000-7000-8000-000000000001")
DOWN, RING, RINGING, UP = 0, 4, 5, 6


class Scene:
    """Time goes on by itself, one second an item; every event said is kept."""

    def __init__(self) -> None:
        self.tracker = CallTracker(OFFICE, "main")
        self.at: datetime = AT
        self.events: list[CallEvent] = []

    def tell(self, *items: Item) -> list[str]:
        """Apply *items*; the names of the events they caused."""
        before = len(self.events)
        for item in items:
            self.events.extend(self.tracker.apply(item))
        return [type(event).__name__ for event in self.events[before:]]

    def tick(self, seconds: float = 1.0) -> datetime:
        self.at += timedelta(seconds=seconds)
        return self.at

    @property
    def call(self) -> Call:
        call = self.tracker.call(CALL)
        assert call is not None
        return call

    def state(self) -> CallState:
        return self.call.state

    # -- what is said ------------------------------------------------------------------------------

    def arrived(self, call: UUID = CALL) -> list[str]:
        return self.tell(
            Arrived(
                at=self.tick(),
                call_id=call,
                uniqueid="x-1.1",
                channel_name="PJSIP/trunk-00000001",
                did="+74955550100",
                queue="sales",
                caller_raw="+79161234567",
                caller_name="",
                direction="in",
            )
        )

    def offered(self, agent: str = "anna", offer: UUID = OFFER, call: UUID = CALL) -> list[str]:
        at = self.tick()
        made = Offer(id=offer, agent=agent, attempt=1, state=OfferState.RESERVED, ring_s=20, reserved_at=at)
        return self.tell(Offered(at=at, call_id=call, offer=made))

    def dialled(self, device: ChannelFacts, source: ChannelFacts | None = None) -> list[str]:
        return self.tell(seen.DialBegan(at=self.tick(), source=source or caller(), dest=device))

    def rings(self, device: ChannelFacts) -> list[str]:
        return self.tell(seen.DialRinging(at=self.tick(), source=caller(), dest=device))

    def dial_ended(self, device: ChannelFacts, status: str) -> list[str]:
        return self.tell(seen.DialEnded(at=self.tick(), source=caller(), dest=device, status=status))

    def bridged(self, bridge: str, *channels: ChannelFacts) -> list[str]:
        return self.tell(
            *(seen.BridgeEntered(at=self.tick(), channel=one, bridge=bridge) for one in channels)
        )

    def gone(self, *channels: ChannelFacts, cause: int = 16) -> list[str]:
        return self.tell(
            *(seen.ChannelGone(at=self.tick(), channel=channel, cause=cause) for channel in channels)
        )

    def snapshot(self, *rows: tuple[ChannelFacts, str | None, str], at: datetime | None = None) -> list[str]:
        """*rows*: channel, its bridge, the application it is in."""
        live = tuple(
            seen.LiveChannel(channel=channel, bridge=bridge, application=application, seconds=5)
            for channel, bridge, application in rows
        )
        return self.tell(seen.Snapshot(at=at or self.tick(), channels=live))

    def talking(self) -> None:
        """A call that anna took after an offer."""
        self.arrived()
        self.offered()
        anna = device("anna", offer=OFFER)
        self.dialled(anna)
        self.rings(anna)
        self.dial_ended(device("anna", offer=OFFER, state=UP), "ANSWER")
        self.bridged("b1", device("anna", state=UP), caller(state=UP))


def facts(name: str, uniqueid: str, call: UUID | None, state: int, context: str = "cc-dial") -> ChannelFacts:
    return ChannelFacts(
        uniqueid=uniqueid,
        name=name,
        state=state,
        caller_number="+79161234567" if "trunk" in name else "",
        caller_name="",
        context=context,
        exten="s",
        call_id=call,
    )


def caller(
    call: UUID | None = CALL, state: int = RING, context: str = "cc-dial", number: int = 1
) -> ChannelFacts:
    return facts(f"PJSIP/trunk-{number:08x}", f"x-1.{number}", call, state, context)


def device(
    agent: str, number: int = 2, *, call: UUID | None = CALL, offer: UUID | None = None, state: int = DOWN
) -> ChannelFacts:
    made = facts(f"PJSIP/agent-{agent}-desk-{number:08x}", f"x-1.{number}", call, state, "cc-agents")
    return replace(made, offer_id=offer)
