"""Asterisk dies in mid-talk; recordings cannot be written. What can be kept is kept and says so."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.fakes.sip_peer import OutgoingCall
from tests.journeys.front import until
from tests.journeys.running_callcard import Callcard, running_callcard, talk

pytestmark = [pytest.mark.journey, pytest.mark.asyncio(loop_scope="module")]

FREED_S = 10.0  # after the PBX is back
TOLD_S = 10.0  # after the recording failed
LOST_S = 2.5  # of audio: Asterisk keeps up to 32 KiB in memory (2.05 s), the rest is the tests' own slack


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def callcard() -> AsyncIterator[Callcard]:
    async with running_callcard() as running:
        yield running


async def test_killed_in_mid_talk_calls_are_closed_and_their_audio_recovered(callcard: Callcard) -> None:
    await callcard.at_work("anna", "elena")
    numbers = ("+74955555001", "+74955555002")
    for number in numbers:
        call = await callcard.call(number=number)
        await call.answered()
        _, leg = await callcard.rung(number)
        await talk(call, leg)
    began = time.monotonic()
    await asyncio.sleep(5.0)
    killed = callcard.pbx_pid()
    os.kill(killed, signal.SIGKILL)
    died = time.monotonic()

    async def back() -> bool:
        return callcard.pbx.pid not in (None, killed)

    await until(back, timeout=20, what="Asterisk to be back")
    booted = time.monotonic()
    for agent in ("anna", "elena"):
        await callcard.until_state(agent, "available", timeout=FREED_S)
    database_since = await callcard.state_since("postgresql")

    async def told() -> bool:
        return await callcard.state_since("asterisk") > database_since + timedelta(seconds=5)

    await until(told, what="the health to say that Asterisk was away and is back")
    await callcard.until_health("asterisk", "up")
    assert await callcard.state_since("postgresql") == database_since
    for number in numbers:
        seen = await callcard.ended(number, timeout=FREED_S)
        assert time.monotonic() - booted < FREED_S
        assert (seen["outcome"], seen["hangup_by"]) == ("pbx_lost", "system")
        assert seen["answered_at"] is not None and seen["agent"] in ("anna", "elena")
        (recording,) = seen["recordings"]
        assert (recording["state"], recording["reason"]) == ("recovered", "crash")
        assert recording["duration_s"] > died - began - LOST_S
        async with callcard.http.get(
            f"http://{callcard.settings.http}{recording['audio']}",
            headers={"Authorization": f"Bearer {callcard.tokens['admin']}"},
        ) as audio:
            assert audio.status == 200
            assert len(await audio.read()) == recording["size_bytes"]
    await callcard.audit()
    call = await callcard.call(number="+74955555003")
    await call.answered()
    await talk(call, (await callcard.rung("+74955555003"))[1])
    await call.hangup()
    assert (await callcard.ended("+74955555003"))["outcome"] == "answered"
    await callcard.audit()


@contextmanager
def _unwritable(folder: Path) -> Iterator[None]:
    """Nobody but root may write into *folder*, as after a wrong chown."""
    before = folder.stat()
    try:
        os.chown(folder, os.getuid(), os.getgid())
        folder.chmod(0o500)
        yield
    finally:
        os.chown(folder, before.st_uid, before.st_gid)
        folder.chmod(before.st_mode & 0o777)


@contextmanager
def _small_disk(folder: Path, size: str) -> Iterator[None]:
    """A file system of *size* over *folder*, with the same owner."""
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("mounting a small file system needs root")
    owner = folder.stat()
    options = f"size={size},uid={owner.st_uid},gid={owner.st_gid},mode=750"
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    made = subprocess.run(command, capture_output=True, text=True, timeout=30)
    if made.returncode:
        pytest.skip(f"no file system may be mounted here: {made.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True, timeout=30)


async def _told(callcard: Callcard, call: OutgoingCall, number: str) -> dict[str, Any]:
    """What the call says of its recording while it goes on."""
    found: list[dict[str, Any]] = []

    async def said() -> bool:
        recordings = [one for seen in await callcard.by_number(number) for one in seen["recordings"]]
        found[:] = [one for one in recordings if one["state"] != "running"]
        return bool(found)

    await until(said, timeout=TOLD_S, what=f"{number} to say why it is not recorded")
    await talk(call, callcard.legs_of(number)[0][1])
    return found[0]


async def test_an_unwritable_folder_is_told_on_the_call_and_the_call_goes_on(callcard: Callcard) -> None:
    await callcard.at_work("anna")
    number = "+74955555011"
    with _unwritable(callcard.pbx.settings.recordings):
        call = await callcard.call(number=number)
        await call.answered()
        await callcard.rung(number)
        recording = await _told(callcard, call, number)
        assert recording["state"] == "missing"
        # Root's own probe may write there: then only "the PBX made no file" is known.
        assert recording["reason"] == ("not_found" if os.geteuid() == 0 else "not_writable")
        await callcard.until_health("recordings", "degraded")
        await call.hangup()
        seen = await callcard.ended(number)
    assert [one["state"] for one in seen["recordings"]] == ["missing"]
    assert seen["outcome"] == "answered"
    await callcard.audit()


async def test_a_full_disk_is_told_on_the_call_and_the_call_goes_on(callcard: Callcard) -> None:
    await callcard.at_work("anna")
    number = "+74955555021"
    with _small_disk(callcard.pbx.settings.recordings, "200k"):
        call = await callcard.call(number=number)
        await call.answered()
        await callcard.rung(number)
        await asyncio.sleep(3.0)  # 48 kB a second: it is full now
        recording = await _told(callcard, call, number)
        assert (recording["state"], recording["reason"]) == ("truncated", "disk_full")
        await callcard.until_health("recordings", "degraded")
        await call.hangup()
        seen = await callcard.ended(number)
        (recording,) = seen["recordings"]
        assert (recording["state"], recording["reason"]) == ("truncated", "disk_full")
        assert seen["outcome"] == "answered"
    await callcard.until_health("recordings", "up")
    await callcard.audit()
