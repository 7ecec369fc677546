"""What the API is asked, as types: the parameters of its routes and the bodies it takes."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from msgspec import UNSET, Meta, UnsetType, field

from agent_ui.api.shapes import (
    CardTitle,
    Cursor,
    Disposition,
    Limit,
    Moment,
    Phones,
    Question,
    Reason,
    Search,
    Text,
)
from crm_core.calls.model import CallState
from crm_core.customers.model import MergeField
from crm_core.presence.model import AgentState, ChosenState
from crm_core.recordings.model import RecordingState

_FIELDS = "|".join(MergeField)
Taken = Annotated[str, Meta(max_length=40, pattern=rf"^(?:(?:{_FIELDS})(?:,(?:{_FIELDS}))*)?(?![\s\S])")]


class Nothing(Question, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """No parameters."""


class CallQuestion(Question, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Filters of calls: *phone* as people write it, *since* by start, *agent* who took part."""

    phone: Text | None = None
    since: Moment | None = None
    agent: Text | None = None
    state: CallState | None = None
    limit: Limit = 50
    cursor: Cursor | None = None


class CustomerQuestion(Question, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Filters of cards: *agent* is the owner, *since* by last change.

    *search*: words of the title or any part of a number, the likeliest first; with *agent* and *limit* only.
    """

    search: Search | None = None
    phone: Text | None = None
    since: Moment | None = None
    agent: Text | None = None
    limit: Limit = 50
    cursor: Cursor | None = None


class RecordingQuestion(Question, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Filters of recordings, by their call."""

    phone: Text | None = None
    since: Moment | None = None
    agent: Text | None = None
    state: RecordingState | None = None
    limit: Limit = 50
    cursor: Cursor | None = None


class AgentQuestion(Question, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Filters of agents; *since*: in the present state from then on."""

    agent: Text | None = None
    state: AgentState | None = None
    since: Moment | None = None
    limit: Limit = 50
    cursor: Cursor | None = None


class QueueQuestion(Question, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Filters of queues: *agent* is a member."""

    agent: Text | None = None
    limit: Limit = 50
    cursor: Cursor | None = None


class StateWish(Question, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A state to choose; a break says why."""

    state: ChosenState
    reason: Reason | None = None


class CustomerChoice(Question, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which card the caller is."""

    customer_id: UUID


class CustomerNew(Question, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A card to make; *phones* as people write them, *shared*: other cards may have them too."""

    title: CardTitle
    phones: Phones = ()
    owner: Text | None = None
    office: Text | None = None
    shared: bool = False


class CustomerPatch(Question, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to change of a card; what is left out stays. *phones* replaces all of them.

    *seen*: `updated_at` of the card it was made from; 409 `card_changed` when that is not so any more.
    """

    title: CardTitle | UnsetType = UNSET
    owner: Text | UnsetType | None = UNSET
    phones: Phones | UnsetType = UNSET
    shared: bool = False
    seen: Moment | None = None


class CallPatch(Question, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What may be changed of a call; null takes the disposition away."""

    disposition: Disposition | None


class MergeQuestion(Question, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What would be, if the card *with* became part of the one in the path.

    *take*: what the kept card has from it where both say something, as `title,owner,office`.
    """

    with_: UUID = field(name="with")
    take: Taken = ""


class CustomerMerge(Question, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Let the card *with* become part of the one in the path; *take*: what that has from it."""

    with_: UUID = field(name="with")
    take: tuple[MergeField, ...] = ()
