"""How often callers may be asked for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from agent_ui.demo.bell import MOST, PAUSE, WINDOW, Patience, TooSoon

pytestmark = pytest.mark.unit

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


def test_two_rings_have_a_pause_between_them() -> None:
    patience = Patience()
    patience.spend(NOW)
    with pytest.raises(TooSoon):
        patience.spend(NOW + PAUSE - timedelta(milliseconds=1))
    patience.spend(NOW + PAUSE)


def test_a_window_has_room_for_so_many() -> None:
    patience = Patience()
    for number in range(MOST):
        patience.spend(NOW + number * PAUSE)
    with pytest.raises(TooSoon):
        patience.spend(NOW + WINDOW - timedelta(milliseconds=1))
    patience.spend(NOW + WINDOW)  # the first of them is forgotten
    with pytest.raises(TooSoon):
        patience.spend(NOW + WINDOW + PAUSE - timedelta(milliseconds=1))
