"""The demo's password: one for everybody of the sample office, another in each data folder."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from collections.abc import Iterable

from callcard.settings import Keys
from crm_core.people.service import PeopleService

GROUPS, LETTERS = 3, 4  # 60 bits, to be read off a terminal and typed


def demo_password(keys: Keys) -> str:
    """Made from the folder's own secrets, so that it stays the same when the demo is started there again."""
    digest = hashlib.sha256(f"demo password {keys.device_secret_seed}".encode()).digest()
    text = base64.b32encode(digest).decode().lower()
    return "-".join(text[at : at + LETTERS] for at in range(0, GROUPS * LETTERS, LETTERS))


async def give_password(people: PeopleService, names: Iterable[str], password: str) -> None:
    """Let all *names* sign in with it. Those who could already stay signed in."""

    async def give(name: str) -> None:
        if await people.reader_for_password(name, password) is None:
            await people.add_user(name, password, by="demo")

    await asyncio.gather(*map(give, names))
