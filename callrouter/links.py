"""The two links to the manager of one PBX: one account listens, one acts."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from callrouter.ami.feed import Handler
from callrouter.ami.link import AmiLink, LinkState
from callrouter.given import RouterSettings
from callrouter.metrics import AMI_STATE
from crm_core.clock import Clock
from crm_core.health import Health, HealthState


class Links:
    """`start`, then `stop`. Health has them as `ami.listener` and `ami.actor`."""

    def __init__(
        self,
        settings: RouterSettings,
        clock: Clock,
        health: Health,
        *,
        on_observations: Handler,
        on_listening: Callable[[bool], None],
        on_acting: Callable[[bool], None],
    ) -> None:
        """*on_listening* and *on_acting* hear, at each change, whether that link is up."""
        self._health = health
        self.listener = AmiLink(
            settings.ami_host,
            settings.ami_port,
            settings.listener_user,
            settings.listener_secret,
            systemname=settings.systemname,
            clock=clock,
            on_observations=on_observations,
            on_state=partial(self._changed, "listener", on_listening),
        )
        self.actor = AmiLink(
            settings.ami_host,
            settings.ami_port,
            settings.actor_user,
            settings.actor_secret,
            systemname=settings.systemname,
            clock=clock,
            on_state=partial(self._changed, "actor", on_acting),
        )

    def can_act(self) -> bool:
        """Whether the actor is logged in."""
        return self.actor.state is LinkState.UP

    async def start(self) -> None:
        """Begin to connect; returns at once."""
        await self.listener.start()
        await self.actor.start()

    async def stop(self) -> None:
        """End both for good; what was received is handed over first."""
        await self.listener.stop()
        await self.actor.stop()

    def _changed(self, name: str, tell: Callable[[bool], None], state: LinkState, reason: str) -> None:
        up = state is LinkState.UP
        AMI_STATE.labels(link=name).set(up)
        if state is not LinkState.STOPPED:
            health = HealthState.UP if up else HealthState.DOWN
            self._health.set(f"ami.{name}", health, reason if not up else "")
        tell(up)
