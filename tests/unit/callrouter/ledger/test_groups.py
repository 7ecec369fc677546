"""Rows become calls when every channel is over, whatever the order and the cuts they come in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callrouter.ledger import groups as module
from callrouter.ledger.groups import QUIET_S, CallGroups
from callrouter.ledger.reader import Place
from callrouter.ledger.rows import CelEvent, CelRow, read_row
from callrouter.ledger.settling import settlement_of
from crm_core.calls.model import Outcome
from crm_core.calls.settlement import Settlement, settle, settled_outcome
from tests.unit.callrouter.ledger.records import CALL, NAMES, OFFICE, OTHER, recorded, row

pytestmark = pytest.mark.unit

LATER = 10_000.0  # monotonic, long after everything was read


def rows_of(*names: str) -> list[CelRow]:
    lines = b"".join(recorded(name) for name in names).splitlines(keepends=True)
    rows = [read for line in lines if (read := read_row(line)) is not None]
    return sorted(rows, key=lambda row: row.at)


def fold(rows: Iterable[CelRow], groups: CallGroups | None = None, now: float = 0.0) -> list[Settlement]:
    """What is settled while the rows come in one by one, and at the end of the file."""
    groups = CallGroups(OFFICE) if groups is None else groups
    found = []
    for number, item in enumerate(rows):
        groups.add(Place(number, 1, number * 100), item, now)
        found += groups.take(now, all_read=False)
    return found + groups.take(LATER, all_read=True)


def expected(names: Sequence[str] = NAMES) -> dict[str, Settlement]:
    settled = [settlement_of(rows_of(name), OFFICE) for name in names]
    return {str(one.call_id): one for one in settled if one is not None}


def by_id(settlements: Iterable[Settlement]) -> dict[str, Settlement]:
    found: dict[str, Settlement] = {}
    for settlement in settlements:
        assert str(settlement.call_id) not in found, "settled twice"
        found[str(settlement.call_id)] = settlement
    return found


def test_a_file_of_all_recorded_calls_gives_each_call_once() -> None:
    groups = CallGroups(OFFICE)
    assert by_id(fold(rows_of(*NAMES), groups)) == expected()
    assert (groups.unsettled, groups.needed, groups.late, groups.given_up) == (0, None, 0, 0)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 1 << 32), st.floats(0, 0.2))
def test_rows_out_of_order_within_a_moment_give_the_same(seed: int, window: float) -> None:
    random = Random(seed)
    shifted = [
        (item.at + timedelta(seconds=random.uniform(0, window)), number, item)
        for number, item in enumerate(rows_of(*NAMES))
    ]
    assert by_id(fold(item for _, _, item in sorted(shifted))) == expected()


def test_calls_at_the_same_time_stay_apart() -> None:
    begin = rows_of("plain")[0].at
    rows = []
    for name in NAMES:
        own = rows_of(name)
        shift = begin - own[0].at
        rows += [_moved(item, shift) for item in own]
    rows.sort(key=lambda item: item.at)
    settled = by_id(fold(rows))
    assert set(settled) == set(expected())
    assert {one: settled[one].talk_s for one in settled} == pytest.approx(
        {one: call.talk_s for one, call in expected().items()}, abs=0.002
    )


def _moved(item: CelRow, shift: timedelta) -> CelRow:
    return replace(item, at=item.at + shift)


def test_nothing_is_settled_before_its_last_channel_is_over_and_quiet() -> None:
    rows = rows_of("attended")
    groups = CallGroups(OFFICE)
    for number, item in enumerate(rows):
        groups.add(Place(number, 1, number), item, 5.0)
        assert groups.take(5.0, all_read=True) == []
    assert groups.needed == Place(0, 1, 0)
    assert groups.take(5.0 + QUIET_S - 0.01, all_read=True) == []
    assert groups.take(5.0 + QUIET_S + 0.01, all_read=False) == []  # the file may hold more of it
    assert len(groups.take(5.0 + QUIET_S + 0.01, all_read=True)) == 1


def test_later_rows_of_the_file_make_it_quiet_too() -> None:
    groups = CallGroups(OFFICE)
    rows = [*rows_of("plain"), row("CHAN_START", 1_900_000_000.0, uniqueid="cc-1.9", linkedid="cc-1.9")]
    for number, item in enumerate(rows):
        groups.add(Place(number, 1, number), item, 0.0)
    assert len(groups.take(0.0, all_read=False)) == 1
    assert groups.needed == Place(len(rows) - 1, 1, len(rows) - 1)


def test_rows_after_the_settlement_are_late_and_change_nothing() -> None:
    groups = CallGroups(OFFICE)
    rows = rows_of("plain")
    assert len(fold(rows, groups)) == 1
    assert fold(rows[3:6], groups) == []
    assert (groups.late, groups.unsettled) == (3, 0)


def test_a_call_without_an_id_is_dropped_when_it_is_over() -> None:
    groups = CallGroups(OFFICE)
    assert fold([row("CHAN_START"), row("CHAN_END", 1_795_000_001.0)], groups) == []
    assert groups.unsettled == 0


def test_the_pbx_starting_again_ends_what_it_had() -> None:
    rows = [item for item in rows_of("plain") if item.event not in (CelEvent.HANGUP, CelEvent.CHAN_END)]
    groups = CallGroups(OFFICE)
    assert fold(rows, groups) == []
    last = rows[-1].at
    groups.pbx_restarted(last + timedelta(seconds=9), alive_at=last + timedelta(seconds=4))
    (settlement,) = groups.take(LATER, all_read=True)
    assert (settlement.pbx_lost, settlement.ended_at) == (True, last + timedelta(seconds=4))
    assert settled_outcome(None, settlement) is Outcome.PBX_LOST
    assert settle(None, settlement, "main").outcome is Outcome.PBX_LOST


def test_calls_of_after_the_restart_live_on() -> None:
    groups = CallGroups(OFFICE)
    rows = rows_of("plain")
    for number, item in enumerate(rows[:5]):
        groups.add(Place(number, 1, number), item, 0.0)
    groups.pbx_restarted(rows[0].at - timedelta(seconds=1))
    assert groups.take(LATER, all_read=True) == []


def test_the_file_alone_shows_a_restart_by_the_numbers_of_its_channels() -> None:
    lost = [item for item in rows_of("hold") if item.event not in (CelEvent.HANGUP, CelEvent.CHAN_END)]
    fresh = {"uniqueid": "cc-5e1f0a9b-1795289000.0", "linkedid": "cc-5e1f0a9b-1795289000.0"}
    new = [
        row("CHAN_START", 1_795_289_000.0, **fresh, accountcode=OTHER),
        row("CHAN_END", 1_795_289_001.0, **fresh, accountcode=OTHER),
    ]
    old, after = fold([*lost, *new])
    assert (old.pbx_lost, old.ended_at) == (True, max(item.at for item in lost))
    assert (str(after.call_id), after.pbx_lost) == (OTHER, False)


def test_channels_the_pbx_no_longer_has_are_over() -> None:
    rows = [item for item in rows_of("plain") if item.event is not CelEvent.CHAN_END]
    groups = CallGroups(OFFICE)
    assert fold(rows, groups) == []
    missing = groups.open_channels(quiet_since=0.0)
    assert missing == {item.uniqueid for item in rows}
    assert groups.open_channels(quiet_since=-1.0) == set()
    groups.end_absent({*missing, "cc-never.1"}, rows[-1].at + timedelta(seconds=3))
    (settlement,) = groups.take(LATER, all_read=True)
    assert (settlement.pbx_lost, settlement.ended_at) == (False, rows[-1].at + timedelta(seconds=3))


def test_a_group_nobody_can_settle_holds_up_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    poison = rows_of("hold")[0].linkedid

    def fails(rows: list[CelRow], *rest: object, **more: object) -> Settlement | None:
        if rows[0].linkedid == poison:
            raise RuntimeError
        return settlement_of(rows, OFFICE)

    monkeypatch.setattr(module, "settlement_of", fails)
    groups = CallGroups(OFFICE)
    settled = by_id(fold(rows_of("plain", "hold", "net"), groups))
    assert set(settled) == set(expected(["plain", "net"]))
    assert (groups.poisoned, groups.unsettled) == (1, 0)


def test_what_is_held_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_GROUPS", 50)
    monkeypatch.setattr(module, "MAX_ROWS", 20)
    monkeypatch.setattr(module, "MAX_DONE", 30)
    groups = CallGroups(OFFICE)
    settled: list[Settlement] = []
    for number in range(200):
        name = f"cc-5e1f0a9b-1795000000.{number}"
        call = f"0e4a8a52-6d5c-4c1f-9a52-3f0f5f6f{number:04}"
        for step in range(30):
            event = "APP_START" if step else "CHAN_START"
            at = 1_795_000_000 + number + step / 100
            item = row(event, at, uniqueid=name, linkedid=name, accountcode=call, appname="Dial")
            groups.add(Place(number * 30 + step, 1, 0), item, 0.0)
        settled += groups.take(0.0, all_read=False)
    assert groups.unsettled <= 51
    assert len(settled) >= 148
    assert groups.given_up > 0
    assert len(groups._done) <= 30


def test_a_transfer_joins_calls_before_their_linkedids_do() -> None:
    one = {"uniqueid": "cc-1.1", "linkedid": "cc-1.1", "accountcode": CALL}
    two = {"uniqueid": "cc-1.2", "linkedid": "cc-1.2", "accountcode": OTHER}
    start = 1_795_000_000.0
    groups = CallGroups(OFFICE)
    rows = [row("CHAN_START", start, **one), row("CHAN_START", start + 1, **two)]
    extra = '{"channel2_uniqueid":"cc-1.2"}'
    rows.append(row("ATTENDEDTRANSFER", start + 2, **one, eventextra=extra))
    rows.append(row("CHAN_END", start + 3, **one))
    for number, item in enumerate(rows):
        groups.add(Place(number, 1, number), item, 0.0)
    assert groups.unsettled == 1
    assert groups.take(LATER, all_read=True) == []  # the second channel is still up
    groups.add(Place(9, 1, 9), row("CHAN_END", start + 4, **two), 0.0)
    (settlement,) = groups.take(LATER, all_read=True)
    assert [str(settlement.call_id), *map(str, settlement.merged)] == [CALL, OTHER]
