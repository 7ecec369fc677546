"""What the router asks of the switch, each as one typed call. Nothing else in the house names AMI headers.

All raise Unavailable when the link is not up (nothing was sent), OutcomeUnknown when no answer came
(look, never send again) and BadInput for values that may not go over the wire.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from callrouter.ami.frames import Fields
from callrouter.ami.link import AmiLink, LinkState
from callrouter.ami.session import Incomplete, OutcomeUnknown, Value
from crm_core.errors import BadInput, Unavailable
from crm_core.i18n import N_

OFFER_CONTEXT: Final = "cc-offer"
AGENTS_CONTEXT: Final = "cc-agents"  # what agents' phones dial in
_GLOBAL_NAME: Final = re.compile(r"[A-Z][A-Z0-9_]*")
_CHANNEL_NAME: Final = re.compile(r"[A-Za-z0-9]+/[A-Za-z0-9_.@-]+-[0-9a-f]{8}(;[12])?")
_AGENTS_DEVICE: Final = re.compile(r"agent-[a-z0-9_-]+")
_E164: Final = re.compile(r"\+[1-9][0-9]{6,14}")
_ENDPOINT: Final = re.compile(r"[\w.+-]+", re.A)
_CONTACT: Final = re.compile(r"[\w.+-]+;@[0-9a-f]+", re.A)  # what has registered
_NORMAL_CLEARING: Final = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueMember:
    """One member of one of the net's queues, as the switch has it."""

    queue: str
    interface: str
    penalty: int
    paused: bool


class Actor:
    """The actor's link with the few actions it may send."""

    def __init__(self, link: AmiLink) -> None:
        self._link = link

    async def redirect_to_offer(self, channel: str) -> bool:
        """Pull a waiting caller out to ask the router again. False: gone, or connected with somebody.

        The switch is asked first, because a Redirect would tear a conversation apart, and after a pause
        of ours (a frozen process, a flood) events of seconds ago still show the caller waiting.
        True means queued only: a caller who hangs up at that moment never arrives there.
        """
        if not await self._alone(channel):
            return False
        return await self._ok(
            "Redirect", Channel=_channel(channel), Context=OFFER_CONTEXT, Exten="s", Priority=1
        )

    async def _alone(self, channel: str) -> bool:
        """Whether the channel is up and in no bridge, as the switch has it now."""
        try:
            rows = await self._link.list_action("Status", Channel=_channel(channel))
        except OutcomeUnknown:
            raise
        except Unavailable:
            if self._link.state is not LinkState.UP:
                raise
            return False  # "No such channel"
        return len(rows) == 1 and not rows[0].get("BridgeID")

    async def originate(self, endpoint: str, number: str, *, ring_s: int) -> bool:
        """Let an agent's *endpoint* ring, and dial *number* (E.164) there when it is picked up.

        True means queued only. False: the switch says no.
        """
        if _AGENTS_DEVICE.fullmatch(endpoint) is None or _E164.fullmatch(number) is None:
            raise BadInput(N_("This is not a device of the telephone system."), field="endpoint")
        return await self._ok(
            "Originate",
            Channel=f"PJSIP/{endpoint}",
            Context=AGENTS_CONTEXT,
            Exten=number,
            Priority=1,
            CallerID=f"<{number}>",
            Timeout=ring_s * 1000,
            Async=True,
        )

    async def hangup_leg(self, channel: str) -> bool:
        """End one channel. False: it is gone already."""
        return await self._ok("Hangup", Channel=_channel(channel), Cause=_NORMAL_CLEARING)

    async def qualify(self, endpoint: str) -> bool:
        """Let the switch ask a device whether it is there (OPTIONS). False: no such device."""
        return await self._ok("PJSIPQualify", Endpoint=_endpoint(endpoint))

    async def contacts(self, endpoint: str) -> tuple[str, ...]:
        """Names of the addresses of a device, for `round_trip_us`; empty also when the switch cannot say."""
        answer = await self._link.action("Getvar", Variable=f"PJSIP_AOR({_endpoint(endpoint)},contact)")
        names = answer.get("Value", "").split(",")
        return tuple(name for name in names if _CONTACT.fullmatch(name))

    async def round_trip_us(self, contact: str) -> int | None:
        """Microseconds in which this address last answered the switch; None: it is silent, or unknown."""
        if _CONTACT.fullmatch(contact) is None:
            raise BadInput(N_("This is not a device of the telephone system."), field="contact")
        answer = await self._link.action("Getvar", Variable=f"PJSIP_CONTACT({contact},rtt)")
        took = answer.get("Value", "")
        return int(took) if took.isdecimal() else None

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
        """Make *interface* a member of the net's queue. False: it is one already, or no such queue."""
        return await self._ok(
            "QueueAdd",
            Queue=queue,
            Interface=interface,
            MemberName=member,
            StateInterface=state_interface,
            Penalty=penalty,
            Paused=paused,
        )

    async def queue_remove(self, queue: str, interface: str) -> bool:
        """Take a member out. False: it is none."""
        return await self._ok("QueueRemove", Queue=queue, Interface=interface)

    async def queue_pause(
        self, interface: str, paused: bool, *, reason: str = "", queue: str | None = None
    ) -> bool:
        """Pause or resume a member, in all its queues unless *queue* is named. False: it is none."""
        where = {} if queue is None else {"Queue": queue}
        return await self._ok("QueuePause", Interface=interface, Paused=paused, Reason=reason, **where)

    async def queue_penalty(self, queue: str, interface: str, penalty: int) -> bool:
        """Set a member's penalty. False: it is none."""
        return await self._ok("QueuePenalty", Queue=queue, Interface=interface, Penalty=penalty)

    async def queue_members(self) -> tuple[QueueMember, ...]:
        """All members of all the net's queues. Raises Incomplete when a row is refused or not readable."""
        rows = await self._link.list_action("QueueStatus")
        try:
            return tuple(_member(row) for row in rows if row["Event"] == "QueueMember")
        except (KeyError, ValueError) as error:
            raise Incomplete("QueueStatus") from error

    async def set_global(self, name: str, value: str) -> None:
        """Set a global variable of the dialplan. Raises Unavailable when the switch refuses."""
        if not await self._ok("Setvar", Variable=_global(name), Value=value):
            raise Unavailable(N_("The telephone system refused a command."), field=name)

    async def get_global(self, name: str) -> str | None:
        """Read a global variable of the dialplan; None when it is not set."""
        answer = await self._link.action("Getvar", Variable=_global(name))
        return answer.get("Value") or None

    async def _ok(self, name: str, **headers: Value) -> bool:
        answer = await self._link.action(name, timeout=None, **headers)
        return answer.get("Response") == "Success"


def _channel(name: str) -> str:
    """Only a full channel name: Hangup takes `/regex/` and would end every call it matches."""
    if _CHANNEL_NAME.fullmatch(name) is None:
        raise BadInput(N_("This is not a channel of the telephone system."), field="channel")
    return name


def _endpoint(name: str) -> str:
    if _ENDPOINT.fullmatch(name) is None:
        raise BadInput(N_("This is not a device of the telephone system."), field="endpoint")
    return name


def _global(name: str) -> str:
    """`GLOBAL(NAME)` and nothing else: a function name here would read files or run commands."""
    if _GLOBAL_NAME.fullmatch(name) is None:
        raise BadInput(N_("This is not the name of a variable."), field="name")
    return f"GLOBAL({name})"


def _member(row: Fields) -> QueueMember:
    return QueueMember(
        queue=row["Queue"],
        interface=row["Location"],
        penalty=int(row["Penalty"]),
        paused=row["Paused"] == "1",
    )
