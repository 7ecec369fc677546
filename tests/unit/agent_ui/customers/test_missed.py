"""A line of the worklist in the words of the house."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agent_ui.customers.missed import missed_row
from crm_core.calls.missed import MissedLine
from crm_core.calls.model import Outcome
from crm_core.ids import new_id
from tests.fakes.house import DIRECTORY, NOW, reader

pytestmark = pytest.mark.unit

CARD = new_id()
LINE = MissedLine(
    id=new_id(),
    pbx="main",
    number="+74955550142",
    calls=2,
    first_at=NOW,
    last_at=NOW,
    last_call_id=new_id(),
    last_outcome=Outcome.ABANDONED,
    queue="sales",
    did=None,
    offered=("anna", "gone"),
    customer_id=CARD,
    customer_title="Maria",
    owner="anna",
)


def test_people_and_queues_are_called_by_their_titles() -> None:
    row = missed_row(replace(LINE, done_by="boris", done_at=NOW), DIRECTORY, reader("anna"), {CARD})
    assert (row.title, row.card, row.queue, row.rang) == ("Maria", CARD, "Sales", ("Anna", "gone"))
    assert (row.owner.mine, row.before, row.before_at) == (True, "Boris", NOW)
    assert row.seen == "2026-03-02T09:00:00+00:00"


def test_a_card_that_may_not_be_opened_is_named_and_no_link() -> None:
    row = missed_row(LINE, DIRECTORY, reader("leyla"), ())
    assert (row.title, row.card, row.owner.mine) == ("Maria", None, False)


def test_a_card_without_a_name_shows_its_number() -> None:
    nameless = replace(LINE, customer_title=LINE.number)
    assert missed_row(nameless, DIRECTORY, reader("anna"), {CARD}).title is None
