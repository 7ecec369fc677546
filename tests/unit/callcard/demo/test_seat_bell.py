"""Callers on request are of the kind asked for, and ring the free seat's own line."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent_ui.demo.bell import Ringing
from callcard.demo.peers import SEAT_LINE, demo_office
from callcard.demo.sample import sample_office
from callcard.demo.seat_bell import SeatBell
from crm_core.errors import Unavailable
from crm_core.office.reading import read_office
from crm_core.office.writing import canonical

pytestmark = pytest.mark.unit

OFFICE = demo_office(read_office(sample_office().read_text("utf-8")), sip_port=5070, rtp_start=16_000)
KNOWN = {phone: customer.owner for customer in OFFICE.customers for phone in customer.phones}


def test_the_seats_line_is_its_own() -> None:
    queue = OFFICE.queues[OFFICE.numbers[SEAT_LINE].queue]
    assert queue.members == ("dina",)
    assert read_office(canonical(OFFICE)) == OFFICE


def test_known_ones_are_the_seats_customers_in_turn() -> None:
    bell = SeatBell(OFFICE, Path())
    numbers = [bell.caller(Ringing.KNOWN).number for _ in range(4)]
    assert {KNOWN[number] for number in numbers} == {bell.seat} == {"dina"}
    assert numbers[:2] == numbers[2:] and numbers[0] != numbers[1]


def test_new_ones_are_nobody_and_never_the_same() -> None:
    bell = SeatBell(OFFICE, Path())
    numbers = [bell.caller(Ringing.NEW).number for _ in range(300)]
    assert len(set(numbers)) == 300 and not KNOWN.keys() & set(numbers)
    assert bell.caller(Ringing.WITHHELD).number == "anonymous"


async def test_a_ring_is_a_call_file_or_said_to_be_none(tmp_path: Path) -> None:
    with pytest.raises(Unavailable):
        await SeatBell(OFFICE, tmp_path / "nowhere").ring(Ringing.NEW)
    (tmp_path / "outgoing").mkdir()
    await SeatBell(OFFICE, tmp_path).ring(Ringing.KNOWN)
    (file,) = (tmp_path / "outgoing").iterdir()
    assert f"Channel: PJSIP/{SEAT_LINE[1:]}@demo-carrier\n" in file.read_text()
