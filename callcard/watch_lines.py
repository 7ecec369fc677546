"""The feed as lines: for pipes, logs and tests."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TextIO
from uuid import UUID

from callcard.watch_words import Words, duration, printable
from crm_core.calls.model import CallState
from crm_core.i18n import N_
from crm_core.live.model import LiveAgent, LiveCall, LiveHealth, LiveQueue, LiveRecording
from crm_core.live.view import LiveView

REMEMBERED_CALLS = 500
SEPARATOR = " · "
# Where a call has come to: told also when another event of the same moment, which carries the call as it
# is after all of them, came first and said the same of it.
STEPS = frozenset(
    f"call.{step}"
    for step in ("started", "waiting", "offered", "answered", "held", "resumed", "transferred", "ended")
)


@dataclass(slots=True)
class _Told:
    """What was printed of a call."""

    who: str = ""
    text: str = ""
    trace_lines: int = 0
    steps: dict[str, str] = field(default_factory=dict)  # step -> the text it was last told with


class Lines:
    """One line an event: time, event, what it is about, and what the trace newly says.

    An event that changes nothing of its line (a leg that was built, an agent's load) prints none, unless
    it is a step of its call.
    """

    def __init__(self, view: LiveView, words: Words, out: TextIO) -> None:
        self._view = view
        self._words = words
        self._out = out
        self._calls: OrderedDict[UUID, _Told] = OrderedDict()
        self._told: dict[tuple[str, str], str] = {}  # agents, queues and parts: their last line

    def connected(self) -> None:
        """The feed is there (again)."""
        self._print("connected", "")

    def lost(self, why: str) -> None:
        """The feed is away; it is tried again."""
        self._print("disconnected", printable(why))

    def told(self, event: str, item: object) -> None:
        """Print one event; the feed's mere signs of life are not worth a line."""
        if isinstance(item, LiveCall):
            self._call(event, item)
        elif isinstance(item, LiveRecording):
            self._recording(event, item)
        elif isinstance(item, LiveAgent):
            state = self._words.agent_state(item.state, item.reason, item.unreachable)
            self._once(event, item.name, f"{printable(item.title)}{SEPARATOR}{state}")
        elif isinstance(item, LiveQueue):
            self._once(event, item.name, self._queue(item))
        elif isinstance(item, LiveHealth):
            state = self._words.health(item.state)
            self._once(event, item.name, f"{printable(item.name)}{SEPARATOR}{state}")
        elif event == "snapshot":
            self._snapshot(event)
        elif event != "tick":
            self._print(event, "")

    def _once(self, event: str, name: str, text: str) -> None:
        if self._told.get((event, name)) != text:
            self._told[event, name] = text
            self._print(event, text)

    def _snapshot(self, event: str) -> None:
        view = self._view
        # What the snapshot shows of them is known: only what differs later is news.
        self._told |= {("queue.changed", name): self._queue(queue) for name, queue in view.queues.items()}
        counts = self._words(
            N_("calls: {calls}, agents: {agents}, queues: {queues}"),
            calls=len(view.calls),
            agents=len(view.agents),
            queues=len(view.queues),
        )
        self._print(event, counts)

    def _call(self, event: str, call: LiveCall) -> None:
        who = SEPARATOR.join(filter(None, (self._words.caller(call), self._words.card(call))))
        known = self._calls.pop(call.id, None) or _Told()
        self._calls[call.id] = known
        if len(self._calls) > REMEMBERED_CALLS:
            self._calls.popitem(last=False)
        if event == "call.gone":
            self._print(event, who)
            return
        text = SEPARATOR.join(filter(None, (who, *self._state(call))))
        news = [self._words.trace(line, self._titles()) for line in call.trace[known.trace_lines :]]
        new_step = event in STEPS and known.steps.get(event) != text
        if text != known.text or news or new_step:
            self._print(event, " — ".join(filter(None, (text, " ".join(news)))))
        known.who, known.text, known.trace_lines = who, text, len(call.trace)
        if event in STEPS:
            known.steps[event] = text

    def _state(self, call: LiveCall) -> Iterator[str]:
        agent = call.agent or (call.offer.agent if call.offer is not None else None)
        yield self._words.call_state(call)
        yield self._title(agent)
        if call.state is CallState.ENDED and call.talk_s:
            yield duration(call.talk_s)

    def _recording(self, event: str, recording: LiveRecording) -> None:
        """What became of the audio, with the caller it is of."""
        known = self._calls.get(recording.call_id)
        kept = duration(recording.duration_s) if recording.duration_s else ""
        parts = (known.who if known else "", self._words.recording(recording.state), kept)
        self._once(event, str(recording.call_id), SEPARATOR.join(filter(None, parts)))

    def _queue(self, queue: LiveQueue) -> str:
        said = self._words(
            N_("{waiting} waiting, {answered} answered, {abandoned} abandoned today"),
            waiting=queue.waiting,
            answered=queue.answered,
            abandoned=queue.abandoned,
        )
        return f"{printable(queue.title)}{SEPARATOR}{said}"

    def _title(self, agent: str | None) -> str:
        return printable(self._titles().get(agent, agent)) if agent is not None else ""

    def _titles(self) -> dict[str, str]:
        return titles(self._view)

    def _print(self, event: str, text: str) -> None:
        now = datetime.now(UTC).astimezone()
        print(f"{now:%H:%M:%S} {printable(event):<18} {text}".rstrip(), file=self._out, flush=True)


def titles(view: LiveView) -> dict[str, str]:
    """How the people and queues of *view* are called, by name."""
    called = {name: queue.title for name, queue in view.queues.items()}
    return called | {name: agent.title for name, agent in view.agents.items()}
