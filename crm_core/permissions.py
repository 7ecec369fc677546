"""Who may do what: one matrix of roles, actions and how far each reaches. Deny by default.

    may(reader, Action.CALLS_READ, office="moscow", agents=call_agents)   one thing
    scope(reader, Action.CUSTOMERS_READ)                                  many things, as a filter

Both come from the same row of the matrix, so a list and a page never disagree. Tests are generated
from the matrix too.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from types import MappingProxyType

from crm_core.people.model import Reader, Role


class Action(StrEnum):
    """What somebody may want to do. The part before the dot is the kind of thing."""

    CALLS_READ = "calls.read"  # a call, its legs and trace; agents: those who took part
    CALLS_WAITING = "calls.waiting"  # a call that waits; agents: the members of its queue
    CALLS_WRITE = "calls.write"  # disposition
    RECORDINGS_READ = "recordings.read"
    RECORDINGS_PLAY = "recordings.play"  # audited each time
    CUSTOMERS_READ = "customers.read"
    CUSTOMERS_WRITE = "customers.write"
    CUSTOMERS_ASSIGN = "customers.assign"  # change the owner
    AGENTS_READ = "agents.read"
    AGENTS_STATE = "agents.state"  # choose a state; agents: whose
    QUEUES_READ = "queues.read"
    PEOPLE_MANAGE = "people.manage"  # passwords and tokens
    OFFICE_READ = "office.read"
    OFFICE_APPLY = "office.apply"
    AUDIT_READ = "audit.read"


class Reach(IntEnum):
    """How far a right goes; each includes those before it."""

    NONE = 0
    OWN = 1  # what the person takes part in
    TEAM = 2
    OFFICE = 3
    ALL = 4


MATRIX: Mapping[Role, Mapping[Action, Reach]] = MappingProxyType(
    {
        Role.AGENT: MappingProxyType(
            {
                Action.CALLS_READ: Reach.OWN,
                Action.CALLS_WAITING: Reach.OWN,
                Action.CALLS_WRITE: Reach.OWN,
                Action.RECORDINGS_READ: Reach.OWN,
                Action.RECORDINGS_PLAY: Reach.OWN,
                Action.CUSTOMERS_READ: Reach.OFFICE,
                Action.CUSTOMERS_WRITE: Reach.OFFICE,
                Action.AGENTS_READ: Reach.OFFICE,
                Action.AGENTS_STATE: Reach.OWN,
                Action.QUEUES_READ: Reach.OFFICE,
            }
        ),
        Role.SUPERVISOR: MappingProxyType(
            {
                Action.CALLS_READ: Reach.OFFICE,
                Action.CALLS_WAITING: Reach.OFFICE,
                Action.CALLS_WRITE: Reach.OFFICE,
                Action.RECORDINGS_READ: Reach.OFFICE,
                Action.RECORDINGS_PLAY: Reach.OFFICE,
                Action.CUSTOMERS_READ: Reach.OFFICE,
                Action.CUSTOMERS_WRITE: Reach.OFFICE,
                Action.CUSTOMERS_ASSIGN: Reach.OFFICE,
                Action.AGENTS_READ: Reach.OFFICE,
                Action.AGENTS_STATE: Reach.OFFICE,
                Action.QUEUES_READ: Reach.OFFICE,
            }
        ),
        Role.ADMIN: MappingProxyType(dict.fromkeys(Action, Reach.ALL)),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What of many things may be seen: the union of what is set. Nothing set: nothing at all."""

    all: bool = False
    office: str | None = None
    team: str | None = None
    person: str | None = None

    @property
    def nothing(self) -> bool:
        """Whether no thing whatever is in it: a query can be spared."""
        return not self.all and self.office is None and self.team is None and self.person is None


def reach(role: Role, action: Action) -> Reach:
    """How far *action* goes for *role*."""
    return MATRIX[role].get(action, Reach.NONE)


def scope(reader: Reader, action: Action) -> Scope:
    """*action* of *reader* as a filter. A person's own things are in every scope that is not empty."""
    far = reach(reader.role, action)
    if far is Reach.NONE:
        return Scope()
    if far is Reach.ALL:
        return Scope(all=True)
    return Scope(
        person=reader.person,
        team=reader.team if far >= Reach.TEAM else None,
        office=reader.office if far >= Reach.OFFICE else None,
    )


def may(
    reader: Reader,
    action: Action,
    *,
    office: str | None = None,
    team: str | None = None,
    agents: Collection[str] = (),
) -> bool:
    """Whether *reader* may do *action* to a thing of *office* and *team* that *agents* take part in.

    What is not known of the thing is None or empty, and opens nothing.
    """
    seen = scope(reader, action)
    return (
        seen.all
        or (seen.office is not None and seen.office == office)
        or (seen.team is not None and seen.team == team)
        or (seen.person is not None and seen.person in agents)
    )
