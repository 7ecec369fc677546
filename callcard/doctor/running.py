"""Checks of what runs: Callcard itself, its parts, and the ports it has or would take."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterator

import aiohttp
import msgspec

from agent_ui.status import Status
from callcard.doctor.finding import Finding, Findings, ok, warning, wrong
from callcard.doctor.ground import Ground
from crm_core.health import HealthState

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
        return [wrong("web", f"{url} does not answer: {error}", "see the log of `callcard up`")]
    return list(_said(status))


def _said(status: Status) -> Iterator[Finding]:
    for part in status.parts:
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
    settings = ground.settings
    tcp, udp = socket.SOCK_STREAM, socket.SOCK_DGRAM
    wanted = [
        ("CALLCARD_HTTP", settings.http.host, settings.http.port, tcp),
        ("CALLCARD_AGI", settings.agi.host, settings.agi.port, tcp),
    ]
    if settings.private_pbx:
        wanted.append(("CALLCARD_AMI_PORT", "127.0.0.1", settings.ami_port, tcp))
        if ground.office is not None:
            wanted.append(("sip.port of the office", ground.office.sip.bind, ground.office.sip.port, udp))
    return [_port(*port) for port in wanted]


def _port(name: str, host: str, port: int, kind: socket.SocketKind) -> Finding:
    about = f"port {port}"
    family = socket.AF_INET6 if ipaddress.ip_address(host).version == 6 else socket.AF_INET
    with socket.socket(family, kind) as probe:
        if kind is socket.SOCK_STREAM:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            return wrong(about, f"{host}: {error.strerror}", f"end who has it, or choose another: {name}")
    return ok(about, f"free on {host} ({name})")
