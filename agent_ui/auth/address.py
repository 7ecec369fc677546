"""From where somebody asks, as far as it can be believed."""

from __future__ import annotations

import ipaddress

from aiohttp import web

from agent_ui.services import SERVICES

FORWARDED = "X-Forwarded-For"


def client_address(request: web.Request) -> str:
    """The address to slow down when passwords are guessed. What `X-Forwarded-For` says counts only when
    the proxy that was set up says it, and of that only the last part, which the proxy itself wrote.
    """
    address = request.remote or ""
    if address == request.app[SERVICES].proxy:
        address = ",".join(request.headers.getall(FORWARDED, [address])).rpartition(",")[2].strip()
    return network(address)


def network(address: str) -> str:
    """An IPv4 address as it is; of an IPv6 one the /64, which one customer has for themselves."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return "unknown"
    if isinstance(ip, ipaddress.IPv4Address):
        return str(ip)
    if ip.ipv4_mapped is not None:
        return str(ip.ipv4_mapped)
    return str(ipaddress.ip_network((ip, 64), strict=False).network_address)
