"""What the live regions of the desk get: frozen and comparable, drawn again only when they differ.

Times are moments; how long it is since then ticks in the browser.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from agent_ui.live.floor import AgentView
from agent_ui.parties import Party
from crm_core.calls.model import TraceLine
from crm_core.calls.trace import Value
from crm_core.i18n import Message


@dataclass(frozen=True, slots=True, kw_only=True)
class PillView:
    """The reader's own state and what may be chosen. *until*: when a wrap-up ends. No *state*: no seat.

    *unreachable*: why no call reaches the reader, who is available; *calling*: they are busy with a call that
    nobody has answered yet.
    """

    state: str | None
    since: datetime | None = None
    reason: str | None = None
    until: datetime | None = None
    unreachable: str | None = None
    calling: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FiguresView:
    """The top bar's figures over the reader's queues. *queue*: its title when there is just one."""

    waiting: int
    oldest_at: datetime | None
    service_level: float | None
    service_level_s: int | None  # when all the queues have the same
    talks: int
    queue: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallView:
    """A call the reader has part in. *part*: offered, calling, talking or held, for this agent.

    *since*: when ringing or talking began; *deadline*: until when it rings (from *since*). *owner*: the
    reader, or how the owner of the card is called. *source*: what the number dialled was advertised in.
    It and *queue* are only there when *number* does not say so. *waited_s*: how long the caller waited for
    an answer.
    """

    id: UUID
    offer: UUID | None
    part: str
    direction: str
    party: Party
    since: datetime
    deadline: datetime | None
    mine: bool
    owner: str | None
    shared: bool  # several cards have the number, and nobody said yet who it is
    number: str | None  # what was dialled, as the office calls it
    source: str | None
    queue: str | None
    came_at: datetime
    waited_s: int | None
    browser: bool  # the agent has a phone in the browser: its keys are on the panel


@dataclass(frozen=True, slots=True, kw_only=True)
class WrapView:
    """After the call: until when the next one waits."""

    call: UUID | None
    party: Party | None
    since: datetime
    until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreachedView:
    """A call to somebody outside that was not answered. *why*: a message id, where it is known; *given_up*:
    the agent ended it.
    """

    party: Party
    why: str | None
    given_up: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PanelView:
    """The panel at the upper left. Nothing in it: *state* says what the agent can expect.

    *unreachable*: why no call reaches the reader, who is available, and until when at the latest; *browser*:
    a phone of theirs is in the browser.
    """

    calls: tuple[CallView, ...]
    wrap: WrapView | None
    unreached: UnreachedView | None
    state: str
    unreachable: str | None
    unreachable_until: datetime | None
    browser: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FocusView:
    """Which call, and so which card and note, the middle of the desk is about."""

    call: UUID | None
    card: UUID | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Chip:
    """A call whose result is still to be said."""

    call: UUID
    party: Party
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ChipsView:
    """Calls left without a result, the latest first; not the one in focus."""

    chips: tuple[Chip, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One line of a call's trace, comparable; people and queues in *values* have their titles."""

    at: datetime
    code: str
    values: tuple[tuple[str, Value], ...]

    @property
    def line(self) -> TraceLine:
        """As `explained` puts it into words."""
        return TraceLine(at=self.at, code=self.code, values=dict(self.values))


@dataclass(frozen=True, slots=True, kw_only=True)
class WhyView:
    """Why the call is the reader's. *reason*: the one thing that decided; none: no call."""

    reason: Message | None
    icon: str
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CardChoice:
    """One of the cards that share the caller's number."""

    id: UUID
    title: str
    owner: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoicesView:
    """Which of these the caller is, or of an *outgoing* call who was called. No *call*: nothing to choose."""

    call: UUID | None
    number: str | None
    outgoing: bool
    cards: tuple[CardChoice, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ColleaguesView:
    """The frame of the colleagues' rows."""

    agents: tuple[AgentView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class HouseView:
    """What does not work. *switch*: states may be old since then; *database*: cards wait since then."""

    switch: datetime | None
    database: datetime | None
