"""The worklist of missed calls: mine and shared, as a page and as a panel of the desk."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from aiohttp import web

from agent_ui.api.route import read_query
from agent_ui.api.shapes import Moment, Question
from agent_ui.asking import Asking, path_id
from agent_ui.customers.views import OwnerView, owner_view
from agent_ui.desk.calls import has_browser_phone
from agent_ui.dialling import Dialling
from agent_ui.forms import read_form
from agent_ui.pages import fragment, page
from crm_core.calls.missed import MissedLine, Whose
from crm_core.live.directory import Directory
from crm_core.people.model import Reader

SHOWN = 50
MOST = 200  # lines looked at; of more it is said that there are more


class MissedQuestion(Question, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """*whose*: the part that was chosen; none: the reader's own lines, or shared ones without any."""

    whose: Whose | None = None


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
    """A part of the list. *mine*, *shared*: how many lines are in each; *many*: what they stop at.

    *chosen*: this part was asked for; otherwise it is the one that matters most. *dial*: whom the reader can
    ring back here; *browser*: their phone is in the browser, so others are rung back on a mobile phone only.
    """

    whose: str
    chosen: bool
    rows: tuple[MissedRow, ...]
    mine: int
    shared: int
    dial: Dialling
    browser: bool
    many: int = MOST


@dataclass(frozen=True, slots=True, kw_only=True)
class PageView:
    """The page. *live_since*: the last event that it was made from."""

    missed: MissedView
    live_since: str


async def missed_page(request: web.Request) -> web.Response:
    """`GET /missed`."""
    asking = Asking.of(request)
    live_since = asking.services.hub.last_id
    missed = await missed_view(asking, read_query(request, MissedQuestion).whose)
    return page(request, "customers/missed_page.html", PageView(missed=missed, live_since=live_since))


async def missed_list(request: web.Request) -> web.Response:
    """`GET /missed/list`: the panel, here and on the desk."""
    view = await missed_view(Asking.of(request), read_query(request, MissedQuestion).whose)
    return fragment(request, "customers/missed.html", view)


async def missed_count(request: web.Request) -> web.Response:
    """`GET /missed/count`: what stands on the rail."""
    asking = Asking.of(request)
    return fragment(request, "customers/missed_count.html", await asking.services.missed.count(asking.reader))


async def done(request: web.Request) -> web.Response:
    """`POST /missed/{id}/done`: the panel without it, unless the number rang again. Raises NotFound."""
    id, form, asking = path_id(request), await read_form(request, DoneForm), Asking.of(request)
    await asking.services.missed.done(asking.reader, id, form.seen)
    asking.services.written()
    view = await missed_view(asking, read_query(request, MissedQuestion).whose)
    return fragment(request, "customers/missed.html", view)


async def missed_view(asking: Asking, asked: Whose | None = None) -> MissedView:
    """The part of the list that was *asked* for."""
    services, reader = asking.services, asking.reader
    lines = {whose: await services.missed.missed(reader, whose, limit=MOST) for whose in Whose}
    likely = Whose.MINE if lines[Whose.MINE] or not lines[Whose.SHARED] else Whose.SHARED
    shown = lines[asked or likely][:SHOWN]
    ids = {line.customer_id for line in shown if line.customer_id is not None}
    readable = await services.customers.may_read(reader, ids)
    return MissedView(
        whose=(asked or likely).value,
        chosen=asked is not None,
        rows=tuple(missed_row(line, asking.directory, reader, readable) for line in shown),
        mine=len(lines[Whose.MINE]),
        shared=len(lines[Whose.SHARED]),
        dial=asking.dial,
        browser=services.phones is not None and has_browser_phone(asking.directory, reader.person),
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
