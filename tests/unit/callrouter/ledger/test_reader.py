"""The file is read record by record, whatever is in it and whatever happens to it."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from callrouter.ledger.reader import Batch, CelReader, Place
from callrouter.ledger.rows import MAX_RECORD
from tests.unit.callrouter.ledger.records import NAMES, record, recorded

pytestmark = pytest.mark.unit


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "callcard.csv"


@pytest.fixture
async def reader(path: Path) -> AsyncIterator[CelReader]:
    opened = CelReader(path)
    yield opened
    await opened.close()


def append(path: Path, data: bytes) -> None:
    with path.open("ab") as file:
        file.write(data)


async def names(reader: CelReader, looks: int = 1) -> list[str]:
    """Caller names of the rows the next looks bring: each test's record says who it is there."""
    found: list[str] = []
    for _ in range(looks):
        found += [row.caller_name for _, row in (await reader.read()).rows]
    return found


def named(name: str) -> bytes:
    return record(cid_name=name)


async def all_of(path: Path, chunk: int = MAX_RECORD) -> tuple[list[tuple[Place, str]], int]:
    """Every row of a file with its place, and how many records were bad."""
    reader = CelReader(path, chunk=chunk)
    rows, bad = [], 0
    while True:
        batch = await reader.read()
        rows += [(place, row.caller_name) for place, row in batch.rows]
        bad += batch.skipped
        if batch.all_read:
            break
    await reader.close()
    return rows, bad


async def test_a_file_that_is_not_there_yet_is_waited_for(reader: CelReader, path: Path) -> None:
    assert await names(reader) == []
    append(path, named("a"))
    assert await names(reader) == ["a"]


async def test_records_come_once_with_the_place_they_begin_at(reader: CelReader, path: Path) -> None:
    append(path, named("a") + named("b"))
    first = await reader.read()
    append(path, named("c"))
    second = await reader.read()
    inode, size = path.stat().st_ino, len(named("a"))
    assert [(place.inode, place.offset) for place, _ in first.rows] == [(inode, 0), (inode, size)]
    assert [row.caller_name for _, row in second.rows] == ["c"]
    assert (second.end.inode, second.end.offset, second.behind) == (inode, 3 * size, 0)
    assert first.rows[0][0] < first.rows[1][0] < first.end < second.rows[0][0]


async def test_a_torn_last_record_waits_for_its_end(reader: CelReader, path: Path) -> None:
    whole = named("line\nbreak")
    for cut in (1, whole.index(b"\n") + 1, len(whole) - 1):
        append(path, named("before") + whole[:cut])
        assert await names(reader) == ["before"]
        assert await names(reader) == []
        append(path, whole[cut:])
        assert await names(reader) == ["line break"]


async def test_hostile_text_is_one_record(reader: CelReader, path: Path) -> None:
    forged = named("forged").decode()
    append(path, named(f'x",\n{forged}') + named('""\n""\n"') + named("good"))
    rows = await names(reader)
    assert len(rows) == 3
    assert rows[2] == "good"


async def test_a_record_cut_in_the_middle_takes_no_good_one_with_it(reader: CelReader, path: Path) -> None:
    torn = named("torn")
    for cut in range(1, len(torn) - 1):
        append(path, torn[:cut] + named("after") + torn[:cut] + b"\n" + named("after too") + named("last"))
        batch = await reader.read()
        assert [row.caller_name for _, row in batch.rows] == ["after", "after too", "last"], cut
        assert batch.skipped == 2


async def test_a_bad_record_is_counted_and_said_with_its_offset_but_not_its_text(
    reader: CelReader, path: Path
) -> None:
    append(path, named("a") + record("DTMF_END", cid_num="+79165550123") + named("b"))
    with capture_logs() as logs:
        batch = await reader.read()
        again = await reader.read()
    assert (len(batch.rows), batch.skipped, again.skipped) == (2, 1, 0)
    assert [(line["offset"], line["reason"]) for line in logs] == [(len(named("a")), "event type")]
    assert "5550123" not in str(logs)


async def test_garbage_without_an_end_is_passed_over(path: Path) -> None:
    append(path, named("a") + b'"' + b"x" * (3 * MAX_RECORD) + b"\n" + named("b") + named("c"))
    rows, bad = await all_of(path)
    assert [name for _, name in rows] == ["a", "b", "c"]
    assert bad >= 1


async def test_after_a_rotation_the_old_file_is_read_to_its_end(reader: CelReader, path: Path) -> None:
    append(path, named("a"))
    assert await names(reader) == ["a"]
    old = path.rename(path.with_name("callcard.csv.1"))
    append(old, named("b"))
    assert await names(reader, 3) == ["b"]  # nothing stands under the name yet
    append(path, named("c"))
    assert await names(reader) == []  # a write under way may still come to the old file …
    append(old, named("late"))
    assert await names(reader, 4) == ["late", "c"]


async def test_what_is_torn_in_a_rotated_file_is_bad(reader: CelReader, path: Path) -> None:
    append(path, named("a") + named("torn")[:40])
    assert await names(reader) == ["a"]
    path.rename(path.with_name("callcard.csv.1"))
    append(path, named("b"))
    batches = [await reader.read() for _ in range(3)]
    assert sum(batch.skipped for batch in batches) == 1
    assert [row.caller_name for batch in batches for _, row in batch.rows] == ["b"]


async def test_a_truncated_file_is_read_from_its_start(reader: CelReader, path: Path) -> None:
    append(path, named("a") + named("b"))
    assert await names(reader) == ["a", "b"]
    os.truncate(path, 0)
    append(path, named("c"))
    assert await names(reader) == ["c"]


async def test_reading_goes_on_where_it_was_left(path: Path) -> None:
    append(path, named("a") + named("b"))
    reader = CelReader(path)
    reader.go_on_from(path.stat().st_ino, len(named("a")))
    assert await names(reader) == ["b"]
    await reader.close()


async def test_reading_goes_on_in_files_that_were_rotated_since(path: Path) -> None:
    for number, name in enumerate("abc"):
        file = path.with_name(f"callcard.csv.{3 - number}")
        append(file, named(name) + named(name * 2))
        os.utime(file, (1_000_000 + number, 1_000_000 + number))
    path.with_name("callcard.csv.4.gz").write_bytes(b"packed")
    append(path, named("d"))
    reader = CelReader(path)
    reader.go_on_from(path.with_name("callcard.csv.2").stat().st_ino, len(named("b")))
    assert await names(reader, 8) == ["bb", "c", "cc", "d"]
    await reader.close()


@pytest.mark.parametrize("offset", [7, 10_000])
async def test_a_place_that_is_in_no_file_of_ours_means_from_the_start(path: Path, offset: int) -> None:
    append(path, named("a") + named("b"))
    for inode in (path.stat().st_ino, 1):
        reader = CelReader(path)
        reader.go_on_from(inode, offset)
        assert await names(reader) == ["a", "b"]
        await reader.close()


async def test_a_wanted_place_waits_for_a_file_that_is_not_there(path: Path) -> None:
    reader = CelReader(path)
    reader.go_on_from(1, 10)
    assert await names(reader) == []
    append(path, named("a"))
    assert await names(reader) == ["a"]
    await reader.close()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(
    texts=st.lists(st.text(alphabet='a",\n\r', max_size=12), min_size=1, max_size=12),
    cuts=st.lists(st.integers(1, 4000), max_size=8),
)
async def test_every_record_comes_once_however_the_file_grew(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str], cuts: list[int]
) -> None:
    path = tmp_path_factory.mktemp("cel") / "callcard.csv"
    data = b"".join(record(cid_name=text, cid_num=str(number)) for number, text in enumerate(texts))
    reader = CelReader(path)
    found: list[str] = []
    batch: Batch
    for start, end in zip([0, *sorted(cuts)], [*sorted(cuts), len(data)], strict=True):
        append(path, data[start:end])
        batch = await reader.read()
        assert batch.skipped == 0
        found += [row.caller_number for _, row in batch.rows]
    await reader.close()
    assert found == [str(number) for number in range(len(texts))]


async def test_chunks_of_any_size_bring_the_same(path: Path) -> None:
    append(path, b"".join(recorded(name) for name in NAMES))
    small, _ = await all_of(path, MAX_RECORD)
    large, _ = await all_of(path, 1 << 20)
    assert [place.offset for place, _ in small] == [place.offset for place, _ in large]
    assert len(small) > 300
