"""What a router that was killed left undone behind its calls is found by the next one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from crm_core.calls.events import CallSettled
from crm_core.calls.journal import CallJournal
from crm_core.calls.model import Call, Direction
from crm_core.calls.trace import Code, line
from crm_core.ids import new_id
from tests.fakes.calls import answered_call
from tests.fakes.clock import FakeClock
from tests.integration.calls.conftest import keep

pytestmark = pytest.mark.integration

NOW = FakeClock().now()


def finished(*codes: Code, **values: object) -> Call:
    """A settled call, an hour ago, whose trace says *codes*."""
    call = answered_call(NOW - timedelta(hours=1))
    trace = tuple(line(call.started_at, code, agent="anna", title="x") for code in codes)
    return replace(call, id=new_id(), trace=trace, settled=True, **values)  # type: ignore[arg-type]


async def owing(journal: CallJournal, calls: Sequence[Call]) -> set[int]:
    """Which of *calls* are found, by their place."""
    await keep(journal, [CallSettled(call=call) for call in calls])
    found = {call.id for call in await journal.owing_calls()}
    return {place for place, call in enumerate(calls) if call.id in found}


async def test_calls_nobody_looked_up_and_cards_nobody_owns(journal: CallJournal) -> None:
    card = new_id()
    calls = [
        finished(customer_id=None, owner=None),
        finished(Code.IDENTIFY_LATE, customer_id=None, owner=None),
        finished(Code.IDENTIFIED_NEW, customer_id=card, owner=None),
        finished(Code.IDENTIFIED_WITHHELD, customer_id=None, owner=None),
        finished(Code.IDENTIFIED_SHARED, customer_id=None, owner=None),
        finished(Code.IDENTIFIED_NEW, customer_id=card, owner="anna"),
        finished(Code.IDENTIFIED_NEW, customer_id=card, owner=None, answered_at=None),
    ]
    assert await owing(journal, calls) == {0, 1, 2}


async def test_calls_of_agents_to_customers_too(journal: CallJournal) -> None:
    out = {"direction": Direction.OUT, "from_number": "101", "to": "+74955550142"}
    calls = [
        finished(Code.CALLED, customer_id=None, owner=None, **out),
        finished(Code.IDENTIFIED_CUSTOMER, customer_id=new_id(), owner="anna", **out),
        finished(Code.IDENTIFIED_CUSTOMER, customer_id=None, owner=None, **out),
        finished(Code.IDENTIFIED_CUSTOMER, customer_id=new_id(), owner=None, **out),
    ]
    assert await owing(journal, calls) == {0, 3}


async def test_not_those_of_long_ago_of_others_or_still_to_be_settled(journal: CallJournal) -> None:
    owed = finished(customer_id=None, owner=None)
    calls = [
        owed,
        replace(owed, id=new_id(), started_at=NOW - timedelta(days=2)),
        replace(owed, id=new_id(), pbx="elsewhere"),
        replace(owed, id=new_id(), direction=Direction.INTERNAL),
        replace(owed, id=new_id(), settled=False),
        replace(owed, id=new_id(), merged_into=owed.id),
    ]
    assert await owing(journal, calls) == {0}
