"""The FastAGI routes: the wire on one side, the dispatcher on the other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

import structlog

from callrouter.acd.ask import Answer, Ask, parse_ask
from callrouter.acd.dispatcher import Dispatcher
from callrouter.metrics import AGI_REQUESTS
from crm_core.call_path import CallPath
from crm_core.errors import BadInput
from crm_core.presence.model import ChosenState

log = structlog.get_logger(__name__)

_PHONE_BREAK = "other"  # a dialled code cannot say which break it is


class Session(Protocol):
    """What the routes need of callrouter.agi.session.AgiSession."""

    args: tuple[str, ...]
    headers: Mapping[str, str]
    uniqueid: str
    channel: str

    async def set_variable(self, name: str, value: str) -> None: ...
    async def finish(self, variables: Iterable[tuple[str, str]]) -> None: ...
    async def finished(self) -> None: ...


class Questions:
    """`route` and `state`. Saying nothing is a right answer: the dialplan then goes to its net."""

    def __init__(self, dispatcher: Dispatcher, path: CallPath | None = None) -> None:
        self._dispatcher = dispatcher
        self._path = path or CallPath()

    async def route(self, session: Session) -> None:
        """Who takes this call? Sets CC_DECISION, then ROUTE. Raises what the session raises."""
        with self._path.answering():
            answer = await self._answer(session)
        if answer is None:
            return
        try:
            await session.finished()
        except BaseException:
            AGI_REQUESTS.labels(result="lost").inc()
            raise
        AGI_REQUESTS.labels(result=answer.decision.action.value).inc()

    async def _answer(self, session: Session) -> Answer | None:
        """Decide and send; the answer that is under way. None: nothing was said."""
        try:
            ask = self._read(session)
        except BadInput as error:
            AGI_REQUESTS.labels(result="bad_input").inc()
            log.warning("question out of form", field=error.field)
            return None
        try:
            answer = await self._dispatcher.ask(ask)
        except BaseException:
            AGI_REQUESTS.labels(result="lost").inc()  # the caller is gone, or it took too long
            raise
        if answer is None:
            AGI_REQUESTS.labels(result="net").inc()
            return None
        try:
            await session.finish(answer.variables())
        except BaseException:
            AGI_REQUESTS.labels(result="lost").inc()
            self._dispatcher.lost(answer)
            raise
        # The proof is under way: what it decides is dialled within a second, and if not (the caller may be
        # gone) the offer is withdrawn by then. Freeing the agent any sooner could make two offers.
        self._dispatcher.told(answer)
        return answer

    async def state(self, session: Session) -> None:
        """A dialled code: `state,<agent>,<available|break|offline>`. Sets CC_RESULT=ok when it was taken."""
        if not self._choose(session.args):
            AGI_REQUESTS.labels(result="bad_input").inc()
            return
        AGI_REQUESTS.labels(result="state").inc()
        await session.set_variable("CC_RESULT", "ok")

    def _choose(self, args: Sequence[str]) -> bool:
        if len(args) != 2 or args[1] not in set(ChosenState):
            return False
        name, chosen = args[0], ChosenState(args[1])
        reason = _PHONE_BREAK if chosen is ChosenState.BREAK else None
        taken = self._dispatcher.seats.choose(name, chosen, reason=reason, by=name)
        self._dispatcher.settle()
        return taken

    @staticmethod
    def _read(session: Session) -> Ask:
        raw = session.headers.get("agi_callerid", "")
        name = session.headers.get("agi_calleridname", "")
        return parse_ask(
            session.args,
            uniqueid=session.uniqueid,
            channel_name=session.channel,
            # "unknown" is what AGI itself writes where there is nothing.
            caller_raw="" if raw == "unknown" else raw,
            caller_name="" if name == "unknown" else name,
        )
