"""`callcard user …`, `callcard token …`, `callcard db …`."""

from __future__ import annotations

import getpass
import sys

from callcard.access import database_url, opened_database
from callcard.settings import Settings
from callcard.terminal import in_words, say
from crm_core.clock import SystemClock
from crm_core.db.migrate import upgrade
from crm_core.errors import BadInput, NotFound
from crm_core.i18n import N_, Message
from crm_core.ids import parse_id
from crm_core.people.service import PeopleService


async def add_user(settings: Settings, name: str) -> int:
    """Read a password (twice on a terminal) and give it to *name*."""
    if sys.stdin.isatty():
        password = getpass.getpass(in_words(Message("Password of {name}: ", name=name)))
        if getpass.getpass(in_words(N_("Again: "))) != password:
            raise BadInput(N_("The two passwords differ; nothing was changed."))
    else:
        password = sys.stdin.readline().rstrip("\n")
    async with opened_database(settings) as database:
        await PeopleService(database, SystemClock()).add_user(name, password, by=getpass.getuser())
    say(Message("{name} has a password now.", name=name))
    return 0


async def new_token(settings: Settings, person: str, label: str) -> int:
    """Print a new token, alone on its line, so that scripts can take it."""
    async with opened_database(settings) as database:
        people = PeopleService(database, SystemClock())
        sys.stdout.write(await people.create_token(person, label, by=getpass.getuser()) + "\n")
    return 0


async def list_tokens(settings: Settings, person: str) -> int:
    """Print the tokens of *person* that work, newest first, one a line."""
    async with opened_database(settings) as database:
        tokens = await PeopleService(database, SystemClock()).list_tokens(person)
    for token in tokens:
        say(f"{token.id}  {token.created_at:%Y-%m-%d %H:%M}  {token.label}")
    return 0


async def revoke_token(settings: Settings, id: str) -> int:
    """End the token of this id. Raises NotFound."""
    wanted = parse_id(id)
    if wanted is None:
        raise NotFound(N_("There is no such token."))
    async with opened_database(settings) as database:
        await PeopleService(database, SystemClock()).revoke_token(wanted, by=getpass.getuser())
    say(N_("The token has ended."))
    return 0


async def upgrade_database(settings: Settings) -> int:
    """Upgrade, and say so."""
    async with database_url(settings) as url:
        await upgrade(url)
    say(N_("The database has this version's tables."))
    return 0
