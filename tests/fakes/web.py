"""The web on a real socket over services that live in memory: same ports, same permissions, no database."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from uuid import UUID

import aiohttp
from msgspec import UNSET
from prometheus_client import CollectorRegistry, Counter

from agent_ui.app import WebServer, build_app
from agent_ui.demo.bell import Bell
from agent_ui.live.hub import LiveHub
from agent_ui.phone.proxy import PhoneProxy
from agent_ui.services import WebServices
from crm_core.bus.memory import MemoryBus
from crm_core.calls.dispositions import DEFAULTS, Disposition
from crm_core.calls.lines import CallLine, LineFilter
from crm_core.calls.model import Call, CallState, Direction
from crm_core.customers.merging import preview
from crm_core.customers.model import (
    CardStatus,
    ContactKind,
    ContactPoint,
    Customer,
    CustomerChange,
    MergeField,
    MergePreview,
    NewCustomer,
)
from crm_core.errors import BadInput, Conflict, Forbidden, NotFound, SignInFailed, TooManyTries, Unavailable
from crm_core.health import Health, HealthState
from crm_core.ids import new_id
from crm_core.live.projection import Seed
from crm_core.live.shown import live_call
from crm_core.live.visibility import sees
from crm_core.people.model import Preferences, Reader, Role, SessionInfo, SignedIn
from crm_core.people.passwords import require_password
from crm_core.people.sessions import NewSession
from crm_core.permissions import Action, may
from crm_core.presence.model import ChosenState, Presence
from crm_core.recordings.model import Recording, RecordingState
from crm_core.showing import Showing
from tests.fakes.clock import FakeClock
from tests.fakes.dialling import MemoryDialling
from tests.fakes.house import DIRECTORY, NOW, READERS
from tests.fakes.web_desk import MemoryMissed, MemoryNotes, MemoryOverviews, MemorySteps, MemoryTimelines


class MemoryTokens:
    """Everybody of the small house has the token `token-<name>`."""

    def __init__(self) -> None:
        self.readers: dict[str, Reader] = {f"token-{r.person}": r for r in READERS}
        self.away = False

    async def reader_for_token(self, token: str) -> Reader | None:
        if self.away:
            raise Unavailable
        return self.readers.get(token)

    async def recheck(self, ids: Collection[str]) -> Mapping[str, Reader]:
        if self.away:
            raise Unavailable
        return {id_: self.readers[id_] for id_ in ids if id_ in self.readers}


class MemorySessions:
    """Everybody of the small house has the password `password-<name>`; tokens are `session-<number>`."""

    def __init__(self, tokens: MemoryTokens) -> None:
        self._tokens = tokens
        self.rows: dict[str, SessionInfo] = {}
        self.people: dict[str, str] = {}
        self.preferences: dict[str, Preferences] = {}
        self.passwords = {r.person: f"password-{r.person}" for r in READERS}
        self.tries: list[tuple[str, str]] = []
        self.wait_s = 0

    def open(self, name: str) -> str:
        """A session without ceremony; its token."""
        token = f"session-{len(self.rows)}"
        self.rows[token] = SessionInfo(id=new_id(), created_at=NOW, seen_at=NOW, user_agent="Firefox")
        self.people[token] = name
        reader = next(r for r in READERS if r.person == name)
        id_ = str(self.rows[token].id)
        self._tokens.readers[id_] = replace(reader, token_id=id_)
        return token

    async def sign_in(
        self, name: str, password: str, *, address: str, user_agent: str, instead_of: str | None
    ) -> NewSession:
        self._check(name, password, address)
        if instead_of is not None:
            await self.sign_out(instead_of)
        token = self.open(name)
        return NewSession(token=token, reader=self._tokens.readers[str(self.rows[token].id)])

    async def signed_in(self, token: str) -> SignedIn | None:
        if self._tokens.away:
            raise Unavailable
        if token not in self.people:
            return None
        chosen = self.preferences.get(self.people[token], Preferences())
        return SignedIn(reader=self._tokens.readers[str(self.rows[token].id)], preferences=chosen)

    async def sign_out(self, token: str) -> None:
        if self.people.pop(token, None) is not None:
            self._tokens.readers.pop(str(self.rows[token].id))

    async def own(self, reader: Reader) -> Sequence[SessionInfo]:
        return [self.rows[token] for token, name in self.people.items() if name == reader.person]

    async def end(self, reader: Reader, id: UUID) -> None:
        for token, name in list(self.people.items()):
            if name == reader.person and self.rows[token].id == id:
                return await self.sign_out(token)
        raise NotFound

    async def change_password(self, reader: Reader, old: str, new: str, *, address: str) -> None:
        require_password(new)
        self._check(reader.person, old, address)
        self.passwords[reader.person] = new

    async def set_preferences(self, reader: Reader, chosen: Preferences) -> None:
        self.preferences[reader.person] = chosen

    def _check(self, name: str, password: str, address: str) -> None:
        if self.wait_s:
            raise TooManyTries(retry_after_s=self.wait_s)
        self.tries.append((name, address))
        if self.passwords.get(name) != password:
            raise SignInFailed


def piece(items: Sequence[object], limit: int, cursor: str | None) -> tuple[list[object], str | None]:
    """A page of *items*; the cursor is an offset."""
    if cursor is not None and not cursor.isdigit():
        raise BadInput("This cursor is not from here.", field="cursor")
    start = int(cursor or 0)
    found = list(items[start : start + limit])
    return found, str(start + limit) if start + limit < len(items) else None


class MemoryCalls:
    """Calls in a list, newest first."""

    def __init__(self, customers: MemoryCustomers) -> None:
        self.rows: list[Call] = []
        self._customers = customers

    def _seen(self, reader: Reader) -> list[Call]:
        return [c for c in self.rows if sees(reader, live_call(c, c.started_at), DIRECTORY)]

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
        found = [
            c
            for c in self._seen(reader)
            if phone in (None, c.from_number)
            and (since is None or c.started_at >= since)
            and agent in (None, c.agent)
            and state in (None, c.state)
        ]
        return piece(found, limit, cursor)  # type: ignore[return-value]

    async def get(self, reader: Reader, call_id: UUID) -> Call:
        for call in self._seen(reader):
            if call.id == call_id:
                return call
        raise NotFound

    async def lines(
        self, reader: Reader, asked: LineFilter, *, limit: int = 50, cursor: str | None = None
    ) -> tuple[Sequence[CallLine], str | None]:
        found = [_line(call) for call in self._seen(reader) if _is_asked(call, asked)]
        return piece(found, limit, cursor)  # type: ignore[return-value]

    async def met(self, reader: Reader, customer_id: UUID) -> bool:
        return any(call.customer_id == customer_id for call in self._seen(reader))

    async def set_disposition(self, reader: Reader, call_id: UUID, disposition: str | None) -> Call:
        call = await self.get(reader, call_id)
        changed = replace(call, disposition=disposition)
        self.rows[self.rows.index(call)] = changed
        return changed

    async def dispositions(self, pbx: str) -> Sequence[Disposition]:
        return DEFAULTS

    async def choose_customer(self, reader: Reader, call_id: UUID, customer_id: UUID) -> Call:
        call = await self.get(reader, call_id)
        card = await self._customers.get(reader, customer_id, met=False)
        changed = replace(call, customer_id=card.id, customer_title=card.title, owner=card.owner, choices=())
        self.rows[self.rows.index(call)] = changed
        return changed


def _line(call: Call) -> CallLine:
    return CallLine(**{name: getattr(call, name) for name in CallLine.__dataclass_fields__})


def _is_asked(call: Call, asked: LineFilter) -> bool:
    over = call.state is CallState.ENDED
    return (
        (asked.since is None or call.started_at >= asked.since)
        and (asked.until is None or call.started_at < asked.until)
        and (not asked.parts or any(part in (call.from_number or "") for part in asked.parts))
        and asked.agent in (None, call.agent)
        and asked.queue in (None, call.queue)
        and asked.outcome in (None, call.outcome)
        and not (asked.going_on and over)
        and not (asked.missed and (call.direction is not Direction.IN or call.answered_at or not over))
    )


class MemoryCustomers:
    """Cards in a list."""

    def __init__(self) -> None:
        self.rows: list[Customer] = []

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
        found = [
            c
            for c in self.rows
            if may(reader, Action.CUSTOMERS_READ, office=c.office)
            and (phone is None or any(p.value == phone for p in c.contact_points))
            and agent in (None, c.owner)
            and (since is None or c.updated_at >= since)
        ]
        return piece(found, limit, cursor)  # type: ignore[return-value]

    async def get(self, reader: Reader, customer_id: UUID, *, met: bool) -> Customer:
        for customer in self.rows:
            seen = met or may(reader, Action.CUSTOMERS_READ, office=customer.office)
            if customer.id == customer_id and seen:
                return customer
        raise NotFound

    async def create(self, reader: Reader, new: NewCustomer) -> Customer:
        office = new.office or reader.office
        if not may(reader, Action.CUSTOMERS_WRITE, office=office):
            raise Forbidden
        if any(point.value in new.phones for card in self.rows for point in card.contact_points):
            raise Conflict("taken", field="phones", hint="share", code="number_taken")
        made = Customer(
            id=new_id(),
            title=new.title,
            status=CardStatus.KEPT,
            owner=new.owner,
            office=office,
            contact_points=_points(new.phones),
            created_at=NOW,
            updated_at=NOW,
        )
        self.rows.append(made)
        return made

    async def update(self, reader: Reader, customer_id: UUID, change: CustomerChange) -> Customer:
        card = await self.get(reader, customer_id, met=False)
        changed = replace(
            card,
            title=card.title if change.title is UNSET else change.title,
            owner=card.owner if change.owner is UNSET else change.owner,
            contact_points=card.contact_points if change.phones is UNSET else _points(change.phones),
        )
        self.rows[self.rows.index(card)] = changed
        return changed

    async def may_read(self, reader: Reader, ids: Collection[UUID]) -> frozenset[UUID]:
        seen = (c for c in self.rows if may(reader, Action.CUSTOMERS_READ, office=c.office))
        return frozenset(card.id for card in seen if card.id in ids)

    async def search(
        self, reader: Reader, text: str, limit: int = 8, *, owner: str | None = None
    ) -> Sequence[Customer]:
        found, _ = await self.list(
            reader, phone=None, since=None, agent=owner, limit=len(self.rows) + 1, cursor=None
        )
        return [card for card in found if text.lower() in card.title.lower()][:limit]

    async def preview_merge(
        self, reader: Reader, keep: UUID, drop: UUID, take: Collection[MergeField] = ()
    ) -> MergePreview:
        kept, dropped = [await self.get(reader, id_, met=False) for id_ in (keep, drop)]
        return preview(reader, kept, dropped, take, calls=0)

    async def merge(
        self, reader: Reader, keep: UUID, drop: UUID, take: Collection[MergeField] = ()
    ) -> Customer:
        planned = await self.preview_merge(reader, keep, drop, take)
        self.rows = [planned.kept if card.id == keep else card for card in self.rows if card.id != drop]
        return planned.kept


def _points(phones: Sequence[str]) -> tuple[ContactPoint, ...]:
    return tuple(ContactPoint(id=new_id(), kind=ContactKind.PHONE, value=phone) for phone in phones)


class MemoryRecordings:
    """Rows of recordings, each seen with its call."""

    def __init__(self, calls: MemoryCalls) -> None:
        self.rows: list[Recording] = []
        self._calls = calls

    async def _seen(self, reader: Reader) -> list[Recording]:
        calls, _ = await self._calls.list(
            reader, phone=None, since=None, agent=None, state=None, limit=10_000, cursor=None
        )
        ids = {call.id for call in calls}
        return [r for r in self.rows if r.call_id in ids]

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
        found = [r for r in await self._seen(reader) if state in (None, r.state)]
        return piece(found, limit, cursor)  # type: ignore[return-value]

    async def get(self, reader: Reader, recording_id: UUID) -> Recording:
        for recording in await self._seen(reader):
            if recording.id == recording_id:
                return recording
        raise NotFound

    async def of_calls(self, call_ids: Sequence[UUID]) -> Mapping[UUID, Sequence[Recording]]:
        return {id_: [r for r in self.rows if r.call_id == id_] for id_ in call_ids}

    async def shown(self, reader: Reader, call_ids: Sequence[UUID]) -> Mapping[UUID, Sequence[Recording]]:
        seen = await self._seen(reader)
        return {id_: [r for r in seen if r.call_id == id_] for id_ in call_ids}


@dataclass
class MemoryStates:
    """Choices of state, as they were asked for."""

    chosen: list[tuple[str, ChosenState, str | None, str]] = field(default_factory=list)

    async def choose(self, agent: str, chosen: ChosenState, reason: str | None, *, by: str) -> Presence:
        if (chosen is ChosenState.BREAK) != (reason is not None):
            raise BadInput("a break says why", field="reason")
        self.chosen.append((agent, chosen, reason, by))
        return Presence(agent=agent, chosen=chosen, reason=reason, since=NOW)


@dataclass(frozen=True)
class MemoryAudio:
    """A file on disk."""

    path: Path
    size: int
    mime: str = "audio/wav"
    etag: str = "abc123"


class MemoryPlayback:
    """Opens a recording's file for whoever sees its row, and writes down who did."""

    def __init__(self, recordings: MemoryRecordings, root: Path) -> None:
        self._recordings = recordings
        self._root = root
        self.audit: list[tuple[str, UUID]] = []

    async def open(self, recording_id: UUID, reader: Reader) -> MemoryAudio:
        recording = await self._recordings.get(reader, recording_id)
        if recording.path is None:
            raise NotFound
        self.audit.append((reader.person, recording_id))
        path = self._root / recording.path
        return MemoryAudio(path, path.stat().st_size)


class MemoryPeaks:
    """The same outline for every recording with a file."""

    def __init__(self, recordings: MemoryRecordings) -> None:
        self._recordings = recordings

    async def of(self, recording_id: UUID, reader: Reader) -> bytes:
        if (await self._recordings.get(reader, recording_id)).path is None:
            raise NotFound
        return b'{"seconds":64.0,"channels":[[0,40,80],[10,20,30]]}'


class House:
    """The small house behind a real server on 127.0.0.1."""

    def __init__(self, root: Path, *, kept: int = 100) -> None:
        self.clock = FakeClock(NOW)
        self.tokens = MemoryTokens()
        self.customers = MemoryCustomers()
        self.sessions = MemorySessions(self.tokens)
        self.calls = MemoryCalls(self.customers)
        self.recordings = MemoryRecordings(self.calls)
        self.notes = MemoryNotes(self.calls)
        self.steps = MemorySteps(self.calls)
        self.timelines = MemoryTimelines(self.calls, self.customers)
        self.overviews = MemoryOverviews(self.calls, self.customers, self.timelines)
        self.missed = MemoryMissed()
        self.states = MemoryStates()
        self.playback = MemoryPlayback(self.recordings, root)
        self.peaks = MemoryPeaks(self.recordings)
        self.bus = MemoryBus()
        self.health = Health(self.clock)
        self.health.set("database", HealthState.UP)
        self.metrics = CollectorRegistry()
        Counter("callcard_calls", "Calls by outcome.", registry=self.metrics).inc()
        self.seed = Seed(directory=DIRECTORY)
        self.loads = 0
        self.written = 0
        self.database_away = False
        self.showing = Showing()
        self.hub = LiveHub(
            bus=self.bus,
            load=self._load,
            recheck=self.tokens.recheck,
            clock=self.clock,
            health=self.health,
            showing=self.showing,
            kept=kept,
        )
        self.phones: PhoneProxy | None = None
        self.dialling = MemoryDialling()
        self.bell: Bell | None = None
        self.port = 0
        self.proxy: str | None = None
        self._browsers: dict[str, str] = {}

    async def _load(self) -> Seed:
        if self.database_away:
            raise Unavailable
        self.loads += 1
        return self.seed

    def _count_written(self) -> None:
        self.written += 1

    @property
    def url(self) -> str:
        """Where the server is."""
        return f"http://127.0.0.1:{self.port}"

    async def __aenter__(self) -> House:
        self.services = WebServices(
            tokens=self.tokens,
            sessions=self.sessions,
            proxy=self.proxy,
            calls=self.calls,
            customers=self.customers,
            notes=self.notes,
            steps=self.steps,
            timelines=self.timelines,
            overviews=self.overviews,
            missed=self.missed,
            recordings=self.recordings,
            states=self.states,
            playback=self.playback,
            peaks=self.peaks,
            hub=self.hub,
            health=self.health,
            metrics=self.metrics,
            clock=self.clock,
            written=self._count_written,
            phones=self.phones,
            dialling=self.dialling,
            bell=self.bell,
        )
        self.app = build_app(self.services)
        self._server = WebServer(self.app, "127.0.0.1", 0)
        self.port = await self._server.start()
        self._following = asyncio.create_task(self.hub.run(), name="hub")
        while not self.hub.ready:
            await asyncio.sleep(0)
        self._session = aiohttp.ClientSession(self.url)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()
        self._following.cancel()
        await asyncio.wait({self._following})
        await self._server.stop()

    def ask(
        self, method: str, path: str, *, who: str | None = None, **rest: object
    ) -> aiohttp.client._RequestContextManager:
        """A request by *who* (nobody: without a token)."""
        headers = dict(rest.pop("headers", {}) or {})  # type: ignore[call-overload]
        if who is not None:
            headers["Authorization"] = f"Bearer token-{who}"
        return self._session.request(method, path, headers=headers, **rest)  # type: ignore[arg-type]

    def page(
        self, method: str, path: str, *, who: str, site: str | None = "same-origin", **rest: object
    ) -> aiohttp.client._RequestContextManager:
        """A request from a page in *who*'s browser; redirects are not followed.

        *site*: `Sec-Fetch-Site` as the browser says it; None for one that does not.
        """
        headers = dict(rest.pop("headers", {}) or {})  # type: ignore[call-overload]
        if who not in self._browsers:
            self._browsers[who] = self.sessions.open(who)
        headers["Cookie"] = f"callcard_session={self._browsers[who]}"
        if site is not None:
            headers["Sec-Fetch-Site"] = site
        return self._session.request(method, path, headers=headers, allow_redirects=False, **rest)  # type: ignore[arg-type]

    def with_role(self, name: str, role: Role) -> None:
        """Change what *name* may do from now on."""
        token = f"token-{name}"
        self.tokens.readers[token] = replace(self.tokens.readers[token], role=role)
