"""What the board and its live regions get: frozen and comparable. Times are moments; the browser ticks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from markupsafe import Markup

from agent_ui.live.floor import AgentView
from agent_ui.parties import Party


@dataclass(frozen=True, slots=True, kw_only=True)
class LostLink:
    """The link to the PBX *pbx* is lost since *since*: what is shown of it may be old."""

    pbx: str
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TileView:
    """A queue now and today.

    *free*: agents who could take a call; *agents*: those who are at work. Who waits longer than *late_s*
    seconds waits too long, longer than *very_late_s* far too long. *tone* colours the frame for what does
    not depend on the hour: a service level below the goal.
    """

    name: str
    title: str
    waiting: int
    oldest_at: datetime | None
    free: int
    agents: int
    answered: int
    abandoned: int
    service_level: float | None
    service_level_s: int
    late_s: int
    very_late_s: int
    tone: str | None
    lost: LostLink | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Company:
    """Whom an agent has to do with now: a call's other side. *outgoing*: one of ours called there, and
    *calling*: without an answer yet.
    """

    call: UUID
    party: Party
    queue: str | None
    outgoing: bool = False
    calling: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentRowView:
    """One agent. *company* is for those who lead; the load is shown beside *full_load*, a full bar.

    *mean_talk_s*: how long today's talks were, in seconds.
    """

    agent: AgentView
    company: Company | None
    queues: tuple[str, ...]
    full_load: float
    talks: int
    mean_talk_s: float | None
    leads: bool  # whoever reads may choose states, and see who talks with whom
    lost: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentsView:
    """The frame of the agents' table: by how they are called."""

    agents: tuple[AgentRowView, ...]
    leads: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TilesView:
    """The frame of the tiles, in the order of the office file."""

    tiles: tuple[TileView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """A call that waits, since *since*. *owner*: of the caller's card; *readable*: its page may be opened."""

    id: UUID
    since: datetime
    party: Party
    queue: str
    owner: str | None
    late_s: int
    very_late_s: int
    readable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingView:
    """Calls that wait, the longest first. *more*: those not shown."""

    callers: tuple[Caller, ...]
    more: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TotalsView:
    """The floor in one line. *busy*: share (0 to 1) of those at work who are with a call; None: nobody is."""

    talking: int
    waiting: int
    free: int
    busy: float | None
    lost: LostLink | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OfficeLink:
    """An office that the board can be narrowed to; *name* None: all of them."""

    name: str | None
    title: str
    here: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardView:
    """The page. *regions*: the live pieces as HTML, by id; *since*: the last event they hold."""

    regions: Mapping[str, Markup]
    since: str
    office: str | None
    offices: tuple[OfficeLink, ...]
    leads: bool
