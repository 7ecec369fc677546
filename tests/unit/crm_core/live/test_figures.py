"""The day's figures: one call is one, corrected figures move it, midnight is the office's own."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from crm_core.calls.model import Direction, Outcome
from crm_core.live.figures import DayFigures
from tests.fakes.house import DIRECTORY, NOW, call, call_id

pytestmark = pytest.mark.unit


def test_answered_in_time_and_late() -> None:
    figures = DayFigures(DIRECTORY, NOW)
    figures.count(call(1, answered_at=NOW + timedelta(seconds=20)))
    figures.count(call(2, answered_at=NOW + timedelta(seconds=21)))
    figures.count(call(3, outcome=Outcome.ABANDONED))
    figures.count(call(4, outcome=Outcome.VOICEMAIL))
    sales = figures["sales"]
    assert (sales.offered, sales.answered, sales.abandoned) == (4, 2, 1)
    assert sales.service_level == pytest.approx(1 / 3, abs=1e-4)


def test_no_level_before_the_first_call_is_finished() -> None:
    figures = DayFigures(DIRECTORY, NOW)
    figures.count(call(1))
    assert figures["sales"].service_level is None


def test_the_ledger_moves_a_call_and_a_transfer_takes_it_along() -> None:
    figures = DayFigures(DIRECTORY, NOW)
    figures.count(call(1, outcome=Outcome.ABANDONED))
    assert figures.count(call(1, answered_at=NOW)) == {"sales"}
    assert (figures["sales"].answered, figures["sales"].abandoned) == (1, 0)
    assert figures.count(call(1, answered_at=NOW, queue="service")) == {"sales", "service"}
    assert (figures["sales"].offered, figures["service"].offered) == (0, 1)
    assert figures.count(call(1, answered_at=NOW, queue="service")) == frozenset()


@pytest.mark.parametrize(
    "uncounted",
    [
        call(1, direction=Direction.OUT),
        call(1, direction=Direction.INTERNAL),
        call(1, outcome=Outcome.BLOCKED),
        call(1, merged_into=call_id(2)),
        call(1, queue=None),
        call(1, started_at=NOW - timedelta(days=1)),
    ],
    ids=["out", "internal", "blocked", "merged", "no queue", "yesterday"],
)
def test_what_is_not_counted(uncounted: object) -> None:
    figures = DayFigures(DIRECTORY, NOW)
    assert figures.count(uncounted) == frozenset()  # type: ignore[arg-type]
    assert figures["sales"].offered == 0


def test_midnight_is_local() -> None:
    before = datetime(2026, 3, 2, 20, 30, tzinfo=UTC)  # 23:30 in Moscow, 00:30 in Baku
    figures = DayFigures(DIRECTORY, before)
    figures.count(call(1, started_at=before))
    assert figures.roll(before + timedelta(minutes=29)) == frozenset()
    assert figures.roll(before + timedelta(minutes=31)) == {"sales"}
    assert figures["sales"].offered == 0
    figures.count(call(1, started_at=before, answered_at=before))
    assert figures["sales"].offered == 0, "yesterday's call does not enter today"
