"""The other side of a call."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from agent_ui.parties import Party, party_of, written_party
from crm_core.calls.model import Direction, LegState, Offer, OfferState
from crm_core.ids import new_id
from crm_core.live.shown import live_call
from tests.fakes.calls import agent_leg
from tests.fakes.house import DIRECTORY, NOW, call

pytestmark = pytest.mark.unit

INSIDE = {"direction": Direction.INTERNAL, "to": "102", "queue": None}
OUTSIDE: list[tuple[dict[str, Any], Party]] = [
    ({"customer_title": "Maria"}, Party(name="Maria", number="+74955550142")),
    ({"customer_title": "+74955550142"}, Party(name=None, number="+74955550142")),
    ({"from_name": "Max"}, Party(name="Max", number="+74955550142")),
    ({"from_number": None}, Party(name=None, number=None)),
    ({"from_number": None, "from_name": "Anonymous"}, Party(name=None, number=None)),
    ({"from_number": None, "from_name": "Anna Nimous"}, Party(name="Anna Nimous", number=None)),
    # Whoever is called: the name of the phone that calls is not theirs.
    (
        {"direction": Direction.OUT, "to": "+994125550177", "from_name": "Anna"},
        Party(name=None, number="+994125550177"),
    ),
]
OFFER = Offer(id=new_id(), agent="boris", attempt=1, state=OfferState.ALERTING, ring_s=20, reserved_at=NOW)


@pytest.mark.parametrize(
    ("changes", "party"),
    [
        *OUTSIDE,
        (INSIDE | {"offers": (OFFER,)}, Party(name="Boris", number="102")),
        (INSIDE | {"from_name": "Front door"}, Party(name="Front door", number="102")),
    ],
)
def test_who_is_on_the_other_side(changes: dict[str, Any], party: Party) -> None:
    assert party_of(live_call(call(1, **changes), NOW), DIRECTORY, "anna") == party


@pytest.mark.parametrize(
    ("changes", "party"),
    [
        *OUTSIDE,
        (INSIDE | {"from_number": "101"}, Party(name="Anna", number="102")),
        (INSIDE | {"from_number": "999", "from_name": "Front door"}, Party(name="Front door", number="102")),
    ],
)
def test_the_journal_calls_them_the_same_and_a_colleague_by_who_dialled(
    changes: dict[str, Any], party: Party
) -> None:
    assert written_party(call(1, **changes), DIRECTORY) == party


def test_colleagues_see_each_other_by_name_and_extension() -> None:
    """Also the one who was called: *to* is her own extension."""
    legs = (agent_leg("anna", NOW), agent_leg("boris", NOW))
    inside = live_call(call(1, **INSIDE, legs=legs), NOW)
    assert party_of(inside, DIRECTORY, "anna") == Party(name="Boris", number="102")
    assert party_of(inside, DIRECTORY, "boris") == Party(name="Anna", number="101")


def test_of_several_colleagues_it_is_the_one_who_has_not_left() -> None:
    left = replace(agent_leg("leyla", NOW), state=LegState.ENDED)
    legs = (left, agent_leg("anna", NOW), agent_leg("boris", NOW))
    inside = live_call(call(1, **INSIDE, legs=legs), NOW)
    assert party_of(inside, DIRECTORY, "anna").name == "Boris"
    over = live_call(call(1, **INSIDE, legs=(left, replace(legs[1], state=LegState.ENDED))), NOW)
    assert party_of(over, DIRECTORY, "anna").name == "Leyla", "after the call"
