"""What the desk reads for its fragments: the call in question, its card, note, result and history."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from agent_ui.asking import Asking
from agent_ui.customers.card import view_of
from agent_ui.customers.timeline import PIECE, newest_of
from agent_ui.desk.work_views import NoteView, ResultChoice, ResultView, StepView, WorkView
from agent_ui.parties import party_of
from crm_core.calls.dispositions import Disposition
from crm_core.errors import NotFound, Unavailable
from crm_core.live.model import LiveCall
from crm_core.live.shown import live_call
from crm_core.live.visibility import sees
from crm_core.notes.model import MAX_NOTE, NextStep, Note
from crm_core.people.model import Reader
from crm_core.permissions import Action, may

_NOON = time(12)


async def call_of(asking: Asking, call_id: UUID) -> LiveCall:
    """A call the reader may see or has had part in. Raises NotFound.

    What happens now is known here before it is written down: the card is up before the row is.
    """
    state = asking.services.hub.state
    known = state.call(call_id)
    seats = state.seats
    if known is not None and (
        sees(asking.reader, known, asking.directory)
        or any(call.id == call_id for call in seats.left(asking.reader.person))
    ):
        return known
    call = await asking.services.calls.get(asking.reader, call_id)
    return live_call(call, call.started_at)


async def work_of_call(asking: Asking, call_id: UUID) -> WorkView:
    """The middle column about a call. With the database away: what the live view knows."""
    call = await call_of(asking, call_id)
    party = party_of(call, asking.directory, asking.reader.person)
    card = history = result = None
    away = False
    try:
        if call.customer_id is not None:
            overview = await asking.card(call.customer_id, met=True, history=PIECE)
            card = await view_of(asking, overview)
            history = await newest_of(asking, overview)
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
    overview = await asking.card(card_id, history=PIECE)
    return WorkView(
        call=None,
        card=await view_of(asking, overview),
        party=None,
        direction=None,
        unsure=False,
        note=None,
        result=None,
        history=await newest_of(asking, overview),
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
    known = await asking.dispositions()
    steps = await asking.services.steps.of_call(asking.reader, call.id)
    mine = [s for s in steps if s.agent == asking.reader.person and s.done_at is None]
    chosen = next((one for one in known if one.name == call.disposition), None)
    step = step_view(mine[-1], asking.zone) if mine else proposal(chosen, asking)
    follows = chosen is not None and chosen.follow_up_days is not None
    return ResultView(
        call=call.id,
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
