"""How states look, everywhere the same: a word and an icon beside the colour, never colour alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from crm_core.calls.model import CallState, Outcome
from crm_core.i18n import N_
from crm_core.presence.model import BREAK_REASONS, AgentState, Unreachable


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """*tone*: the end of a colour class, `state-…` for agents and calls, `tone-…` for outcomes."""

    tone: str
    icon: str
    text: str


AGENTS: Mapping[AgentState, Look] = {
    AgentState.AVAILABLE: Look(tone="available", icon="circle-check", text=N_("Available")),
    AgentState.RINGING: Look(tone="ringing", icon="phone-calling", text=N_("Ringing")),
    AgentState.TALKING: Look(tone="talking", icon="phone", text=N_("Talking")),
    AgentState.WRAP_UP: Look(tone="wrap_up", icon="pencil", text=N_("Wrap-up")),
    AgentState.BREAK: Look(tone="break", icon="coffee", text=N_("Break")),
    AgentState.NOT_ANSWERING: Look(tone="not_answering", icon="phone-x", text=N_("Not answering")),
    AgentState.OFFLINE: Look(tone="offline", icon="phone-off", text=N_("Offline")),
}
# A call has the colour that its agent has.
CALLS: Mapping[CallState, Look] = {
    CallState.NEW: Look(tone="break", icon="phone-incoming", text=N_("New")),
    CallState.ROUTING: Look(tone="break", icon="route", text=N_("Being routed")),
    CallState.WAITING: Look(tone="ringing", icon="hourglass", text=N_("In the queue")),
    CallState.OFFERED: Look(tone="ringing", icon="phone-calling", text=N_("Ringing")),
    CallState.TALKING: Look(tone="talking", icon="phone", text=N_("Talking")),
    CallState.HELD: Look(tone="talking", icon="player-pause", text=N_("On hold")),
    CallState.ENDED: Look(tone="offline", icon="phone-off", text=N_("Ended")),
}
# What a call is only for the agent who makes it.
CALLING = Look(tone="ringing", icon="phone-outgoing", text=N_("Calling…"))
OUTCOMES: Mapping[Outcome, Look] = {
    Outcome.ANSWERED: Look(tone="success", icon="phone", text=N_("Answered")),
    Outcome.ABANDONED: Look(tone="danger", icon="phone-x", text=N_("Abandoned")),
    Outcome.OVERFLOW: Look(tone="warning", icon="route", text=N_("Nobody could take it")),
    Outcome.VOICEMAIL: Look(tone="violet", icon="microphone", text=N_("Voicemail")),
    Outcome.BLOCKED: Look(tone="plain", icon="ban", text=N_("Blocked")),
    Outcome.FAILED: Look(tone="danger", icon="alert-triangle", text=N_("Failed")),
    Outcome.PBX_LOST: Look(tone="danger", icon="plug-connected-x", text=N_("PBX stopped")),
}
# Of calls that agents made: who gave up is one of ours.
OUTGOING: Mapping[Outcome, Look] = {
    Outcome.ABANDONED: Look(tone="plain", icon="phone-x", text=N_("Given up")),
    Outcome.FAILED: Look(tone="warning", icon="phone-x", text=N_("Not reached")),
}
BREAKS: Mapping[str, str] = {
    "lunch": N_("lunch"),
    "rest": N_("rest"),
    "training": N_("training"),
    "meeting": N_("meeting"),
    "other": N_("other"),
}
# Of an agent, in a row.
UNREACHABLE: Mapping[Unreachable, str] = {
    Unreachable.NO_PHONE: N_("no phone can be reached"),
    Unreachable.DID_NOT_RING: N_("the phone did not ring"),
}
# What is printed on a button for a key that is no letter.
KEYS: Mapping[str, str] = {"Space": N_("Space"), "Escape": N_("Esc")}


def agent_look(state: str) -> Look:
    """How an agent's *state* looks."""
    return AGENTS[AgentState(state)]


def unreachable_word(reason: str) -> str:
    """Why no call would reach an agent."""
    return UNREACHABLE[Unreachable(reason)]


def call_look(state: str) -> Look:
    """How a call's *state* looks; `calling`: to whoever calls."""
    return CALLING if state == "calling" else CALLS[CallState(state)]


def outcome_look(outcome: str, outgoing: bool = False) -> Look:
    """How an *outcome* looks; *outgoing*: of a call to somebody outside."""
    found = Outcome(outcome)
    return OUTGOING.get(found, OUTCOMES[found]) if outgoing else OUTCOMES[found]


def break_word(reason: str) -> str:
    """The message id of a break's reason; a reason of the office's own as it is."""
    return BREAKS.get(reason, reason)


def breaks() -> tuple[tuple[str, str], ...]:
    """Reasons of a break to choose from, each with its message id."""
    return tuple((reason, BREAKS[reason]) for reason in BREAK_REASONS)


def key_word(key: str) -> str:
    """What stands on a button for *key* (`data-key`), as a message id."""
    return KEYS.get(key, key.upper() if len(key) == 1 else key.replace("+", " "))


# What templates call.
LOOKS: Mapping[str, Callable[..., object]] = {
    "agent_look": agent_look,
    "unreachable_word": unreachable_word,
    "call_look": call_look,
    "outcome_look": outcome_look,
    "break_word": break_word,
    "breaks": breaks,
    "key_word": key_word,
}
