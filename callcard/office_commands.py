"""`callcard office …`, and the apply of `callcard up --office`."""

from __future__ import annotations

import getpass
import sys
from pathlib import Path

from asterisk_conf.apply import PbxLoader
from asterisk_conf.music import music_folder, without_sound
from callcard.access import database_at, opened_database
from callcard.layout import Layout, read_running
from callcard.pbx import found_asterisk, pbx_settings
from callcard.settings import Settings, load_keys, read_settings
from callcard.terminal import in_words, say
from crm_core.calls.dispositions import FileDispositions
from crm_core.clock import SystemClock
from crm_core.customers.seeding import FileCustomers
from crm_core.db.engine import Database
from crm_core.errors import BadInput, BadOffice, Conflict
from crm_core.i18n import N_, Message
from crm_core.office.changes import Change
from crm_core.office.model import OfficeFile
from crm_core.office.reading import OfficeProblems, read_office
from crm_core.office.service import OfficeService


def read_text(path: Path) -> str:
    """The text of a file. Raises BadInput that names it."""
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or error
        raise BadInput(Message("{path}: cannot be read: {error}", path=path, error=why)) from None


def read_checked(path: Path) -> tuple[str, OfficeFile]:
    """An office file's text and what it says. Raises BadInput, BadOffice with every problem's place."""
    text = read_text(path)
    try:
        return text, read_office(text)
    except OfficeProblems as problems:
        raise BadOffice("\n".join(_places(path, problems))) from None


def office_service(database: Database) -> OfficeService:
    """The use cases of the office file, with the subjects that follow it."""
    return OfficeService(database, followers=(FileCustomers(SystemClock()), FileDispositions()))


async def check_office(settings: Settings, path: Path) -> int:
    """Print every problem of the file, one a line; 1 when there is any."""
    try:
        office = read_office(read_text(path))
    except OfficeProblems as problems:
        for place in _places(path, problems):
            say(place)
        return 1
    if silent := _silent_music(settings, path, office):
        for problem in silent:
            say(problem)
        return 1
    say(
        Message(
            "{path}: right; people: {people}, numbers: {numbers}, queues: {queues}",
            path=path,
            people=len(office.people),
            numbers=len(office.numbers),
            queues=len(office.queues),
        )
    )
    return 0


async def diff_office(settings: Settings, path: Path) -> int:
    """Print what applying the file would change."""
    text, _ = read_checked(path)
    async with opened_database(settings) as database:
        _print_changes(await office_service(database).check(text))
    return 0


async def apply_office(settings: Settings, path: Path, *, base: int | None) -> int:
    """Apply the file: to the database, and to the private PBX when it runs."""
    text, office = read_checked(path)
    if silent := _silent_music(settings, path, office):
        raise BadOffice("\n".join(map(in_words, silent)))
    async with opened_database(settings) as database:
        loader = await _loader(settings, office)
        applied = await office_service(database).apply(text, base, getpass.getuser(), loader)
    _print_changes(applied.changes)
    told = N_("version {version}") if applied.new else N_("version {version} (unchanged)")
    say(Message(told, version=applied.version))
    return 0


async def export_office(settings: Settings) -> int:
    """Print the applied file, comments included."""
    async with opened_database(settings) as database:
        text = await office_service(database).export()
    if text is None:
        raise BadOffice(N_("There is no applied office yet."), hint="callcard office apply FILE")
    sys.stdout.write(text)
    return 0


async def apply_first(database_url: str, text: str) -> None:
    """Apply an office file's text before anything runs: there is no PBX to load it into yet."""
    async with database_at(database_url) as database:
        await office_service(database).apply(text, None, getpass.getuser(), None)


async def _loader(settings: Settings, office: OfficeFile) -> PbxLoader | None:
    """Loads into the private PBX that runs, rendered with the settings it was started with."""
    running = read_running(Layout(settings.data))
    if running is None:
        return None
    settings = read_settings(running.settings)
    if not settings.private_pbx:
        return None
    if running.demo:
        raise Conflict(N_("The demo's phones would be lost: its office stays as it is while it runs."))
    asterisk = await found_asterisk(settings.cache, settings.asterisk)
    return PbxLoader(pbx_settings(settings, load_keys(settings.data), office), asterisk)


def _silent_music(settings: Settings, path: Path, office: OfficeFile) -> list[Message]:
    """Queues whose callers would hear other music than the file says. Another PBX has classes of its own."""
    if not settings.private_pbx:
        return []
    return [
        Message(
            "{path}: queues.{queue}.music: there is no sound in {folder}: put WAV files there",
            path=path,
            queue=queue,
            folder=folder,
        )
        for queue, folder in without_sound(office, music_folder(Layout(settings.data).pbx))
    ]


def _places(path: Path, problems: OfficeProblems) -> list[str]:
    return [f"{path}: {in_words(problem.words)}" for problem in problems.problems]


def _print_changes(changes: tuple[Change, ...]) -> None:
    for change in changes:
        say(change.words)
    if not changes:
        say(N_("Nothing changes."))
