"""Applying the office file: all of it or nothing, and never over somebody else's change."""

from __future__ import annotations

import asyncio

import pytest

from crm_core.customers.events import CustomerChanged, CustomerCreated
from crm_core.customers.model import CardStatus
from crm_core.errors import Conflict
from crm_core.office.changes import ChangeKind
from crm_core.office.events import OfficeApplied
from crm_core.office.model import OfficeFile
from crm_core.office.reading import OfficeProblems
from tests.integration.crm.conftest import ADMIN, House
from tests.unit.crm_core.office.offices import EXAMPLE, edited, office

pytestmark = pytest.mark.integration

RING = ("ring_s: 15 ", "ring_s: 25 ")
WITHOUT_ELENA = (
    ("  elena:\n    title: Elena Nesterova\n    role: agent\n    office: moscow\n    team: sales\n", ""),
    ('    extension: "103"\n    devices:\n      - name: desk\n        kind: sip\n', ""),
    ("[anna, elena, dina]", "[anna, dina]"),
    ("    owner: elena\n", ""),
)


class Switch:
    """Stands where Asterisk's loader stands: notes what it loads, refuses when told to."""

    def __init__(self, refuses: bool = False) -> None:
        self.loaded: list[OfficeFile] = []
        self.refuses = refuses

    async def load(self, office: OfficeFile) -> None:
        if self.refuses:
            raise RuntimeError("Asterisk refused")
        self.loaded.append(office)


async def test_nothing_is_in_force_before_the_first_apply(empty_house: House) -> None:
    assert await empty_house.office.current() is None
    assert await empty_house.office.export() is None
    assert {change.kind for change in await empty_house.office.check(EXAMPLE)} == {ChangeKind.ADDED}


async def test_the_first_apply_fills_everything(empty_house: House) -> None:
    house, switch = empty_house, Switch()
    applied = await house.office.apply(EXAMPLE, None, "admin", switch)
    assert (applied.version, applied.new) == (1, True)
    assert switch.loaded == [office()]
    current = await house.office.current()
    assert current is not None and (current.version, current.office) == (1, office())
    assert await house.office.export() == EXAMPLE
    assert set(await house.people.people()) == set(office().person_list())
    assert set(await house.offices()) == set(office().office_list())
    assert set(await house.queues()) == set(office().queue_list())
    assert set(await house.numbers()) == set(office().number_list())
    events = await house.events()
    assert [type(event) for event in events] == [OfficeApplied, *[CustomerCreated] * len(office().customers)]
    assert isinstance(events[0], OfficeApplied) and (events[0].version, events[0].by) == (1, "admin")
    assert ("admin", "office.applied", "1") in await house.audited()


async def test_customers_of_the_file_are_kept_cards_at_home(house: House) -> None:
    cards, _ = await house.customers.list(ADMIN)
    assert {card.status for card in cards} == {CardStatus.KEPT}
    assert {card.title: (card.owner, card.office) for card in cards} == {
        "Marina Volkova": ("anna", "moscow"),
        "OOO Severny Veter": ("elena", "moscow"),
        "Kamran Mammadov": ("rashid", "baku"),
        "Leyla Huseynova": ("rashid", "baku"),
        "Zoya Lebedeva": ("dina", "moscow"),
        "Farid Quliyev": ("dina", "moscow"),
        "Igor Sokolov": (None, "moscow"),
        "Olga Sokolova": ("anna", "moscow"),
    }


async def test_a_change_is_a_new_version(house: House) -> None:
    applied = await house.office.apply(edited(RING), 1, "admin", None)
    assert (applied.version, [str(change.words) for change in applied.changes]) == (
        2,
        ["queues.sales.ring_s: 15 → 25"],
    )
    assert {queue.name: queue.ring_s for queue in await house.queues()} == {"sales": 25, "support": 15}
    assert await house.office.check(EXAMPLE) != ()
    assert await house.office.check(edited(RING)) == ()


async def test_the_same_text_is_no_new_version_but_is_loaded(house: House) -> None:
    switch = Switch()
    applied = await house.office.apply(EXAMPLE, None, "viktor", switch)
    assert (applied.version, applied.new, applied.changes) == (1, False, ())
    assert len(switch.loaded) == 1
    assert await house.events() == []


async def test_comments_alone_are_a_version_that_changes_nothing_else(house: House) -> None:
    text = EXAMPLE + "# seen by Viktor\n"
    applied = await house.office.apply(text, 1, "viktor", None)
    assert (applied.version, applied.changes) == (2, ())
    assert await house.office.export() == text


async def test_an_old_base_is_refused_naming_who_changed_what(house: House) -> None:
    await house.office.apply(edited(RING), 1, "viktor", None)
    with pytest.raises(Conflict) as caught:
        await house.office.apply(edited(("port: 5060", "port: 5070")), 1, "admin", None)
    assert caught.value.hint == "viktor, version 2: queues.sales.ring_s: 15 → 25"
    assert await house.office.export() == edited(RING)
    await house.office.apply(edited(RING, ("port: 5060", "port: 5070")), 2, "admin", None)


async def test_of_two_applies_at_once_on_one_base_one_wins(house: House) -> None:
    results = await asyncio.gather(
        house.office.apply(edited(RING), 1, "viktor", None),
        house.office.apply(edited(("port: 5060", "port: 5070")), 1, "admin", None),
        return_exceptions=True,
    )
    assert sorted(type(result).__name__ for result in results) == ["Applied", "Conflict"]


async def test_what_asterisk_refuses_changes_nothing(house: House) -> None:
    tables = ("office_versions", "people", "queues", "audit", "outbox", "customers")
    before = [await house.rows(f"SELECT * FROM {table} ORDER BY 1, 2") for table in tables]
    with pytest.raises(RuntimeError, match="Asterisk refused"):
        await house.office.apply(edited(*WITHOUT_ELENA, RING), 1, "admin", Switch(refuses=True))
    assert [await house.rows(f"SELECT * FROM {table} ORDER BY 1, 2") for table in tables] == before


async def test_a_bad_file_never_reaches_the_database(house: House) -> None:
    with pytest.raises(OfficeProblems):
        await house.office.apply(edited(("[anna, elena, dina]", "[bob]")), 1, "admin", None)
    with pytest.raises(Conflict, match="another PBX"):
        await house.office.apply(edited(("pbx: main", "pbx: baku")), 1, "admin", None)
    assert await house.rows("SELECT count(*) FROM office_versions") == [(1,)]


async def test_who_leaves_the_file_goes_inactive_and_comes_back(house: House) -> None:
    await house.office.apply(edited(*WITHOUT_ELENA), 1, "admin", None)
    assert "elena" not in {person.name for person in await house.people.people()}
    assert await house.rows("SELECT name, active FROM people WHERE name = 'elena'") == [("elena", False)]
    assert await house.rows("SELECT active FROM devices WHERE person = 'elena'") == [(False,)]
    veter, _ = await house.customers.list(ADMIN, phone="+74955550150")
    assert veter[0].owner == "elena"  # cards are given to somebody else by people, not by a file
    await house.office.apply(EXAMPLE, 2, "admin", None)
    assert set(await house.people.people()) == set(office().person_list())


async def test_a_queue_and_its_number_go_and_come_back(house: House) -> None:
    start = EXAMPLE.index('  "+994125550100":')
    less = EXAMPLE[:start] + EXAMPLE[EXAMPLE.index("# Where calls wait.") :]
    less = (
        less[: less.index("  support:\n    title: Support\n    ext")]
        + less[less.index("# Customers known") :]
    )
    await house.office.apply(less, 1, "admin", None)
    assert [queue.name for queue in await house.queues()] == ["sales"]
    assert [number.e164 for number in await house.numbers()] == ["+74955550100"]
    await house.office.apply(EXAMPLE, 2, "admin", None)
    assert set(await house.queues()) == set(office().queue_list())


async def test_what_agents_changed_on_a_card_survives_the_next_apply(house: House) -> None:
    marina = (await house.customers.list(ADMIN, phone="+74955550142"))[0][0]
    await house.rows("UPDATE customers SET title = 'Marina V.', owner = 'elena' WHERE id = $1", marina.id)
    await house.office.apply(edited(RING), 1, "admin", None)
    assert (await house.customers.get(ADMIN, marina.id)).title == "Marina V."


async def test_a_changed_entry_changes_its_card(house: House) -> None:
    before = (await house.customers.list(ADMIN, phone="+74955550150"))[0][0]
    text = edited(
        ("title: OOO Severny Veter", "title: OOO Yuzhny Veter"),
        ('["+74955550150", "+74955550151"]', '["+74955550150", "+74955550152"]'),
        ("owner: elena", "owner: anna"),
    )
    await house.office.apply(text, 1, "admin", None)
    after = await house.customers.get(ADMIN, before.id)
    assert (after.title, after.owner) == ("OOO Yuzhny Veter", "anna")
    assert [point.value for point in after.contact_points] == ["+74955550150", "+74955550152"]
    assert (await house.customers.list(ADMIN, phone="+74955550151"))[0] == ()
    assert [type(event) for event in await house.events()] == [OfficeApplied, CustomerChanged]


async def test_an_entry_keeps_the_provisional_card_of_its_number(house: House) -> None:
    caller = await house.customers.identify("+74955550199", office="moscow", via=None, timeout_s=5)
    text = EXAMPLE + '  - title: Boris Lebedev\n    phones: ["+74955550199"]\n    owner: anna\n'
    await house.office.apply(text, 1, "admin", None)
    assert caller.customer_id is not None
    card = await house.customers.get(ADMIN, caller.customer_id)
    assert (card.title, card.status, card.owner) == ("Boris Lebedev", CardStatus.KEPT, "anna")
