"""What the web is handed by the wiring: services of crm_core, and ports that sibling rooms fill.

Every reading method takes the reader: what may be seen is decided where the SQL is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol
from uuid import UUID

from aiohttp import web
from prometheus_client.registry import Collector

from agent_ui.customers.services import Customers, Missed, Overviews, Timelines
from agent_ui.demo.bell import Bell
from agent_ui.live.hub import LiveHub
from agent_ui.phone.proxy import PhoneProxy
from crm_core.calls.dispositions import Disposition
from crm_core.calls.lines import CallLine, LineFilter
from crm_core.calls.model import Call, CallState
from crm_core.clock import Clock
from crm_core.health import Health
from crm_core.notes.model import NextStep, Note
from crm_core.people.model import Preferences, Reader, SessionInfo, SignedIn
from crm_core.people.sessions import NewSession
from crm_core.presence.model import ChosenState, Presence
from crm_core.recordings.model import Recording, RecordingState


def _nothing() -> None:
    """Nobody to tell."""


class Tokens(Protocol):
    """Who stands behind a bearer token."""

    async def reader_for_token(self, token: str) -> Reader | None:
        """None for a token that is unknown or revoked, or whose person left. Raises Unavailable."""
        ...


class Sessions(Protocol):
    """Signing in and out, and what is a person's own. Raises Unavailable."""

    async def sign_in(
        self, name: str, password: str, *, address: str, user_agent: str, instead_of: str | None
    ) -> NewSession:
        """A new session; the one of the token *instead_of* ends. Raises SignInFailed, TooManyTries."""
        ...

    async def signed_in(self, token: str) -> SignedIn | None:
        """None for a session that is unknown or over, or whose person left."""
        ...

    async def sign_out(self, token: str) -> None:
        """End the session of this token."""
        ...

    async def own(self, reader: Reader) -> Sequence[SessionInfo]:
        """The person's sessions, last seen first."""
        ...

    async def end(self, reader: Reader, id: UUID) -> None:
        """End one of them. Raises NotFound."""
        ...

    async def change_password(self, reader: Reader, old: str, new: str, *, address: str) -> None:
        """End all but this session, too. Raises SignInFailed, TooManyTries, BadInput."""
        ...

    async def set_preferences(self, reader: Reader, chosen: Preferences) -> None:
        """Raises BadInput."""
        ...


class Calls(Protocol):
    """Calls as the database has them, newest first. Raises Unavailable."""

    async def list(
        self,
        reader: Reader,
        *,
        phone: str | None,
        since: datetime | None,
        agent: str | None,
        state: CallState | None,
        limit: int,
        cursor: str | None,
    ) -> tuple[Sequence[Call], str | None]:
        """A piece of the list and the cursor of the next. Raises BadInput for a foreign cursor."""
        ...

    async def get(self, reader: Reader, call_id: UUID) -> Call:
        """Raises NotFound."""
        ...

    async def lines(
        self, reader: Reader, asked: LineFilter, *, limit: int = 50, cursor: str | None = None
    ) -> tuple[Sequence[CallLine], str | None]:
        """A piece of the journal and the cursor of the next. Raises BadInput for a foreign cursor."""
        ...

    async def met(self, reader: Reader, customer_id: UUID) -> bool:
        """Whether *reader* may see a call of this card."""
        ...

    async def dispositions(self, pbx: str) -> Sequence[Disposition]:
        """What may be said of calls of *pbx*, in the order to show it."""
        ...

    async def set_disposition(self, reader: Reader, call_id: UUID, disposition: str | None) -> Call:
        """The call with its new disposition. Raises NotFound, Forbidden."""
        ...

    async def choose_customer(self, reader: Reader, call_id: UUID, customer_id: UUID) -> Call:
        """The call with the card that its caller is. Raises NotFound for a call or a card not to be seen."""
        ...


class Notes(Protocol):
    """What people write of calls, saved as they type. Raises Unavailable."""

    async def note(self, reader: Reader, call_id: UUID) -> Note:
        """The reader's own note, of version 0 when there is none. Raises NotFound."""
        ...

    async def notes(self, reader: Reader, call_id: UUID) -> Sequence[Note]:
        """What everybody wrote of a call, oldest first. Raises NotFound."""
        ...

    async def save_note(self, reader: Reader, call_id: UUID, text: str, base_version: int) -> Note:
        """The note as it is then; with more in it than *text* when it was changed elsewhere.

        Raises BadInput, NotFound, NoteConflict.
        """
        ...


class Steps(Protocol):
    """Next steps after calls. Raises Unavailable."""

    async def add(self, reader: Reader, call_id: UUID, text: str, due_at: datetime) -> NextStep:
        """Raises NotFound, BadInput, Conflict."""
        ...

    async def change(
        self, reader: Reader, step_id: UUID, text: str, due_at: datetime, base_version: int
    ) -> NextStep:
        """Raises NotFound, BadInput, Conflict."""
        ...

    async def done(self, reader: Reader, step_id: UUID) -> NextStep:
        """Raises NotFound."""
        ...

    async def list_open(self, reader: Reader, agent: str, *, limit: int = 50) -> Sequence[NextStep]:
        """What *agent* has to do, the most urgent first."""
        ...

    async def of_call(self, reader: Reader, call_id: UUID) -> Sequence[NextStep]:
        """Those of one call, oldest first."""
        ...


class Recordings(Protocol):
    """Rows of recordings. Raises Unavailable."""

    async def list(
        self,
        reader: Reader,
        *,
        phone: str | None,
        since: datetime | None,
        agent: str | None,
        state: RecordingState | None,
        limit: int,
        cursor: str | None,
    ) -> tuple[Sequence[Recording], str | None]:
        """Raises BadInput for a foreign cursor."""
        ...

    async def get(self, reader: Reader, recording_id: UUID) -> Recording:
        """Raises NotFound."""
        ...

    async def of_calls(self, call_ids: Sequence[UUID]) -> Mapping[UUID, Sequence[Recording]]:
        """Recordings of calls that the reader was already shown."""
        ...

    async def shown(self, reader: Reader, call_ids: Sequence[UUID]) -> Mapping[UUID, Sequence[Recording]]:
        """Of the recordings of these calls those that the reader may see."""
        ...


class States(Protocol):
    """The door through which a person's state is chosen."""

    async def choose(self, agent: str, chosen: ChosenState, reason: str | None, *, by: str) -> Presence:
        """Store the choice and say so on the bus. Raises NotFound, BadInput, Unavailable."""
        ...


class AudioFile(Protocol):
    """An opened recording: where it lies on this host, and what HTTP says of it."""

    @property
    def path(self) -> Path: ...
    @property
    def size(self) -> int: ...
    @property
    def mime(self) -> str: ...
    @property
    def etag(self) -> str:
        """Changes with the bytes; without quotes."""
        ...


class Playback(Protocol):
    """The recordings room's door: checks the right, writes the audit row, gives the file."""

    async def open(self, recording_id: UUID, reader: Reader) -> AudioFile:
        """Raises NotFound when there is no such recording, no file, or no right to hear it."""
        ...


class Peaks(Protocol):
    """Outlines of recordings, for players to draw."""

    async def of(self, recording_id: UUID, reader: Reader) -> bytes:
        """As JSON: `{seconds, channels}`. Raises NotFound as `Playback.open` does, Unavailable."""
        ...


class Dialling(Protocol):
    """Calls that a telephone beside the page makes."""

    async def dial(self, reader: Reader, number: str) -> None:
        """Let a telephone of *reader* ring, which calls *number* (E.164) when it is picked up.

        Raises NotFound, Conflict, BadInput, Unavailable that say why it does not ring.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class WebServices:
    """All that the web needs, made by `callcard/wiring/`."""

    tokens: Tokens
    sessions: Sessions
    calls: Calls
    customers: Customers
    notes: Notes
    steps: Steps
    timelines: Timelines
    overviews: Overviews
    missed: Missed
    recordings: Recordings
    states: States
    playback: Playback
    peaks: Peaks
    hub: LiveHub
    dialling: Dialling
    health: Health
    metrics: Collector
    clock: Clock
    pbx: str = "main"
    phones: PhoneProxy | None = None  # None: there are no phones in the browser here
    written: Callable[[], None] = _nothing  # somebody changed something: what that says need not wait
    proxy: str | None = None  # address of the one whose X-Forwarded-For is believed
    bell: Bell | None = None  # None: this is not the demo
    origins: frozenset[str] = field(default_factory=frozenset)  # of other pages that may open /live


SERVICES = web.AppKey("services", WebServices)
READER = web.RequestKey("reader", Reader)
PREFERENCES = web.RequestKey("preferences", Preferences)  # under a session only
