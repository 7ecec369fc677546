"""What the desk reads for its fragments: the call in question, its card, note, result and history."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from aiohttp import web

from agent_ui.desk.calls import party_of
from agent_ui.desk.card_views import (
    CardView,
    HistoryCall,
    HistoryView,
    NoteView,
    ResultChoice,
    ResultView,
    StepView,
    WorkView,
)
from agent_ui.desk.history import KINDS, history_items
from agent_ui.language import preferences
from agent_ui.services import READER, SERVICES, WebServices
from crm_core.calls.dispositions import Disposition
from crm_core.calls.model import Outcome
from crm_core.customers.model import CardDetails, CardStatus, ContactKind
from crm_core.errors import BadInput, NotFound, Unavailable
from crm_core.i18n import N_
from crm_core.ids import parse_id
from crm_core.live.directory import Directory
from crm_core.live.model import LiveCall, live_call
from crm_core.live.visibility import sees
from crm_core.notes.model import MAX_NOTE, NextStep, Note
from crm_core.people.model import Reader
from crm_core.permissions import Action, may

HISTORY_PIECE = 20
_NOON = time(12)


@dataclass(frozen=True, slots=True)
class Asking:
    """Who asks the desk for something, and with what it is answered."""

    services: WebServices
    reader: Reader
    directory: Directory
    zone: ZoneInfo

    @classmethod
    def of(cls, request: web.Request) -> Asking:
        """The asker of *request*. Raises Unavailable before the first load."""
        services = request.app[SERVICES]
        zone = ZoneInfo(preferences(request).manner.timezone)
        return cls(services, request[READER], services.hub.directory, zone)

    @property
    def titles(self) -> Mapping[str, str]:
        """How people and queues are called."""
        return self.directory.titles

    async def call(self, call_id: UUID) -> LiveCall:
        """A call the reader may see or has had part in. Raises NotFound.

        What happens now is known here before it is written down: the card is up before the row is.
        """
        state = self.services.hub.state
        known = state.call(call_id)
        seats = state.seats
        if known is not None and (
            sees(self.reader, known, self.directory)
            or any(call.id == call_id for call in seats.left(self.reader.person))
        ):
            return known
        call = await self.services.calls.get(self.reader, call_id)
        return live_call(call, call.started_at)

    async def details(self, card: UUID, *, met: bool = False) -> CardDetails:
        """A card, also one of a call the reader may see. Raises NotFound."""
        try:
            return await self.services.customers.details(self.reader, card, met=met)
        except NotFound:
            if met or not await self.services.calls.met(self.reader, card):
                raise
            return await self.services.customers.details(self.reader, card, met=True)


def path_id(request: web.Request, name: str = "id") -> UUID:
    """The id in the path. Raises NotFound for anything that is no id."""
    found = parse_id(request.match_info[name])
    if found is None:
        raise NotFound
    return found


async def work_of_call(asking: Asking, call_id: UUID) -> WorkView:
    """The middle column about a call. With the database away: what the live view knows."""
    call = await asking.call(call_id)
    party = party_of(call, asking.directory, asking.reader)
    card = history = result = None
    away = False
    try:
        if call.customer_id is not None:
            details = await asking.details(call.customer_id, met=True)
            history = await history_of(asking, details.card.id, "all", None)
            card = card_view(details, asking, history, call)
        note = note_view(await _note(asking, call.id), asking.reader)
        if may_write(asking, call):
            result = await result_of(asking, call)
    except Unavailable:
        away = True
        note = note_view(Note(call_id=call.id, author=asking.reader.person), asking.reader)
    return WorkView(
        call=call.id,
        card=card,
        party=party,
        direction=call.direction.value,
        unsure=bool(call.choices) and call.customer_id is None,
        note=note,
        result=result,
        history=history,
        away=away,
    )


async def work_of_card(asking: Asking, card_id: UUID) -> WorkView:
    """The middle column about a card that was looked up. Raises NotFound."""
    details = await asking.details(card_id)
    history = await history_of(asking, details.card.id, "all", None)
    return WorkView(
        call=None,
        card=card_view(details, asking, history, None),
        party=None,
        direction=None,
        unsure=False,
        note=None,
        result=None,
        history=history,
        away=False,
    )


def may_write(asking: Asking, call: LiveCall) -> bool:
    """Whether the reader says what became of *call*: who has part in it does, and who answers for them."""
    agents = {leg.agent for leg in call.legs} | {call.agent}
    offices = {asking.directory.office_of(agent) for agent in agents}
    offices.add(asking.directory.office_of_number(call.did))
    return any(
        may(
            asking.reader,
            Action.CALLS_WRITE,
            office=office,
            agents=[agent for agent in (*agents, *call.parties) if agent is not None],
        )
        for office in offices
    )


async def _note(asking: Asking, call_id: UUID) -> Note:
    """The reader's note; of a call that is not written down yet, an empty one."""
    try:
        return await asking.services.notes.note(asking.reader, call_id)
    except NotFound:
        return Note(call_id=call_id, author=asking.reader.person)


def note_view(note: Note, reader: Reader) -> NoteView:
    """*note* as it is edited."""
    return NoteView(
        call=note.call_id,
        person=reader.person,
        text=note.text,
        version=note.version,
        saved_at=note.saved_at,
        longest=MAX_NOTE,
    )


async def result_of(
    asking: Asking, call: LiveCall, *, said: bool = False, planned: bool = False
) -> ResultView:
    """What may be said of *call*, and its next step. *said*, *planned*: that was just done."""
    known = await asking.services.calls.dispositions(asking.services.pbx)
    steps = await asking.services.steps.of_call(asking.reader, call.id)
    mine = [s for s in steps if s.agent == asking.reader.person and s.done_at is None]
    chosen = next((one for one in known if one.name == call.disposition), None)
    step = step_view(mine[-1], asking.zone) if mine else proposal(chosen, asking)
    follows = chosen is not None and chosen.follow_up_days is not None
    return ResultView(
        call=call.id,
        card=call.customer_id,
        choices=tuple(
            ResultChoice(name=one.name, text=one.title, chosen=one.name == call.disposition) for one in known
        ),
        step=step,
        open=True if said and follows and not mine else (False if planned else None),
    )


def step_view(step: NextStep, zone: ZoneInfo) -> StepView:
    """A planned step."""
    due = step.due_at.astimezone(zone)
    return StepView(
        id=step.id,
        text=step.text,
        due=due.strftime("%Y-%m-%dT%H:%M"),
        due_at=step.due_at,
        version=step.version,
    )


def proposal(chosen: Disposition | None, asking: Asking) -> StepView:
    """What the result suggests: at noon, as many days from now as the office says; else tomorrow."""
    days = chosen.follow_up_days if chosen is not None and chosen.follow_up_days is not None else 1
    day = asking.services.clock.now().astimezone(asking.zone).date() + timedelta(days=days)
    due = datetime.combine(day, _NOON)
    return StepView(id=None, text="", due=due.strftime("%Y-%m-%dT%H:%M"), due_at=None, version=0)


async def history_of(asking: Asking, card: UUID, kind: str, cursor: str | None) -> HistoryView:
    """A piece of a card's history. Raises NotFound, and BadInput for a kind that there is not."""
    if kind not in KINDS:
        raise BadInput(N_("Something in the request is not of the form asked for."), field="kind")
    items, following = await asking.services.timelines.timeline(
        asking.reader, card, KINDS[kind], limit=HISTORY_PIECE, cursor=cursor
    )
    known = await asking.services.calls.dispositions(asking.services.pbx)
    results = {one.name: one.title for one in known}
    me = asking.reader.person
    # The call one is in is no history yet.
    now = {call.id for call in asking.services.hub.state.seats.calls(me)}
    return HistoryView(
        card=card,
        kind=kind,
        items=history_items((i for i in items if i.id not in now), asking.titles, results, me),
        next=following,
        first=cursor is None,
    )


def card_view(
    details: CardDetails, asking: Asking, history: HistoryView | None, call: LiveCall | None
) -> CardView:
    """A card at a glance; *call* is the one it is shown for."""
    card, directory = details.card, asking.directory
    phones = tuple(p.value for p in card.contact_points if p.kind is ContactKind.PHONE)
    office = directory.offices.get(card.office or "")
    number = directory.numbers.get(call.did or "") if call is not None else None
    return CardView(
        id=card.id,
        title=card.title if card.title not in phones else None,
        phones=phones,
        others=tuple(p.value for p in card.contact_points if p.kind is not ContactKind.PHONE),
        provisional=card.status is CardStatus.PROVISIONAL,
        mine=card.owner == asking.reader.person,
        owner=directory.titles.get(card.owner, card.owner) if card.owner is not None else None,
        office=office.title if office is not None else None,
        timezone=details.timezone,
        of_number=details.of_number,
        source=(number.source or number.title) if number is not None else None,
        last_talk=_last_talk(history, call.id if call is not None else None),
        since=card.created_at,
    )


def _last_talk(history: HistoryView | None, but: UUID | None) -> tuple[datetime, float] | None:
    """When the customer was last talked with, and for how long; not in the call that goes on."""
    for item in history.items if history is not None else ():
        answered = isinstance(item, HistoryCall) and item.outcome == Outcome.ANSWERED
        if isinstance(item, HistoryCall) and answered and item.id != but:
            return item.at, item.talk_s
    return None
