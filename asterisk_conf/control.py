"""The local control socket of a private PBX: the only door configuration is loaded through.

No manager account may reload or read configuration, so whoever owns the files asks here, by the
program itself (`asterisk -rx`), bounded in time.
"""

from __future__ import annotations

import asyncio

from asterisk_conf.settings import Asterisk, PbxSettings
from crm_core.errors import Unavailable
from crm_core.i18n import Message


class Control:
    """Runs console commands in the PBX of *settings*. Commands are ours, never outside text."""

    def __init__(self, asterisk: Asterisk, settings: PbxSettings, *, timeout: float = 10.0) -> None:
        self._argv = (*asterisk.command, "-C", str(settings.current / "asterisk.conf"), "-rx")
        self._timeout = timeout

    async def run(self, command: str, *, timeout: float | None = None) -> str:
        """Return what *command* prints. Raises Unavailable when the PBX is away or silent."""
        process = await asyncio.create_subprocess_exec(
            *self._argv,
            command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        try:
            async with asyncio.timeout(timeout or self._timeout):
                output, _ = await process.communicate()
        except TimeoutError:
            raise Unavailable(
                Message("Asterisk did not answer on its control socket: {command}", command=command)
            ) from None
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        text = output.decode(errors="replace")
        if process.returncode != 0:
            raise Unavailable(Message("Asterisk's control socket is away: {said}", said=text.strip()[:200]))
        return text
