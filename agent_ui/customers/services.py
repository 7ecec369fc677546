"""What pages of cards are made from: ports that services of crm_core fill. All raise Unavailable."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from crm_core.calls.missed import MissedCount, MissedLine, Whose
from crm_core.customers.model import (
    Customer,
    CustomerChange,
    MergeField,
    MergePreview,
    NewCustomer,
)
from crm_core.notes.model import TimelineItem, TimelineKind
from crm_core.notes.overview import CardOverview
from crm_core.people.model import Reader


class Customers(Protocol):
    """Cards."""

    async def list(
        self,
        reader: Reader,
        *,
        phone: str | None,
        since: datetime | None,
        agent: str | None,
        limit: int,
        cursor: str | None,
    ) -> tuple[Sequence[Customer], str | None]:
        """*agent*: the owner; *since*: changed from then on. Raises BadInput for a foreign cursor."""
        ...

    async def get(self, reader: Reader, customer_id: UUID, *, met: bool) -> Customer:
        """*met*: the reader may see a call of this card, and so the card. Raises NotFound."""
        ...

    async def create(self, reader: Reader, new: NewCustomer) -> Customer:
        """A new card. Raises BadInput, Forbidden, Conflict."""
        ...

    async def update(self, reader: Reader, customer_id: UUID, change: CustomerChange) -> Customer:
        """The changed card. Raises NotFound, BadInput, Forbidden, Conflict."""
        ...

    async def may_read(self, reader: Reader, ids: Collection[UUID]) -> frozenset[UUID]:
        """Those of the cards *ids* that *reader* may open."""
        ...

    async def search(
        self, reader: Reader, text: str, limit: int = 8, *, owner: str | None = None
    ) -> Sequence[Customer]:
        """Cards for what was typed so far, the likeliest first. *owner*: only theirs."""
        ...

    async def preview_merge(
        self, reader: Reader, keep: UUID, drop: UUID, take: Collection[MergeField] = ()
    ) -> MergePreview:
        """What *keep* will have when *drop* has become part of it. Raises BadInput, NotFound, Conflict."""
        ...

    async def merge(
        self, reader: Reader, keep: UUID, drop: UUID, take: Collection[MergeField] = ()
    ) -> Customer:
        """Let *drop* become part of *keep*; the kept card. Raises as the preview does, and Forbidden."""
        ...


class Overviews(Protocol):
    """Cards as people see them."""

    async def overview(
        self, reader: Reader, customer_id: UUID, *, met: bool = False, history: int = 0
    ) -> CardOverview:
        """One card in figures, with the newest *history* items of its timeline. *met*: the reader may see a
        call of it. Raises NotFound.
        """
        ...


class Timelines(Protocol):
    """What happened with cards."""

    async def timeline(
        self,
        reader: Reader,
        customer_id: UUID,
        kinds: Collection[TimelineKind] = (),
        *,
        limit: int = 50,
        cursor: str | None = None,
    ) -> tuple[Sequence[TimelineItem], str | None]:
        """A piece, newest first, and the cursor of the next. Raises NotFound, BadInput."""
        ...


class Missed(Protocol):
    """The worklist of missed calls."""

    async def missed(self, reader: Reader, whose: Whose, *, limit: int = 50) -> Sequence[MissedLine]:
        """Open lines, the latest call first."""
        ...

    async def count(self, reader: Reader) -> MissedCount:
        """How many lines are open in each part."""
        ...

    async def done(self, reader: Reader, line_id: UUID, seen: datetime) -> None:
        """Nothing more is to be done for the calls of a line up to *seen*. Raises NotFound."""
        ...
