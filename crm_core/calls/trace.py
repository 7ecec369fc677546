"""The trace in plain words: who was considered for a call, why, and what happened.

A line is stored as a code with its values (`TraceLine`); the sentence is made where it is shown, in the
reader's language. Codes are stored: they are never renamed. Values named in `NAMES` hold the stable names
of people and queues, values named in `WORDS` one of our own fixed words; both are put into the reader's
words by `render`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from crm_core.calls.model import Call, TraceLine
from crm_core.i18n import N_, Message

Value = str | int | float | bool | None


class Code(StrEnum):
    """What a trace line says. The comment names the values its sentence needs."""

    ARRIVED = "arrived"  # did, queue
    ARRIVED_INTERNAL = "arrived_internal"  # agent, to
    CALLED = "called"  # agent, to, did
    IDENTIFIED_KNOWN = "identified_known"  # title
    IDENTIFIED_CUSTOMER = "identified_customer"  # title
    IDENTIFIED_NEW = "identified_new"
    IDENTIFIED_SHARED = "identified_shared"  # count
    IDENTIFIED_WITHHELD = "identified_withheld"
    IDENTIFIED_UNREADABLE = "identified_unreadable"
    IDENTIFY_LATE = "identify_late"
    CUSTOMER_CHOSEN = "customer_chosen"  # agent, title
    OWNER_AVAILABLE = "owner_available"  # owner
    OWNER_NOT_AVAILABLE = "owner_not_available"  # owner, why
    OWNER_NONE = "owner_none"
    CONSIDERED = "considered"  # agent, state, load
    CONSIDERED_MORE = "considered_more"  # count, free
    CHOSEN_OWNER = "chosen_owner"  # agent
    CHOSEN_LEAST_LOADED = "chosen_least_loaded"  # agent, load
    TIE_LONGEST_IDLE = "tie_longest_idle"  # agent
    OFFERED = "offered"  # agent, ring_s
    OFFER_ANSWERED = "offer_answered"  # agent
    OFFER_NO_ANSWER = "offer_no_answer"  # agent
    OFFER_REFUSED = "offer_refused"  # agent
    OFFER_UNREACHABLE = "offer_unreachable"  # agent
    OFFER_WITHDRAWN = "offer_withdrawn"  # agent
    ROUND_OVER = "round_over"  # count
    WAITS = "waits"  # queue
    FREED = "freed"  # agent
    OVERFLOW_NO_AGENTS = "overflow_no_agents"  # queue
    OVERFLOW_MAX_WAIT = "overflow_max_wait"  # queue, seconds
    NET = "net"  # queue
    VOICEMAIL = "voicemail"
    TRANSFERRED_BLIND = "transferred_blind"  # agent, target
    TRANSFERRED_ATTENDED = "transferred_attended"  # agent, target
    BECAME_OWNER = "became_owner"  # agent
    ANSWERED = "answered"  # agent, seconds
    REACHED = "reached"  # agent, seconds
    REFUSED = "refused"
    PBX_LOST = "pbx_lost"
    ENDED_BY = "ended_by"  # by
    SETTLED = "settled"


# What says that the caller's number was looked up, whatever came of it.
LOOKED_UP = frozenset(
    {
        Code.IDENTIFIED_KNOWN.value,
        Code.IDENTIFIED_CUSTOMER.value,
        Code.IDENTIFIED_NEW.value,
        Code.IDENTIFIED_SHARED.value,
        Code.IDENTIFIED_WITHHELD.value,
        Code.IDENTIFIED_UNREADABLE.value,
    }
)

NAMES = frozenset({"agent", "owner", "queue", "target"})

SENTENCES: Mapping[Code, str] = MappingProxyType(
    {
        Code.ARRIVED: N_("A call came in on {did} for {queue}."),
        Code.ARRIVED_INTERNAL: N_("{agent} dialled {to}."),
        Code.CALLED: N_("{agent} called {to}; {did} was shown."),
        Code.IDENTIFIED_KNOWN: N_("The caller is {title}."),
        Code.IDENTIFIED_CUSTOMER: N_("The customer is {title}."),
        Code.IDENTIFIED_NEW: N_("Nobody is known by this number; a new card was made."),
        Code.IDENTIFIED_SHARED: N_("{count} cards share this number; the agent chooses."),
        Code.IDENTIFIED_WITHHELD: N_("The caller withheld the number; no card."),
        Code.IDENTIFIED_UNREADABLE: N_("The caller's number could not be read; no card."),
        Code.IDENTIFY_LATE: N_("The database was away; the card is filled in later."),
        Code.CUSTOMER_CHOSEN: N_("{agent} said that the caller is {title}."),
        Code.OWNER_AVAILABLE: N_("The card's owner, {owner}, is available."),
        Code.OWNER_NOT_AVAILABLE: N_("The card's owner, {owner}, cannot take the call: {why}."),
        Code.OWNER_NONE: N_("The card has no owner."),
        Code.CONSIDERED: N_("{agent} was considered: {state}, load {load}."),
        Code.CONSIDERED_MORE: N_("Others considered: {count}, of them available: {free}."),
        Code.CHOSEN_OWNER: N_("{agent} was chosen as the card's owner."),
        Code.CHOSEN_LEAST_LOADED: N_("{agent} was chosen: the least load of those available ({load})."),
        Code.TIE_LONGEST_IDLE: N_("The load was equal; {agent} has been idle longest."),
        Code.OFFERED: N_("Offered to {agent} for {ring_s} s."),
        Code.OFFER_ANSWERED: N_("{agent} answered."),
        Code.OFFER_NO_ANSWER: N_("{agent} did not answer."),
        Code.OFFER_REFUSED: N_("{agent} refused the call."),
        Code.OFFER_UNREACHABLE: N_("{agent}'s device could not be reached; this is not counted as missed."),
        Code.OFFER_WITHDRAWN: N_("The offer to {agent} was withdrawn."),
        Code.ROUND_OVER: N_("Offers made one after another: {count}; the caller waits before the next."),
        Code.WAITS: N_("Nobody is free in {queue}; the caller waits with music."),
        Code.FREED: N_("{agent} became free; the caller is the first in line."),
        Code.OVERFLOW_NO_AGENTS: N_("Nobody is logged in to {queue}; overflow."),
        Code.OVERFLOW_MAX_WAIT: N_(
            "The caller waited {seconds} s in {queue}, the longest allowed; overflow."
        ),
        Code.NET: N_("The router did not decide; the PBX's own queue {queue} took the call."),
        Code.VOICEMAIL: N_("The caller was asked to leave a message."),
        Code.TRANSFERRED_BLIND: N_("{agent} transferred the call to {target} unannounced."),
        Code.TRANSFERRED_ATTENDED: N_("{agent} handed the call over to {target}."),
        Code.BECAME_OWNER: N_("{agent} answered first and became the card's owner."),
        Code.ANSWERED: N_("{agent} and the caller talk, after {seconds} s."),
        Code.REACHED: N_("{agent} and the customer talk, after {seconds} s."),
        Code.REFUSED: N_("The PBX refused the router's answer; its own queue takes the call."),
        Code.PBX_LOST: N_("The PBX stopped under the call."),
        Code.ENDED_BY: N_("Ended by: {by}."),
        Code.SETTLED: N_("The ledger confirmed the times."),
    }
)

_STATES = {
    "available": N_("available"),
    "ringing": N_("ringing"),
    "talking": N_("talking"),
    "wrap_up": N_("in wrap-up"),
    "break": N_("on a break"),
    "not_answering": N_("not answering"),
    "offline": N_("offline"),
    "unreachable": N_("no device can be reached"),
    "reserved": N_("being offered another call"),
    "offered_already": N_("was offered this call before"),
    "transferred_away": N_("has just transferred this call"),
    "older_call_waits": N_("a call that waits longer comes first"),
    "no_owner": N_("there is no owner"),
    "not_logged_in": N_("not logged in"),
    "not_a_member": N_("not with this installation any more"),
}
_SIDES = {
    "caller": N_("the caller"),
    "customer": N_("the customer"),
    "agent": N_("the agent"),
    "system": N_("the system"),
}

WORDS: Mapping[str, Mapping[str, str]] = MappingProxyType({"state": _STATES, "why": _STATES, "by": _SIDES})


def line(at: datetime, code: Code, **values: Value) -> TraceLine:
    """A trace line. *values* are those the code's sentence names; more may be added, they are kept."""
    return TraceLine(at=at, code=code.value, values=values)


def first_agent(call: Call) -> str | None:
    """Who first talked with the other side of *call*, whoever has it now; None when nobody did."""
    if call.answered_at is None:
        return None
    named = (str(line.values["agent"]) for line in call.trace if line.code in (Code.ANSWERED, Code.REACHED))
    return next(named, call.agent)


def render(
    line: TraceLine, gettext: Callable[[str], str], titles: Mapping[str, str] = MappingProxyType({})
) -> str:
    """The sentence of *line* in the reader's language. Never raises.

    *gettext* is the reader's catalogue; *titles* how people and queues are called now, by name. A code or
    a value that this version does not know is shown as it was stored, never left out silently.
    """
    shown = _Shown({key: _word(key, value, gettext, titles) for key, value in line.values.items()})
    try:
        sentence = SENTENCES[Code(line.code)]
    except ValueError:
        return line.code
    return gettext(sentence).format_map(shown)


class _Shown(dict[str, str]):
    """Values as shown; one that is absent is a dash, so that an old line still reads."""

    def __missing__(self, key: str) -> str:
        return "–"


def _word(key: str, value: Value, gettext: Callable[[str], str], titles: Mapping[str, str]) -> str:
    if value is None:
        return "–"
    if isinstance(value, float):
        whole, _, tenths = f"{value:.1f}".partition(".")
        return (
            whole if tenths == "0" else Message("{whole}.{tenths}", whole=whole, tenths=tenths).said(gettext)
        )
    text = str(value)
    if key in NAMES:
        return titles.get(text, text)
    word = WORDS.get(key, {}).get(text)
    return gettext(word) if word is not None else text
