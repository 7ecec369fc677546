"""Which channels the PBX has now, for those who must tell "ended without a word" from "goes on"."""

from __future__ import annotations

from callrouter.reading.observations import ChannelGone, ChannelSeen, Observation, PbxBooted, Snapshot


class UpNow:
    """Folds observations. Knows nothing until the first snapshot, and nothing again after `lost`."""

    def __init__(self) -> None:
        self._uniqueids: set[str] | None = None

    def observe(self, observation: Observation) -> None:
        """Take one observation in."""
        match observation:
            case Snapshot():
                self._uniqueids = {live.channel.uniqueid for live in observation.channels}
            case PbxBooted():
                self._uniqueids = None
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
