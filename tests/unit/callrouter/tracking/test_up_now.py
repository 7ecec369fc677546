"""Channels are known from the first snapshot until the link is lost."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from callrouter.reading.observations import (
    ChannelFacts,
    ChannelGone,
    ChannelSeen,
    LiveChannel,
    PbxBooted,
    Snapshot,
)
from callrouter.tracking.up_now import UpNow
from tests.fakes.clock import FakeClock

pytestmark = pytest.mark.unit

AT = FakeClock().now()


def facts(uniqueid: str) -> ChannelFacts:
    return ChannelFacts(
        uniqueid=uniqueid,
        name=f"PJSIP/trunk-provider-{uniqueid:0>8}",
        state=6,
        caller_number="",
        caller_name="",
        context="",
        exten="",
        call_id=None,
    )


def snapshot(*uniqueids: str) -> Snapshot:
    return Snapshot(
        at=AT,
        channels=tuple(
            LiveChannel(channel=facts(one), bridge=None, application="", seconds=1) for one in uniqueids
        ),
    )


def test_nothing_is_known_before_a_snapshot_and_after_a_loss() -> None:
    up = UpNow()
    up.observe(ChannelSeen(at=AT, channel=facts("1")))
    assert up.channels() is None
    up.observe(snapshot("1", "2"))
    assert up.channels() == {"1", "2"}
    up.lost()
    assert up.channels() is None
    up.observe(snapshot())
    assert up.channels() == frozenset()
    up.observe(PbxBooted(at=AT, uptime_s=1))
    assert up.channels() is None


def test_what_comes_and_goes_after_the_snapshot_counts() -> None:
    up = UpNow()
    up.observe(snapshot("1"))
    up.observe(ChannelSeen(at=AT, channel=facts("2")))
    up.observe(ChannelGone(at=AT, channel=facts("1"), cause=16))
    assert up.channels() == {"2"}


def test_the_boot_is_told_never_later_than_it_was() -> None:
    up = UpNow()
    told: list[datetime] = []
    up.tell_boot(told.append)
    up.observe(PbxBooted(at=AT, uptime_s=7))
    assert told == [AT - timedelta(seconds=8)]
