"""Writing the office: what is written reads back as the same value, and comments stay."""

from __future__ import annotations

import difflib

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from crm_core.office.reading import read_office
from crm_core.office.writing import canonical, updated
from tests.unit.crm_core.office.offices import EXAMPLE, office

pytestmark = pytest.mark.unit

TITLES = st.text(
    st.characters(exclude_categories=["C", "Z"], include_characters=" "), min_size=1, max_size=40
)


def test_canonical_reads_back_as_the_same_office() -> None:
    assert read_office(canonical(office())) == office()


def test_canonical_is_the_same_for_every_way_of_writing() -> None:
    assert canonical(read_office(canonical(office()))) == canonical(office())


def test_calls_to_the_world_are_written_and_taken_away() -> None:
    example = EXAMPLE[EXAMPLE.index("    outgoing:") : EXAMPLE.index("\n# Numbers callers dial")]
    nobody = office((example, ""))
    assert read_office(updated(EXAMPLE, nobody)) == nobody
    assert read_office(updated(canonical(nobody), office())) == office()


def test_canonical_means_the_same_to_any_reader_of_yaml() -> None:
    data = YAML(typ="safe", pure=True).load(canonical(office()))
    assert data["people"]["anna"]["extension"] == "101"
    assert list(data["numbers"]) == ["+74955550100", "+994125550100"]
    assert data["queues"]["sales"]["ring_s"] == 15


def test_nothing_changed_leaves_every_byte() -> None:
    assert updated(EXAMPLE, office()) == EXAMPLE


def test_a_change_touches_its_own_line_only() -> None:
    changed = office(("ring_s: 15 ", "ring_s: 25 "), ("Viktor Orlov", "Viktor 'V' Orlov"))
    lines = difflib.ndiff(EXAMPLE.splitlines(), updated(EXAMPLE, changed).splitlines())
    assert [line for line in lines if line[0] in "+-"] == [
        "-     title: Viktor Orlov",
        "+     title: Viktor 'V' Orlov",
        "-     ring_s: 15      # seconds one agent's phones ring",
        "+     ring_s: 25      # seconds one agent's phones ring",
    ]


def test_things_come_and_go() -> None:
    changed = office(
        ("[anna, elena, dina]", "[elena, rashid, anna]"),
        ("    team: support\n", ""),
        ("    role: supervisor\n", '    role: supervisor\n    extension: "105"\n'),
        ('  - title: Leyla Huseynova\n    phones: ["+994125550143"]\n    owner: rashid\n', ""),
        ("wrap_up_s: 10   #", "record: false\n    wrap_up_s: 10   #"),
    )
    text = updated(EXAMPLE, changed)
    assert read_office(text) == changed
    assert "members: [elena, rashid, anna]" in text
    assert "# Where calls wait." in text


@settings(max_examples=12, deadline=None)
@given(title=TITLES, music=st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True), seconds=st.integers(3, 120))
def test_any_title_survives_both_ways(title: str, music: str, seconds: int) -> None:
    before = office()
    sales = msgspec.structs.replace(before.queues["sales"], title=title, music=music, ring_s=seconds)
    after = msgspec.structs.replace(before, queues={**before.queues, "sales": sales})
    assert read_office(canonical(after)) == after
    assert read_office(updated(EXAMPLE, after)) == after
