"""The ports of this machine: which are free, and who must have one before anything is started."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

from callcard.pbx import browser_phones
from callcard.settings import Settings
from crm_core.errors import StartRefused
from crm_core.office.model import OfficeFile

TCP, UDP = socket.SOCK_STREAM, socket.SOCK_DGRAM
PATIENCE_S = 10.0  # parts of a Callcard that was killed end by themselves, and need a moment for it
_TRIES_FROM = 200


@dataclass(frozen=True, slots=True)
class Port:
    """A port to listen on. *name*: the setting that chooses it."""

    name: str
    host: str
    number: int
    kind: socket.SocketKind = TCP


def own_ports(settings: Settings) -> tuple[Port, ...]:
    """What the web and the router listen on."""
    return (
        Port("CALLCARD_HTTP", settings.http.host, settings.http.port),
        Port("CALLCARD_AGI", settings.agi.host, settings.agi.port),
    )


def pbx_ports(settings: Settings, office: OfficeFile | None) -> tuple[Port, ...]:
    """What the private PBX listens on, SIP as *office* says; nothing for an attached one."""
    if not settings.private_pbx:
        return ()
    manager = Port("CALLCARD_AMI_PORT", "127.0.0.1", settings.ami_port)
    if office is None:
        return (manager,)
    sip = Port("sip.port of the office", office.sip.bind, office.sip.port, UDP)
    if not browser_phones(office):
        return (manager, sip)
    return (manager, sip, Port("CALLCARD_PBX_HTTP_PORT", "127.0.0.1", settings.pbx_http_port))


def problem_of(port: Port) -> str | None:
    """Why nobody can listen on *port* now; None when it is free."""
    family = socket.AF_INET6 if ipaddress.ip_address(port.host).version == 6 else socket.AF_INET
    with socket.socket(family, port.kind) as probe:
        if port.kind is TCP:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((port.host, port.number))
        except OSError as error:
            return error.strerror or str(error)
    return None


def require_apart(ports: Sequence[Port]) -> None:
    """Raise StartRefused that names two of *ports* which cannot both be had."""
    for one, other in combinations(ports, 2):
        same = (one.number, one.kind) == (other.number, other.kind)
        everywhere = any(ipaddress.ip_address(port.host).is_unspecified for port in (one, other))
        if same and (everywhere or one.host == other.host):
            raise StartRefused(f"{other.name}: port {one.number} is that of {one.name}; choose another")


async def until_free(ports: Iterable[Port], *, patience_s: float = PATIENCE_S) -> None:
    """Wait until all of *ports* are free. Raises StartRefused that names the one that is not in time."""
    deadline = time.monotonic() + patience_s
    for port in ports:
        while (problem := problem_of(port)) is not None:
            if time.monotonic() > deadline:
                where = f"{port.host}:{port.number}"
                raise StartRefused(f"{port.name}: {where}: {problem}; end who has it, or choose another")
            await asyncio.sleep(0.1)


def first_free(first: int, kind: socket.SocketKind, *hosts: str) -> int:
    """The first port from *first* on that is free on all of *hosts*. Raises StartRefused."""
    for number in range(first, min(first + _TRIES_FROM, 65_536)):
        if all(problem_of(Port("", host, number, kind)) is None for host in hosts):
            return number
    raise StartRefused(f"No free port from {first} on: something holds them all")
