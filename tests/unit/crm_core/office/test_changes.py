"""Differences between two offices in plain words."""

from __future__ import annotations

import pytest

from crm_core.office.changes import ChangeKind, diff
from tests.unit.crm_core.office.offices import EXAMPLE, office

pytestmark = pytest.mark.unit


def words(*edits: tuple[str, str]) -> list[str]:
    return [str(change.words) for change in diff(office(), office(*edits))]


def test_the_same_office_has_no_difference() -> None:
    assert words() == []


def test_the_first_office_is_all_added() -> None:
    changes = diff(None, office())
    assert {change.kind for change in changes} == {ChangeKind.ADDED}
    assert str(changes[0].words) == "offices.moscow: added (Moscow)"
    assert len(changes) == 2 + 2 + 6 + 1 + 2 + 2 + 8


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("port: 5060", "port: 5070", "sip.port: 5060 → 5070"),
        ('"*51"', '"*59"', "state_codes.on_break: *51 → *59"),
        ("kind: sip", "kind: browser", "people.anna.devices: desk (sip) → desk (browser)"),
        ("    team: sales\n", "", "people.anna.team: sales → –"),
        ("[anna, elena, dina]", "[elena]", "queues.sales.members: anna, elena, dina → elena"),
        ("ring_s: 15 ", "record: false\n    ring_s: 15 ", "queues.sales.record: true → false"),
        (
            "\nqueues:\n",
            "\ndispositions: {measured: {title: Kitchen measured}}\nqueues:\n",
            "dispositions.measured: added (Kitchen measured)",
        ),
        ("owner: elena", "owner: anna", "customers.+74955550150.owner: elena → anna"),
        (
            "title: Olga Sokolova",
            "title: Olga",
            "customers.+74955550160 Olga Sokolova: removed (Olga Sokolova)",
        ),
    ],
)
def test_one_difference_in_words(old: str, new: str, said: str) -> None:
    assert said in words((old, new))


def test_calls_to_the_world_begin_and_end() -> None:
    example = EXAMPLE[EXAMPLE.index("    outgoing:") : EXAMPLE.index("\n# Numbers callers dial")]
    nobody = office((example, ""))
    assert [str(change.words) for change in diff(nobody, office())] == [
        "trunks.provider.outgoing: – → +7, +994 (+74955550100)",
    ]
    assert [str(change.words) for change in diff(office(), nobody)] == [
        "trunks.provider.outgoing: +7, +994 (+74955550100) → –",
    ]
    assert words(('"+7", "+994"', '"+994"')) == ["trunks.provider.outgoing.prefixes: +7, +994 → +994"]


def test_people_come_and_go() -> None:
    removed = office(("  viktor:\n    title: Viktor Orlov\n    role: supervisor\n    office: moscow\n", ""))
    assert [str(change.words) for change in diff(office(), removed)] == [
        "people.viktor: removed (Viktor Orlov)"
    ]
    assert [str(change.words) for change in diff(removed, office())] == [
        "people.viktor: added (Viktor Orlov)"
    ]
