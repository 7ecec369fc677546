"""What AMI told us, in our words: the alphabet the tracker folds.

Every observation about a channel carries that channel's facts as they stood in the same frame, so a
stream with missing events still converges: any later event re-introduces the channel.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from msgspec import Struct, field


class ChannelFacts(Struct, frozen=True, kw_only=True, gc=False):
    """One channel as a frame shows it. Texts are cleaned: no control characters, capped length."""

    uniqueid: str
    name: str  # PJSIP/agent-anna-desk-0000001a
    state: int  # 0 down, 4 ring, 5 ringing, 6 up (Asterisk ast_channel_state)
    caller_number: str
    caller_name: str
    context: str
    exten: str
    call_id: UUID | None  # AccountCode, else ChanVariable CC_CALL; None when not one of ours
    offer_id: UUID | None = None  # ChanVariable CC_OFFER


class Observation(Struct, frozen=True, kw_only=True, gc=False):
    """The base. *at* is our wall clock at arrival: Asterisk's times are data, not deadlines."""

    at: datetime


class ChannelSeen(Observation, frozen=True, kw_only=True, gc=False):
    """Newchannel, Newstate, NewCallerid or NewAccountCode: the channel as it is now."""

    channel: ChannelFacts


class ChannelRenamed(Observation, frozen=True, kw_only=True, gc=False):
    """Rename: a masquerade gave the channel another name."""

    uniqueid: str
    name: str


class DialBegan(Observation, frozen=True, kw_only=True, gc=False):
    """DialBegin; keyed by *dest*. *source* is absent for Originate."""

    source: ChannelFacts | None
    dest: ChannelFacts


class DialRinging(Observation, frozen=True, kw_only=True, gc=False):
    """DialState RINGING or PROGRESS of one dialled channel."""

    source: ChannelFacts | None
    dest: ChannelFacts


class DialEnded(Observation, frozen=True, kw_only=True, gc=False):
    """DialEnd. *status*: ANSWER, BUSY, CANCEL, NOANSWER, CHANUNAVAIL, CONGESTION, ABORT …"""

    source: ChannelFacts | None
    dest: ChannelFacts
    status: str


class BridgeEntered(Observation, frozen=True, kw_only=True, gc=False):
    """BridgeEnter. *bridge* is the BridgeUniqueid."""

    channel: ChannelFacts
    bridge: str


class BridgeLeft(Observation, frozen=True, kw_only=True, gc=False):
    """BridgeLeave."""

    channel: ChannelFacts
    bridge: str


class HoldStarted(Observation, frozen=True, kw_only=True, gc=False):
    """Hold: this channel's party put the other on hold."""

    channel: ChannelFacts


class HoldEnded(Observation, frozen=True, kw_only=True, gc=False):
    """Unhold."""

    channel: ChannelFacts


class HangupAsked(Observation, frozen=True, kw_only=True, gc=False):
    """HangupRequest: this side wants to end. *soft* (SoftHangupRequest): the PBX itself ends the channel."""

    channel: ChannelFacts
    soft: bool = False


class ChannelGone(Observation, frozen=True, kw_only=True, gc=False):
    """Hangup. Asterisk sends nothing more for this Uniqueid."""

    channel: ChannelFacts
    cause: int


class BlindTransferred(Observation, frozen=True, kw_only=True, gc=False):
    """BlindTransfer: *transferee* goes on at *exten*; *transferer* leaves."""

    transferer: ChannelFacts
    transferee: ChannelFacts | None
    exten: str
    success: bool


class AttendedTransferred(Observation, frozen=True, kw_only=True, gc=False):
    """AttendedTransfer. Without a *target* (DestType App) the consult leg was in no bridge yet."""

    first: ChannelFacts  # the transferer's leg to the first party
    second: ChannelFacts  # the transferer's consult leg
    transferee: ChannelFacts | None
    target: ChannelFacts | None
    success: bool


class StepName(StrEnum):
    """Steps the dialplan marks with UserEvent(Callcard, …)."""

    ARRIVED = "arrived"
    WAITING = "waiting"
    NET = "net"
    VOICEMAIL = "voicemail"
    TRANSFERRED = "transferred"
    REFUSED = "refused"


class Step(Observation, frozen=True, kw_only=True, gc=False):
    """A mark of our own dialplan. *values* are the event's other headers, lower-case keys."""

    channel: ChannelFacts
    step: StepName
    values: dict[str, str] = field(default_factory=dict)


class QueueJoined(Observation, frozen=True, kw_only=True, gc=False):
    """QueueCallerJoin: the caller stands in app_queue (the net)."""

    channel: ChannelFacts
    queue: str


class QueueLeft(Observation, frozen=True, kw_only=True, gc=False):
    """QueueCallerLeave. Never counted as an abandon: a Redirect emits that too."""

    channel: ChannelFacts


class RecordingStarted(Observation, frozen=True, kw_only=True, gc=False):
    """MixMonitorStart. Says nothing about the file (it also comes when the file cannot be opened)."""

    channel: ChannelFacts


class DeviceStatus(StrEnum):
    """What is known of a device's reachability."""

    UP = "up"
    DOWN = "down"


class DeviceSeen(Observation, frozen=True, kw_only=True, gc=False):
    """ContactStatus or DeviceStateChange of an endpoint of ours.

    *registered* is True when a contact was created, False when removed, None when only reachability changed.
    *contact* is its address: a phone that comes back from another one takes the old one away last.
    """

    endpoint: str
    status: DeviceStatus
    registered: bool | None = None
    contact: str | None = None
    in_use: bool | None = None


class PbxBooted(Observation, frozen=True, kw_only=True, gc=False):
    """FullyBooted after a login. *uptime_s* grows within one boot epoch."""

    uptime_s: int


class PbxStopping(Observation, frozen=True, kw_only=True, gc=False):
    """Shutdown."""


class LiveChannel(Struct, frozen=True, kw_only=True, gc=False):
    """One row of CoreShowChannels."""

    channel: ChannelFacts
    bridge: str | None
    application: str
    seconds: int


class Snapshot(Observation, frozen=True, kw_only=True, gc=False):
    """Everything that is up now: channels not in it are gone, whatever we thought."""

    channels: tuple[LiveChannel, ...]
    waiting: tuple[tuple[str, str], ...] = ()  # (queue, uniqueid) of callers in app_queue, oldest first
