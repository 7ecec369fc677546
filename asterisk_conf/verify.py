"""Whether Asterisk has loaded what was written: asked over its control socket, compared item by item."""

from __future__ import annotations

import re
from collections.abc import Iterable

from asterisk_conf.control import Control
from asterisk_conf.dialplan import contexts, first_difference, read_shown, read_steps, shown_contexts
from asterisk_conf.modules import is_forbidden
from asterisk_conf.render import Rendered

_ENDPOINT = re.compile(r"^ Endpoint:  (?P<shown>\S+)", re.MULTILINE)
_QUEUE = re.compile(r"^(?P<name>\S+) has \d+ calls", re.MULTILINE)
_MODULE = re.compile(r"^(?P<name>\S+)\.so ", re.MULTILINE)


async def differences(rendered: Rendered, control: Control) -> list[str]:
    """Words for everything that is not as written; empty when all is. Raises Unavailable."""
    found = [
        await _dialplan(rendered, control),
        _sets("endpoint", rendered.endpoints, await _endpoints(control, rendered.endpoints)),
        _sets("queue", rendered.queues, _QUEUE.findall(await control.run("queue show"))),
        _sets("manager account", rendered.managers, await _managers(control)),
        await _modules(rendered, control),
        await _ledger(control),
    ]
    return [words for words in found if words]


async def _dialplan(rendered: Rendered, control: Control) -> str | None:
    text, shown = rendered.files["extensions.conf"], await control.run("dialplan show")
    names = {context.name for context in contexts(text)}
    extra = shown_contexts(shown) - names
    if extra:
        return f"dialplan: context {min(extra)} is loaded and not written"
    difference = first_difference(read_steps(text), read_shown(shown))
    return f"dialplan: {difference}" if difference else None


async def _endpoints(control: Control, expected: Iterable[str]) -> set[str]:
    """Names of the endpoints that are loaded. The list cuts long names: those are asked for one by one."""
    shown = _ENDPOINT.findall(await control.run("pjsip show endpoints"))
    names = {entry.partition("/")[0] for entry in shown if not entry.startswith("<")}
    for name in expected:
        cut = {entry for entry in names if name.startswith(entry) and name != entry}
        if name not in names and cut:
            answer = await control.run(f"pjsip show endpoint {name}")
            if "Unable to find object" not in answer:
                names = (names - cut) | {name}
    return names


async def _managers(control: Control) -> list[str]:
    shown = (await control.run("manager show users")).splitlines()
    rules = [index for index, line in enumerate(shown) if line.startswith("----")]
    return [line.strip() for line in shown[rules[0] + 1 : rules[-1]]] if len(rules) > 1 else []


async def _modules(rendered: Rendered, control: Control) -> str | None:
    loaded = _MODULE.findall(await control.run("module show"))
    phones = rendered.browser_phones
    wrong = sorted(name for name in loaded if is_forbidden(name, browser_phones=phones))
    return f"module {wrong[0]} is loaded" if wrong else None


async def _ledger(control: Control) -> str | None:
    shown = await control.run("cel show status")
    return None if "CEL Logging: Enabled" in shown else "the ledger (CEL) is not written"


def _sets(what: str, written: Iterable[str], loaded: Iterable[str]) -> str | None:
    ours, theirs = set(written), set(loaded)
    if missing := ours - theirs:
        return f"{what} {min(missing)} is not loaded"
    if extra := theirs - ours:
        return f"{what} {min(extra)} is loaded and not written"
    return None
