"""Rules for calls to the world: one chain of contexts leads there, from agents' phones alone.

    cc-agents → (cc-dialled → cc-dialled-<country> →) cc-out → cc-out-<trunk> → Dial

Numbers pass each door as digits: patterns are of digits, each of one length, and only what fits one of the
office's prefixes goes through `cc-out`. Neither transfers nor callers meet these contexts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from asterisk_conf.dialplan import Step

AGENTS, DIALLED, OUT, CALLED, RECORD = "cc-agents", "cc-dialled", "cc-out", "cc-called", "cc-record"

_DIGITS = re.compile(r"_\+?[0-9]*X+")
_PLACES = range(7, 19)
_ANY_NUMBER = "_+X."  # behind the last door, which only whole numbers pass
_DIAL = re.compile(
    r"PJSIP/\$\{FILTER\(0-9,\$\{EXTEN\}\)\}@trunk-(?P<trunk>[a-z0-9_]+),\d+,"
    r"ib\((?P<before>[\w-]+\^\w+\^1)\)U\((?P<answered>[\w-]+\^\w+\^1)\)"
)
# Where a number is carried on to, and from which contexts that may be.
_CARRIES = (
    (re.compile(r"cc-out,\$\{EXTEN\},1"), re.compile(r"cc-agents")),
    (re.compile(r"cc-out,\+[0-9]*\$\{EXTEN:[0-9]\},1"), re.compile(r"cc-dialled-[a-z]{2}")),
    (re.compile(r"(cc-dialled-[a-z]{2}),\$\{CC_DIALLED\},1"), re.compile(r"cc-dialled")),
    (re.compile(r"(cc-out-[a-z0-9_]+),\$\{EXTEN\},1"), re.compile(r"cc-out")),
)
_SET_DIALLED = "CC_DIALLED=${FILTER(0-9,${EXTEN})}"

Extensions = Mapping[tuple[str, str], Sequence[Step]]


def is_allowed_pattern(context: str, exten: str) -> bool:
    """Whether *context* may have this pattern: digits of one length, where numbers outside are read."""
    if exten == _ANY_NUMBER:
        return context.startswith(f"{OUT}-")
    if _DIGITS.fullmatch(exten) is None or len(exten.lstrip("_+")) not in _PLACES:
        return False
    return context in (AGENTS, OUT) or context.startswith(f"{DIALLED}-")


def dials_outside(step: Step) -> bool:
    """Whether *step* calls a customer as it must: in its trunk's own context, over that trunk."""
    found = _DIAL.fullmatch(step.args)
    if found is None or step.context != f"{OUT}-{found['trunk']}":
        return False
    return (found["before"], found["answered"]) == (f"{CALLED}^{found['trunk']}^1", f"{RECORD}^s^1")


def called_back(step: Step) -> list[str]:
    """Where Dial goes through on the customer's channel."""
    found = _DIAL.fullmatch(step.args) if step.app == "Dial" else None
    return [found[name].replace("^", ",") for name in ("before", "answered")] if found else []


def carried(branch: str) -> str | None:
    """The context to which *branch* carries a number; None: it carries none."""
    for aim, _ in _CARRIES:
        if found := aim.fullmatch(branch):
            return found[1] if aim.groups else OUT
    return None


def door_faults(extensions: Extensions, branches: Iterable[tuple[Step, str]]) -> Iterator[tuple[int, str]]:
    """Every jump towards the world that does not come through the door before it."""
    for step, branch in branches:
        context = branch.split(",")[0] if "," in branch else step.context
        if not _is_outside(context) or context == step.context:
            continue
        if context == DIALLED:
            passes = step.context == AGENTS and branch == f"{DIALLED},s,1"
        else:
            passes = any(aim.fullmatch(branch) and source.fullmatch(step.context) for aim, source in _CARRIES)
        if not passes:
            yield step.line, f"{branch} leads outside past the doors"
        elif context.startswith(f"{OUT}-") and _DIGITS.fullmatch(step.exten) is None:
            yield step.line, "only numbers with a prefix of the office are called"
    for steps in extensions.values():
        for step in steps:
            if any("CC_DIALLED=" in one and one != _SET_DIALLED for one in step.settings):
                yield step.line, "CC_DIALLED is what a phone dialled, digits alone"


def _is_outside(context: str) -> bool:
    return context in (OUT, DIALLED) or context.startswith((f"{OUT}-", f"{DIALLED}-"))
