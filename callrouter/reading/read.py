"""AMI frame → observation. Which event means what is the table at the foot of this file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Final

from callrouter.reading.channel import facts, facts_if_any
from callrouter.reading.observations import (
    AttendedTransferred,
    BlindTransferred,
    BridgeEntered,
    BridgeLeft,
    ChannelGone,
    ChannelRenamed,
    ChannelSeen,
    DeviceSeen,
    DeviceStatus,
    DialBegan,
    DialEnded,
    DialRinging,
    HangupAsked,
    HoldEnded,
    HoldStarted,
    LiveChannel,
    Observation,
    PbxBooted,
    PbxStopping,
    QueueJoined,
    QueueLeft,
    RecordingStarted,
    Snapshot,
    Step,
    StepName,
)
from callrouter.reading.text import clean

Fields = Mapping[str, str]
Reader = Callable[[Fields, datetime], Observation | None]

_PJSIP: Final = "PJSIP/"
_USER_EVENT: Final = "Callcard"
# What our dialplan adds to its marks. Closed: a header that slipped into a mark is not taken up.
_STEP_HEADERS: Final = ("Call", "Did", "Queue", "Direction", "Trunk", "FromAgent", "To", "Agent", "Reason")
_DEVICE_DOWN: Final = frozenset({"UNAVAILABLE", "INVALID", "UNKNOWN"})
_DEVICE_BUSY: Final = frozenset({"INUSE", "BUSY", "RINGING", "RINGINUSE", "ONHOLD"})
_CONTACT: Final = {  # ContactStatus → (status, registered)
    "NonQualified": (DeviceStatus.UP, True),  # a new contact; res_pjsip calls the state CREATED
    "Reachable": (DeviceStatus.UP, None),
    "Unreachable": (DeviceStatus.DOWN, None),
    "Removed": (DeviceStatus.DOWN, False),
}
_PEER: Final = {
    "Registered": (DeviceStatus.UP, True),
    "Reachable": (DeviceStatus.UP, None),
    "Unreachable": (DeviceStatus.DOWN, None),
    "Unregistered": (DeviceStatus.DOWN, False),
}


class Unreadable(Exception):
    """The frame lacks what its event always has, or spells it wrongly: the stream cannot be trusted."""


def read_event(fields: Fields, at: datetime) -> Observation | None:
    """Return what the frame says, None when it is nothing we fold. Raises Unreadable."""
    reader = READERS.get(fields.get("Event", ""))
    if reader is None:
        return None
    try:
        return reader(fields, at)
    except (KeyError, ValueError) as error:
        raise Unreadable(f"{fields['Event']}: {type(error).__name__}") from error


def read_snapshot(channels: Iterable[Fields], queue_rows: Iterable[Fields], at: datetime) -> Snapshot:
    """Make the snapshot of CoreShowChannel rows and QueueStatus rows. Raises Unreadable."""
    try:
        entries = [row for row in queue_rows if row.get("Event") == "QueueEntry"]
        entries.sort(key=lambda row: -int(row["Wait"]))
        return Snapshot(
            at=at,
            channels=tuple(_live_channel(row) for row in channels),
            waiting=tuple((clean(row["Queue"]), row["Uniqueid"]) for row in entries),
        )
    except (KeyError, ValueError) as error:
        raise Unreadable(f"snapshot: {type(error).__name__}") from error


def _live_channel(row: Fields) -> LiveChannel:
    hours, minutes, seconds = row["Duration"].split(":")
    return LiveChannel(
        channel=facts(row),
        bridge=row["BridgeId"] or None,
        application=clean(row["Application"]),
        seconds=int(hours) * 3600 + int(minutes) * 60 + int(seconds),
    )


def _channel_seen(fields: Fields, at: datetime) -> Observation:
    return ChannelSeen(at=at, channel=facts(fields))


def _renamed(fields: Fields, at: datetime) -> Observation:
    return ChannelRenamed(at=at, uniqueid=fields["Uniqueid"], name=clean(fields["Newname"], 256))


def _dial_began(fields: Fields, at: datetime) -> Observation:
    return DialBegan(at=at, source=facts_if_any(fields), dest=facts(fields, "Dest"))


def _dial_state(fields: Fields, at: datetime) -> Observation | None:
    if fields["DialStatus"] not in ("RINGING", "PROGRESS"):
        return None  # PROCEEDING says only that the device was reached
    return DialRinging(at=at, source=facts_if_any(fields), dest=facts(fields, "Dest"))


def _dial_ended(fields: Fields, at: datetime) -> Observation:
    return DialEnded(
        at=at,
        source=facts_if_any(fields),
        dest=facts(fields, "Dest"),
        status=clean(fields["DialStatus"]),
    )


def _bridge_entered(fields: Fields, at: datetime) -> Observation:
    return BridgeEntered(at=at, channel=facts(fields), bridge=fields["BridgeUniqueid"])


def _bridge_left(fields: Fields, at: datetime) -> Observation:
    return BridgeLeft(at=at, channel=facts(fields), bridge=fields["BridgeUniqueid"])


def _hold_started(fields: Fields, at: datetime) -> Observation:
    return HoldStarted(at=at, channel=facts(fields))


def _hold_ended(fields: Fields, at: datetime) -> Observation:
    return HoldEnded(at=at, channel=facts(fields))


def _hangup_asked(fields: Fields, at: datetime) -> Observation:
    return HangupAsked(at=at, channel=facts(fields), soft=fields["Event"] == "SoftHangupRequest")


def _channel_gone(fields: Fields, at: datetime) -> Observation:
    return ChannelGone(at=at, channel=facts(fields), cause=int(fields["Cause"]))


def _blind_transfer(fields: Fields, at: datetime) -> Observation:
    return BlindTransferred(
        at=at,
        transferer=facts(fields, "Transferer"),
        transferee=facts_if_any(fields, "Transferee"),
        exten=clean(fields["Extension"]),
        success=fields["Result"] == "Success",
    )


def _attended_transfer(fields: Fields, at: datetime) -> Observation:
    return AttendedTransferred(
        at=at,
        first=facts(fields, "OrigTransferer"),
        second=facts(fields, "SecondTransferer"),
        transferee=facts_if_any(fields, "Transferee"),
        target=facts_if_any(fields, "TransferTarget"),
        success=fields["Result"] == "Success",
    )


def _step(fields: Fields, at: datetime) -> Observation | None:
    if fields["UserEvent"] != _USER_EVENT:
        return None
    return Step(
        at=at,
        channel=facts(fields),
        step=StepName(fields["Step"]),
        values={name.lower(): clean(fields[name]) for name in _STEP_HEADERS if name in fields},
    )


def _queue_joined(fields: Fields, at: datetime) -> Observation:
    return QueueJoined(at=at, channel=facts(fields), queue=clean(fields["Queue"]))


def _queue_left(fields: Fields, at: datetime) -> Observation:
    return QueueLeft(at=at, channel=facts(fields))


def _recording_started(fields: Fields, at: datetime) -> Observation:
    return RecordingStarted(at=at, channel=facts(fields))


def _contact_status(fields: Fields, at: datetime) -> Observation | None:
    found = _CONTACT.get(fields["ContactStatus"])
    endpoint = clean(fields["EndpointName"])
    if found is None or not endpoint:
        return None
    contact = clean(fields["URI"]) or None
    return DeviceSeen(at=at, endpoint=endpoint, status=found[0], registered=found[1], contact=contact)


def _peer_status(fields: Fields, at: datetime) -> Observation | None:
    found = _PEER.get(fields["PeerStatus"])
    peer = clean(fields["Peer"])
    if found is None or not peer.startswith(_PJSIP):
        return None
    return DeviceSeen(at=at, endpoint=peer[len(_PJSIP) :], status=found[0], registered=found[1])


def _device_state(fields: Fields, at: datetime) -> Observation | None:
    device, state = clean(fields["Device"]), fields["State"]
    if not device.startswith(_PJSIP):
        return None  # hints, queues and Local members are shadows of the same devices
    return DeviceSeen(
        at=at,
        endpoint=device[len(_PJSIP) :],
        status=DeviceStatus.DOWN if state in _DEVICE_DOWN else DeviceStatus.UP,
        in_use=state in _DEVICE_BUSY,
    )


def _booted(fields: Fields, at: datetime) -> Observation:
    return PbxBooted(at=at, uptime_s=int(fields["Uptime"]))


def _stopping(_fields: Fields, at: datetime) -> Observation:
    return PbxStopping(at=at)


READERS: Final[Mapping[str, Reader]] = {
    "Newchannel": _channel_seen,
    "Newstate": _channel_seen,
    "NewCallerid": _channel_seen,
    "NewAccountCode": _channel_seen,
    "Rename": _renamed,
    "DialBegin": _dial_began,
    "DialState": _dial_state,
    "DialEnd": _dial_ended,
    "BridgeEnter": _bridge_entered,
    "BridgeLeave": _bridge_left,
    "Hold": _hold_started,
    "Unhold": _hold_ended,
    "HangupRequest": _hangup_asked,
    "SoftHangupRequest": _hangup_asked,
    "Hangup": _channel_gone,
    "BlindTransfer": _blind_transfer,
    "AttendedTransfer": _attended_transfer,
    "UserEvent": _step,
    "QueueCallerJoin": _queue_joined,
    "QueueCallerLeave": _queue_left,
    "MixMonitorStart": _recording_started,
    "ContactStatus": _contact_status,
    "PeerStatus": _peer_status,
    "DeviceStateChange": _device_state,
    "FullyBooted": _booted,
    "Shutdown": _stopping,
}

WANTED: Final = frozenset(READERS)
