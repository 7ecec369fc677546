"""The routes: what is set, in which order, and what a broken conversation leaves behind."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from uuid import uuid4

import pytest

from callrouter.acd.questions import Questions
from callrouter.acd.reservations import Stage
from crm_core.presence.model import AgentState
from tests.unit.callrouter.acd.world import World, person, queue

pytestmark = pytest.mark.unit


class Session:
    """A conversation that breaks before an answer is *sent*, or before it is *taken*."""

    def __init__(self, *args: str, breaks: str = "") -> None:
        self.args: tuple[str, ...] = args
        self.headers: Mapping[str, str] = {"agi_callerid": "unknown", "agi_calleridname": "unknown"}
        self.uniqueid = "1700000000.7"
        self.channel = "PJSIP/trunk-city-00000007"
        self.set: list[tuple[str, str]] = []
        self._breaks = breaks

    async def set_variable(self, name: str, value: str) -> None:
        self.set.append((name, value))

    async def finish(self, variables: Iterable[tuple[str, str]]) -> None:
        if self._breaks == "sent":
            raise ConnectionError
        self.set.extend(variables)

    async def finished(self) -> None:
        if self._breaks == "taken":
            raise ConnectionError


@pytest.fixture
def world() -> World:
    made = World([person("anna")], [queue("sales", "anna")])
    made.log_in("anna")
    return made


def arrival(*, breaks: str = "", reason: str = "arrived") -> Session:
    return Session(str(uuid4()), "", "sales", "1", reason, "", "", "", "in", "", breaks=breaks)


async def test_the_proof_is_set_last(world: World) -> None:
    session = arrival()
    await Questions(world.dispatcher).route(session)
    assert [name for name, _ in session.set] == ["CC_DECISION", "ROUTE"]
    (held,) = world.core.reservations
    assert held.stage is Stage.COMMITTED


async def test_broken_before_the_answer_is_sent_the_agent_is_free_at_once(world: World) -> None:
    with pytest.raises(ConnectionError):
        await Questions(world.dispatcher).route(arrival(breaks="sent"))
    assert len(world.core.reservations) == 0


async def test_broken_after_it_was_sent_the_agent_is_kept_until_it_is_certain(world: World) -> None:
    with pytest.raises(ConnectionError):
        await Questions(world.dispatcher).route(arrival(breaks="taken"))
    assert len(world.core.reservations) == 1, "the dialplan may have it"
    world.advance(1.1)
    assert len(world.core.reservations) == 0


async def test_a_question_out_of_form_sets_nothing(world: World) -> None:
    session = Session("nonsense")
    await Questions(world.dispatcher).route(session)
    assert session.set == []


@pytest.mark.parametrize(
    ("args", "result", "state"),
    [
        (("anna", "break"), [("CC_RESULT", "ok")], AgentState.BREAK),
        (("anna", "asleep"), [], AgentState.AVAILABLE),
        (("nobody", "break"), [], AgentState.AVAILABLE),
        (("anna",), [], AgentState.AVAILABLE),
    ],
)
async def test_a_dialled_code(
    world: World, args: tuple[str, ...], result: list[tuple[str, str]], state: AgentState
) -> None:
    session = Session(*args)
    await Questions(world.dispatcher).state(session)
    assert (session.set, world.state("anna")) == (result, state)
