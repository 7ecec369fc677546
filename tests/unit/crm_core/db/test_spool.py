"""The spool: order, torn ends, limits, one owner; it never forgets what it reported as written."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_core.db.spool import Spool, SpoolFull, frame, scan
from crm_core.errors import StartRefused

pytestmark = pytest.mark.unit

records = st.lists(st.binary(max_size=40), max_size=12)


@asynccontextmanager
async def opened(directory: Path, **options: int) -> AsyncIterator[Spool]:
    spool = await Spool.open(directory, **options)
    try:
        yield spool
    finally:
        await spool.close()


async def drain(spool: Spool, limit: int = 500) -> list[bytes]:
    drained: list[bytes] = []
    while batch := await spool.read(limit):
        drained += batch
        await spool.acknowledge(len(batch))
    return drained


@given(records)
def test_what_is_framed_is_read_back(batch: list[bytes]) -> None:
    data = b"".join(map(frame, batch))
    assert scan(data) == (batch, len(data))


@given(records, st.data())
def test_of_a_torn_end_every_whole_record_before_it_is_read(batch: list[bytes], data: st.DataObject) -> None:
    whole = b"".join(map(frame, batch))
    cut = data.draw(st.integers(0, len(whole)))
    found, good = scan(whole[:cut])
    assert found == batch[: len(found)]
    assert good == sum(len(frame(record)) for record in found) <= cut
    assert len(found) == len(batch) or good + len(frame(batch[len(found)])) > cut


@given(st.lists(st.binary(max_size=40), min_size=1, max_size=6), st.data())
def test_a_changed_bit_is_never_read_as_a_record(batch: list[bytes], data: st.DataObject) -> None:
    whole = bytearray(b"".join(map(frame, batch)))
    position = data.draw(st.integers(0, len(whole) - 1))
    whole[position] ^= 1 << data.draw(st.integers(0, 7))
    found, good = scan(bytes(whole))
    assert found == batch[: len(found)]
    assert good <= position


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.lists(st.binary(min_size=1, max_size=30), min_size=1, max_size=5), max_size=8),
    st.binary(max_size=60),
    st.integers(0, 10),
    st.integers(20, 200),
)
def test_after_a_crash_all_appended_batches_are_there_and_a_torn_one_is_not(
    batches: list[list[bytes]], torn: bytes, done: int, segment_bytes: int
) -> None:
    async def scenario(directory: Path) -> None:
        written = [record for batch in batches for record in batch]
        async with opened(directory, segment_bytes=segment_bytes) as spool:
            for batch in batches:
                await spool.append(batch)
            acknowledged = min(done, len(written))
            await spool.acknowledge(acknowledged)
        segments = sorted(directory.glob("*.spool"))
        if segments:
            with segments[-1].open("ab") as last:
                last.write(frame(b"never reported as written" + torn)[:-1])
        async with opened(directory, segment_bytes=segment_bytes) as spool:
            assert spool.pending == len(written) - acknowledged
            await spool.append([b"later"])
            assert await drain(spool, limit=3) == [*written[acknowledged:], b"later"]
            assert (spool.pending, spool.size) == (0, 0)

    with tempfile.TemporaryDirectory() as directory:
        asyncio.run(scenario(Path(directory)))


async def test_without_the_mark_of_what_is_done_records_come_again_and_none_is_missing(
    tmp_path: Path,
) -> None:
    async with opened(tmp_path) as spool:
        await spool.append([b"a", b"b"])
        await spool.acknowledge(1)
    (tmp_path / "acknowledged").write_bytes(b"\x00\x00")  # as a power cut may leave it
    async with opened(tmp_path) as spool:
        assert await drain(spool) == [b"a", b"b"]


async def test_reading_alone_takes_nothing_away(tmp_path: Path) -> None:
    async with opened(tmp_path) as spool:
        await spool.append([b"a", b"b", b"c"])
        assert await spool.read(2) == [b"a", b"b"]
        await spool.acknowledge(1)
        assert await spool.read(2) == [b"b", b"c"]
        with pytest.raises(ValueError, match="3 of 2 pending"):
            await spool.acknowledge(3)


async def test_at_its_limit_it_refuses_and_takes_again_when_there_is_room(tmp_path: Path) -> None:
    async with opened(tmp_path, limit_bytes=100, segment_bytes=30) as spool:
        await spool.append([b"x" * 30])
        await spool.append([b"y" * 30])
        with pytest.raises(SpoolFull, match="its limit of 100 bytes"):
            await spool.append([b"z" * 30])
        assert spool.pending == 2
        await spool.acknowledge(1)
        await spool.append([b"z" * 30])
        assert await drain(spool) == [b"y" * 30, b"z" * 30]


async def test_a_record_that_is_too_large_is_refused(tmp_path: Path) -> None:
    async with opened(tmp_path) as spool:
        with pytest.raises(ValueError, match="1 MiB"):
            await spool.append([b"small", bytes((1 << 20) + 1)])
        assert spool.pending == 0


async def test_a_second_owner_is_refused(tmp_path: Path) -> None:
    async with opened(tmp_path):
        with pytest.raises(StartRefused, match="in use by another process"):
            await Spool.open(tmp_path)
    async with opened(tmp_path) as spool:
        assert spool.pending == 0


async def test_half_a_batch_that_the_disk_did_not_take_is_taken_back(tmp_path: Path) -> None:
    # In a process of its own: the limit holds for every file, also for the one these results are written to.
    program = """
import asyncio, resource, signal, sys
from pathlib import Path
from crm_core.db.spool import Spool
from crm_core.errors import Unavailable
async def main():
    spool = await Spool.open(Path(sys.argv[1]))
    await spool.append([b"whole"])
    try:
        await spool.append([b"x" * 600, b"y" * 600])
    except Unavailable as refused:
        print(refused.code)
    await spool.append([b"next"])
# The kernel cuts a write at this size and then fails with EFBIG, as a full disk does with ENOSPC.
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
asyncio.run(main())
"""
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("unavailable\n", "")
    async with opened(tmp_path) as spool:
        assert await drain(spool) == [b"whole", b"next"]


async def test_a_cancelled_append_is_done_whole_and_the_next_follows_it(tmp_path: Path) -> None:
    async with opened(tmp_path) as spool:
        appending = asyncio.create_task(spool.append([b"a"] * 100), name="appending")
        await asyncio.sleep(0)
        appending.cancel()
        await asyncio.wait({appending})
        await spool.append([b"b"])
        assert (await drain(spool))[-1] == b"b"
        assert spool.pending == 0


async def test_what_was_reported_as_written_survives_a_kill(tmp_path: Path) -> None:
    program = """
import asyncio, sys
from pathlib import Path
from crm_core.db.spool import Spool
async def main():
    spool = await Spool.open(Path(sys.argv[1]), segment_bytes=2000)
    for n in range(1_000_000):
        await spool.append([b"%d" % n, b"%d again" % n])
        print(n, flush=True)
asyncio.run(main())
"""
    with subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as writer:
        assert writer.stdout is not None
        reported = 0
        for line in writer.stdout:
            reported = int(line)
            if reported >= 200:
                writer.kill()
                break
        reported = max([reported, *map(int, writer.stdout.read().split("\n")[:-1])])
    async with opened(tmp_path) as spool:
        found = await drain(spool)
    assert found[: 2 * reported + 2] == [
        record for n in range(reported + 1) for record in (b"%d" % n, b"%d again" % n)
    ]
