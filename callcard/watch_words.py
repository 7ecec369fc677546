"""Words of the terminal view: states, callers, times, in the reader's language and safe to print."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from datetime import datetime

from crm_core.calls.model import CallState, Direction, Outcome, TraceLine
from crm_core.calls.trace import WORDS, render
from crm_core.health import HealthState
from crm_core.i18n import N_, translator
from crm_core.live.model import LiveCall
from crm_core.phone_number import CallerKind, format_for, parse_caller
from crm_core.presence.model import AgentState, Unreachable
from crm_core.recordings.model import RecordingState

CALL_STATES: Mapping[CallState, str] = {
    CallState.NEW: N_("new"),
    CallState.ROUTING: N_("being routed"),
    CallState.WAITING: N_("waiting"),
    CallState.OFFERED: N_("ringing"),
    CallState.TALKING: N_("talking"),
    CallState.HELD: N_("on hold"),
    CallState.ENDED: N_("ended"),
}
OUTCOMES: Mapping[Outcome, str] = {
    Outcome.ANSWERED: N_("answered"),
    Outcome.ABANDONED: N_("abandoned"),
    Outcome.OVERFLOW: N_("nobody could take it"),
    Outcome.VOICEMAIL: N_("voicemail"),
    Outcome.BLOCKED: N_("blocked"),
    Outcome.FAILED: N_("failed"),
    Outcome.PBX_LOST: N_("PBX stopped"),
}
REASONS: Mapping[str, str] = {
    "lunch": N_("lunch"),
    "rest": N_("rest"),
    "training": N_("training"),
    "meeting": N_("meeting"),
    "other": N_("other"),
}
HEALTH: Mapping[HealthState, str] = {
    HealthState.UP: N_("works"),
    HealthState.DEGRADED: N_("works with less"),
    HealthState.DOWN: N_("is down"),
}
RECORDINGS: Mapping[RecordingState, str] = {
    RecordingState.RUNNING: N_("being recorded"),
    RecordingState.OK: N_("recording kept"),
    RecordingState.TRUNCATED: N_("recording too short"),
    RecordingState.NO_AUDIO: N_("recording without sound"),
    RecordingState.PARTIAL: N_("recording of one side only"),
    RecordingState.MISSING: N_("no recording"),
    RecordingState.RECOVERED: N_("recording repaired"),
    RecordingState.EXPIRED: N_("recording deleted, its time was over"),
}
UNREACHABLE: Mapping[Unreachable, str] = {
    Unreachable.NO_PHONE: N_("no phone can be reached"),
    Unreachable.DID_NOT_RING: N_("the phone did not ring"),
}
LONGEST_LINE = 400


class Words:
    """One reader's language."""

    def __init__(self, language: str) -> None:
        self._gettext = translator(language).gettext

    def __call__(self, text: str, **values: object) -> str:
        """*text* (a message id) in the reader's language, with *values* put in."""
        said = self._gettext(text) if text else ""  # gettext gives its header for an empty text
        return said.format(**values) if values else said

    def agent_state(
        self, state: AgentState, reason: str | None, unreachable: Unreachable | None = None
    ) -> str:
        """A state, a break with its reason; of who is at work also why no call would reach them."""
        word = self(WORDS["state"][state.value])
        if reason:
            word = f"{word}: {self(REASONS.get(reason, reason))}"
        if unreachable is None or state is AgentState.OFFLINE:
            return word
        return f"{word}, {self(UNREACHABLE[unreachable])}"

    def call_state(self, call: LiveCall) -> str:
        """Where a call stands; how an ended one ended."""
        if call.state is CallState.ENDED and call.outcome is not None:
            return self(OUTCOMES[call.outcome])
        return self(CALL_STATES[call.state])

    def health(self, state: HealthState) -> str:
        """How a part is."""
        return self(HEALTH[state])

    def recording(self, state: RecordingState) -> str:
        """What became of a call's audio."""
        return self(RECORDINGS[state])

    def caller(self, call: LiveCall) -> str:
        """The other side's number as people write it, or that it was withheld."""
        if call.direction is Direction.OUT:
            return f"→ {format_for(call.to or '', '')}"
        if call.from_number is not None:
            return format_for(call.from_number, "")
        if withheld(call.from_raw):
            return self(N_("withheld"))
        return format_for(printable(call.from_raw), "")

    def card(self, call: LiveCall) -> str:
        """The card's title; without one the name the caller's phone gave; not the number once more."""
        if call.direction is Direction.OUT:  # the name there is the agent's own
            title = printable(call.customer_title or "")
            return "" if title == call.to else title
        if call.customer_title is None and withheld(call.from_name):
            return ""
        title = printable(call.customer_title or call.from_name)
        return "" if title == call.from_number else title

    def trace(self, line: TraceLine, titles: Mapping[str, str]) -> str:
        """A sentence of "why did this call go there?"."""
        return printable(render(line, self._gettext, titles))


def printable(text: str) -> str:
    """*text* without anything a terminal would obey or that would reorder the line.

    Callers choose their names: escape sequences, bidirectional overrides and line breaks are theirs.
    """
    kept = "".join(" " if char in "\n\r\t" else char for char in text[:LONGEST_LINE])
    return "".join(char for char in kept if unicodedata.category(char)[0] != "C").strip()


def withheld(text: str) -> bool:
    """Whether *text*, a number or a name from the wire, only says that the caller does not want to say."""
    return parse_caller(text, country="").kind is CallerKind.WITHHELD


def timer(since: datetime, now: datetime) -> str:
    """`0:07`, `12:34`, `1:02:03`; never below zero."""
    return duration((now - since).total_seconds())


def duration(seconds: float) -> str:
    """Seconds as `0:07`, `12:34`, `1:02:03`."""
    whole = max(0, int(seconds))
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
