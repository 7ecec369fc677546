"""The FastAGI server of one router: where it listens, whom it answers and what."""

from __future__ import annotations

from callrouter.acd.questions import Questions
from callrouter.agi.server import AgiLimits, FastAgiServer, peers_of
from callrouter.given import RouterSettings


def agi_server(settings: RouterSettings, questions: Questions) -> FastAgiServer:
    """The server of *settings*, not started."""
    return FastAgiServer(
        settings.agi_host,
        settings.agi_port,
        settings.agi_token,
        {"route": questions.route, "state": questions.state},
        limits=AgiLimits(deadline=settings.limits.answer_s),
        peers=peers_of(settings.agi_host, settings.ami_host),  # this host by its own address, and the PBX's
        systemname=settings.systemname,
    )
