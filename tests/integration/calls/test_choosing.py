"""Whose call it is when several cards share the number: said by people, kept for good."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import msgspec
import pytest

from callrouter.tracking.facts import Traced
from callrouter.tracking.tracker import CallTracker
from crm_core.bus.event import decode
from crm_core.calls.events import CallChanged, CallEnded, CustomerChosen
from crm_core.calls.journal import CallJournal
from crm_core.calls.model import Call, Direction
from crm_core.calls.service import CallService
from crm_core.calls.trace import Code, line
from crm_core.customers.model import CardChoice, NewCustomer
from crm_core.customers.seeding import FileCustomers
from crm_core.customers.service import CustomerService
from crm_core.db.engine import Database
from crm_core.errors import NotFound
from crm_core.ids import new_id
from crm_core.office.service import OfficeService
from crm_core.people.model import Reader, Role
from tests.fakes.calls import answered_call
from tests.fakes.clock import FakeClock
from tests.integration.calls.conftest import keep
from tests.unit.callrouter.tracking.streams import OFFICE
from tests.unit.crm_core.office.offices import EXAMPLE

pytestmark = pytest.mark.integration

SHARED, SALES = "+74955550160", "+74955550100"
ANNA = Reader(person="anna", role=Role.AGENT, office="moscow", team="sales")
RASHID = Reader(person="rashid", role=Role.AGENT, office="baku", team="support")
ADMIN = Reader(person="admin", role=Role.ADMIN, office="moscow", team=None)


@dataclass
class Desk:
    """An answered call of Igor's and Olga's number, nobody's yet."""

    database: Database
    calls: CallService
    customers: CustomerService
    journal: CallJournal
    call: Call
    cards: dict[str, UUID]

    async def identified(self) -> UUID | None:
        found = await self.customers.identify(SHARED, office="moscow", via=SALES, timeout_s=5)
        return found.customer_id

    async def rows(self, sql: str) -> list[tuple[Any, ...]]:
        async with self.database.hot(timeout_s=10) as connection:
            return [tuple(row) for row in await connection.fetch(sql)]

    async def said(self) -> list[Any]:
        rows = await self.rows("SELECT name, body FROM outbox WHERE name <> 'CallEnded' ORDER BY seq")
        return [decode(msgspec.json.encode({"type": name, "body": body})) for name, body in rows]


@pytest.fixture
async def desk(database: Database, journal: CallJournal) -> Desk:
    clock = FakeClock()
    await OfficeService(database, clock, followers=(FileCustomers(clock),)).apply(
        EXAMPLE, None, "admin", None
    )
    customers = CustomerService(database, clock)
    shared, _ = await customers.list(ADMIN, phone=SHARED)
    call = answered_call(clock.now(), from_number=SHARED, from_raw=SHARED, did=SALES, version=3)
    await keep(journal, [CallEnded(call=call)])
    desk = Desk(
        database=database,
        calls=CallService(database, clock),
        customers=customers,
        journal=journal,
        call=call,
        cards={card.title: card.id for card in shared},
    )
    await desk.rows("DELETE FROM outbox")
    await desk.rows("DELETE FROM audit")
    return desk


async def test_a_call_of_a_shared_number_is_read_with_its_choices(desk: Desk) -> None:
    read = await desk.calls.get(ADMIN, desk.call.id)
    assert read.choices == (
        CardChoice(customer_id=desk.cards["Igor Sokolov"], title="Igor Sokolov", owner=None, office="moscow"),
        CardChoice(
            customer_id=desk.cards["Olga Sokolova"], title="Olga Sokolova", owner="anna", office="moscow"
        ),
    )
    withheld = answered_call(FakeClock().now(), from_number=None, from_raw="")
    await keep(desk.journal, [CallEnded(call=withheld)])
    assert (await desk.calls.get(ADMIN, withheld.id)).choices == ()


async def test_a_choice_is_kept_in_the_call_and_for_the_number(desk: Desk) -> None:
    olga = desk.cards["Olga Sokolova"]
    other = replace(desk.call, id=new_id())
    await keep(desk.journal, [CallEnded(call=other)])
    await desk.rows("DELETE FROM outbox")
    chosen = await desk.calls.choose_customer(ANNA, desk.call.id, olga)
    assert (chosen.customer_id, chosen.customer_title, chosen.owner) == (olga, "Olga Sokolova", "anna")
    assert chosen.choices == () and chosen.trace[-1].code == "customer_chosen"
    assert await desk.calls.get(ADMIN, desk.call.id) == chosen
    assert (await desk.calls.get(ADMIN, other.id)).customer_id is None, "what is over stays as it was"
    assert await desk.identified() == olga
    [said] = await desk.said()
    assert isinstance(said, CustomerChosen) and (said.by, said.call) == ("anna", chosen)
    assert await desk.rows("SELECT actor, action, subject_id, after FROM audit") == [
        ("anna", "customer.chosen", str(olga), {"number": SHARED, "did": SALES})
    ]
    assert await desk.calls.choose_customer(ANNA, desk.call.id, olga) == chosen
    assert len(await desk.said()) == 1, "the same again is nothing new"


async def test_whom_an_agent_called_is_chosen_by_the_number_that_was_dialled(desk: Desk) -> None:
    olga = desk.cards["Olga Sokolova"]
    out = answered_call(
        FakeClock().now(), direction=Direction.OUT, from_number="101", to=SHARED, did=SALES, version=3
    )
    await keep(desk.journal, [CallEnded(call=out)])
    read = await desk.calls.get(ADMIN, out.id)
    assert [choice.title for choice in read.choices] == ["Igor Sokolov", "Olga Sokolova"]
    chosen = await desk.calls.choose_customer(ANNA, out.id, olga)
    assert (chosen.customer_id, chosen.from_number) == (olga, "101")
    assert await desk.identified() == olga, "who calls from there is Olga, too"


async def test_a_wrong_choice_is_put_right(desk: Desk) -> None:
    igor, olga = desk.cards["Igor Sokolov"], desk.cards["Olga Sokolova"]
    await desk.calls.choose_customer(ANNA, desk.call.id, olga)
    assert (await desk.calls.choose_customer(ANNA, desk.call.id, igor)).customer_id == igor
    assert await desk.identified() == igor


async def test_who_answered_first_owns_the_chosen_card_once(desk: Desk) -> None:
    igor = desk.cards["Igor Sokolov"]
    chosen = await desk.calls.choose_customer(ADMIN, desk.call.id, igor)
    assert chosen.owner == "anna"
    assert (await desk.customers.get(ADMIN, igor)).owner == "anna"
    assert [type(event).__name__ for event in await desk.said()] == ["OwnerBecame", "CustomerChosen"]
    later = answered_call(FakeClock().now(), agent="elena", from_number=SHARED, did=SALES)
    await keep(desk.journal, [CallEnded(call=later)])
    assert (await desk.calls.choose_customer(ADMIN, later.id, igor)).owner == "anna"


async def test_a_version_that_does_not_know_of_the_choice_leaves_it(desk: Desk) -> None:
    olga = desk.cards["Olga Sokolova"]
    await desk.calls.choose_customer(ANNA, desk.call.id, olga)
    await keep(desk.journal, [CallChanged(call=replace(desk.call, version=4, talk_s=9.0))])
    read = await desk.calls.get(ADMIN, desk.call.id)
    assert (read.customer_id, read.customer_title, read.owner) == (olga, "Olga Sokolova", "anna")
    assert (read.version, read.talk_s) == (4, 9.0)
    named = replace(desk.call, version=5, customer_id=olga, customer_title="Olga", owner="elena")
    await keep(desk.journal, [CallChanged(call=named)])
    read = await desk.calls.get(ADMIN, desk.call.id)
    assert (read.customer_title, read.owner) == ("Olga", "elena")


async def test_only_who_may_see_call_and_card_chooses(desk: Desk) -> None:
    igor, olga = desk.cards["Igor Sokolov"], desk.cards["Olga Sokolova"]
    (marina, *_), _ = await desk.customers.list(ADMIN, phone="+74955550142")
    abroad = await desk.customers.create(
        ADMIN, NewCustomer(title="Abroad", phones=(SHARED,), office="baku", shared=True)
    )
    internal = answered_call(FakeClock().now(), direction=Direction.INTERNAL, from_number="101")
    await keep(desk.journal, [CallEnded(call=internal)])
    for reader, call_id, card in (
        (RASHID, desk.call.id, olga),  # not his call
        (ANNA, new_id(), olga),
        (ANNA, desk.call.id, marina.id),  # not of this number
        (ANNA, desk.call.id, new_id()),
        (ANNA, desk.call.id, abroad.id),  # of another office
        (ADMIN, internal.id, igor),
    ):
        with pytest.raises(NotFound):
            await desk.calls.choose_customer(reader, call_id, card)
    assert await desk.identified() is None


async def test_two_choices_at_once_end_in_one_of_them(desk: Desk) -> None:
    cards = tuple(desk.cards.values())
    await asyncio.gather(
        *(desk.calls.choose_customer(ADMIN, desk.call.id, card) for card in cards * 3),
    )
    read = await desk.calls.get(ADMIN, desk.call.id)
    assert read.customer_id in cards and await desk.identified() in cards


async def test_a_router_that_starts_again_knows_the_choices(desk: Desk) -> None:
    tracker = CallTracker(OFFICE, "main")
    tracker.restore(await desk.journal.open_calls())
    at = FakeClock().now()
    (event,) = tracker.apply(Traced(at=at, call_id=desk.call.id, lines=(line(at, Code.OWNER_NONE),)))
    assert [choice.title for choice in event.call.choices] == ["Igor Sokolov", "Olga Sokolova"]
