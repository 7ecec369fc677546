"""Why a call is the reader's: the one thing that decided, and the steps before it, from the call's trace."""

from __future__ import annotations

from typing import NamedTuple

from agent_ui.desk.views import Step, WhyView
from crm_core.calls.model import TraceLine
from crm_core.calls.trace import NAMES, Code
from crm_core.i18n import Message
from crm_core.live.directory import Directory
from crm_core.live.model import LiveCall


class _Why(NamedTuple):
    icon: str
    reason: Message


# The last of these that speaks of the agent is why the call is theirs.
_DECIDED = {
    Code.CHOSEN_OWNER: _Why(icon="user-check", reason=Message("You are responsible for this customer.")),
    Code.CHOSEN_LEAST_LOADED: _Why(
        icon="scale", reason=Message("You had the least load of those available.")
    ),
    Code.TIE_LONGEST_IDLE: _Why(
        icon="hourglass", reason=Message("The load was equal; you have been free longest.")
    ),
    Code.FREED: _Why(
        icon="user-check", reason=Message("You became free, and this caller was the first in line.")
    ),
}
# Who else was looked at, and what ended it all, do not say why it is here.
_LEFT_OUT = frozenset({Code.CONSIDERED, Code.CONSIDERED_MORE, Code.ENDED_BY, Code.SETTLED})


def why_view(call: LiveCall | None, directory: Directory, me: str) -> WhyView:
    """Why *call* is *me*'s."""
    if call is None:
        return WhyView(reason=None, icon="route", steps=())
    decided = _decision(call, directory, me)
    lines = [line for line in call.trace if line.code not in _LEFT_OUT]
    return WhyView(
        reason=decided.reason, icon=decided.icon, steps=tuple(_step(line, directory) for line in lines)
    )


def _decision(call: LiveCall, directory: Directory, me: str) -> _Why:
    for line in reversed(call.trace):
        if line.code in _DECIDED and line.values.get("agent") == me:
            return _DECIDED[Code(line.code)]
        if line.code in (Code.TRANSFERRED_BLIND, Code.TRANSFERRED_ATTENDED):
            by = str(line.values.get("agent"))
            if by != me and line.values.get("target") in (me, call.queue):
                told = Message("{agent} handed this call over.", agent=directory.titles.get(by, by))
                return _Why(icon="arrows-right-left", reason=told)
        if line.code == Code.NET:
            return _Why(icon="route", reason=Message("The PBX's own queue rang you: the router was away."))
        if line.code in (Code.ARRIVED_INTERNAL, Code.CALLED) and line.values.get("agent") == me:
            return _Why(icon="phone-outgoing", reason=Message("You dialled."))
        if line.code == Code.ARRIVED_INTERNAL:
            by = str(line.values.get("agent"))
            told = Message("{agent} dialled you.", agent=directory.titles.get(by, by))
            return _Why(icon="phone-incoming", reason=told)
    return _Why(icon="phone-incoming", reason=Message("The call rang you."))


def _step(line: TraceLine, directory: Directory) -> Step:
    """The line with people and queues as they are called now."""
    values = {
        key: directory.titles.get(str(value), value) if key in NAMES and value is not None else value
        for key, value in line.values.items()
    }
    return Step(at=line.at, code=line.code, values=tuple(sorted(values.items())))
