"""An agent has at most one reservation, a call too."""

from __future__ import annotations

import pytest

from callrouter.acd.reservations import Stage
from crm_core.ids import new_id
from tests.unit.callrouter.acd.world import World, person, queue

pytestmark = pytest.mark.unit


def test_neither_agent_nor_call_is_taken_twice() -> None:
    held = World([person("anna"), person("boris")], [queue("sales", "anna")]).core.reservations
    call = new_id()
    first = held.take("anna", call, Stage.RESERVED, 20)
    with pytest.raises(RuntimeError):
        held.take("anna", new_id(), Stage.PULL)
    with pytest.raises(RuntimeError):
        held.take("boris", call, Stage.PULL)
    assert held.holds(first)
    assert held.release(first)
    assert not held.release(first), "the second time changes nothing"
    held.take("anna", new_id(), Stage.PULL)
    assert not held.release(first), "an ended reservation does not free somebody else's"
