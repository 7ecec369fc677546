"""The feed as lines: for pipes, logs and tests."""

from __future__ import annotations

from collections import OrderedDict
from datetime import UTC, datetime
from typing import TextIO
from uuid import UUID

from callcard.watch_words import Words, duration, printable
from crm_core.calls.model import CallState
from crm_core.i18n import N_
from crm_core.live.model import LiveAgent, LiveCall, LiveHealth, LiveQueue
from crm_core.live.view import LiveView

REMEMBERED_CALLS = 500
SEPARATOR = " · "


class Lines:
    """One line an event: time, event, what it is about, and what the trace newly says."""

    def __init__(self, view: LiveView, words: Words, out: TextIO) -> None:
        self._view = view
        self._words = words
        self._out = out
        self._traced: OrderedDict[UUID, int] = OrderedDict()

    def connected(self) -> None:
        """The feed is there (again)."""
        self._print("connected", "")

    def lost(self, why: str) -> None:
        """The feed is away; it is tried again."""
        self._print("disconnected", printable(why))

    def told(self, event: str, item: object) -> None:
        """Print one event; the feed's mere signs of life are not worth a line."""
        if isinstance(item, LiveCall):
            self._print(event, self._call(item, gone=event == "call.gone"))
        elif isinstance(item, LiveAgent):
            state = self._words.agent_state(item.state, item.reason)
            self._print(event, f"{printable(item.title)}{SEPARATOR}{state}")
        elif isinstance(item, LiveQueue):
            self._print(event, self._queue(item))
        elif isinstance(item, LiveHealth):
            self._print(event, f"{printable(item.name)}{SEPARATOR}{self._words.health(item.state)}")
        elif event == "snapshot":
            view = self._view
            counts = self._words(
                N_("{calls} calls, {agents} agents, {queues} queues"),
                calls=len(view.calls),
                agents=len(view.agents),
                queues=len(view.queues),
            )
            self._print(event, counts)
        elif event != "tick":
            self._print(event, "")

    def _call(self, call: LiveCall, *, gone: bool) -> str:
        parts = [self._words.caller(call), self._words.card(call)]
        if gone:
            return SEPARATOR.join(filter(None, parts))
        agent = call.agent or (call.offer.agent if call.offer is not None else None)
        parts += [self._words.call_state(call), self._title(agent)]
        if call.state is CallState.ENDED and call.talk_s:
            parts.append(duration(call.talk_s))
        line = SEPARATOR.join(filter(None, parts))
        news = self._news(call)
        return f"{line} — {news}" if news else line

    def _news(self, call: LiveCall) -> str:
        """Sentences of the trace that were not printed yet."""
        known = self._traced.pop(call.id, 0)
        self._traced[call.id] = len(call.trace)
        if len(self._traced) > REMEMBERED_CALLS:
            self._traced.popitem(last=False)
        return " ".join(self._words.trace(line, self._titles()) for line in call.trace[known:])

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
