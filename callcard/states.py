"""Choosing an agent's state through the web: stored, and told to the router at once."""

from __future__ import annotations

from crm_core.db.outbox import OutboxRelay
from crm_core.presence.model import ChosenState, Presence
from crm_core.presence.service import PresenceService


class States:
    """The web's door to presence. Wakes the outbox, so that the router hears of it without a pause."""

    def __init__(self, presence: PresenceService, relay: OutboxRelay) -> None:
        self._presence = presence
        self._relay = relay

    async def choose(self, agent: str, chosen: ChosenState, reason: str | None, *, by: str) -> Presence:
        """Store the choice. Raises NotFound, BadInput, Unavailable."""
        presence = await self._presence.choose(agent, chosen, reason, by=by)
        self._relay.wake()
        return presence
