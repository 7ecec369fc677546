"""From calls to what their pages show, with people and queues as they are called now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from agent_ui.calls.views import CallPageView, LegLine, Line, NoteLine, OfferLine
from agent_ui.calls.words import DIRECTIONS, LEGS, OFFERS, ROLES, ended_by, unreached_word
from agent_ui.dialling import Dialling
from agent_ui.parties import written_party
from agent_ui.recording_words import recording_view
from crm_core.calls.dispositions import Disposition
from crm_core.calls.lines import CallLine
from crm_core.calls.missed import MISSED_OUTCOMES
from crm_core.calls.model import Call, CallState, Direction, Leg, Offer, TraceLine
from crm_core.calls.trace import NAMES
from crm_core.live.directory import Directory
from crm_core.notes.model import Note
from crm_core.recordings.model import Recording, RecordingState


@dataclass(frozen=True, slots=True)
class Names:
    """How people, queues and results are called."""

    directory: Directory
    dispositions: Mapping[str, str]

    @classmethod
    def of(cls, directory: Directory, dispositions: Sequence[Disposition]) -> Names:
        """Names of the house as it is now."""
        return cls(directory, {each.name: each.title for each in dispositions})

    def title(self, name: str | None) -> str | None:
        """How a person or a queue is called; one who left, by name."""
        return self.directory.titles.get(name, name) if name is not None else None

    def disposition(self, name: str | None) -> str | None:
        """What was said of a call; a message id or the office's text."""
        return self.dispositions.get(name, name) if name is not None else None


def journal_line(call: CallLine, recordings: Sequence[Recording], names: Names) -> Line:
    """*call* in the list."""
    party = written_party(call, names.directory)
    return Line(
        id=call.id,
        at=call.started_at,
        direction=DIRECTIONS[call.direction],
        outgoing=call.direction is Direction.OUT,
        name=party.name,
        number=party.number,
        queue=names.title(call.queue),
        agent=names.title(call.agent),
        state=call.state.value,
        outcome=call.outcome.value if call.outcome is not None else None,
        missed=call.direction is Direction.IN
        and call.answered_at is None
        and call.outcome in MISSED_OUTCOMES,
        wait_s=call.wait_s,
        talk_s=call.talk_s if call.answered_at is not None else None,
        disposition=names.disposition(call.disposition),
        recorded=any(recording.path is not None for recording in recordings),
        recording_lost=any(recording.state is RecordingState.MISSING for recording in recordings),
    )


def call_page(
    call: Call,
    recordings: Sequence[Recording],
    notes: Sequence[Note],
    names: Names,
    dial: Dialling,
    *,
    recorded: bool,
) -> CallPageView:
    """The page of *call*; *recordings* are those the reader may see, *recorded*: there are any."""
    party = written_party(call, names.directory)
    did = names.directory.numbers.get(call.did or "")
    talked = call.answered_at is not None or call.state is not CallState.ENDED
    return CallPageView(
        id=call.id,
        card=call.customer_id,
        name=party.name,
        number=party.number,
        direction=DIRECTIONS[call.direction],
        outgoing=call.direction is Direction.OUT,
        state=call.state.value,
        outcome=call.outcome.value if call.outcome is not None else None,
        at=call.started_at,
        answered_at=call.answered_at,
        ended_at=call.ended_at,
        wait_s=call.wait_s,
        talk_s=call.talk_s,
        queue=names.title(call.queue),
        agent=names.title(call.agent),
        owner=names.title(call.owner),
        dialled=did.title if did is not None else None,
        hangup_by=ended_by(call.hangup_by, call.direction) if call.hangup_by is not None else None,
        unreached=unreached_word(call.legs) if call.direction is Direction.OUT and not talked else None,
        disposition=names.disposition(call.disposition),
        trace=tuple(_titled(line, names) for line in call.trace),
        legs=tuple(_leg(leg, names) for leg in call.legs),
        offers=tuple(_offer(offer, names) for offer in call.offers),
        notes=tuple(_note(note, names) for note in notes),
        recordings=tuple(map(recording_view, recordings)),
        unrecorded=not recorded and call.answered_at is not None and call.state is CallState.ENDED,
        dial=dial,
    )


def _titled(line: TraceLine, names: Names) -> TraceLine:
    values = {
        key: names.title(str(value)) if key in NAMES and value is not None else value
        for key, value in line.values.items()
    }
    return replace(line, values=values)


def _leg(leg: Leg, names: Names) -> LegLine:
    return LegLine(
        role=ROLES[leg.role],
        who=names.title(leg.agent),
        number=leg.number,
        state=LEGS[leg.state],
        started_at=leg.started_at,
        answered_at=leg.answered_at,
        ended_at=leg.ended_at,
        talk_s=leg.talk_s,
        cause=leg.cause,
    )


def _offer(offer: Offer, names: Names) -> OfferLine:
    return OfferLine(
        attempt=offer.attempt,
        agent=names.title(offer.agent) or offer.agent,
        look=OFFERS[offer.state],
        ring_s=offer.ring_s,
        at=offer.reserved_at,
        ended_at=offer.ended_at,
    )


def _note(note: Note, names: Names) -> NoteLine:
    return NoteLine(
        author=names.title(note.author) or note.author, text=note.text, at=note.saved_at, draft=not note.final
    )
