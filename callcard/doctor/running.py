"""Checks of what runs: Callcard itself, its parts, and the ports it has or would take."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import aiohttp
import msgspec

from agent_ui.status import PartStatus, Status
from callcard.children import read_children
from callcard.doctor.finding import Finding, Findings, ok, warning, wrong
from callcard.doctor.ground import Ground
from callcard.layout import Layout
from callcard.ports import Port, own_ports, pbx_ports, problem_of
from crm_core.health import HealthState, PartHealth

_HTTP_S = 5.0


async def running(ground: Ground) -> Findings:
    """Whether a `callcard up` owns this data folder."""
    if ground.running is None:
        return [ok("running", "no")]
    return [ok("running", f"process {ground.running.pid}, http://{ground.running.http}")]


async def parts(ground: Ground) -> Findings:
    """What the running Callcard says of its own parts."""
    if ground.running is None:
        return []
    url = f"http://{ground.running.http}/healthz"
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_HTTP_S)) as session,
            session.get(url) as answer,
        ):
            status = msgspec.json.decode(await answer.read(), type=Status)
    except (aiohttp.ClientError, TimeoutError, msgspec.MsgspecError) as error:
        silent = wrong("web", f"{url} does not answer: {error}", "see the log of `callcard up`")
        return [silent, *_said(read_children(Layout(ground.settings.data)))]
    return list(_said(status.parts))


def _said(parts: Iterable[PartStatus | PartHealth]) -> Iterator[Finding]:
    for part in parts:
        about, since = f"part {part.name}", f"since {part.since.astimezone():%Y-%m-%d %H:%M:%S}"
        text = ", ".join(filter(None, (part.state.value, part.detail, since)))
        if part.state is HealthState.UP:
            yield ok(about, text)
        elif part.state is HealthState.DEGRADED:
            yield warning(about, text)
        else:
            yield wrong(about, text, "see the log of `callcard up`")


async def ports(ground: Ground) -> Findings:
    """Whether the ports are free; while Callcard runs they are its own, which the other checks show."""
    if ground.running is not None:
        return []
    wanted = (*own_ports(ground.settings), *pbx_ports(ground.settings, ground.office))
    return [_port(port) for port in wanted]


def _port(port: Port) -> Finding:
    problem = problem_of(port)
    if problem is not None:
        way_out = f"end who has it, or choose another: {port.name}"
        return wrong(f"port {port.number}", f"{port.host}: {problem}", way_out)
    return ok(f"port {port.number}", f"free on {port.host} ({port.name})")
