"""The worklist of missed calls: mine and shared, as a page and as a piece of the desk."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from aiohttp import web

from agent_ui.api.route import read_query
from agent_ui.api.shapes import Moment, Question
from agent_ui.customers.asking import directory, id_in
from agent_ui.customers.services import CARDS
from agent_ui.customers.views import OwnerView, owner_view
from agent_ui.forms import read_form
from agent_ui.pages import fragment, page
from agent_ui.services import READER, SERVICES
from crm_core.calls.missed import MissedLine, Whose
from crm_core.live.directory import Directory
from crm_core.people.model import Reader

SHOWN = 50
MOST = 200  # lines looked at; of more it is said that there are more


class MissedQuestion(Question, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which part of the list."""

    whose: Whose = Whose.MINE


class DoneForm(Question, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """*seen*: the line's last call as it was shown."""

    seen: Moment


@dataclass(frozen=True, slots=True, kw_only=True)
class MissedRow:
    """One number that reached nobody. *card*: only when the reader may open it; *rang*: at whom.

    *before*: who said last that an earlier call of it was done, and when (*before_at*).
    """

    id: UUID
    number: str
    title: str | None
    card: UUID | None
    calls: int
    last_at: datetime
    outcome: str
    queue: str | None
    rang: tuple[str, ...]
    owner: OwnerView
    before: str | None
    before_at: datetime | None

    @property
    def seen(self) -> str:
        """The last call shown, as the form says it back."""
        return self.last_at.isoformat()


@dataclass(frozen=True, slots=True, kw_only=True)
class MissedView:
    """A part of the list. *mine*, *shared*: how many lines are in each; *many*: what they stop at."""

    whose: str
    rows: tuple[MissedRow, ...]
    mine: int
    shared: int
    many: int = MOST


@dataclass(frozen=True, slots=True, kw_only=True)
class DoneView:
    """A line that somebody has just ticked off."""

    id: UUID
    by: str
    at: datetime


async def missed_page(request: web.Request) -> web.Response:
    """`GET /missed`."""
    return page(request, "customers/missed_page.html", await _view(request))


async def missed_list(request: web.Request) -> web.Response:
    """`GET /missed/list`: the panel."""
    return fragment(request, "customers/missed.html", await _view(request))


async def done(request: web.Request) -> web.Response:
    """`POST /missed/{id}/done`: who did it and when, in the line's place. Raises NotFound."""
    id, form, reader = id_in(request), await read_form(request, DoneForm), request[READER]
    services = request.app[SERVICES]
    await request.app[CARDS].missed.done(reader, id, form.seen)
    services.written()
    by = directory(request).titles.get(reader.person, reader.person)
    return fragment(request, "customers/missed_done.html", DoneView(id=id, by=by, at=services.clock.now()))


async def _view(request: web.Request) -> MissedView:
    query, reader, cards = read_query(request, MissedQuestion), request[READER], request.app[CARDS]
    lines = {whose: await cards.missed.missed(reader, whose, limit=MOST) for whose in Whose}
    shown = lines[query.whose][:SHOWN]
    ids = {line.customer_id for line in shown if line.customer_id is not None}
    readable = await cards.customers.may_read(reader, ids)
    return MissedView(
        whose=query.whose.value,
        rows=tuple(missed_row(line, directory(request), reader, readable) for line in shown),
        mine=len(lines[Whose.MINE]),
        shared=len(lines[Whose.SHARED]),
    )


def missed_row(
    line: MissedLine, directory: Directory, reader: Reader, readable: Collection[UUID]
) -> MissedRow:
    """*line* in the words of the house; *readable*: cards that may be opened."""

    def called(name: str | None) -> Any:
        return None if name is None else directory.titles.get(name, name)

    named = line.customer_title is not None and line.customer_title != line.number
    return MissedRow(
        id=line.id,
        number=line.number,
        title=line.customer_title if named else None,
        card=line.customer_id if line.customer_id in readable else None,
        calls=line.calls,
        last_at=line.last_at,
        outcome=line.last_outcome.value,
        queue=called(line.queue),
        rang=tuple(called(agent) for agent in line.offered),
        owner=owner_view(line.owner, directory, reader),
        before=called(line.done_by),
        before_at=line.done_at,
    )
