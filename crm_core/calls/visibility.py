"""Who may see a call, as a condition on rows: one rule for calls and for what is kept of them."""

from __future__ import annotations

from sqlalchemy import ColumnElement, false, func, or_, select, true
from sqlalchemy.orm import InstrumentedAttribute

from crm_core.people.tables import PersonRow
from crm_core.permissions import Scope
from crm_core.queues.tables import NumberRow


def held_by(
    scope: Scope,
    *,
    agents: InstrumentedAttribute[list[str]],
    did: InstrumentedAttribute[str | None],
    pbx: InstrumentedAttribute[str],
) -> ColumnElement[bool]:
    """Rows that *scope* holds: those of its *agents*, and of a number dialled (*did*) of its office."""
    if scope.all:
        return true()
    conditions: list[ColumnElement[bool]] = []
    if scope.person is not None:
        conditions.append(agents.contains([scope.person]))
    people: list[ColumnElement[bool]] = []
    if scope.team is not None:
        people.append(PersonRow.team == scope.team)
    if scope.office is not None:
        people.append(PersonRow.office == scope.office)
        of_office = select(NumberRow.e164).where(NumberRow.office == scope.office, NumberRow.pbx == pbx)
        conditions.append(did.in_(of_office))
    if people:
        names = select(func.array_agg(PersonRow.name)).where(or_(*people)).scalar_subquery()
        conditions.append(agents.overlap(names))
    return or_(*conditions) if conditions else false()
