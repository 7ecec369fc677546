"""Which channels the PBX has now, for those who must tell "ended without a word" from "goes on"."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from callrouter.reading.observations import ChannelGone, ChannelSeen, Observation, PbxBooted, Snapshot


class UpNow:
    """Folds observations. Knows nothing until the first snapshot, and nothing again after `lost`."""

    def __init__(self) -> None:
        self._uniqueids: set[str] | None = None
        self._on_boot: Callable[[datetime], None] | None = None

    def tell_boot(self, listener: Callable[[datetime], None]) -> None:
        """Tell *listener* at each login since when the PBX runs: what began before is over."""
        self._on_boot = listener

    def observe(self, observation: Observation) -> None:
        """Take one observation in."""
        match observation:
            case Snapshot():
                self._uniqueids = {live.channel.uniqueid for live in observation.channels}
            case PbxBooted():
                self._uniqueids = None
                if self._on_boot is not None:
                    # The uptime is in whole seconds: one more, so that no call after the boot is meant.
                    self._on_boot(observation.at - timedelta(seconds=observation.uptime_s + 1))
            case ChannelSeen() if self._uniqueids is not None:
                self._uniqueids.add(observation.channel.uniqueid)
            case ChannelGone() if self._uniqueids is not None:
                self._uniqueids.discard(observation.channel.uniqueid)

    def lost(self) -> None:
        """The link is down: nothing is known."""
        self._uniqueids = None

    def channels(self) -> frozenset[str] | None:
        """Uniqueids; None: not known."""
        return None if self._uniqueids is None else frozenset(self._uniqueids)
