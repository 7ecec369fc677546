"""Who reads a socket may be signed out, or get another role or office, while it is open."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping

from agent_ui.live.socket import Close, LiveSocket
from crm_core.errors import Unavailable
from crm_core.people.model import Reader

RECHECK_S = 1.0

Recheck = Callable[[Collection[str]], Awaitable[Mapping[str, Reader]]]


class Readers:
    """Looks at the readers of *sockets* again and again.

    *recheck* gives the readers behind those of some token ids that are still valid, *leave* forgets a socket
    that was asked to close, *draw* gives one whose reader is another now all that they see.
    """

    def __init__(
        self,
        recheck: Recheck,
        sockets: Collection[LiveSocket],
        *,
        leave: Callable[[LiveSocket], None],
        draw: Callable[[LiveSocket], None],
    ) -> None:
        self._recheck = recheck
        self._sockets = sockets
        self._leave = leave
        self._draw = draw
        self._signed_out = asyncio.Event()

    def signed_out(self) -> None:
        """Sessions ended: look now."""
        self._signed_out.set()

    async def run(self) -> None:
        """Look each second, and at once when sessions ended, until cancelled."""
        while True:
            try:
                async with asyncio.timeout(RECHECK_S):
                    await self._signed_out.wait()
            except TimeoutError:
                pass  # nobody said so; what another process revoked is found all the same
            self._signed_out.clear()
            await self._look()

    async def _look(self) -> None:
        """End sockets whose token or session is over; a changed role or office gets its own new snapshot."""
        ids = {s.reader.token_id for s in self._sockets if s.reader.token_id is not None}
        if not ids:
            return
        try:
            async with asyncio.timeout(RECHECK_S):
                valid = await self._recheck(ids)
        except (Unavailable, TimeoutError):
            # Live screens outlast the database; who was let in stays until it can be asked again.
            return
        for socket in tuple(self._sockets):
            reader = valid.get(socket.reader.token_id or "")
            if reader is None and socket.reader.token_id in ids:
                socket.end(Close.NOT_SIGNED_IN)
                self._leave(socket)
            elif reader is not None and reader != socket.reader:
                socket.reader = reader
                self._draw(socket)
