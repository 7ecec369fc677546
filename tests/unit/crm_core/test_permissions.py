"""The matrix, written down a second time by hand: a change in one place alone does not pass."""

from __future__ import annotations

from itertools import product

import pytest

from crm_core.people.model import Reader, Role
from crm_core.permissions import Action, Reach, Scope, may, reach, scope

pytestmark = pytest.mark.unit

# Columns: agent, supervisor, admin. - nothing, p own, o office, a all.
EXPECTED = {
    "calls.read": "poa",
    "calls.waiting": "poa",
    "calls.write": "poa",
    "recordings.read": "poa",
    "recordings.play": "poa",
    "customers.read": "ooa",
    "customers.write": "ooa",
    "customers.assign": "-oa",
    "agents.read": "ooa",
    "agents.state": "poa",
    "queues.read": "ooa",
    "people.manage": "--a",
    "office.read": "--a",
    "office.apply": "--a",
    "audit.read": "--a",
}
REACH = {"-": Reach.NONE, "p": Reach.OWN, "t": Reach.TEAM, "o": Reach.OFFICE, "a": Reach.ALL}


def reader(role: Role) -> Reader:
    return Reader(person="anna", role=role, office="moscow", team="sales")


def test_every_action_is_in_the_expected_table() -> None:
    assert set(EXPECTED) == set(Action)


@pytest.mark.parametrize(("action", "role"), list(product(Action, Role)))
def test_matrix(action: Action, role: Role) -> None:
    assert reach(role, action) is REACH[EXPECTED[action][list(Role).index(role)]]


@pytest.mark.parametrize(("action", "lower"), list(product(Action, [Role.AGENT, Role.SUPERVISOR])))
def test_each_role_holds_the_rights_of_those_before_it(action: Action, lower: Role) -> None:
    higher = list(Role)[list(Role).index(lower) + 1]
    assert reach(higher, action) >= reach(lower, action)


# Things by office, team and who takes part, and the shortest reach that opens each for anna.
THINGS = [
    ("moscow", "sales", ("anna",), Reach.OWN),
    ("baku", "support", ("rashid", "anna"), Reach.OWN),
    (None, None, ("anna",), Reach.OWN),
    ("moscow", "sales", ("elena",), Reach.TEAM),
    ("moscow", "other", (), Reach.OFFICE),
    ("moscow", None, ("elena",), Reach.OFFICE),
    ("baku", "support", ("rashid",), Reach.ALL),
    (None, None, (), Reach.ALL),
]


@pytest.mark.parametrize(("action", "role", "thing"), list(product(Action, Role, THINGS)))
def test_one_thing_opens_by_reach(
    action: Action, role: Role, thing: tuple[str | None, str | None, tuple[str, ...], Reach]
) -> None:
    office, team, agents, needed = thing
    wanted = reach(role, action) >= needed and reach(role, action) is not Reach.NONE
    assert may(reader(role), action, office=office, team=team, agents=agents) is wanted


def test_nothing_known_of_a_thing_opens_nothing() -> None:
    nobody = Reader(person="anna", role=Role.SUPERVISOR, office="moscow", team=None)
    assert not may(nobody, Action.CALLS_READ)
    assert not may(nobody, Action.CALLS_READ, team=None, office=None)


def test_scopes() -> None:
    assert scope(reader(Role.AGENT), Action.OFFICE_APPLY) == Scope()
    assert scope(reader(Role.AGENT), Action.OFFICE_APPLY).nothing
    assert scope(reader(Role.AGENT), Action.CALLS_READ) == Scope(person="anna")
    assert scope(reader(Role.SUPERVISOR), Action.CALLS_READ) == Scope(
        person="anna", team="sales", office="moscow"
    )
    assert scope(reader(Role.ADMIN), Action.CALLS_READ) == Scope(all=True)
    assert not scope(reader(Role.ADMIN), Action.CALLS_READ).nothing
