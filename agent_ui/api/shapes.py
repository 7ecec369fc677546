"""What the API says and takes, as types: the OpenAPI document and the checks come from these.

Names are stable: integrations rely on them. Times are RFC 3339 in UTC, durations seconds.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct, field

from crm_core.calls.model import (
    CallState,
    Direction,
    HangupBy,
    LegRole,
    LegState,
    OfferState,
    Outcome,
)
from crm_core.customers.model import CardStatus, ContactKind, MergeField
from crm_core.people.model import Role
from crm_core.presence.model import AgentState, ChosenState, Unreachable
from crm_core.recordings.model import RecordingKind, RecordingState

Moment = Annotated[datetime, Meta(tz=True, description="RFC 3339; with an offset or Z")]
Seconds = Annotated[float, Meta(ge=0, description="seconds")]
Limit = Annotated[int, Meta(ge=1, le=200, description="how many items at most")]
Cursor = Annotated[str, Meta(max_length=200, description="`next` of the page before")]
# No control characters: PostgreSQL cannot store NUL, and the others are nobody's words. `$` would let a
# line break at the end through, so the end is "nothing more comes", which JSON Schema's dialect knows too.
_PLAIN = r"^[^\x00-\x1f\x7f]*(?![\s\S])"
Text = Annotated[str, Meta(max_length=80, pattern=_PLAIN)]
Disposition = Annotated[str, Meta(min_length=1, max_length=80, pattern=_PLAIN)]
Reason = Annotated[str, Meta(min_length=1, max_length=80, pattern=_PLAIN)]
CardTitle = Annotated[str, Meta(min_length=1, max_length=200, pattern=_PLAIN)]
Search = Annotated[str, Meta(min_length=1, max_length=200, pattern=_PLAIN)]
Phones = Annotated[tuple[Text, ...], Meta(max_length=50)]
Value = str | int | float | bool | None


class Shape(Struct, frozen=True):
    """The base of all that is answered."""


class Question(Struct, frozen=True, forbid_unknown_fields=True):
    """The base of all that is asked: an unknown name is refused, not passed over."""


class Problem(Shape, frozen=True, kw_only=True):
    """RFC 9457. *code* is stable; *field* names what was wrong, *hint* says what to do."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    code: str
    field: str | None = None
    hint: str | None = None


class ApiLeg(Shape, frozen=True, kw_only=True):
    """One party's part of a call."""

    role: LegRole
    state: LegState
    agent: str | None
    number: str | None
    started_at: Moment
    ringing_at: Moment | None
    answered_at: Moment | None
    ended_at: Moment | None
    talk_s: Seconds
    cause: int | None


class ApiOffer(Shape, frozen=True, kw_only=True):
    """A call shown to one agent."""

    id: UUID
    agent: str
    attempt: int
    state: OfferState
    ring_s: int
    reserved_at: Moment
    alerting_at: Moment | None
    ended_at: Moment | None


class ApiTraceLine(Shape, frozen=True, kw_only=True):
    """One step of "why did this call go there?"; *text* in the asker's language."""

    at: Moment
    code: str
    values: dict[str, Value]
    text: str


class ApiChoice(Shape, frozen=True, kw_only=True):
    """One of the cards that share the caller's number."""

    customer_id: UUID
    title: str
    owner: str | None


class ApiRecording(Shape, frozen=True, kw_only=True):
    """A recording; *audio* is where it can be heard, null when there is no file."""

    id: UUID
    call_id: UUID
    kind: RecordingKind
    state: RecordingState
    reason: str | None
    format: str | None
    size_bytes: int | None
    duration_s: Seconds | None
    expected_s: Seconds | None
    started_at: Moment | None
    finished_at: Moment | None
    audio: str | None


class RecordingPeaks(Shape, frozen=True, kw_only=True):
    """The outline of a recording: for each channel the loudest of each stretch, 0 to 100."""

    seconds: Seconds
    channels: tuple[tuple[int, ...], ...]


class ApiCall(Shape, frozen=True, kw_only=True):
    """A call: one conversation attempt over all its legs and transfers."""

    id: UUID
    direction: Direction
    from_number: str | None = field(name="from")
    from_raw: str
    from_name: str
    to: str | None
    did: str | None
    queue: str | None
    state: CallState
    outcome: Outcome | None
    disposition: str | None
    agent: str | None
    owner: str | None
    customer_id: UUID | None
    customer_title: str | None
    choices: tuple[ApiChoice, ...]
    started_at: Moment
    answered_at: Moment | None
    ended_at: Moment | None
    wait_s: Seconds
    ring_s: Seconds
    talk_s: Seconds
    hangup_by: HangupBy | None
    merged_into: UUID | None
    settled: bool
    legs: tuple[ApiLeg, ...]
    offers: tuple[ApiOffer, ...]
    recordings: tuple[ApiRecording, ...]
    trace: tuple[ApiTraceLine, ...]


class ApiContactPoint(Shape, frozen=True, kw_only=True):
    """A phone in E.164, an e-mail or a messenger address."""

    id: UUID
    kind: ContactKind
    value: str


class ApiCustomer(Shape, frozen=True, kw_only=True):
    """A customer card."""

    id: UUID
    title: str
    status: CardStatus
    owner: str | None
    office: str | None
    contact_points: tuple[ApiContactPoint, ...]
    created_at: Moment
    updated_at: Moment


class ApiMergeConflict(Shape, frozen=True, kw_only=True):
    """Both cards say something of *field*, and not the same."""

    field: MergeField
    kept: str
    dropped: str


class ApiMergePreview(Shape, frozen=True, kw_only=True):
    """What a merge gives: *kept* as it will be, *calls* of both. Not *allowed*: only a supervisor may."""

    kept: ApiCustomer
    dropped: ApiCustomer
    calls: int
    conflicts: tuple[ApiMergeConflict, ...]
    allowed: bool


class ApiAgent(Shape, frozen=True, kw_only=True):
    """Somebody who takes calls, and the state shown for them since *since*."""

    name: str
    title: str
    role: Role
    office: str
    team: str | None
    extension: str | None
    queues: tuple[str, ...]
    state: AgentState
    reason: str | None
    since: Moment
    call_id: UUID | None
    load: float
    devices_up: bool | None
    unreachable: Unreachable | None
    unreachable_until: Moment | None


class ApiQueue(Shape, frozen=True, kw_only=True):
    """A queue now, and its figures since local midnight (see docs/api.md for the definitions)."""

    name: str
    title: str
    extension: str | None
    members: tuple[str, ...]
    waiting: int
    oldest_waiting_at: Moment | None
    agents: dict[str, int]
    unreachable: int
    offered: int
    answered: int
    abandoned: int
    service_level: float | None
    service_level_s: int


class ApiPresence(Shape, frozen=True, kw_only=True):
    """What was chosen. The shown state follows when the router says so."""

    agent: str
    chosen: ChosenState
    reason: str | None
    since: Moment


class CallPage(Shape, frozen=True, kw_only=True):
    """Calls, newest first."""

    items: tuple[ApiCall, ...]
    next: str | None


class CustomerPage(Shape, frozen=True, kw_only=True):
    """Cards, newest first."""

    items: tuple[ApiCustomer, ...]
    next: str | None


class AgentPage(Shape, frozen=True, kw_only=True):
    """Agents by name."""

    items: tuple[ApiAgent, ...]
    next: str | None


class QueuePage(Shape, frozen=True, kw_only=True):
    """Queues by name."""

    items: tuple[ApiQueue, ...]
    next: str | None


class RecordingPage(Shape, frozen=True, kw_only=True):
    """Recordings, newest first."""

    items: tuple[ApiRecording, ...]
    next: str | None
