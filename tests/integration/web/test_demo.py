"""The demo's tile: there for its free seat, patient, and nowhere else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from agent_ui.demo.bell import PAUSE, Ringing
from crm_core.errors import Unavailable
from crm_core.presence.events import AgentStateChanged
from crm_core.presence.model import AgentState
from tests.fakes.house import NOW
from tests.fakes.web import House

pytestmark = pytest.mark.integration

FORM = {"HX-Request": "true"}


class MemoryBell:
    """Writes down who was to ring anna."""

    seat = "anna"

    def __init__(self) -> None:
        self.rung: list[Ringing] = []
        self.away = False

    async def ring(self, who: Ringing) -> None:
        if self.away:
            raise Unavailable
        self.rung.append(who)


@pytest.fixture
async def demo(tmp_path: Path) -> AsyncIterator[tuple[House, MemoryBell]]:
    """The small house as a demo whose free seat is anna's."""
    house, bell = House(tmp_path), MemoryBell()
    house.bell = bell
    async with house:
        yield house, bell


def seated(house: House, state: AgentState = AgentState.AVAILABLE, *, phone: bool = True) -> None:
    """Show anna in *state*."""
    house.hub.hand_over(
        AgentStateChanged(at=NOW, agent="anna", state=state, reason=None, since=NOW, devices_up=phone)
    )


async def rings(house: House, who: str, as_: str = "anna") -> tuple[int, str]:
    async with house.page("POST", "/demo/ring", who=as_, data={"who": who}, headers=FORM) as answer:
        return answer.status, await answer.text()


@pytest.mark.parametrize(("method", "path"), [("GET", "/demo/tile"), ("POST", "/demo/ring")])
async def test_outside_of_the_demo_there_is_nothing(house: House, method: str, path: str) -> None:
    for who in ("anna", "root"):
        async with house.page(method, path, who=who, data={"who": "known"}) as answer:
            assert answer.status == 404


async def test_the_tile_is_for_the_free_seat(demo: tuple[House, MemoryBell]) -> None:
    house, bell = demo
    async with house.page("GET", "/demo/tile", who="anna") as answer:
        text = await answer.text()
        assert answer.status == 200
    assert [who for who in Ringing if f'data-ring="{who}"' in text] == list(Ringing)
    async with house.page("GET", "/demo/tile", who="boris") as answer:
        assert (answer.status, await answer.text()) == (204, "")
    assert (await rings(house, "known", as_="boris"))[0] == 404
    assert bell.rung == []


async def test_each_kind_of_caller_rings_after_a_pause(demo: tuple[House, MemoryBell]) -> None:
    house, bell = demo
    seated(house)
    for who in Ringing:
        status, text = await rings(house, who)
        assert status == 200 and "A caller is on the way." in text
        status, text = await rings(house, who)
        assert status == 429 and "only just been sent" in text
        house.clock.advance(PAUSE.total_seconds())
    assert bell.rung == list(Ringing)


async def test_who_cannot_be_reached_is_told_what_to_do(demo: tuple[House, MemoryBell]) -> None:
    house, bell = demo
    for state in (AgentState.OFFLINE, AgentState.BREAK, AgentState.NOT_ANSWERING):
        seated(house, state)
        status, text = await rings(house, "known")
        assert status == 409 and "Ready for calls" in text
    seated(house, phone=False)
    status, text = await rings(house, "known")
    assert status == 409 and "Allow the microphone" in text
    seated(house)
    bell.away = True
    assert (await rings(house, "known"))[0] == 503
    assert (await rings(house, "a president"))[0] == 400
    assert bell.rung == []
