"""The loop around the fold: what it tells of itself, and what it does when the file or the book fails."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from callrouter.ledger import service
from callrouter.ledger.reader import CelReader
from callrouter.ledger.service import PART, Ledger
from crm_core.calls.ledger_store import LedgerPlace
from crm_core.calls.settlement import Settlement
from crm_core.errors import Unavailable
from crm_core.health import Health, HealthState, PartHealth
from tests.fakes.clock import FakeClock
from tests.unit.callrouter.ledger.records import OFFICE, record, recorded

pytestmark = pytest.mark.unit


class PaperBook:
    """Keeps what is written in memory; away for the first *away* times it is asked."""

    def __init__(self, place: LedgerPlace | None = None, away: int = 0) -> None:
        self.at = place
        self.away = away
        self.settled: list[Settlement] = []

    async def place(self) -> LedgerPlace | None:
        self._ask()
        return self.at

    async def settle(self, settlements: Sequence[Settlement], place: LedgerPlace) -> None:
        self._ask()
        self.settled += settlements
        self.at = place

    def _ask(self) -> None:
        if self.away:
            self.away -= 1
            raise Unavailable


class Desk:
    """A running ledger with its clock and health."""

    def __init__(self, path: Path, book: PaperBook, poll_s: float) -> None:
        self.clock = FakeClock()
        self.health = Health(self.clock)
        self.book = book
        self.ledger = Ledger(
            CelReader(path), book, clock=self.clock, health=self.health, directory=OFFICE, poll_s=poll_s
        )

    @property
    def part(self) -> PartHealth:
        part = self.health.get(PART)
        assert part is not None
        return part

    async def until(self, check: Callable[[], bool]) -> None:
        """Let the ledger's task run, and its clock, until *check* holds."""
        async with asyncio.timeout(10):
            while self.health.get(PART) is None or not check():
                self.clock.advance(0.1)
                await asyncio.sleep(0.005)


@asynccontextmanager
async def desk(path: Path, book: PaperBook | None = None, poll_s: float = 0.005) -> AsyncIterator[Desk]:
    opened = Desk(path, book or PaperBook(), poll_s)
    await opened.ledger.start()
    try:
        yield opened
    finally:
        await opened.ledger.stop()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "callcard.csv"


async def test_it_says_how_far_it_is(path: Path) -> None:
    bad = record("DTMF_END")
    path.write_bytes(b"".join(recorded("plain").splitlines(keepends=True)[:5]) + bad)
    async with desk(path) as one:
        await one.until(lambda: one.part.detail == "0 bytes behind, 1 calls open, 1 skipped")
        assert one.part.state is HealthState.UP


async def test_much_to_read_is_said(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "MUCH_BEHIND", 50_000)
    path.write_bytes(recorded("plain") * 40)
    heard: list[PartHealth] = []
    async with desk(path) as one:
        one.health.on_change(heard.append)
        await one.until(lambda: any(part.state is HealthState.DEGRADED for part in heard))


async def test_a_file_it_may_not_read_is_said_and_tried_again(path: Path) -> None:
    path.mkdir()
    async with desk(path) as one:
        await one.until(lambda: one.part.state is HealthState.DOWN)
        path.rmdir()
        path.write_bytes(recorded("plain"))
        await one.until(lambda: len(one.book.settled) == 1)
        assert one.part.state is HealthState.UP


async def test_a_book_that_is_away_is_waited_for_at_the_start_and_later(path: Path) -> None:
    path.write_bytes(recorded("plain"))
    async with desk(path, PaperBook(away=2)) as one:
        await one.until(lambda: one.book.away == 0)
        one.book.away = 1
        await one.until(lambda: len(one.book.settled) == 1)
        assert one.book.at == LedgerPlace(path.stat().st_ino, path.stat().st_size)


async def test_waking_it_is_quicker_than_its_beat(path: Path) -> None:
    async with desk(path, poll_s=3600) as one:
        await one.until(lambda: one.part.state is HealthState.UP)
        path.write_bytes(recorded("plain"))

        def settled() -> bool:
            one.ledger.wake()
            return len(one.book.settled) == 1

        await one.until(settled)


async def test_the_office_of_the_moment_names_the_agents(path: Path) -> None:
    async with desk(path) as one:
        one.ledger.configure(type(OFFICE)(trunks=OFFICE.trunks))
        path.write_bytes(recorded("plain"))
        await one.until(lambda: len(one.book.settled) == 1)
        assert [leg.agent for leg in one.book.settled[0].legs] == [None, None]


async def test_far_without_a_settled_call_the_place_is_written_all_the_same(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state_code = [record("CHAN_START"), record("CHAN_END", 1_795_000_001.0)]
    monkeypatch.setattr(service, "_MOVED", 50_000)
    path.write_bytes(b"".join(state_code) + record("STREAM_BEGIN") * 600)
    async with desk(path) as one:
        await one.until(lambda: one.book.at is not None and one.book.at.offset >= 50_000)
        assert one.book.settled == []


async def test_a_book_that_breaks_is_said_and_asked_again(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Broken(PaperBook):
        broken = True

        async def place(self) -> LedgerPlace | None:
            if self.broken:
                raise RuntimeError("nobody foresaw this")
            return await super().place()

    monkeypatch.setattr(service, "AGAIN_S", 0.01)
    book = Broken()
    async with desk(path, book) as one:
        await one.until(lambda: one.part.state is HealthState.DOWN)
        assert one.part.detail == "not read: RuntimeError"
        book.broken = False
        await one.until(lambda: one.part.state is HealthState.UP)
