"""`POST /phone/dial`: whose telephone calls which numbers, and what is said when it does not."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from crm_core.errors import Conflict
from crm_core.live.projection import Seed
from tests.fakes.offices_outside import outside
from tests.fakes.web import House

pytestmark = pytest.mark.integration

NUMBER = "+74955550142"


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    made = House(tmp_path)
    made.seed = Seed(directory=outside("+7", "+994"))
    async with made:
        yield made


@pytest.mark.parametrize("typed", [NUMBER, "8 (495) 555-01-42", "007 495 555 01 42"])
async def test_a_number_as_people_write_it_is_called_by_the_readers_own_telephone(
    house: House, typed: str
) -> None:
    async with house.page("POST", "/phone/dial", who="boris", json={"number": typed}) as answer:
        assert (answer.status, await answer.read()) == (204, b"")
    assert house.dialling.asked == [("boris", NUMBER)]


@pytest.mark.parametrize(
    ("who", "typed", "said"),
    [
        ("boris", "+15555550142", "This number is not called from here."),
        ("boris", "112", "Nobody has this extension."),
        ("boris", "call me", "This is not a telephone number."),
        ("boris", "602", "This number is not called from here."),  # a queue: dialled on the telephone
        ("oleg", NUMBER, "This number is not called from here."),  # has no telephone
    ],
)
async def test_what_is_not_called_is_said_in_plain_words(
    house: House, who: str, typed: str, said: str
) -> None:
    async with house.page("POST", "/phone/dial", who=who, json={"number": typed}) as answer:
        problem = await answer.json(content_type="application/problem+json")
        assert (answer.status, problem["detail"]) == (400, said)
    assert house.dialling.asked == []


async def test_why_no_telephone_rings_is_said(house: House) -> None:
    house.dialling.refusal = Conflict("You are in a call.", hint="End it first.")
    async with house.page("POST", "/phone/dial", who="boris", json={"number": NUMBER}) as answer:
        problem = await answer.json(content_type="application/problem+json")
        assert (answer.status, problem["detail"], problem["hint"]) == (
            409,
            "You are in a call.",
            "End it first.",
        )


async def test_another_site_and_other_bodies_call_nobody(house: House) -> None:
    async with house.page(
        "POST", "/phone/dial", who="boris", site="cross-site", json={"number": NUMBER}
    ) as answer:
        assert answer.status == 403
    async with house.page("POST", "/phone/dial", who="boris", data={"number": NUMBER}) as answer:
        assert answer.status == 415
    for body in ({}, {"number": 7}, {"number": NUMBER, "person": "anna"}, {"number": "+" * 100}):
        async with house.page("POST", "/phone/dial", who="boris", json=body) as answer:
            assert answer.status == 400
    assert house.dialling.asked == []
