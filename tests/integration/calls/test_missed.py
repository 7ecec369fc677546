"""Missed calls: lines that open and close themselves, in any order of the news, for those they concern."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from crm_core.calls import missed_store
from crm_core.calls.dispositions import FileDispositions
from crm_core.calls.events import CallAnswered, CallEnded, CallMerged
from crm_core.calls.journal import CallJournal
from crm_core.calls.ledger_store import LedgerPlace, LedgerStore
from crm_core.calls.missed import MissedLine, Whose
from crm_core.calls.missed_service import MissedService
from crm_core.calls.model import Call, CallState, Direction, HangupBy, Outcome
from crm_core.calls.service import CallService
from crm_core.calls.settlement import Settlement
from crm_core.customers.seeding import FileCustomers
from crm_core.db.engine import Database
from crm_core.errors import NotFound
from crm_core.ids import new_id
from crm_core.office.service import OfficeService
from crm_core.people.model import Reader, Role
from tests.fakes.calls import answered_call, missed_call
from tests.fakes.clock import FakeClock
from tests.integration.calls.conftest import keep, open_journal
from tests.unit.crm_core.office.offices import EXAMPLE

pytestmark = pytest.mark.integration

AT = FakeClock().now()
CALLER = "+74955550177"  # nobody's card
BAKU = "+994125550100"


def reader(person: str, role: Role = Role.AGENT, office: str = "moscow") -> Reader:
    return Reader(person=person, role=role, office=office, team=None)


ADMIN = reader("admin", Role.ADMIN)
VIKTOR = reader("viktor", Role.SUPERVISOR)
CHIEF_OF_BAKU = reader("leyla", Role.SUPERVISOR, "baku")
ANNA, ELENA, RASHID = reader("anna"), reader("elena"), reader("rashid", office="baku")


@dataclass
class Work:
    """The example office, a journal on its database, and the worklist."""

    database: Database
    journal: CallJournal
    service: MissedService

    async def write(self, *calls: Call) -> None:
        await keep(self.journal, [CallEnded(call=call) for call in calls])

    async def lines(self, who: Reader = ADMIN) -> list[MissedLine]:
        """Both parts of the list, which have nothing in common."""
        parts = [await self.service.missed(who, whose) for whose in Whose]
        lines = [line for part in parts for line in part]
        assert len({line.id for line in lines}) == len(lines)
        counted = await self.service.count(who)
        assert [counted.mine, counted.shared] == [len(part) for part in parts]
        return lines

    async def counts(self) -> dict[str, int]:
        return {line.number: line.calls for line in await self.lines()}

    async def said(self) -> list[dict[str, Any]]:
        """What was said of the list so far, and forget it."""
        async with self.database.hot(timeout_s=10) as connection:
            rows = await connection.fetch("SELECT body FROM outbox WHERE name = 'MissedChanged' ORDER BY seq")
            await connection.execute("DELETE FROM outbox")
        return [row["body"] for row in rows]


@pytest.fixture
async def work(database: Database, journal: CallJournal) -> Work:
    clock = FakeClock()
    office = OfficeService(database, clock, followers=(FileCustomers(clock), FileDispositions()))
    await office.apply(EXAMPLE, None, "admin", None)
    clock.advance(3600)
    return Work(database, journal, MissedService(database, clock))


def at(minute: float) -> datetime:
    return AT + timedelta(minutes=minute)


def missed(minute: float, **changes: Any) -> Call:
    return missed_call(at(minute), **({"from_number": CALLER} | changes))


def reached(minute: float, **changes: Any) -> Call:
    """A call of the same number that was answered at *minute*, from either side."""
    ended: dict[str, Any] = {
        "state": CallState.ENDED,
        "outcome": Outcome.ANSWERED,
        "ended_at": at(minute + 1),
    }
    return answered_call(at(minute), **({"from_number": CALLER} | ended | changes))


async def test_one_line_for_each_number_with_all_there_is_to_know(work: Work) -> None:
    calls = [
        missed(0, rang=["anna", "elena"]),
        missed(2, outcome=Outcome.OVERFLOW, rang=["anna"]),
        missed(4, outcome=Outcome.VOICEMAIL),
        missed(1, from_number="+74955550178", outcome=Outcome.FAILED),
        missed(1, from_number="+74955550179", outcome=Outcome.BLOCKED),
        missed(1, from_number=None),
    ]
    await work.write(*calls)
    lines = await work.lines()
    assert [(line.number, line.calls) for line in lines] == [(CALLER, 3), ("+74955550178", 1)]
    line = lines[0]
    assert (line.first_at, line.last_at, line.last_call_id) == (at(0), at(4), calls[2].id)
    assert (line.offered, line.queue, line.did) == (("anna", "elena"), "sales", "+74955550100")
    assert (line.last_outcome, line.owner, line.customer_id) == (Outcome.VOICEMAIL, None, None)


CLOSING: list[dict[str, Any]] = [
    {"direction": Direction.IN},
    {"direction": Direction.OUT, "from_number": "101", "to": "+{}"},
    {"direction": Direction.OUT, "from_number": "101", "to": "8{}"},
    {"direction": Direction.INTERNAL, "from_number": "101", "to": "007{}"},
]


@pytest.mark.parametrize("late", [False, True])
async def test_it_closes_when_either_side_gets_through(work: Work, late: bool) -> None:
    for place, how in enumerate(CLOSING):
        national = f"495555018{place}"
        number = f"+7{national}"
        how = {"from_number": number} | how
        if "to" in how:
            how["to"] = how["to"].format(number[1:] if how["to"].startswith("+") else national)
        news = [missed(0, from_number=number), reached(5, **how)]
        for call in reversed(news) if late else news:
            await work.write(call)
        assert await work.counts() == {}, how
        await work.write(missed(9, from_number=number))
        assert await work.counts() == {number: 1}
        await work.write(reached(10, **how))


async def test_it_closes_with_the_answer_and_not_before(work: Work) -> None:
    await work.write(missed(0))
    talking = reached(5, state=CallState.TALKING, outcome=None, ended_at=None)
    ringing = replace(talking, state=CallState.OFFERED, answered_at=None, agent=None, legs=())
    await work.write(ringing)
    assert await work.counts() == {CALLER: 1}
    answered = replace(talking, version=1)
    await keep(work.journal, [CallAnswered(call=answered, agent="anna")])
    assert await work.lines() == []


async def test_others_answers_and_calls_nobody_took_close_nothing(work: Work) -> None:
    unanswered = {"state": CallState.ENDED, "answered_at": None, "agent": None, "legs": ()}
    await work.write(
        missed(0),
        reached(5, from_number="+74955550178"),
        reached(5, direction=Direction.OUT, from_number="101", to="101"),
        reached(5, direction=Direction.OUT, to=CALLER, outcome=Outcome.FAILED, **unanswered),
    )
    assert await work.counts() == {CALLER: 1}


async def test_the_ledger_has_the_last_word(work: Work) -> None:
    """Seen live as missed, it was answered; and the other way round."""
    settled = LedgerStore(work.database, FakeClock(), pbx="main")
    seen, other = missed(0), reached(0, from_number="+74955550178")
    await work.write(seen, other)
    assert await work.counts() == {CALLER: 1}
    corrections = [
        settlement(seen, answered_at=at(0.2), hangup_by=HangupBy.CALLER, agent="anna"),
        settlement(other, answered_at=None, hangup_by=HangupBy.CALLER, agent=None),
    ]
    await settled.settle(corrections, LedgerPlace(1, 1))
    assert await work.counts() == {"+74955550178": 1}


def settlement(call: Call, **facts: Any) -> Settlement:
    values: dict[str, Any] = {
        "call_id": call.id,
        "direction": call.direction,
        "from_raw": call.from_raw,
        "from_name": "",
        "to": call.to,
        "did": call.did,
        "queue": call.queue,
        "started_at": call.started_at,
        "ended_at": at(1),
        "talk_s": 0.0,
        "recorded_message": False,
        "legs": (),
    }
    return Settlement(**(values | facts))


async def test_a_call_that_became_part_of_another_counts_no_more(work: Work) -> None:
    call, kept = missed(0), reached(-5, from_number="+74955550178")
    await work.write(call, kept)
    part = replace(call, merged_into=kept.id, outcome=None, version=2)
    await keep(work.journal, [CallMerged(call=part, into=kept.id)])
    assert await work.lines() == []


def expected(calls: Sequence[Call]) -> int:
    """What is open, by the definition."""
    talks = [call.answered_at for call in calls if call.answered_at is not None]
    missed = [call for call in calls if call.direction is Direction.IN and call.answered_at is None]
    return sum(call.started_at > max(talks, default=datetime.min.replace(tzinfo=UTC)) for call in missed)


async def test_any_order_with_repeats_and_through_the_spool_ends_in_the_same(
    work: Work, database: Database, tmp_path: Path
) -> None:
    away = await Database.open("postgresql://callcard@127.0.0.1:1/away", require=False)
    spooling = await open_journal(away, tmp_path / "away")
    dice = random.Random(20260302)
    wanted: dict[str, int] = {}
    news: list[Call] = []
    for place in range(30):
        number = f"+7495555{place:04}"
        calls = [
            missed(dice.randrange(100), from_number=number)
            if dice.random() < 0.6
            else reached(dice.randrange(100), from_number=number)
            if dice.random() < 0.5
            else reached(dice.randrange(100), direction=Direction.OUT, from_number="101", to=f"8{number[2:]}")
            for _ in range(dice.randrange(1, 7))
        ]
        news += calls
        if expected(calls):
            wanted[number] = expected(calls)
    events = [CallEnded(call=call) for call in news]
    dice.shuffle(events)
    await spooling.record(events[:60])
    await spooling.stop()
    await keep(work.journal, events[40:])
    replaying = await open_journal(database, tmp_path / "away")
    await replaying.replay()
    await replaying.stop()
    assert {line.number: line.calls for line in await work.lines()} == wanted
    again = dice.sample(events, len(events))
    await asyncio.gather(*(work.journal.record(again[start::4], heard=True) for start in range(4)))
    await work.journal.replay()
    assert {line.number: line.calls for line in await work.lines()} == wanted


async def test_writers_side_by_side_see_each_other(work: Work, database: Database) -> None:
    """The miss and the call back are written at the same moment, thirty times."""
    ledger = LedgerStore(database, FakeClock(), pbx="main")
    for place in range(30):
        number = f"+7495555{place:04}"
        call = missed(0, from_number=number)
        await work.write(call)
        late = missed(2, from_number=number)
        answered = settlement(call, answered_at=at(5), hangup_by=HangupBy.CALLER, agent="anna")
        await asyncio.gather(
            work.journal.record([CallEnded(call=late)]), ledger.settle([answered], LedgerPlace(1, place))
        )
    await work.journal.replay()
    assert await work.lines() == []


SEEN_BY = [
    # a call of the Moscow office that rang at Elena: hers, her colleague's of the queue, her chief's
    ({"rang": ["elena"]}, {"elena": "mine", "anna": "shared", "viktor": "shared", "admin": "shared"}),
    # of the Baku queue, where Anna helps
    (
        {"did": BAKU, "queue": "support"},
        {"rashid": "shared", "anna": "shared", "leyla": "shared", "admin": "shared"},
    ),
    # it came as far as no queue
    ({"queue": None}, {"viktor": "shared", "admin": "shared"}),
    # of a card of Rashid's that rang Moscow's number
    (
        {"from_number": "+994125550142", "queue": None},
        {"rashid": "mine", "viktor": "shared", "admin": "shared"},
    ),
]


@pytest.mark.parametrize(("call", "seen"), SEEN_BY, ids=["elena", "baku", "no queue", "owner"])
async def test_who_sees_a_line(work: Work, call: dict[str, Any], seen: dict[str, str]) -> None:
    card = await card_of(work, call.get("from_number", CALLER))
    await work.write(missed(0, customer_id=card, **call))
    found = {}
    for who in (ANNA, ELENA, RASHID, VIKTOR, CHIEF_OF_BAKU, ADMIN):
        await work.lines(who)
        for whose in Whose:
            for line in await work.service.missed(who, whose):
                found[who.person] = whose.value
                assert line.customer_id == card
    assert found == seen
    [told] = await work.said()
    assert set(told["agents"]) == {who for who, whose in seen.items() if whose == "mine"}
    assert told["offices"] == (["baku"] if call.get("did") == BAKU else ["moscow"])
    assert CALLER not in str(told) and "number" not in told


async def card_of(work: Work, number: str) -> UUID | None:
    async with work.database.hot(timeout_s=5) as connection:
        found = await connection.fetchval(
            "SELECT customer_id FROM customer_contacts JOIN contact_points p ON p.id = contact_point_id"
            " WHERE value = $1",
            number,
        )
    return None if found is None else UUID(int=found.int)


async def test_a_card_chosen_after_the_call_is_shown(work: Work) -> None:
    shared = "+74955550160"
    call = missed(0, from_number=shared)
    await work.write(call)
    card = await card_of(work, shared)
    assert card is not None
    assert [line.customer_id for line in await work.lines()] == [None]
    await CallService(work.database, FakeClock()).choose_customer(ADMIN, call.id, card)
    assert [line.customer_id for line in await work.lines()] == [card]


async def test_done_by_a_person_up_to_what_was_seen(work: Work) -> None:
    await work.write(missed(0), missed(2))
    [line] = await work.lines(ANNA)
    await work.write(missed(4))
    for who in (RASHID, CHIEF_OF_BAKU):
        with pytest.raises(NotFound):
            await work.service.done(who, line.id, line.last_at)
    with pytest.raises(NotFound):
        await work.service.done(ADMIN, new_id(), line.last_at)
    await work.said()
    for _ in range(2):
        await work.service.done(ANNA, line.id, line.last_at)
    [left] = await work.lines()
    assert (left.id, left.calls, left.last_at) == (line.id, 1, at(4))
    assert len(await work.said()) == 1
    await work.service.done(VIKTOR, line.id, at(100))  # no call after the last one is meant
    assert await work.lines() == []
    await work.write(missed(1), missed(3))  # late news of what is done
    assert await work.lines() == []
    await work.write(missed(50))
    [line] = await work.lines()
    assert (line.calls, line.first_at) == (1, at(50))
    async with work.database.hot(timeout_s=5) as connection:
        audited = await connection.fetch("SELECT actor, subject_id FROM audit WHERE action = 'missed.done'")
        [row] = await connection.fetch("SELECT done_by, done_at FROM missed_lines")
    assert [tuple(one) for one in audited] == [("anna", str(line.id)), ("viktor", str(line.id))]
    assert (row["done_by"], row["done_at"]) == ("viktor", AT + timedelta(hours=1))


async def test_it_is_said_when_something_changed_and_only_then(work: Work) -> None:
    call = missed(0, rang=["elena"])
    await work.write(call)
    assert [(one["queues"], one["agents"]) for one in await work.said()] == [(["sales"], ["elena"])]
    await work.write(replace(call, version=3))
    await work.write(reached(0, from_number="+74955550178"))
    assert await work.said() == []
    await work.write(reached(5))
    assert [one["agents"] for one in await work.said()] == [["elena"]]
    await work.write(reached(6))
    assert await work.said() == []


async def test_old_lines_are_no_work(work: Work) -> None:
    await work.write(missed(-60 * 24 * 31))
    assert await work.lines() == []


FILL = """
INSERT INTO calls (id, pbx, direction, state, from_number, from_raw, from_name, to_number, agents, started_at,
    wait_s, ring_s, talk_s, trace, settled, version)
SELECT gen_random_uuid(), 'main', 'in', 'ended', '+7495' || lpad(n::text, 7, '0'), '', '', '+74955550100',
    '{}', timestamptz '2026-01-01' + n * interval '1 minute', 0, 0, 0, '[]', true, 1
FROM generate_series(1, 20000) AS n"""


async def test_one_number_is_looked_up_by_index(database: Database) -> None:
    """All callers dialled the same number of ours: looking for those we dialled must not read them all."""
    asked = ["+74955550177"], ["+74955550177"] * 2, ["+74955550177", "84955550177"], ["abandoned"]
    async with database.hot(timeout_s=20) as connection:
        await connection.execute(FILL)
        await connection.execute("ANALYZE calls")
        plan = await connection.fetch(f"EXPLAIN {missed_store._SINCE_REACHED}", *asked)
    lines = [row[0] for row in plan]
    assert not [line for line in lines if "Seq Scan on calls" in line], "\n".join(lines)
    assert [line for line in lines if "ix_calls_outward" in line]
