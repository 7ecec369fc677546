"""The dialplan's question and our answer, as docs/architecture.md has them ("Between dialplan and router").

What arrives here was written by our own dialplan, but passes through a channel a caller controls: every
field has a form, and a question with one field out of form is no question.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from callrouter.reading.text import clean
from crm_core.calls.model import Direction, Offer, OfferState
from crm_core.errors import BadInput
from crm_core.i18n import N_
from crm_core.ids import parse_id
from crm_core.office.model import DIALLED_FORM, NAME_FORM
from crm_core.routing.model import Action, Decision

_NAME = re.compile(NAME_FORM)
_DIALLED = re.compile(DIALLED_FORM)
_ATTEMPT = re.compile(r"[0-9]{1,3}\Z")
_PRESENTATION = re.compile(r"[a-z_]{0,40}\Z")
_UNIQUEID = re.compile(r"[A-Za-z0-9._-]{1,150}\Z")
_FIELDS = 10


class Reason(StrEnum):
    """Why the dialplan asks."""

    ARRIVED = "arrived"
    DIALLED = "dialled"  # a Dial ended
    WAITING = "waiting"  # ten seconds of music passed
    FREED = "freed"  # pulled by our Redirect
    TRANSFERRED = "transferred"  # an agent sent the call to a queue


class DialStatus(StrEnum):
    """DIALSTATUS of the Dial that ended (Asterisk, application Dial)."""

    ANSWER = "ANSWER"
    NOANSWER = "NOANSWER"
    BUSY = "BUSY"
    CANCEL = "CANCEL"
    CHANUNAVAIL = "CHANUNAVAIL"
    CONGESTION = "CONGESTION"
    DONTCALL = "DONTCALL"
    TORTURE = "TORTURE"
    INVALIDARGS = "INVALIDARGS"


OFFER_RESULT = {
    DialStatus.ANSWER: OfferState.ANSWERED,
    DialStatus.NOANSWER: OfferState.NO_ANSWER,
    DialStatus.BUSY: OfferState.REFUSED,
    DialStatus.CANCEL: OfferState.WITHDRAWN,
    DialStatus.CHANUNAVAIL: OfferState.UNREACHABLE,
    DialStatus.CONGESTION: OfferState.UNREACHABLE,
    DialStatus.DONTCALL: OfferState.REFUSED,
    DialStatus.TORTURE: OfferState.REFUSED,
    DialStatus.INVALIDARGS: OfferState.UNREACHABLE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One question, every field of its form. *caller_raw* and *caller_name* are untrusted text, capped."""

    call_id: UUID
    did: str | None
    queue: str
    attempt: int
    reason: Reason
    dial_status: DialStatus | None
    presentation: str
    offer_id: UUID | None
    direction: Direction
    from_agent: str | None
    uniqueid: str
    channel_name: str
    caller_raw: str
    caller_name: str


def parse_ask(
    args: Sequence[str], *, uniqueid: str, channel_name: str, caller_raw: str = "", caller_name: str = ""
) -> Ask:
    """Read the arguments of `AGI(…/route,…)`. Raises BadInput naming the field that is out of form."""
    if not 5 <= len(args) <= _FIELDS:
        raise BadInput(N_("The number of arguments is wrong."), field="args")
    call, did, queue, attempt, reason, status, presentation, offer, direction, from_agent = [
        *args,
        *[""] * (_FIELDS - len(args)),
    ]
    call_id = parse_id(call)
    if call_id is None:
        raise BadInput(N_("This is not the id of a call."), field="call")
    if offer and parse_id(offer) is None:
        raise BadInput(N_("This is not the id of an offer."), field="offer")
    _form(_UNIQUEID, uniqueid, "uniqueid")
    _form(_NAME, queue, "queue")
    _form(_ATTEMPT, attempt, "attempt")
    _form(_PRESENTATION, presentation, "presentation")
    if did:
        _form(_DIALLED, did, "did")
    if from_agent:
        _form(_NAME, from_agent, "from_agent")
    try:
        why = Reason(reason)
        ended = DialStatus(status) if why is Reason.DIALLED else None
        way = Direction(direction or Direction.IN)
    except ValueError as error:
        raise BadInput(N_("This word is not known here."), field="reason, status or direction") from error
    return Ask(
        call_id=call_id,
        did=did or None,
        queue=queue,
        attempt=int(attempt),
        reason=why,
        dial_status=ended,
        presentation=presentation,
        offer_id=parse_id(offer),
        direction=way,
        from_agent=from_agent or None,
        uniqueid=uniqueid,
        channel_name=clean(channel_name),
        caller_raw=clean(caller_raw),
        caller_name=clean(caller_name),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the dialplan is told. *turn* ties it to the ask it belongs to.

    *call_id* is the call as it is known now: the one asked about may have become part of another.
    """

    ask: Ask
    call_id: UUID
    turn: int
    term: int
    decision: Decision
    offer: Offer | None = None

    def variables(self) -> tuple[tuple[str, str], ...]:
        """Channel variables in the order they must be set: ROUTE is last, and alone proves the rest."""
        made = self.decision
        fields = (
            made.action.value,
            made.agent or "",
            str(self.offer.id) if self.offer else "",
            made.dial,
            str(made.ring_s) if made.action is Action.DIAL else "",
            "",
        )
        proof = f"ok:{self.ask.uniqueid}:{self.term}:{self.ask.attempt}"
        return (("CC_DECISION", "|".join(fields)), ("ROUTE", proof))


def _form(pattern: re.Pattern[str], text: str, field: str) -> None:
    if not pattern.match(text):
        raise BadInput(N_("What was given is not of the form asked for."), field=field)
