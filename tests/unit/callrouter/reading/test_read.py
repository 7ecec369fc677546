"""Frames → observations, on recorded streams and on frames that no Asterisk would send."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import pytest

from callrouter.ami.frames import Fields, FrameDecoder
from callrouter.reading.observations import (
    AttendedTransferred,
    BlindTransferred,
    ChannelGone,
    ChannelRenamed,
    DeviceSeen,
    DeviceStatus,
    DialBegan,
    DialEnded,
    DialRinging,
    HoldEnded,
    HoldStarted,
    Observation,
    PbxBooted,
    PbxStopping,
    QueueJoined,
    QueueLeft,
    Step,
    StepName,
)
from callrouter.reading.read import READERS, WANTED, Unreadable, read_event, read_snapshot
from callrouter.tracking.channel import endpoint_of
from tests.fakes.ami_server import SYSTEM, channel

pytestmark = pytest.mark.unit

T = TypeVar("T", bound=Observation)
AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def stream(name: str) -> list[Observation]:
    subject = FrameDecoder(wanted=WANTED, systemname=SYSTEM, reply_prefix="none")
    frames = subject.feed(Path(f"tests/data/ami/{name}.txt").read_bytes())
    return [seen for fields in frames if (seen := read_event(fields, AT)) is not None]


def of(kind: type[T], seen: list[Observation]) -> list[T]:
    return [one for one in seen if isinstance(one, kind)]


def fields_of(*lines: str, **more: str) -> Fields:
    fields = dict(line.split(": ", 1) for line in lines if "ChanVariable" not in line)
    return {**fields, **more}


def test_a_plain_call() -> None:
    seen = stream("plain_call")
    began, rang, ended = of(DialBegan, seen), of(DialRinging, seen), of(DialEnded, seen)
    assert [len(began), len(rang), len(ended)] == [1, 1, 1]
    assert began[0].source is not None
    assert endpoint_of(began[0].dest.name) == "agent-anna-desk"
    assert began[0].dest.call_id == began[0].source.call_id is not None
    assert began[0].dest.offer_id is not None
    assert ended[0].status == "ANSWER"
    assert began[0].source.caller_name == "Иван Пример"
    assert [gone.cause for gone in of(ChannelGone, seen)] == [16, 16]
    arrived = of(Step, seen)[0]
    assert arrived.step is StepName.ARRIVED
    assert arrived.values["did"] == "74955550100"
    assert arrived.values["call"] == str(began[0].source.call_id)


def test_hold() -> None:
    seen = stream("hold")
    started, ended = of(HoldStarted, seen), of(HoldEnded, seen)
    assert len(started) == 1
    assert endpoint_of(started[0].channel.name) == endpoint_of(ended[0].channel.name) == "agent-anna-desk"


def test_a_blind_transfer() -> None:
    (moved,) = of(BlindTransferred, stream("blind_transfer"))
    assert (moved.exten, moved.success) == ("102", True)
    assert endpoint_of(moved.transferer.name) == "agent-anna-desk"
    assert moved.transferee is not None
    assert moved.transferee.call_id == moved.transferer.call_id


def test_an_attended_transfer_names_both_legs_and_the_target() -> None:
    (moved,) = of(AttendedTransferred, stream("attended_transfer"))
    assert moved.target is not None
    assert endpoint_of(moved.target.name) == "agent-boris-desk"
    assert moved.first.call_id != moved.second.call_id
    assert moved.second.call_id == moved.target.call_id


def test_an_attended_transfer_while_ringing_has_no_target() -> None:
    (moved,) = of(AttendedTransferred, stream("attended_while_ringing"))
    assert (moved.target, moved.success) == (None, True)


def test_the_net_is_seen() -> None:
    seen = stream("net_queue")
    (joined,), (left,) = of(QueueJoined, seen), of(QueueLeft, seen)
    assert joined.queue == "sales"
    assert left.channel.uniqueid == joined.channel.uniqueid
    assert StepName.NET in {step.step for step in of(Step, seen)}


def test_every_recorded_stream_is_read_without_a_fault() -> None:
    kinds = Counter(type(one) for path in Path("tests/data/ami").glob("*.txt") for one in stream(path.stem))
    assert kinds[PbxBooted] == 12
    assert len(kinds) >= 15


@pytest.mark.parametrize(
    ("event", "headers", "endpoint", "status", "registered", "in_use"),
    [
        (
            "ContactStatus",
            {"ContactStatus": "NonQualified", "EndpointName": "agent-x", "URI": "sip:x@127.0.0.3"},
            "agent-x",
            "up",
            True,
            None,
        ),
        (
            "ContactStatus",
            {"ContactStatus": "Removed", "EndpointName": "agent-x", "URI": "sip:x@127.0.0.3"},
            "agent-x",
            "down",
            False,
            None,
        ),
        (
            "ContactStatus",
            {"ContactStatus": "Unreachable", "EndpointName": "agent-x", "URI": "sip:x@127.0.0.3"},
            "agent-x",
            "down",
            None,
            None,
        ),
        ("PeerStatus", {"PeerStatus": "Reachable", "Peer": "PJSIP/agent-x"}, "agent-x", "up", None, None),
        ("DeviceStateChange", {"Device": "PJSIP/agent-x", "State": "RINGING"}, "agent-x", "up", None, True),
        (
            "DeviceStateChange",
            {"Device": "PJSIP/agent-x", "State": "NOT_INUSE"},
            "agent-x",
            "up",
            None,
            False,
        ),
        (
            "DeviceStateChange",
            {"Device": "PJSIP/agent-x", "State": "UNAVAILABLE"},
            "agent-x",
            "down",
            None,
            False,
        ),
    ],
)
def test_devices(
    event: str,
    headers: dict[str, str],
    endpoint: str,
    status: str,
    registered: bool | None,
    in_use: bool | None,
) -> None:
    seen = read_event({"Event": event, **headers}, AT)
    assert seen == DeviceSeen(
        at=AT,
        endpoint=endpoint,
        status=DeviceStatus(status),
        registered=registered,
        contact=headers.get("URI"),
        in_use=in_use,
    )


@pytest.mark.parametrize(
    "fields",
    [
        {"Event": "DeviceStateChange", "Device": "Queue:sales_avail", "State": "INUSE"},
        {"Event": "DeviceStateChange", "Device": "hint:anna@cc-hints", "State": "INUSE"},
        {"Event": "PeerStatus", "PeerStatus": "Reachable", "Peer": "IAX2/x"},
        {"Event": "ContactStatus", "ContactStatus": "NonQualified", "EndpointName": ""},
        {"Event": "ContactStatus", "ContactStatus": "Updated", "EndpointName": "agent-x"},
        {"Event": "BridgeCreate"},
        {"Response": "Success"},
        fields_of(*channel(1), *channel(2, prefix="Dest"), Event="DialState", DialStatus="PROCEEDING"),
        fields_of(*channel(1), Event="UserEvent", UserEvent="SomethingElse"),
    ],
)
def test_frames_that_say_nothing_to_us(fields: Fields) -> None:
    assert read_event(fields, AT) is None


def test_rename_boot_and_shutdown() -> None:
    renamed = read_event({"Event": "Rename", "Uniqueid": "u-1", "Newname": "PJSIP/b-00000001"}, AT)
    assert renamed == ChannelRenamed(at=AT, uniqueid="u-1", name="PJSIP/b-00000001")
    assert read_event({"Event": "FullyBooted", "Uptime": "7"}, AT) == PbxBooted(at=AT, uptime_s=7)
    assert read_event({"Event": "Shutdown"}, AT) == PbxStopping(at=AT)


@pytest.mark.parametrize("event", sorted(set(READERS) - {"Shutdown"}))
def test_an_event_without_its_headers_is_unreadable(event: str) -> None:
    with pytest.raises(Unreadable):
        read_event({"Event": event}, AT)


@pytest.mark.parametrize(
    "fields",
    [
        fields_of(*channel(1), Event="Hangup", Cause="sixteen"),
        fields_of(*channel(1), Event="UserEvent", UserEvent="Callcard", Step="promoted"),
        fields_of(*channel(1, ChannelState="-"), Event="Newstate"),
    ],
)
def test_a_misspelt_value_is_unreadable(fields: Fields) -> None:
    with pytest.raises(Unreadable):
        read_event(fields, AT)


def test_a_mark_takes_up_only_its_own_headers() -> None:
    step = read_event(
        fields_of(
            *channel(1), "Step: waiting", "Call: c-1", "Admin: yes", Event="UserEvent", UserEvent="Callcard"
        ),
        AT,
    )
    assert isinstance(step, Step)
    assert step.values == {"call": "c-1"}


def row(number: int, **more: str) -> Fields:
    tail = {"Application": "Dial", "Duration": "01:01:05", "BridgeId": "b-1", **more}
    return fields_of(*channel(number), Event="CoreShowChannel", **tail)


def test_a_snapshot() -> None:
    entries = [
        {"Event": "QueueParams", "Queue": "sales"},
        {"Event": "QueueEntry", "Queue": "sales", "Uniqueid": "u-9", "Wait": "4"},
        {"Event": "QueueEntry", "Queue": "sales", "Uniqueid": "u-8", "Wait": "40"},
    ]
    snapshot = read_snapshot([row(1), row(2, BridgeId="")], entries, AT)
    assert snapshot.waiting == (("sales", "u-8"), ("sales", "u-9"))
    assert [(one.bridge, one.application, one.seconds) for one in snapshot.channels] == [
        ("b-1", "Dial", 3665),
        (None, "Dial", 3665),
    ]


@pytest.mark.parametrize("bad", [{"Duration": "soon"}, {"Duration": "1:2"}, {"ChannelState": ""}])
def test_a_snapshot_with_an_unreadable_row_is_none_at_all(bad: dict[str, str]) -> None:
    with pytest.raises(Unreadable):
        read_snapshot([row(1), row(2, **bad)], [], AT)
