"""`callcard watch`: finds the feed and a token for this machine's own Callcard when none is given."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Callable

from callcard.access import opened_database
from callcard.layout import Layout, read_running
from callcard.settings import Settings
from callcard.terminal import chosen_language
from callcard.watch import watch
from crm_core.clock import SystemClock
from crm_core.errors import StartRefused
from crm_core.people.model import Role
from crm_core.people.service import PeopleService
from crm_core.private_file import write_private


async def run_watch(
    settings: Callable[[], Settings], *, url: str | None, token: str | None, language: str, plain: bool
) -> int:
    """Watch until Ctrl-C. Without *token*, one is made for an admin of this machine's data folder."""
    shown = chosen_language(language)
    if url is None or token is None:
        here = settings()
        running = read_running(Layout(here.data))
        if running is None:
            raise StartRefused(f"No Callcard runs on {here.data}: give --url and --token, or CALLCARD_DATA")
        url = url or f"ws://{running.http}/live"
        token = token or await _own_token(here)
    return await watch(url, token, language=shown, plain=plain or not sys.stdout.isatty(), out=sys.stdout)


async def _own_token(settings: Settings) -> str:
    """This machine's own token, made once and kept (0600) in the data folder."""
    kept = settings.data / "watch.token"
    if kept.exists():
        return kept.read_text("ascii").strip()
    token = await _new_token(settings)
    write_private(kept, token.encode("ascii"))
    return token


async def _new_token(settings: Settings) -> str:
    async with opened_database(settings) as database:
        people = PeopleService(database, SystemClock())
        everybody = await people.people()
        admin = next((person for person in everybody if person.role is Role.ADMIN), None)
        if admin is None:
            raise StartRefused("The office has no admin to watch as: give --token")
        return await people.create_token(admin.name, "callcard watch", by=getpass.getuser())
