"""Rules for the dialplan: exact extensions, known applications and functions, an end to every ask."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator

from asterisk_conf import lint_outside
from asterisk_conf.dialplan import HINT, Step, contexts, read_steps

Fault = tuple[int, str]

# Everything our dialplan may do. What is not here is refused: System, TrySystem, Exec, EAGI, Originate …
APPLICATIONS = frozenset(
    [
        "AGI",
        "Answer",
        "Dial",
        "Gosub",
        "Goto",
        "GotoIf",
        "Hangup",
        "MSet",
        "MixMonitor",
        "MusicOnHold",
        "Playback",
        "Progress",
        "Queue",
        "Record",
        "Return",
        "Ringing",
        "Set",
        "StopMixMonitor",
        "UserEvent",
        "Wait",
    ]
)
FUNCTIONS = frozenset(
    [
        "CALLERID",
        "CHANNEL",
        "CONNECTEDLINE",
        "CUT",
        "FILTER",
        "GLOBAL",
        "IF",
        "LEN",
        "REGEX",
        "TIMEOUT",
        "UUID",
    ]
)

_FUNCTION = re.compile(r"\$\{([A-Za-z_]+)\(")
_SET_FUNCTION = re.compile(r"_{0,2}([A-Za-z_]+)\(")
_VARIABLE = re.compile(r"\$\{([^{}]*)\}")
# What others wrote is safe among other settings only when its commas are gone.
_OTHERS_WROTE = re.compile(r"\$\{(?:CALLERID|CONNECTEDLINE)\(\w+\)\}")
_DIGITS_OF = re.compile(r"\$\{FILTER\(0-9\+,\$\{\w+\(\w+\)\}\)\}|\$\{LEN\(\$\{\w+\(\w+\)\}\)\}")
_ARM, _DISARM = "TIMEOUT(absolute)=2", "TIMEOUT(absolute)=0"
_AGI = re.compile(r"agi://[0-9.]+:[0-9]+/[A-Za-z0-9_-]{16,}/[a-z]+(,.*)?")
_DIAL = re.compile(r"\$\{CC_DIAL\},\$\{CC_RING\},iI|PJSIP/agent-[a-z0-9_-]+(&PJSIP/agent-[a-z0-9_-]+)*,\d+,i")
_CALLED_BACK = "CONNECTED_LINE_SEND_SUB="  # what Asterisk goes through by itself
_LEAVES = frozenset({"Goto", "Hangup", "Return"})


def dialplan_faults(text: str) -> Iterator[Fault]:
    """Every fault of extensions.conf *text*. Raises ValueError when it is not a dialplan."""
    for section in contexts(text):
        for entry in section.entries:
            if entry.key not in ("exten", "same"):
                yield entry.line, f"{entry.key} lets a context reach what is not in it"
    extensions: dict[tuple[str, str], list[Step]] = defaultdict(list)
    for step in read_steps(text):
        extensions[step.context, step.exten].append(step)
    for (context, exten), steps in extensions.items():
        plain = re.fullmatch(r"[A-Za-z0-9+*][A-Za-z0-9_+*]*", exten)
        if not plain and not lint_outside.is_allowed_pattern(context, exten):
            yield steps[0].line, "a pattern: numbers are written out, one by one"
        if steps[0].priority != HINT:
            yield from _extension(steps)
    yield from _targets(extensions)
    yield from _asks(extensions)


def _extension(steps: list[Step]) -> Iterator[Fault]:
    for step in steps:
        if step.app not in APPLICATIONS:
            yield step.line, f"{step.app} is not an application we use"
        used = [found[1] for found in _FUNCTION.finditer(step.args)]
        used += [found[1] for setting in step.settings if (found := _SET_FUNCTION.match(setting))]
        for name in used:
            if name not in FUNCTIONS:
                yield step.line, f"{name} is not a function we use"
        yield from _arguments(step)
    if steps[-1].app not in _LEAVES:
        yield steps[-1].line, "the extension ends without saying what is next"


def _arguments(step: Step) -> Iterator[Fault]:
    match step.app:
        case "AGI" if not _AGI.fullmatch(step.args):
            yield step.line, "AGI must go to a literal address with our token"
        case "Dial" if not _DIAL.fullmatch(step.args) and not lint_outside.dials_outside(step):
            yield step.line, "Dial must ring agents' devices only, with the option i (cc-dial: iI), no other"
        case "Queue" if step.args.split(",")[1:2] != ["iI"]:
            yield step.line, "Queue must have the options iI and no other"
        case "MixMonitor":
            named = set(_VARIABLE.findall(step.args))
            if named not in ({"CC_CALL"}, {"CC_RECORDED"}) or step.args.count(",") != 1:
                yield step.line, "MixMonitor must name files by the call id and run no command"
        case "MSet" if _OTHERS_WROTE.search(_DIGITS_OF.sub("", step.args)):
            yield step.line, "what a caller wrote is set alone: its commas would begin other settings"
        case "Set" | "MSet" if any(
            one.startswith("CC_RECORDED=") and one != "CC_RECORDED=${CC_CALL}" for one in step.settings
        ):
            yield step.line, "CC_RECORDED names files: it is the call id"
        case "Record":
            if set(_VARIABLE.findall(step.args)) != {"CC_CALL"}:
                yield step.line, "Record must name its file by the call id"
        case "UserEvent" if "CALLERID" in step.args or not step.args.startswith("Callcard,Step: "):
            yield step.line, "a mark carries constants and ids, never what a caller wrote"


def _targets(extensions: dict[tuple[str, str], list[Step]]) -> Iterator[Fault]:
    """Every jump must land: a missing target would end the call. Those to the world have doors to pass."""
    jumps = [(step, branch) for steps in extensions.values() for step in steps for branch in _branches(step)]
    for step, branch in jumps:
        if not _lands(branch, step, extensions):
            yield step.line, f"{branch} leads nowhere"
    yield from lint_outside.door_faults(extensions, jumps)


def _branches(step: Step) -> list[str]:
    if step.app == "GotoIf":
        return step.args.rpartition("?")[2].split(":")
    called_back = [one for one in step.settings if one.startswith(_CALLED_BACK)]
    if called_back:
        return [one.removeprefix(_CALLED_BACK) for one in called_back]
    return [step.args] if step.app in ("Goto", "Gosub") else lint_outside.called_back(step)


def _lands(branch: str, step: Step, extensions: dict[tuple[str, str], list[Step]]) -> bool:
    if (carried := lint_outside.carried(branch)) is not None:
        return any(context == carried for context, _ in extensions)
    context, exten, priority = [step.context, step.exten, *branch.split(",")][-3:]
    steps = extensions.get((context, exten), [])
    return any(priority in (str(target.priority), target.label) for target in steps)


def _asks(extensions: dict[tuple[str, str], list[Step]]) -> Iterator[Fault]:
    """AGI waits for ever by itself: 2 s are armed before it, disarmed after it, and T is there to go on."""
    for (context, _), steps in extensions.items():
        for index, step in enumerate(steps):
            if step.app != "AGI":
                continue
            before = [setting for step in steps[index - 1 : index] for setting in step.settings]
            after = [setting for step in steps[index + 1 : index + 2] for setting in step.settings]
            if _ARM not in before or _DISARM not in after:
                yield step.line, "an ask must be armed before and disarmed after"
            if "AGIEXITONHANGUP=yes" not in before:
                yield step.line, "AGIEXITONHANGUP must be set before an ask"
            timeout = extensions.get((context, "T"), [])
            if not timeout or _DISARM not in timeout[0].settings:
                yield step.line, "a context that asks needs a T extension that disarms first"
