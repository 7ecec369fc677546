"""Recorded calls are settled as what they were; rows in another order say the same."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta

import pytest

from callrouter.ledger.rows import CelEvent, CelRow, read_row
from callrouter.ledger.settling import settlement_of
from callrouter.tracking.directory import Directory
from crm_core.calls.model import Direction, HangupBy, LegRole, LegState
from crm_core.calls.settlement import Settlement, settled_outcome
from tests.unit.callrouter.ledger.records import NAMES, OFFICE, recorded
from tests.unit.callrouter.tracking.test_recorded import Told

pytestmark = pytest.mark.unit

CALLER, AGENT, SYSTEM = HangupBy.CALLER, HangupBy.AGENT, HangupBy.SYSTEM


def rows_of(name: str) -> list[CelRow]:
    lines = recorded(name).splitlines(keepends=True)
    return [read for line in lines if (read := read_row(line)) is not None]


def settle(name: str, office: Directory = OFFICE) -> Settlement:
    settlement = settlement_of(rows_of(name), office)
    assert settlement is not None
    return settlement


# How long each talked: what the peers that were recorded waited before their next step.
@pytest.mark.parametrize(
    ("name", "agent", "side", "talks"),
    [
        ("plain", "anna", CALLER, {"anna": 0.5}),
        ("withheld", "anna", CALLER, {"anna": 0.5}),
        ("agent_hangs_up", "anna", AGENT, {"anna": 0.5}),
        ("next_agent", "boris", CALLER, {"anna": 0.0, "boris": 0.5}),
        ("declined", "boris", CALLER, {"anna": 0.0, "boris": 0.5}),
        ("unreachable", "boris", CALLER, {"anna": 0.0, "boris": 0.5}),
        ("wait_then_agent", "clara", AGENT, {"clara": 0.5}),
        ("redirect", "clara", CALLER, {"clara": 0.5}),
        ("abandoned_ringing", None, CALLER, {"anna": 0.0}),
        ("abandoned_waiting", None, CALLER, {}),
        ("hold", "anna", CALLER, {"anna": 1.3}),
        ("blind_agent", "boris", AGENT, {"anna": 0.5, "boris": 0.5}),
        ("blind_queue", "boris", CALLER, {"anna": 0.5, "boris": 0.5}),
        ("blind_untaken", "clara", CALLER, {"anna": 0.5, "boris": 0.0, "clara": 0.5}),
        ("attended", "boris", CALLER, {"anna": 1.1, "boris": 0.7}),
        ("attended_at_once", "boris", CALLER, {"anna": 0.7, "boris": 1.2}),
        ("attended_ringing", "boris", AGENT, {"anna": 0.8, "boris": 0.6}),
        ("attended_ringing_untaken", "clara", CALLER, {"anna": 0.8, "boris": 0.0, "clara": 0.5}),
        ("internal", "boris", AGENT, {"anna": 0.5, "boris": 0.5}),
        ("internal_busy", None, SYSTEM, {"anna": 0.0, "boris": 0.0}),
        ("internal_queue", "boris", CALLER, {"anna": 0.5, "boris": 0.5}),
        ("net", "clara", CALLER, {"clara": 0.5}),
        ("voicemail", None, CALLER, {}),
        ("voicemail_left", None, CALLER, {}),
        ("overflow", None, SYSTEM, {}),
    ],
)
def test_who_talked_how_long_and_who_ended_it(
    name: str, agent: str | None, side: HangupBy, talks: dict[str, float]
) -> None:
    settlement = settle(name)
    talked: dict[str, float] = {}
    for leg in settlement.legs:
        if leg.agent is not None:
            talked[leg.agent] = talked.get(leg.agent, 0.0) + leg.talk_s
    assert (settlement.agent, settlement.hangup_by) == (agent, side)
    assert talked == pytest.approx(talks, abs=0.05)
    total = sum(talks.values()) / (2 if name.startswith("internal") else 1)
    assert settlement.talk_s == pytest.approx(total, abs=0.05)
    assert (settlement.answered_at is None) is (agent is None)


# The agent calls: hers from the start, and "caller" is the other side.
@pytest.mark.parametrize(
    ("name", "agent", "side", "talks"),
    [
        ("out", "anna", AGENT, {"anna": 0.7}),
        ("out_customer_hangs_up", "anna", CALLER, {"anna": 0.7}),
        ("out_hold", "anna", CALLER, {"anna": 0.9}),
        ("out_busy", "anna", SYSTEM, {"anna": 0.0}),
        ("out_declined", "anna", SYSTEM, {"anna": 0.0}),
        ("out_unknown", "anna", SYSTEM, {"anna": 0.0}),
        ("out_no_answer", "anna", SYSTEM, {"anna": 0.0}),
        ("out_given_up", "anna", AGENT, {"anna": 0.0}),
        ("out_blind_agent", "boris", AGENT, {"anna": 0.7, "boris": 0.7}),
        ("out_blind_queue", "boris", CALLER, {"anna": 0.7, "boris": 0.7}),
        ("out_attended", "boris", CALLER, {"anna": 0.8, "boris": 0.7}),
    ],
)
def test_calls_to_customers(name: str, agent: str, side: HangupBy, talks: dict[str, float]) -> None:
    settlement = settle(name)
    assert (settlement.direction, settlement.to) == (Direction.OUT, "+74955550142")
    assert (settlement.did, settlement.queue) == ("+74955550100", "sales")
    assert (settlement.from_raw, settlement.from_name) == ("101", "Anna")
    assert (settlement.agent, settlement.hangup_by) == (agent, side)
    talked: dict[str, float] = {}
    for leg in settlement.legs:
        if leg.agent is not None:
            talked[leg.agent] = talked.get(leg.agent, 0.0) + leg.talk_s
    assert talked == pytest.approx(talks, abs=0.05)
    assert (settlement.answered_at is None) is (sum(talks.values()) == 0)
    assert [leg.number for leg in settlement.legs if leg.role is LegRole.CUSTOMER] == ["+74955550142"]
    live = Told(f"walked_{name}").call
    assert (live.outcome, live.hangup_by) == (settled_outcome(None, settlement), side)


def test_an_outgoing_call_of_a_trunk_the_office_has_no_more() -> None:
    settlement = settle("out", replace(OFFICE, trunks=frozenset(), caller_ids={}))
    assert (settlement.direction, settlement.to, settlement.did) == (Direction.OUT, "+74955550142", None)
    assert settlement.talk_s == pytest.approx(0.7, abs=0.05)


@pytest.mark.parametrize("name", NAMES)
def test_every_leg_is_over_and_times_are_in_order(name: str) -> None:
    settlement = settle(name)
    assert settlement.started_at <= (settlement.answered_at or settlement.ended_at) <= settlement.ended_at
    for leg in settlement.legs:
        assert leg.state is LegState.ENDED
        assert not leg.channel_name.startswith("Local/")
        assert leg.ended_at is not None
        assert settlement.started_at <= leg.started_at <= leg.ended_at <= settlement.ended_at


@pytest.mark.parametrize("name", NAMES)
def test_the_order_of_rows_does_not_matter(name: str) -> None:
    rows = rows_of(name)
    random.Random(7).shuffle(rows)
    assert settlement_of(rows, OFFICE) == settle(name)


def test_where_a_call_came_from_and_was_going() -> None:
    plain, inside, queue = settle("plain"), settle("internal"), settle("internal_queue")
    assert (plain.direction, plain.from_raw, plain.did, plain.to, plain.queue) == (
        Direction.IN,
        "+79161234567",
        "+74955550100",
        "+74955550100",
        "sales",
    )
    assert (inside.direction, inside.from_raw, inside.from_name) == (Direction.INTERNAL, "101", "Anna")
    assert (inside.did, inside.to, inside.queue) == (None, "102", None)
    assert (queue.to, queue.queue) == ("600", "sales")


def test_a_number_dialled_without_its_plus_is_the_number() -> None:
    rows = [replace(row, exten=row.exten.removeprefix("+")) for row in rows_of("plain")]
    settlement = settlement_of(rows, OFFICE)
    assert settlement is not None
    assert (settlement.did, settlement.queue) == ("+74955550100", "sales")


def test_trunk_and_number_that_the_office_has_no_more_are_still_the_customers() -> None:
    settlement = settle("plain", Directory(endpoints=OFFICE.endpoints))
    assert settlement.legs[0].role is LegRole.CUSTOMER
    assert (settlement.did, settlement.queue, settlement.agent) == ("+74955550100", None, "anna")


@pytest.mark.parametrize(
    "name", ["attended", "attended_at_once", "attended_ringing", "attended_ringing_untaken"]
)
def test_a_consult_call_is_part_of_the_customers(name: str) -> None:
    settlement = settle(name)
    (consult,) = settlement.merged
    ids = {row.call_id for row in rows_of(name)} - {None}
    assert ids == {settlement.call_id, consult}
    assert settlement.legs[0].role is LegRole.CUSTOMER
    assert [leg.agent for leg in settlement.legs[:4]] == [None, "anna", "anna", "boris"]


def test_messages_and_goodbyes_are_told_from_hanging_up() -> None:
    facts = {
        name: (settle(name).recorded_message, settle(name).turned_away)
        for name in ("voicemail", "voicemail_left", "overflow", "abandoned_waiting")
    }
    assert facts == {
        "voicemail": (True, False),
        "voicemail_left": (False, False),
        "overflow": (False, True),
        "abandoned_waiting": (False, False),
    }


def test_a_queue_it_was_transferred_to_is_the_calls_queue() -> None:
    assert settle("blind_queue", replace(OFFICE, number_queues={"+74955550100": "quiet"})).queue == "sales"


def test_a_call_the_pbx_died_under_ends_when_it_was_last_alive() -> None:
    rows = [row for row in rows_of("plain") if row.event not in (CelEvent.BRIDGE_EXIT, CelEvent.HANGUP)]
    rows = [row for row in rows if row.event is not CelEvent.CHAN_END]
    last = max(row.at for row in rows)
    settlement = settlement_of(rows, OFFICE, closed_at=last + timedelta(seconds=60), lost=True)
    assert settlement is not None
    assert (settlement.pbx_lost, settlement.hangup_by) == (True, SYSTEM)
    assert settlement.ended_at == last + timedelta(seconds=60)
    assert settlement.talk_s == pytest.approx(60, abs=0.01)


def test_rows_without_a_call_id_are_no_call() -> None:
    assert settlement_of([replace(row, call_id=None) for row in rows_of("plain")], OFFICE) is None


def test_a_number_the_dialplan_took_away_stays_away() -> None:
    def row_of(row: CelRow) -> CelRow:
        raw = row.context.startswith("cc-in-")
        return replace(row, caller_number="+79990001122" if raw else "", caller_name="Ivan" if raw else "")

    rows = [row_of(row) for row in rows_of("plain")]
    assert any(row.caller_number for row in rows), "the network told it"
    settlement = settlement_of(rows, OFFICE)
    assert settlement is not None
    assert (settlement.from_raw, settlement.from_name) == ("", "")
