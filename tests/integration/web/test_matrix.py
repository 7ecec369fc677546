"""Every address with a placeholder, asked by everybody: what is not theirs does not exist for them."""

from __future__ import annotations

import pytest

from agent_ui.auth import PUBLIC
from tests.fakes.addresses import Matrix, Thing
from tests.fakes.house import call_id
from tests.fakes.web import House

pytestmark = pytest.mark.integration

MOSCOW = ("boris", "oleg", "root")  # of the office of the call, beside anna, who took it
AGENTS = ("anna", "boris", "leyla")


async def test_what_is_not_theirs_does_not_exist(house: House) -> None:
    card = house.customers.rows[0]
    own_session = house.sessions.rows[house.sessions.open("anna")].id
    things = (
        Thing(
            below="/api/v1/calls/",
            value=str(call_id(1)),
            seen_by=("anna", "oleg", "root"),
            bodies={
                "PATCH /api/v1/calls/{id}": {"json": {"disposition": "sold"}},
                "POST /api/v1/calls/{id}/customer": {"json": {"customer_id": str(card.id)}},
            },
        ),
        Thing(
            below="/api/v1/customers/",
            value=str(card.id),
            seen_by=("anna", *MOSCOW),
            bodies={"PATCH /api/v1/customers/{id}": {"json": {"title": "Maria"}}},
        ),
        Thing(below="/api/v1/recordings/", value=str(call_id(100)), seen_by=("anna", "oleg", "root")),
        Thing(
            below="/api/v1/agents/",
            value="anna",
            seen_by=("anna", *MOSCOW),
            bodies={"PUT /api/v1/agents/{name}/state": {"json": {"state": "offline"}}},
            refused={"PUT /api/v1/agents/{name}/state": ("boris",)},
        ),
        Thing(below="/api/v1/queues/", value="sales", seen_by=("anna", *MOSCOW)),
        Thing(below="/calls/", value=str(call_id(1)), seen_by=("anna", "oleg", "root")),
        Thing(below="/settings/sessions/", value=str(own_session), seen_by=("anna",)),
    )
    below = tuple(thing.below for thing in things)
    assert await Matrix(house, things, below=below, exempt=PUBLIC).check() > 60
