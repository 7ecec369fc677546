"""Passwords: argon2id (RFC 9106) with the library's defaults, off the event loop.

One hash takes about a third of a second and 64 MiB by design; more than two at once would take the
machine away from calls.
"""

from __future__ import annotations

import asyncio

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from crm_core.errors import BadInput
from crm_core.i18n import N_

MIN_LENGTH, MAX_LENGTH = 8, 256
AT_ONCE = 2


def require_password(password: str) -> None:
    """Raises BadInput when *password* is too short or too long to be one."""
    if not MIN_LENGTH <= len(password) <= MAX_LENGTH:
        raise BadInput(N_("A password has 8 to 256 characters."), field="password")


class Passwords:
    """Hashes and checks passwords. Belongs to one event loop."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._nobody: str | None = None

    async def hash(self, password: str) -> str:
        """The text to keep. Raises BadInput as `require_password` does."""
        require_password(password)
        async with self._slots:
            return await asyncio.to_thread(self._hasher.hash, password)

    async def matches(self, kept: str | None, password: str) -> bool:
        """Whether *password* is the one behind *kept*.

        For None (no such person) a hash is computed too, so that the time taken tells nothing.
        """
        if self._nobody is None:  # the first check takes longer, whoever asks
            self._nobody = await self.hash("nobody has this one")
        async with self._slots:
            right = await asyncio.to_thread(self._check, kept or self._nobody or "", password[:MAX_LENGTH])
        return right and kept is not None

    def _check(self, kept: str, password: str) -> bool:
        try:
            return self._hasher.verify(kept, password)
        except (VerificationError, InvalidHashError):
            return False
