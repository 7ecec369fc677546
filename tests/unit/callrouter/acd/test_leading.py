"""The term: raised at each login, told only when the picture is whole."""

from __future__ import annotations

import pytest

from callrouter.acd.leading import Leading
from tests.unit.callrouter.acd.world import World, person, queue

pytestmark = pytest.mark.unit


class Globals:
    def __init__(self) -> None:
        self.values: dict[str, str] = {}

    async def get_global(self, name: str) -> str | None:
        return self.values.get(name)

    async def set_global(self, name: str, value: str) -> None:
        self.values[name] = value


@pytest.fixture
def world() -> World:
    made = World([person("anna")], [queue("sales", "anna")])
    made.dispatcher.term = None
    return made


async def test_both_the_term_and_the_picture_are_needed(world: World) -> None:
    switch = Globals()
    leading = Leading(world.dispatcher, switch)
    assert await leading.raise_term() == 1
    assert not leading.leads
    leading.in_the_picture()
    assert world.dispatcher.term == 1
    leading.resign()
    assert not leading.leads


async def test_the_term_grows_past_what_the_switch_and_we_knew(world: World) -> None:
    switch = Globals()
    leading = Leading(world.dispatcher, switch)
    switch.values["CC_TERM"] = "7"
    assert await leading.raise_term() == 8
    switch.values.clear()  # the PBX was restarted: it has forgotten
    assert await leading.raise_term() == 9
    switch.values["CC_TERM"] = "no number"
    assert await leading.raise_term() == 10
