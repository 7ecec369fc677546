"""What the doctor says of an office that is valid and yet cannot be wanted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from callcard.doctor import people
from crm_core.office.model import OfficeFile
from crm_core.office.reading import read_office
from tests.unit.callcard.doctor.grounds import ground, lines

pytestmark = pytest.mark.unit

SAMPLE = Path(__file__).parents[4] / "examples" / "office.yaml"


def office(old: str = "", new: str = "") -> OfficeFile:
    """The sample office with one text in the place of another."""
    text = SAMPLE.read_text("utf-8")
    assert old in text
    return read_office(text.replace(old, new))


async def said(tmp_path: Path, **more: Any) -> list[str]:
    return lines(await people.office(ground(tmp_path, **more)))


async def test_the_sample_office_has_nothing_odd(tmp_path: Path) -> None:
    assert await said(tmp_path, office=office()) == ["ok office: 6 people, 2 numbers, 2 queues"]


async def test_no_office_is_a_warning_an_unreadable_one_is_wrong(tmp_path: Path) -> None:
    assert await said(tmp_path) == ["warning office: none is applied yet → callcard office apply FILE"]
    (line,) = await said(tmp_path, office_problem="line 3: people.anna: 'role' is missing")
    assert line.startswith("wrong office: line 3: people.anna")


async def test_a_number_whose_queue_has_nobody_is_wrong(tmp_path: Path) -> None:
    lines = await said(tmp_path, office=office("members: [anna, elena, dina]", "members: []"))
    assert lines[1:] == [
        "wrong number +74955550100: calls to it go to sales, which has no members"
        " → give queues.sales members",
        "warning agent elena: is in no queue: only owned cards ring → add to a queue's members",
    ]


async def test_numbers_without_a_trunk_are_wrong(tmp_path: Path) -> None:
    text = SAMPLE.read_text("utf-8")
    start, end = text.index("trunks:"), text.index("# Numbers callers dial")
    lines = await said(tmp_path, office=read_office(text[:start] + text[end:]))
    assert lines[1] == (
        "wrong office: numbers, but no trunk they could come in by → add the carrier to trunks"
    )


async def test_nobody_in_charge_and_queues_nobody_reaches_are_warnings(tmp_path: Path) -> None:
    lines = await said(tmp_path, office=office("role: admin", "role: supervisor"))
    assert lines[1:] == ["warning office: nobody is an admin → give one person `role: admin`"]
    extra = "queues:\n  spare: {title: Spare, members: []}\n"
    lines = await said(tmp_path, office=office("queues:\n", extra))
    assert [line.partition(" →")[0] for line in lines[1:]] == [
        "warning queue spare: has no members",
        "warning queue spare: no number leads to it, and it has no extension",
    ]
