"""The command line. Each command is a few lines: it reads settings and hands over.

Imports of whole rooms stand inside the commands, so that `callcard --help` answers at once.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any, NoReturn

from cyclopts import App, CycloptsError, Parameter

from callcard import __version__
from callcard.settings import read_settings
from crm_core.errors import CallcardError

app = App(
    name="callcard", version=__version__, help="An open, telephony-first contact-center CRM on Asterisk."
)
pbx = App(name="pbx", help="The private Asterisk.")
office = App(name="office", help="The office file: people, devices, numbers, queues.")
user = App(name="user", help="Who may sign in.")
token = App(name="token", help="Bearer tokens for the API and the live feed.")
db = App(name="db", help="The database.")
for group in (pbx, office, user, token, db):
    app.command(group)

OfficePath = Annotated[Path, Parameter(help="The office file (YAML).")]


@app.command
def up(*, office: Annotated[Path | None, Parameter(help="Apply this office file first.")] = None) -> None:
    """Run everything: PostgreSQL, the private Asterisk, and a worker (router, web, recorder)."""
    from callcard.supervisor import Supervisor

    _run(Supervisor(read_settings(), office=office).run())


@app.command
def demo(
    *,
    language: Annotated[str, Parameter(name="--lang", help="en, ru or az; else from LANG.")] = "",
    calls: Annotated[int, Parameter(help="Stop after so many calls; 0: go on until Ctrl-C.")] = 0,
    quiet: Annotated[
        bool, Parameter(negative="", help="Let nobody ring but who is asked for in the browser.")
    ] = False,
    data: Annotated[
        Path | None, Parameter(help="Keep the demo's data here instead of a throw-away folder.")
    ] = None,
) -> None:
    """Run the sample office with real calls that the PBX makes to itself, and watch it here."""
    from callcard.demo.run import run_demo

    _run(run_demo(language=language, calls=None if quiet else calls, data=data))


@app.command
def worker(*, demo: Annotated[bool, Parameter(show=False, negative="")] = False) -> None:
    """Router, web and recorder in one process (started by `up`)."""
    _part("router", "web", "recorder", demo=demo)


@app.command
def router() -> None:
    """Only the router: listens to the PBX and decides who takes a call."""
    _part("router")


@app.command
def web() -> None:
    """Only the web: API, live feed, health, metrics."""
    _part("web")


@app.command
def recorder() -> None:
    """Only the recorder: verifies and keeps recordings."""
    _part("recorder")


def _part(*parts: str, demo: bool = False) -> None:
    from callcard.wiring import run_parts

    _run(run_parts(read_settings(), frozenset(parts), demo=demo))


@pbx.command
def install(*, quiet: Annotated[bool, Parameter(negative="")] = False) -> None:
    """Fetch Asterisk for the private PBX, without root, into the cache; prints its version."""
    from callcard.pbx_commands import install_pbx

    _run(install_pbx(read_settings(), quiet=quiet))


@pbx.command(name="run")
def run_pbx() -> None:
    """Run only the private PBX, with the applied office, in the foreground."""
    from callcard.pbx_commands import run_private_pbx

    _run(run_private_pbx(read_settings()))


@pbx.command
def render(
    *, office: OfficePath, to: Annotated[Path, Parameter(help="Write the files into this folder.")]
) -> None:
    """Render Asterisk's configuration from an office file, lint it, and write it to a folder."""
    from callcard.pbx_commands import render_pbx

    _run(render_pbx(read_settings(), office, to))


@pbx.command
def devices() -> None:
    """Print the SIP accounts of the applied office: what is typed into phones."""
    from callcard.pbx_commands import list_devices

    _run(list_devices(read_settings()))


@office.command
def check(file: OfficePath) -> None:
    """Say what is wrong with an office file, or that nothing is."""
    from callcard.office_commands import check_office

    _run(check_office(read_settings(), file))


@office.command
def diff(file: OfficePath) -> None:
    """Say in words what applying this file would change."""
    from callcard.office_commands import diff_office

    _run(diff_office(read_settings(), file))


@office.command
def apply(
    file: OfficePath,
    *,
    base: Annotated[int | None, Parameter(help="Refuse unless this version is the applied one.")] = None,
) -> None:
    """Make this file the office: database and PBX, both or neither."""
    from callcard.office_commands import apply_office

    _run(apply_office(read_settings(), file, base=base))


@office.command
def export() -> None:
    """Print the applied office file."""
    from callcard.office_commands import export_office

    _run(export_office(read_settings()))


@user.command
def add(name: str) -> None:
    """Give a person of the office file a password, read from the terminal or standard input."""
    from callcard.people_commands import add_user

    _run(add_user(read_settings(), name))


@token.command
def new(person: str, *, label: Annotated[str, Parameter(help="What it is for.")] = "command line") -> None:
    """Make a bearer token for a person; it is shown this once."""
    from callcard.people_commands import new_token

    _run(new_token(read_settings(), person, label))


@token.command(name="list")
def list_tokens(person: str) -> None:
    """Print a person's tokens that work: id, when it was made, what it is for."""
    from callcard.people_commands import list_tokens

    _run(list_tokens(read_settings(), person))


@token.command
def revoke(id: Annotated[str, Parameter(help="As `token list` prints it; never the token itself.")]) -> None:
    """End a token: requests and open live feeds with it end within two seconds."""
    from callcard.people_commands import revoke_token

    _run(revoke_token(read_settings(), id))


@db.command
def upgrade() -> None:
    """Bring the database to this version's tables."""
    from callcard.people_commands import upgrade_database

    _run(upgrade_database(read_settings()))


@app.command
def doctor() -> None:
    """Look for what is wrong or will be, and say the way out."""
    from callcard.doctor import run_doctor

    _run(run_doctor(read_settings()))


@app.command
def watch(
    *,
    url: Annotated[str | None, Parameter(help="Live feed; else this machine's own.")] = None,
    token: Annotated[
        str | None, Parameter(help="Bearer token; else CALLCARD's own for this data folder.")
    ] = None,
    language: Annotated[str, Parameter(name="--lang", help="en, ru or az; else from LANG.")] = "",
    plain: Annotated[bool, Parameter(negative="", help="One line an event.")] = False,
) -> None:
    """Calls, agents and queues live in the terminal."""
    from callcard.watch_command import run_watch

    _run(run_watch(read_settings, url=url, token=token, language=language, plain=plain))


def _run(work: Coroutine[Any, Any, int | None]) -> None:
    """Run a command; its number, if any, is the exit code. Logs go to standard error: output is its own."""
    import asyncio
    import logging

    from callcard.logs import set_up_logs

    set_up_logs(level=logging.WARNING)  # those that run on say more, and set it themselves
    code = asyncio.run(work)
    if code:
        sys.exit(code)


def run() -> None:
    """The console script: what goes wrong is one line on standard error, never a traceback."""
    try:
        app(exit_on_error=False, print_error=False)
    except CycloptsError as error:
        _fail(" ".join(str(error).split()))
    except CallcardError as error:
        from callcard.terminal import in_words

        hint = f" ({in_words(error.hint_words)})" if error.hint_words else ""
        _fail(f"{in_words(error.words)}{hint}")
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:  # the reader of our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except Exception as error:
        if sys.flags.dev_mode:
            raise
        text = " ".join(str(error).split())
        _fail(f"unforeseen {type(error).__name__}: {text} (all of it: {_kept(error)})", code=70)


def _fail(line: str, *, code: int = 2) -> NoReturn:
    sys.stderr.write(f"callcard: {line}\n")
    sys.exit(code)


def _kept(error: Exception) -> str:
    """Where the traceback of *error* was written, for who reports it."""
    import tempfile
    import traceback

    with tempfile.NamedTemporaryFile(
        "w", prefix="callcard-crash-", suffix=".txt", delete=False, encoding="utf-8"
    ) as file:
        traceback.print_exception(error, file=file)
    return file.name
