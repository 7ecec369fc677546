"""A dialplan as steps: read from extensions.conf, and from what `dialplan show` prints, to be compared."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from asterisk_conf.conf_text import Section, read_sections

HINT = "hint"
_GENERAL = ("general", "globals")
_VALUE = re.compile(r"(?P<priority>\d+|n|hint)(?:\((?P<label>\w+)\))?,(?P<call>.*)")
_CALL = re.compile(r"(?P<app>\w+)\((?P<args>.*)\)")
_SHOWN_CONTEXT = re.compile(r"\[ Context '(?P<name>[^']+)' created by '(?P<by>[^']+)' \]")
_SHOWN_STEP = re.compile(
    r"^  (?:'(?P<exten>[^']+)' =>|   \[(?P<label>\w+)\])?\s+"
    r"(?P<priority>\d+|hint)[.:] (?P<call>.*?)\s+\[[^\]]+\]$"
)


@dataclass(frozen=True, slots=True)
class Step:
    """One priority of one extension. For a hint, *app* is empty and *args* the devices. *line* from 1."""

    context: str
    exten: str
    priority: int | str
    label: str | None
    app: str
    args: str
    line: int = 0

    @property
    def shown(self) -> tuple[str, str, int | str, str | None, str, str]:
        """What must be the same in the file and in Asterisk."""
        return (self.context, self.exten, self.priority, self.label, self.app, self.args)

    @property
    def settings(self) -> tuple[str, ...]:
        """What a step sets, each as `NAME=value`: one for Set, any number for MSet, else none."""
        if self.app == "MSet":
            return tuple(_apart(self.args))
        return (self.args,) if self.app == "Set" else ()


def _apart(args: str) -> Iterator[str]:
    """*args* at the commas outside brackets, as Asterisk separates them."""
    depth, begin = 0, 0
    for index, char in enumerate(args):
        depth += (char in "([{") - (char in ")]}")
        if char == "," and not depth:
            yield args[begin:index]
            begin = index + 1
    yield args[begin:]


def contexts(text: str) -> tuple[Section, ...]:
    """The contexts of extensions.conf text."""
    return tuple(section for section in read_sections(text) if section.name not in _GENERAL)


def read_steps(text: str) -> list[Step]:
    """Every step of extensions.conf text. Raises ValueError for a line that is not one."""
    return [step for context in contexts(text) for step in _steps_of(context)]


def _steps_of(context: Section) -> Iterator[Step]:
    exten, priority = "", 0
    for entry in context.entries:
        value = entry.value
        if entry.key == "exten":
            exten, _, value = value.partition(",")
            exten = exten.strip()
        elif entry.key != "same":
            continue
        found = _VALUE.fullmatch(value.strip())
        if found is None:
            raise ValueError(f"line {entry.line}: not a step")
        if found["priority"] == HINT:
            yield Step(context.name, exten, HINT, None, "", found["call"], entry.line)
            continue
        priority = priority + 1 if found["priority"] == "n" else int(found["priority"])
        call = _CALL.fullmatch(found["call"])
        if call is None:
            raise ValueError(f"line {entry.line}: not an application with its arguments")
        yield Step(context.name, exten, priority, found["label"], call["app"], call["args"], entry.line)


def read_shown(text: str, *, by: str = "pbx_config") -> list[Step]:
    """Steps of the contexts that *by* made, from the output of `dialplan show`."""
    steps: list[Step] = []
    context, ours, exten = "", False, ""
    for line in text.splitlines():
        if head := _SHOWN_CONTEXT.search(line):
            context, ours = head["name"], head["by"] == by
        elif ours and (found := _SHOWN_STEP.match(line)):
            exten = found["exten"] or exten
            steps.append(_shown_step(context, exten, found))
    return steps


def shown_contexts(text: str, *, by: str = "pbx_config") -> set[str]:
    """Names of the contexts that *by* made, from the output of `dialplan show`."""
    return {found["name"] for found in _SHOWN_CONTEXT.finditer(text) if found["by"] == by}


def _shown_step(context: str, exten: str, found: re.Match[str]) -> Step:
    if found["priority"] == HINT:
        return Step(context, exten, HINT, None, "", found["call"])
    call = _CALL.fullmatch(found["call"])
    app, args = (call["app"], call["args"]) if call else (found["call"], "")
    return Step(context, exten, int(found["priority"]), found["label"], app, args)


def first_difference(written: Iterable[Step], shown: Iterable[Step]) -> str | None:
    """Words for one step that is in only one of the two; None when they are alike."""
    ours, theirs = {step.shown: step for step in written}, {step.shown: step for step in shown}
    for key, step in ours.items():
        if key not in theirs:
            return f"{step.context},{step.exten},{step.priority} (line {step.line}) is not loaded as written"
    for key in theirs:
        if key not in ours:
            return f"{key[0]},{key[1]},{key[2]} is loaded and not written"
    return None
