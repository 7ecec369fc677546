"""How Asterisk's manager is reached: one address, an account that listens and one that acts."""

from __future__ import annotations

from dataclasses import dataclass, field

from callcard.settings import Keys, Settings

LOOPBACK = "127.0.0.1"  # where the private PBX's manager is


@dataclass(frozen=True, slots=True, kw_only=True)
class Manager:
    """The manager of the private PBX, or of an attached one."""

    host: str
    port: int
    listener_user: str
    listener_secret: str = field(repr=False)
    actor_user: str
    actor_secret: str = field(repr=False)


def manager_of(settings: Settings, keys: Keys) -> Manager:
    """As *settings* say; what they do not say is the private PBX's own, its secrets those of *keys*."""
    return Manager(
        host=settings.ami_host or LOOPBACK,
        port=settings.ami_port,
        listener_user=settings.ami_listener_user,
        listener_secret=settings.ami_listener_secret or keys.ami_listener_secret,
        actor_user=settings.ami_actor_user,
        actor_secret=settings.ami_actor_secret or keys.ami_actor_secret,
    )
