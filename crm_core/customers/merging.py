"""Two cards of one person become one: what it will have, and doing it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Protocol
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.audit.store import changed, record
from crm_core.bus.event import Event
from crm_core.customers import store
from crm_core.customers.changing import audited
from crm_core.customers.events import CustomerMerged, OwnerChanged
from crm_core.customers.model import CardStatus, Customer, MergeConflict, MergeField, MergePreview
from crm_core.errors import BadInput, Conflict, Forbidden, NotFound
from crm_core.i18n import N_
from crm_core.people.model import Reader
from crm_core.permissions import Action, may, scope

LOCK_KEY = 0x43_43_4D_47  # advisory lock key, "CCMG"


class Follower(Protocol):
    """A subject that keeps things of cards: it moves them in the transaction of the merge."""

    async def count(self, connection: AsyncConnection, cards: Collection[UUID]) -> int:
        """How many of its things *cards* have: calls."""
        ...

    async def merged(
        self, connection: AsyncConnection, kept: Customer, dropped: UUID, at: datetime
    ) -> Sequence[Event]:
        """Move them to *kept*; what is to be said of it."""
        ...


async def one_at_a_time(connection: AsyncConnection) -> None:
    """Wait for other merges: cards that became part of the dropped one before are locked by none of them."""
    await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK_KEY})


async def both(
    connection: AsyncConnection, reader: Reader, keep: UUID, drop: UUID, *, lock: bool
) -> tuple[Customer, Customer]:
    """The two cards, with *lock* in one order for everybody. Raises BadInput, NotFound, Conflict."""
    if keep == drop:
        raise BadInput(N_("A card cannot become part of itself."), field="drop")
    seen = scope(reader, Action.CUSTOMERS_WRITE)
    found = {id: await store.get(connection, id, seen, lock=lock) for id in sorted((keep, drop))}
    kept, dropped = found[keep], found[drop]
    if kept is None or dropped is None:
        raise NotFound(N_("There is no such card."))
    for card, field in ((kept, "keep"), (dropped, "drop")):
        if card.status is CardStatus.MERGED:
            raise Conflict(N_("This card has become part of another."), field=field, code="card_merged")
    return kept, dropped


def preview(
    reader: Reader, kept: Customer, dropped: Customer, take: Collection[MergeField], calls: int
) -> MergePreview:
    """What *kept* will have after the merge. Pure."""
    pairs = {
        MergeField.TITLE: (kept.title, dropped.title),
        MergeField.OWNER: (kept.owner, dropped.owner),
        MergeField.OFFICE: (kept.office, dropped.office),
    }
    conflicts = []
    for field, (ours, theirs) in pairs.items():
        named = field is not MergeField.TITLE or CardStatus.PROVISIONAL not in (kept.status, dropped.status)
        if ours is not None and theirs is not None and ours != theirs and named:
            conflicts.append(MergeConflict(field=field, kept=ours, dropped=theirs))
    disputed = {conflict.field for conflict in conflicts}
    points = {point.id: point for point in (*kept.contact_points, *dropped.contact_points)}
    is_kept = CardStatus.KEPT in (kept.status, dropped.status)
    only_dropped_has_name = kept.status is CardStatus.PROVISIONAL and dropped.status is CardStatus.KEPT
    taken = frozenset(take) & disputed
    after = replace(
        kept,
        title=dropped.title if MergeField.TITLE in taken or only_dropped_has_name else kept.title,
        owner=dropped.owner if MergeField.OWNER in taken else kept.owner or dropped.owner,
        office=dropped.office if MergeField.OFFICE in taken else kept.office or dropped.office,
        status=CardStatus.KEPT if is_kept else CardStatus.PROVISIONAL,
        contact_points=tuple(sorted(points.values(), key=lambda point: (point.kind, point.value))),
    )
    assigns = MergeField.OWNER in disputed
    return MergePreview(
        kept=after,
        dropped=dropped,
        calls=calls,
        conflicts=tuple(conflicts),
        allowed=not assigns or may(reader, Action.CUSTOMERS_ASSIGN, office=kept.office),
    )


async def write(
    connection: AsyncConnection, reader: Reader, before: Customer, planned: MergePreview, at: datetime
) -> tuple[Customer, list[Event]]:
    """Do as *planned*; both cards are locked. Raises Forbidden. The kept card, and what is to be said."""
    if not planned.allowed:
        raise Forbidden(N_("Only a supervisor gives a card to somebody else."), field="owner")
    after, dropped = replace(planned.kept, updated_at=at), planned.dropped
    await store.take_over(connection, after.id, dropped.id)
    await store.change(
        connection,
        after.id,
        {
            "title": after.title,
            "owner": after.owner,
            "office": after.office,
            "status": after.status.value,
            "updated_at": at,
        },
    )
    await store.change(connection, dropped.id, {"updated_at": at})
    was, became = changed(audited(before), audited(after))
    for action, card, first, then in (
        ("customer.merged", after.id, was, became | {"dropped": str(dropped.id)}),
        ("customer.dropped", dropped.id, audited(dropped), {"merged_into": str(after.id)}),
    ):
        await record(
            connection,
            actor=reader.person,
            action=action,
            kind="customer",
            subject=card,
            at=at,
            before=first,
            after=then,
        )
    events: list[Event] = [CustomerMerged(at=at, customer=after, dropped=dropped.id, by=reader.person)]
    if before.owner != after.owner:
        events.append(OwnerChanged(at=at, customer=after, before=before.owner, by=reader.person))
    return after, events
