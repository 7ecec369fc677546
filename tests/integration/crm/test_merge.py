"""Two cards become one: previewed, done at once, followed by what led to them."""

from __future__ import annotations

import asyncio
import itertools
import random
from uuid import UUID

import pytest

from crm_core.calls import store as call_rows
from crm_core.calls.merged_cards import CallsOfCards
from crm_core.calls.service import CallService
from crm_core.customers.events import CustomerMerged, OwnerChanged
from crm_core.customers.model import (
    CardStatus,
    Customer,
    CustomerChange,
    MergeConflict,
    MergeField,
    NewCustomer,
)
from crm_core.customers.service import CustomerService
from crm_core.errors import BadInput, CallcardError, Conflict, Forbidden, NotFound
from crm_core.ids import new_id
from tests.fakes.calls import answered_call
from tests.integration.crm.conftest import ADMIN, ANNA, RASHID, VIKTOR, House

pytestmark = pytest.mark.integration

SHARED, SALES, MARINA = "+74955550160", "+74955550100", "+74955550142"


@pytest.fixture
def merging(house: House) -> CustomerService:
    """The service as the web has it: calls follow."""
    return CustomerService(house.database, house.clock, followers=(CallsOfCards(),))


async def card(house: House, phone: str, title: str | None = None) -> Customer:
    found, _ = await house.customers.list(ADMIN, phone=phone)
    return next(one for one in found if title in (None, one.title))


async def call_of(house: House, customer: Customer, agent: str = "anna") -> UUID:
    call = answered_call(
        house.clock.now(), agent=agent, customer_id=customer.id, customer_title=customer.title, owner="anna"
    )
    async with house.database.hot(timeout_s=5) as connection:
        await call_rows.write(connection, [call])
    return call.id


async def test_a_preview_says_what_will_be_and_changes_nothing(
    house: House, merging: CustomerService
) -> None:
    marina, severny = await card(house, MARINA), await card(house, "+74955550150")
    for _ in range(2):
        await call_of(house, severny)
    await call_of(house, marina)
    before = await house.rows("SELECT * FROM customers ORDER BY id")
    seen = await merging.preview_merge(VIKTOR, marina.id, severny.id, take=[MergeField.TITLE])
    assert (seen.kept.title, seen.kept.owner, seen.calls, seen.allowed) == (severny.title, "anna", 3, True)
    assert [point.value for point in seen.kept.contact_points] == [MARINA, "+74955550150", "+74955550151"]
    assert seen.conflicts == (
        MergeConflict(field=MergeField.TITLE, kept=marina.title, dropped=severny.title),
        MergeConflict(field=MergeField.OWNER, kept="anna", dropped="elena"),
    )
    assert not (await merging.preview_merge(ANNA, marina.id, severny.id)).allowed
    assert await house.rows("SELECT * FROM customers ORDER BY id") == before
    assert await merging.merge(VIKTOR, marina.id, severny.id, take=[MergeField.TITLE]) == Customer(
        **{name: getattr(seen.kept, name) for name in Customer.__slots__ if name != "updated_at"},
        updated_at=house.clock.now(),
    )


async def test_all_that_led_to_the_dropped_card_leads_to_the_kept_one(
    house: House, merging: CustomerService
) -> None:
    igor, olga = await card(house, SHARED, "Igor Sokolov"), await card(house, SHARED, "Olga Sokolova")
    await house.choose(ANNA, SHARED, did=SALES, card=igor.id)
    call = await call_of(house, igor)
    await house.rows("DELETE FROM audit")
    kept = await merging.merge(ANNA, olga.id, igor.id)
    assert [point.value for point in kept.contact_points] == [SHARED]
    assert await house.customers.get(ANNA, igor.id) == kept == await house.customers.get(ANNA, olga.id)
    found = await house.customers.identify(SHARED, office="moscow", via=SALES, timeout_s=5)
    other = await house.customers.identify(SHARED, office="moscow", via="+994125550100", timeout_s=5)
    assert found.customer_id == other.customer_id == olga.id
    assert await house.rows("SELECT customer_id FROM contact_choices") == [(olga.id,)]
    calls = CallService(house.database, house.clock)
    moved = await calls.get(ADMIN, call)
    assert (moved.customer_id, moved.customer_title) == (olga.id, "Olga Sokolova")
    assert await calls.met(ANNA, igor.id), "the old address"
    assert await house.rows("SELECT status, merged_into FROM customers WHERE id = $1", igor.id) == [
        ("merged", olga.id)
    ]
    assert igor.id not in {one.id for one in (await house.customers.list(ADMIN))[0]}
    [said] = await house.events()
    assert isinstance(said, CustomerMerged)
    assert (said.customer, said.dropped, said.by) == (kept, igor.id, "anna")
    assert await house.audited() == [
        ("anna", "customer.merged", str(olga.id)),
        ("anna", "customer.dropped", str(igor.id)),
    ]
    changed = await house.customers.update(ANNA, igor.id, CustomerChange(title="Olga S."))
    assert changed.id == olga.id
    assert (await house.choose(ANNA, SHARED, did=SALES, card=igor.id)).id == olga.id
    assert not await house.customers.set_owner_once(igor.id, "anna")


async def test_a_known_name_wins_over_a_number_and_an_owner_over_none(
    house: House, merging: CustomerService
) -> None:
    new = (await house.customers.identify("+74955550199", office="moscow", via=None, timeout_s=5)).customer_id
    marina = await card(house, MARINA)
    assert new is not None
    seen = await merging.preview_merge(ANNA, new, marina.id)
    assert seen.conflicts == () and seen.allowed
    kept = await merging.merge(ANNA, new, marina.id)
    assert (kept.id, kept.title, kept.owner, kept.status) == (new, marina.title, "anna", CardStatus.KEPT)
    assert isinstance((await house.events())[-1], OwnerChanged)


async def test_cards_of_two_owners_are_merged_by_a_supervisor(house: House, merging: CustomerService) -> None:
    marina, severny = await card(house, MARINA), await card(house, "+74955550150")
    with pytest.raises(Forbidden) as caught:
        await merging.merge(ANNA, marina.id, severny.id)
    assert caught.value.field == "owner"
    assert (await merging.merge(VIKTOR, marina.id, severny.id, take=[MergeField.OWNER])).owner == "elena"


async def test_what_cannot_be_merged_says_why(house: House, merging: CustomerService) -> None:
    marina, kamran = await card(house, MARINA), await card(house, "+994125550142")
    severny = await card(house, "+74955550150")
    for reader, keep, drop in (
        (RASHID, kamran.id, marina.id),
        (ANNA, marina.id, kamran.id),
        (ADMIN, marina.id, new_id()),
    ):
        for act in (merging.merge, merging.preview_merge):
            with pytest.raises(NotFound):
                await act(reader, keep, drop)
    with pytest.raises(BadInput):
        await merging.merge(ADMIN, marina.id, marina.id)
    await merging.merge(ADMIN, marina.id, severny.id)
    for keep, drop, field in ((marina.id, severny.id, "drop"), (severny.id, kamran.id, "keep")):
        with pytest.raises(Conflict) as caught:
            await merging.merge(ADMIN, keep, drop)
        assert (caught.value.code, caught.value.field) == ("card_merged", field)


async def test_a_chain_of_merges_leads_to_its_end(house: House, merging: CustomerService) -> None:
    cards = [await house.customers.create(VIKTOR, NewCustomer(title=f"Card {n}")) for n in range(4)]
    for drop, keep in itertools.pairwise(cards):
        await merging.merge(VIKTOR, keep.id, drop.id)
    assert {(await house.customers.get(VIKTOR, one.id)).id for one in cards} == {cards[-1].id}


@pytest.mark.parametrize("seed", range(3))
async def test_merges_at_once_lose_no_number_and_no_call(
    house: House, merging: CustomerService, seed: int
) -> None:
    """Whoever wins: every card is one that is kept, or leads to one; numbers and calls lead to kept ones."""
    phones = [f"+749555502{n:02}" for n in range(8)]
    cards = [
        await house.customers.create(VIKTOR, NewCustomer(title=f"Card {n}", phones=(phone,)))
        for n, phone in enumerate(phones)
    ]
    calls = [await call_of(house, one) for one in cards]
    dice = random.Random(seed)

    async def one_merge(keep: Customer, drop: Customer) -> None:
        try:
            await merging.merge(VIKTOR, keep.id, drop.id)
        except CallcardError as error:
            assert error.code == "card_merged"

    async def one_change(place: int) -> None:
        try:
            await merging.update(VIKTOR, cards[place].id, CustomerChange(title=f"Card {place} again"))
        except CallcardError as error:
            assert error.code == "card_merged"

    await asyncio.gather(
        *(one_merge(*dice.sample(cards, 2)) for _ in range(12)), *(one_change(n) for n in range(8))
    )
    rows = await house.rows("SELECT id, status, merged_into FROM customers WHERE title LIKE 'Card %'")
    kept = {id for id, status, _ in rows if status == "kept"}
    assert kept and all(into in kept for _, status, into in rows if status == "merged")
    linked = await house.rows(
        "SELECT point.value, link.customer_id FROM contact_points point "
        "LEFT JOIN customer_contacts link ON link.contact_point_id = point.id "
        "WHERE point.value LIKE '+7495555_2%'"
    )
    assert {value for value, _ in linked} == set(phones) and all(card in kept for _, card in linked)
    moved = await house.rows("SELECT customer_id FROM calls WHERE id = ANY($1)", calls)
    assert len(moved) == len(calls) and all(card in kept for (card,) in moved)
