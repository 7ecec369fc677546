"""The feed as a picture: queues and agents above, calls below them, the newest call's trace at the foot."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from rich.align import Align
from rich.console import Console, Group, RenderableType
from rich.layout import Layout
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from callcard.watch_lines import SEPARATOR, titles
from callcard.watch_looks import (
    AGENT_STYLES,
    AMBER,
    BLUE,
    CALL_STYLES,
    GREEN,
    GREY,
    RED,
    agent_style,
)
from callcard.watch_words import Words, duration, printable, timer
from crm_core.calls.model import CallState, Outcome
from crm_core.health import HealthState
from crm_core.i18n import N_
from crm_core.live.model import LiveAgent, LiveCall, LiveQueue
from crm_core.live.view import LiveView
from crm_core.phone_number import format_for
from crm_core.presence.model import AgentState

ORDER = (CallState.WAITING, CallState.OFFERED, CallState.ROUTING, CallState.NEW)
AGENT_ORDER = tuple(AGENT_STYLES)
WIDE = 116  # columns from which there is room for more of each call
BESIDE = 130  # and those from which queues and agents stand side by side
RECENT_CALLS = 24  # more than most terminals have room for
TRACE_LINES = 9
FRAME = 2  # rows of a panel's border


class Screen:
    """Draws a `LiveView`. `told` and friends mark it changed; `paint` draws."""

    def __init__(self, view: LiveView, words: Words, *, place: str, note: str = "") -> None:
        self._view = view
        self._words = words
        self._place = place
        self._note = note  # the last line, when there is one
        self._lost: str | None = "…"
        self._recent: deque[LiveCall] = deque(maxlen=RECENT_CALLS)
        self._newest: LiveCall | None = None
        self._ahead = timedelta()  # the house's clock minus ours
        self._changed = asyncio.Event()
        self._live: Live | None = None

    def on(self, console: Console) -> Live:
        """The context in which the screen is shown: the terminal's second page, put back at the end."""
        self._live = Live(
            console=console,
            screen=True,
            auto_refresh=False,
            redirect_stdout=False,
            redirect_stderr=False,
            vertical_overflow="crop",
        )
        return self._live

    def connected(self) -> None:
        """The feed is there (again)."""
        self._lost = None
        self._changed.set()

    def lost(self, why: str) -> None:
        """The feed is away; what is shown is old."""
        self._lost = why
        self._changed.set()

    def told(self, event: str, item: object) -> None:
        """Take in one event."""
        if isinstance(item, LiveCall) and event != "call.gone":
            if item.over:
                self._ended(item)
            if self._newest is None or item.started_at >= self._newest.started_at:
                self._newest = item
        elif event == "snapshot":
            self._newest = max(self._view.calls.values(), key=lambda c: c.started_at, default=self._newest)
        if event in ("snapshot", "tick") and self._view.at is not None:
            self._ahead = self._view.at - datetime.now(UTC)
        self._changed.set()

    async def changed(self, timeout: float) -> None:
        """Wait for the next event, *timeout* seconds at most, and a moment for those that come with it."""
        try:
            async with asyncio.timeout(timeout):
                await self._changed.wait()
            await asyncio.sleep(0.05)
        except TimeoutError:
            pass
        self._changed.clear()

    def paint(self, now: datetime) -> None:
        """Draw everything as of *now*, this machine's time."""
        assert self._live is not None
        size = self._live.console.size
        self._live.update(self.picture(size.width, size.height, now), refresh=True)

    def picture(self, width: int, height: int, now: datetime) -> RenderableType:
        """The whole screen for a terminal of *width* columns and *height* rows."""
        now += self._ahead
        wide = width >= WIDE
        queues, agents = len(self._view.queues) or 1, len(self._view.agents) or 1
        foot = min(TRACE_LINES + FRAME, max(5, height // 4))
        layout = Layout()
        noted = [Layout(Text(f" {self._note}", style="bold", no_wrap=True), size=1)] if self._note else []
        above: list[Layout]
        if width >= BESIDE:
            top = min(max(queues, agents) + FRAME + 1, height // 2)
            above = [Layout(name="top", size=top)]
            above[0].split_row(Layout(self._queues(now)), Layout(self._agents(now, rows=top - FRAME - 1)))
        else:  # agents below queues
            first = min(queues + FRAME + 1, height // 4)
            second = min(agents + FRAME + 1, max(5, (height - first - foot) // 2))
            top = first + second
            above = [
                Layout(self._queues(now), size=first),
                Layout(self._agents(now, rows=second - FRAME - 1), size=second),
            ]
        layout.split_column(
            Layout(self._header(now), size=1),
            *above,
            Layout(self._calls(now, wide=wide, rows=height - 1 - top - foot - FRAME - 1 - len(noted))),
            Layout(self._trace(rows=foot - FRAME), size=foot),
            *noted,
        )
        return layout

    def _ended(self, call: LiveCall) -> None:
        known = [old for old in self._recent if old.id != call.id]
        self._recent = deque([call, *known], maxlen=RECENT_CALLS)

    def _header(self, now: datetime) -> RenderableType:
        line = Table.grid(expand=True)
        line.add_column(ratio=1)
        line.add_column(justify="right", no_wrap=True)
        left = Text.assemble((" Callcard ", "bold white on #1d3557"), (f" {printable(self._place)} ", GREY))
        if self._lost is None:
            left.append(f" ● {self._words(N_('live'))}", style=GREEN)
        else:
            left.append(f" ✕ {self._words(N_('no link, trying again'))} ({self._lost})", style=f"bold {RED}")
        for part in self._view.health.values():
            if part.state is not HealthState.UP:
                style = RED if part.state is HealthState.DOWN else AMBER
                left.append(f"  ▲ {printable(part.name)} {self._words.health(part.state)}", style=style)
        line.add_row(left, Text(f"{now.astimezone():%H:%M:%S} ", style="bold"))
        return line

    def _queues(self, now: datetime) -> RenderableType:
        table = _table()
        table.add_column(self._words(N_("Queue")), ratio=1, no_wrap=True)
        for title in (N_("Waiting"), N_("Longest"), N_("Free"), N_("Answered"), N_("Lost"), N_("Level")):
            table.add_column(self._words(title), justify="right", no_wrap=True)
        for queue in self._view.queues.values():
            table.add_row(*self._queue(queue, now))
        title, hint = self._words(N_("Queues")), N_("No queue to see.")
        return self._panel(title, table, empty=not self._view.queues, hint=hint)

    def _queue(self, queue: LiveQueue, now: datetime) -> Iterable[Text]:
        oldest = queue.oldest_waiting_at
        late = oldest is not None and (now - oldest).total_seconds() > queue.service_level_s
        style = f"bold {RED}" if late else "bold"
        level = queue.service_level
        yield Text(printable(queue.title))
        yield Text(str(queue.waiting), style=style if queue.waiting else GREY)
        yield Text(timer(oldest, now) if oldest is not None else "–", style=style if oldest else GREY)
        yield Text(str(queue.free), style=BLUE if queue.free else GREY)
        yield Text(str(queue.answered))
        yield Text(str(queue.abandoned), style=RED if queue.abandoned else GREY)
        yield Text("–" if level is None else f"{level:.0%}", style=GREY if level is None else "")

    def _agents(self, now: datetime, *, rows: int) -> RenderableType:
        table = _table()
        table.add_column(self._words(N_("Agent")), ratio=4, no_wrap=True)
        table.add_column(self._words(N_("State")), ratio=5, no_wrap=True)
        table.add_column(self._words(N_("With")), ratio=5, no_wrap=True)
        table.add_column("", justify="right", no_wrap=True)
        agents = sorted(self._view.agents.values(), key=lambda a: (AGENT_ORDER.index(a.state), a.title))
        if len(agents) <= rows:  # all fit: nobody changes place
            agents.sort(key=lambda a: a.title)
        for agent in agents[:rows]:
            table.add_row(*self._agent(agent, now))
        title, hint = self._words(N_("Agents")), N_("No agent to see.")
        return self._panel(title, table, empty=not agents, hint=hint)

    def _agent(self, agent: LiveAgent, now: datetime) -> Iterable[Text]:
        mark, colour = agent_style(agent)
        away = agent.state is AgentState.OFFLINE
        yield Text(printable(agent.title), style=GREY if away else "")
        state = self._words.agent_state(agent.state, agent.reason, agent.unreachable)
        yield Text(f"{mark} {state}", style=colour)
        yield Text(self._with(agent))
        yield Text("" if away else timer(agent.since, now), style=colour)

    def _with(self, agent: LiveAgent) -> str:
        """Whom the agent talks with or is rung by."""
        if agent.call_id is None:
            return ""
        call = self._view.calls.get(agent.call_id)
        return "" if call is None else self._words.card(call) or self._words.caller(call)

    def _calls(self, now: datetime, *, wide: bool, rows: int) -> RenderableType:
        table = _table()
        table.add_column(self._words(N_("From")), no_wrap=True, min_width=16)
        table.add_column(self._words(N_("Card")), ratio=4, no_wrap=True)
        if wide:
            table.add_column(self._words(N_("Number")), no_wrap=True)
            table.add_column(self._words(N_("Queue")), ratio=2, no_wrap=True)
            table.add_column(self._words(N_("Owner")), ratio=3, no_wrap=True)
        table.add_column(self._words(N_("State")), ratio=3, no_wrap=True)
        table.add_column(self._words(N_("Agent")), ratio=3, no_wrap=True)
        table.add_column("", justify="right", no_wrap=True)
        calls = [*sorted(self._view.calls.values(), key=_urgency), *self._recent]
        for call in calls[: max(1, rows)]:
            table.add_row(*self._call(call, now, wide=wide), style=GREY if call.over else "")
        title = self._words(N_("Calls"))
        hint = N_("No calls now. The next one appears here by itself.")
        return self._panel(title, table, empty=not calls, hint=hint, count=len(self._view.calls))

    def _call(self, call: LiveCall, now: datetime, *, wide: bool) -> Iterable[Text]:
        mark, colour = CALL_STYLES[call.state]
        if call.over and call.outcome is not Outcome.ANSWERED:
            mark, colour = "✕", RED
        called = titles(self._view)
        agent = call.agent or (call.offer.agent if call.offer is not None and not call.over else None)
        yield Text(self._words.caller(call))
        yield Text(self._words.card(call), style="" if call.over else "bold")
        if wide:
            yield Text(format_for(call.did, "") if call.did else printable(call.to or ""), style=GREY)
            yield Text(printable(called.get(call.queue or "", call.queue or "")))
            yield Text(printable(called.get(call.owner or "", call.owner or "")), style=GREY)
        yield Text(f"{mark} {self._words.call_state(call)}", style=colour)
        yield Text(printable(called.get(agent or "", agent or "")))
        since = call.started_at if call.state is CallState.WAITING else call.state_since
        talked = duration(call.talk_s) if call.talk_s else ""
        yield Text(talked if call.over else timer(since, now), style=colour)

    def _trace(self, *, rows: int) -> RenderableType:
        call, title = self._newest, self._words(N_("Why"))
        if call is None:
            return self._panel(title, Text(), empty=True, hint=N_("Each step of a call is told here."))
        called = titles(self._view)
        lines = [
            Text.assemble(
                (f"{line.at.astimezone():%H:%M:%S}  ", GREY),
                self._words.trace(line, called),
                overflow="ellipsis",
            )
            for line in call.trace[-rows:]
        ]
        for line in lines:
            line.no_wrap = True
        who = SEPARATOR.join(filter(None, (self._words.caller(call), self._words.card(call))))
        return self._panel(title + SEPARATOR + who, Group(*lines), empty=False, hint="")

    def _panel(
        self, title: str, inside: RenderableType, *, empty: bool, hint: str, count: int | None = None
    ) -> Panel:
        """*title* is in the reader's words, *hint* a message id: said where nothing is *inside*."""
        heading = Text.assemble((f" {title} ", "bold"))
        if count:
            heading.append(f"{count} ", style=f"bold {GREEN}")
        body = Align.center(Text(self._words(hint), style=GREY), vertical="middle") if empty else inside
        style = "#3b4252" if self._lost is None else RED
        return Panel(body, title=heading, title_align="left", border_style=style, padding=(0, 1))


def _table() -> Table:
    return Table(box=None, expand=True, padding=(0, 1), pad_edge=False, header_style=GREY)


def _urgency(call: LiveCall) -> tuple[int, datetime]:
    """Who waits comes first, the longest of them on top."""
    place = ORDER.index(call.state) if call.state in ORDER else len(ORDER)
    return place, call.started_at
