"""What the phone's templates get: whom a call can be given to, and who can be called."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from agent_ui.live.floor import out_of_reach
from crm_core.live.projection import LiveState
from crm_core.live.visibility import sees
from crm_core.people.model import Reader


@dataclass(frozen=True, slots=True, kw_only=True)
class ColleagueLine:
    """Somebody with an extension. *unreachable*: why no call would reach them, though at work."""

    title: str
    extension: str
    state: str
    reason: str | None
    since: datetime
    unreachable: str | None
    free: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueLine:
    """A queue that can be dialled. *waiting*: callers in it now."""

    title: str
    extension: str
    waiting: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleView:
    """Whom the reader's phone can reach: free colleagues first, then by how they are called."""

    colleagues: tuple[ColleagueLine, ...]
    queues: tuple[QueueLine, ...]


def people_view(state: LiveState, reader: Reader) -> PeopleView:
    """Colleagues and queues that *reader* may see and that have an extension."""
    colleagues = (
        ColleagueLine(
            title=agent.title,
            extension=agent.extension,
            state=agent.state.value,
            reason=agent.reason,
            since=agent.since,
            unreachable=out_of_reach(agent),
            free=agent.free,
        )
        for agent in state.agents.values()
        if agent.extension and agent.name != reader.person and sees(reader, agent, state.directory)
    )
    queues = (
        QueueLine(title=queue.title, extension=queue.extension, waiting=state.queues[queue.name].waiting)
        for queue in state.directory.queues.values()
        if queue.extension
        and queue.name in state.queues
        and sees(reader, state.queues[queue.name], state.directory)
    )
    return PeopleView(
        colleagues=tuple(sorted(colleagues, key=lambda line: (not line.free, line.title))),
        queues=tuple(sorted(queues, key=lambda line: line.title)),
    )
