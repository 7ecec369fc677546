"""Who rings: cards found, made once, chosen, owned once, and late ones filled in."""

from __future__ import annotations

import asyncio
from uuid import UUID

import pytest

from crm_core.customers.events import CustomerCreated, OwnerBecame
from crm_core.customers.model import CardStatus, Identity
from crm_core.customers.service import CustomerService
from crm_core.db.engine import Database
from crm_core.errors import NotFound, Unavailable
from crm_core.ids import new_id
from tests.integration.crm.conftest import ADMIN, ANNA, RASHID, House

pytestmark = pytest.mark.integration

NEW, KNOWN, SHARED = "+74955550199", "+74955550142", "+74955550160"
SALES, BAKU = "+74955550100", "+994125550100"


async def identify(house: House, e164: str | None, via: str = SALES) -> Identity:
    return await house.customers.identify(e164, office="moscow", via=via, timeout_s=5)


async def test_a_known_number_is_its_card(house: House) -> None:
    identity = await identify(house, KNOWN)
    assert (identity.title, identity.owner) == ("Marina Volkova", "anna")
    assert not identity.provisional and not identity.created and not identity.choices
    assert await house.events() == []


async def test_every_number_of_a_card_leads_to_it(house: House) -> None:
    first, second = await identify(house, "+74955550150"), await identify(house, "+74955550151")
    assert first.customer_id == second.customer_id
    assert first.title == "OOO Severny Veter"


async def test_a_new_number_gets_a_provisional_card_once(house: House) -> None:
    first, again = await identify(house, NEW), await identify(house, NEW)
    assert first.created and first.provisional and first.owner is None
    assert (again.customer_id, again.created, again.provisional) == (first.customer_id, False, True)
    assert first.customer_id is not None
    card = await house.customers.get(ANNA, first.customer_id)
    assert (card.title, card.office, card.status) == (NEW, "moscow", CardStatus.PROVISIONAL)
    assert [point.value for point in card.contact_points] == [NEW]
    said = await house.events()
    assert [type(event) for event in said] == [CustomerCreated]
    assert isinstance(said[0], CustomerCreated) and said[0].customer == card


async def test_an_office_the_database_does_not_know_stops_nothing(house: House) -> None:
    identity = await house.customers.identify(NEW, office="nowhere", via=None, timeout_s=5)
    assert identity.created


async def test_withheld_keeps_no_card(house: House) -> None:
    before = await house.rows("SELECT count(*) FROM customers")
    assert await identify(house, None) == Identity(e164=None)
    assert await house.rows("SELECT count(*) FROM customers") == before


async def test_fifty_first_calls_make_one_card(house: House, database_dsn: str) -> None:
    wide = await Database.open(database_dsn, hot_size=50)
    try:
        customers = CustomerService(wide, house.clock)
        found = await asyncio.gather(
            *(customers.identify(NEW, office="moscow", via=SALES, timeout_s=30) for _ in range(50))
        )
    finally:
        await wide.close()
    assert len({identity.customer_id for identity in found}) == 1
    assert sum(identity.created for identity in found) == 1
    assert await house.rows("SELECT count(*) FROM customers WHERE title = $1", NEW) == [(1,)]
    assert await house.rows("SELECT count(*) FROM contact_points WHERE value = $1", NEW) == [(1,)]
    assert len(await house.events()) == 1


async def test_the_loser_of_the_race_sees_the_winners_card(house: House) -> None:
    """The other transaction commits after our statement took its snapshot: the retry finds the card."""
    async with house.database.transaction() as other:
        await other.exec_driver_sql(
            "INSERT INTO contact_points VALUES (gen_random_uuid(), 'phone', $1, now())", (NEW,)
        )
        waiting = asyncio.create_task(identify(house, NEW))
        await _until_blocked(house)
        card = new_id()
        await other.exec_driver_sql(
            "INSERT INTO customers VALUES ($1, 'Winner', 'kept', NULL, NULL, now(), now())", (card,)
        )
        await other.exec_driver_sql(
            "INSERT INTO customer_contacts SELECT id, $1 FROM contact_points WHERE value = $2", (card, NEW)
        )
    identity = await waiting
    assert (identity.customer_id, identity.title, identity.created) == (card, "Winner", False)


async def _until_blocked(house: House) -> None:
    """Wait until somebody waits for another's row."""
    async with asyncio.timeout(20):
        while not await house.rows("SELECT 1 FROM pg_stat_activity WHERE wait_event = 'transactionid'"):
            await asyncio.sleep(0.01)


async def test_shared_numbers_give_choices_and_the_choice_is_remembered(house: House) -> None:
    shared = await identify(house, SHARED)
    assert shared.customer_id is None
    assert [choice.title for choice in shared.choices] == ["Igor Sokolov", "Olga Sokolova"]
    olga = shared.choices[1].customer_id
    await house.choose(ANNA, SHARED, did=SALES, card=olga)
    chosen = await identify(house, SHARED)
    assert (chosen.customer_id, chosen.owner, chosen.choices) == (olga, "anna", ())
    assert (await identify(house, SHARED, via=BAKU)).customer_id is None  # remembered by number dialled
    igor = shared.choices[0].customer_id
    for _ in range(2):
        await house.choose(ANNA, SHARED, did=SALES, card=igor)
    assert (await identify(house, SHARED)).customer_id == igor
    assert [entry[:2] for entry in await house.audited()] == [("anna", "customer.chosen")] * 2


async def test_only_a_visible_card_of_that_number_is_chosen(house: House) -> None:
    marina = (await identify(house, KNOWN)).customer_id
    shared = (await identify(house, SHARED)).choices[0].customer_id
    assert marina is not None
    with pytest.raises(NotFound):
        await house.choose(ANNA, SHARED, did=SALES, card=marina)
    with pytest.raises(NotFound):
        await house.choose(RASHID, SHARED, did=SALES, card=shared)
    with pytest.raises(NotFound):
        await house.choose(ADMIN, SHARED, did=SALES, card=new_id())


async def test_the_first_answer_makes_the_owner_once(house: House) -> None:
    card = (await identify(house, NEW)).customer_id
    assert card is not None
    won = await asyncio.gather(
        *(house.customers.set_owner_once(card, agent) for agent in ("anna", "elena", "rashid"))
    )
    assert sorted(won) == [False, False, True]
    winner = ("anna", "elena", "rashid")[won.index(True)]
    assert (await identify(house, NEW)).owner == winner
    became = [event for event in await house.events() if isinstance(event, OwnerBecame)]
    assert [event.customer.owner for event in became] == [winner]
    assert await house.audited() == [(winner, "customer.owner_became", str(card))]
    assert await house.customers.count_provisional() == {winner: 1}


async def test_an_owner_never_changes_by_answering(house: House) -> None:
    marina = (await identify(house, KNOWN)).customer_id
    assert marina is not None
    assert not await house.customers.set_owner_once(marina, "elena")
    assert not await house.customers.set_owner_once(UUID(int=7), "elena")
    assert (await identify(house, KNOWN)).owner == "anna"


async def test_somebody_who_is_not_there_owns_nothing(house: House) -> None:
    card = (await identify(house, NEW)).customer_id
    assert card is not None
    assert not await house.customers.set_owner_once(card, "nobody")


async def test_a_frozen_database_is_said_in_time(house: House) -> None:
    async with house.database.transaction() as other:
        await other.exec_driver_sql("LOCK TABLE contact_points IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(Unavailable):
            await house.customers.identify(NEW, office="moscow", via=SALES, timeout_s=0.2)
