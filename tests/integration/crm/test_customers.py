"""Cards as people read and change them, within what they may see."""

from __future__ import annotations

from uuid import UUID

import pytest

from crm_core.customers.events import CustomerChanged, CustomerCreated, OwnerChanged
from crm_core.customers.model import CardStatus, Customer, CustomerChange, NewCustomer
from crm_core.errors import BadInput, Conflict, Forbidden, NotFound
from crm_core.ids import new_id
from crm_core.people.model import Reader
from tests.integration.crm.conftest import ADMIN, ANNA, RASHID, VIKTOR, House

pytestmark = pytest.mark.integration


async def titles(house: House, reader: Reader = ADMIN, **asked: str) -> set[str]:
    found, _ = await house.customers.list(reader, **asked)  # type: ignore[arg-type]
    return {card.title for card in found}


async def marina(house: House) -> Customer:
    [card], _ = await house.customers.list(ADMIN, phone="+74955550142")
    return card


async def test_lists_hold_what_may_be_seen(house: House) -> None:
    moscow = {"Marina Volkova", "OOO Severny Veter", "Igor Sokolov", "Olga Sokolova"}
    moscow |= {"Zoya Lebedeva", "Farid Quliyev"}  # whose owner works there
    baku = {"Kamran Mammadov", "Leyla Huseynova"}
    assert await titles(house, ANNA) == moscow
    assert await titles(house, RASHID) == baku
    assert await titles(house, ADMIN) == moscow | baku


async def test_a_card_that_may_not_be_seen_is_not_there(house: House) -> None:
    card = await marina(house)
    assert await house.customers.get(ANNA, card.id) == card
    for reader, id in ((RASHID, card.id), (ADMIN, new_id())):
        with pytest.raises(NotFound):
            await house.customers.get(reader, id)


async def test_ones_own_card_is_seen_in_any_office(house: House) -> None:
    card = await marina(house)
    await house.customers.update(ADMIN, card.id, CustomerChange(owner="rashid"))
    assert (await house.customers.get(RASHID, card.id)).owner == "rashid"


BY_PHONE: list[tuple[str, set[str]]] = [
    ("+74955550142", {"Marina Volkova"}),
    ("+7495555014", set()),  # with a plus it is a whole number
    ("7495555014", {"Marina Volkova", "Zoya Lebedeva"}),
    ("0142", {"Marina Volkova", "Kamran Mammadov"}),
    ("5550151", {"OOO Severny Veter"}),
    ("994", {"Kamran Mammadov", "Leyla Huseynova", "Farid Quliyev"}),
    ("0160", {"Igor Sokolov", "Olga Sokolova"}),
    (
        "7 (495) 555-01",
        {"Marina Volkova", "OOO Severny Veter", "Igor Sokolov", "Olga Sokolova", "Zoya Lebedeva"},
    ),
    ("%", set()),
]


async def test_numbers_are_found_by_their_beginning_or_end(house: House) -> None:
    for phone, found in BY_PHONE:
        assert await titles(house, phone=phone) == found, phone


BY_TITLE: list[tuple[str, set[str]]] = [
    ("volk", {"Marina Volkova"}),
    ("vol mar", {"Marina Volkova"}),
    ("ВЕТЕР", set()),
    ("sokolov", {"Igor Sokolov", "Olga Sokolova"}),
    ("arina", set()),  # beginnings of words, not their middles
    ("a & b | !c:*'", set()),
    ("'", set()),
]


async def test_titles_are_found_by_the_beginnings_of_words(house: House) -> None:
    for title, found in BY_TITLE:
        assert await titles(house, title=title) == found, title


async def test_searches_use_their_indexes(house: House) -> None:
    """With sequential scans priced out, the planner finds a way by index for each kind of search."""
    plans = {
        "reverse(value) LIKE '2410%'": "ix_contact_points_end",
        "value LIKE '+7495%'": "ix_contact_points_start",
    }
    async with house.database.hot(timeout_s=5) as connection, connection.transaction():
        await connection.execute("SET LOCAL enable_seqscan = off")
        for condition, index in plans.items():
            plan = await connection.fetch(f"EXPLAIN SELECT id FROM contact_points WHERE {condition}")
            assert any(index in row[0] for row in plan)


async def test_filters_by_owner_state_and_time(house: House) -> None:
    await house.customers.identify("+74955550199", office="moscow", via=None, timeout_s=5)
    assert await titles(house, agent="anna") == {"Marina Volkova", "Olga Sokolova"}
    assert await titles(house, status=CardStatus.PROVISIONAL) == {"+74955550199"}
    recent, _ = await house.customers.list(ADMIN, since=house.clock.now())
    assert [card.title for card in recent] == ["+74955550199"]


async def test_pages_are_whole_and_newest_first(house: House) -> None:
    seen: list[Customer] = []
    cursor = None
    while True:
        piece, cursor = await house.customers.list(ADMIN, limit=2, cursor=cursor)
        seen += piece
        await house.customers.create(ADMIN, NewCustomer(title="made while turning pages"))
        if cursor is None:
            break
    assert len(seen) == 8
    assert [card.id for card in seen] == sorted((card.id for card in seen), reverse=True)
    with pytest.raises(BadInput):
        await house.customers.list(ADMIN, cursor="2")


async def test_a_card_made_by_a_person(house: House) -> None:
    card = await house.customers.create(
        ANNA, NewCustomer(title="  Pavel   Orlov ", phones=("+74955550170",), owner="anna")
    )
    assert (card.title, card.office, card.status, card.owner) == (
        "Pavel Orlov",
        "moscow",
        CardStatus.KEPT,
        "anna",
    )
    found = await house.customers.identify("+74955550170", office="moscow", via=None, timeout_s=5)
    assert (found.customer_id, found.created) == (card.id, False)
    assert [type(event) for event in await house.events()] == [CustomerCreated]
    assert await house.audited() == [("anna", "customer.created", str(card.id))]


async def test_a_number_with_a_card_is_shared_on_purpose_only(house: House) -> None:
    new = NewCustomer(title="Her husband", phones=("+74955550142",))
    with pytest.raises(Conflict) as caught:
        await house.customers.create(ANNA, new)
    assert caught.value.code == "number_taken"
    assert await titles(house, phone="+74955550142") == {"Marina Volkova"}
    shared = NewCustomer(title="Her husband", phones=("+74955550142",), shared=True)
    await house.customers.create(ANNA, shared)
    assert await titles(house, phone="+74955550142") == {"Marina Volkova", "Her husband"}


BAD_CARDS = [
    (NewCustomer(title=" "), "title"),
    (NewCustomer(title="x" * 201), "title"),
    (NewCustomer(title="X", phones=("84955550142",)), "phones"),
    (NewCustomer(title="X", phones=("+7495",)), "phones"),
    (NewCustomer(title="X", owner="nobody"), "owner"),
]


async def test_bad_cards_are_refused(house: House) -> None:
    for new, field in BAD_CARDS:
        with pytest.raises(BadInput) as caught:
            await house.customers.create(ANNA, new)
        assert caught.value.field == field
    assert await house.events() == []


async def test_nobody_makes_cards_of_another_office(house: House) -> None:
    with pytest.raises(Forbidden):
        await house.customers.create(ANNA, NewCustomer(title="X", office="baku"))


async def test_a_title_keeps_a_provisional_card(house: House) -> None:
    caller = await house.customers.identify("+74955550199", office="moscow", via=None, timeout_s=5)
    assert isinstance(caller.customer_id, UUID)
    house.clock.advance(10)
    card = await house.customers.update(ANNA, caller.customer_id, CustomerChange(title="Boris Lebedev"))
    assert (card.title, card.status, card.updated_at) == ("Boris Lebedev", CardStatus.KEPT, house.clock.now())
    [_, event] = await house.events()
    assert isinstance(event, CustomerChanged) and event.customer == card and event.by == "anna"
    before, after = (await house.rows("SELECT before, after FROM audit"))[0]
    assert before == {"title": "+74955550199", "status": "provisional"}
    assert after == {"title": "Boris Lebedev", "status": "kept"}


async def test_only_supervisors_change_an_owner(house: House) -> None:
    card = await marina(house)
    with pytest.raises(Forbidden):
        await house.customers.update(ANNA, card.id, CustomerChange(owner="elena"))
    changed = await house.customers.update(VIKTOR, card.id, CustomerChange(owner="elena"))
    assert changed.owner == "elena"
    event = (await house.events())[-1]
    assert isinstance(event, OwnerChanged)
    assert (event.before, event.customer.owner, event.by) == ("anna", "elena", "viktor")
    assert (await house.customers.update(VIKTOR, card.id, CustomerChange(owner=None))).owner is None


async def test_numbers_move_and_points_without_cards_go(house: House) -> None:
    card = await marina(house)
    changed = await house.customers.update(
        ANNA, card.id, CustomerChange(phones=("+74955550171", "+74955550160"), shared=True)
    )
    assert [point.value for point in changed.contact_points] == ["+74955550160", "+74955550171"]
    assert await house.rows("SELECT count(*) FROM contact_points WHERE value = '+74955550142'") == [(0,)]
    shared = await house.customers.identify("+74955550160", office="moscow", via=None, timeout_s=5)
    assert len(shared.choices) == 3
    await house.choose(ANNA, "+74955550160", did="+74955550100", card=card.id)
    await house.customers.update(ANNA, card.id, CustomerChange(phones=()))
    assert await house.rows("SELECT count(*) FROM contact_choices") == [(0,)]
    assert await house.rows("SELECT count(*) FROM contact_points WHERE value = '+74955550160'") == [(1,)]
    fresh = await house.customers.identify("+74955550142", office="moscow", via=None, timeout_s=5)
    assert fresh.created


async def test_what_may_not_be_seen_may_not_be_changed(house: House) -> None:
    card = await marina(house)
    with pytest.raises(NotFound):
        await house.customers.update(RASHID, card.id, CustomerChange(title="X"))


async def test_only_supervisors_make_cards_for_others(house: House) -> None:
    with pytest.raises(Forbidden) as caught:
        await house.customers.create(ANNA, NewCustomer(title="X", owner="elena"))
    assert caught.value.field == "owner"
    assert (await house.customers.create(VIKTOR, NewCustomer(title="X", owner="elena"))).owner == "elena"


async def test_a_change_from_an_older_card_is_refused(house: House) -> None:
    seen = await marina(house)
    house.clock.advance(1)
    await house.customers.update(ANNA, seen.id, CustomerChange(title="Marina K", seen=seen.updated_at))
    house.clock.advance(1)
    with pytest.raises(Conflict) as refused:
        await house.customers.update(ANNA, seen.id, CustomerChange(title="Other", seen=seen.updated_at))
    assert refused.value.code == "card_changed"
    assert (await house.customers.get(ANNA, seen.id)).title == "Marina K"


async def test_cards_that_may_be_opened_are_told_from_others(house: House) -> None:
    cards, _ = await house.customers.list(ADMIN)
    ids = [one.id for one in cards]
    own, _ = await house.customers.list(RASHID)
    assert await house.customers.may_read(RASHID, ids) == {one.id for one in own}
    assert 0 < len(own) < len(ids)
    assert await house.customers.may_read(ADMIN, ()) == frozenset()
