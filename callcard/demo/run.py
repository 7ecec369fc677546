"""`callcard demo`: everything up in a folder of its own, calls on a schedule, the watch in this terminal."""

from __future__ import annotations

import asyncio
import itertools
import os
import shutil
import signal
import socket
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.resources import files
from pathlib import Path

from asterisk_conf.install import ensure_asterisk
from callcard.demo.peers import demo_office, demo_overlay, ring
from callcard.demo.script import callers
from callcard.logs import set_up_logs
from callcard.pbx import pbx_settings
from callcard.settings import Listen, Settings, load_keys, read_settings
from callcard.supervisor import Supervisor
from callcard.terminal import chosen_language, say
from callcard.watch import watch
from crm_core.clock import SystemClock
from crm_core.db.engine import Database
from crm_core.errors import StartRefused
from crm_core.i18n import N_, Message
from crm_core.office.model import OfficeFile
from crm_core.office.reading import read_office
from crm_core.office.writing import canonical
from crm_core.people.model import Role
from crm_core.people.service import PeopleService
from crm_core.presence.model import ChosenState
from crm_core.presence.service import PresenceService

PREPARING = N_("Preparing the demo: Asterisk, a database, an office …")
READY = N_("API: {url}/api/v1/openapi.json   a supervisor's token: {token}")
ENDING = N_("Ending the demo …")
_LAST_CALL_S = 60.0


async def run_demo(*, language: str, calls: int, data: Path | None) -> int:
    """Run until Ctrl-C, or until *calls* calls were made and are over."""
    shown = chosen_language(language)
    say(PREPARING, shown)
    base = read_settings({k: v for k, v in os.environ.items() if k != "CALLCARD_AMI_HOST"})
    await asyncio.to_thread(ensure_asterisk, base.cache, base.asterisk, say=lambda line: say(line, shown))
    async with _folder(data) as folder:
        settings = _settings(base, folder)
        set_up_logs(folder / "logs" / "callcard.log")
        supervisor, office = _supervisor(settings)
        stop = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        async with supervisor.running():
            tokens = await _log_in(supervisor.database_url, office)
            url = f"http://{settings.http}"
            say(Message(READY, url=url, token=tokens["viktor"]), shown)
            await _until_stopped(
                stop,
                watch(url, tokens["admin"], language=shown, plain=not sys.stdout.isatty(), out=sys.stdout),
                _calls(folder / "pbx" / "spool", calls),
            )
            say(ENDING, shown)
    return 0


async def _until_stopped(stop: asyncio.Event, *works: object) -> None:
    """Run the watch and the calls until *stop*, or until the calls are over."""
    watching, calling = (asyncio.ensure_future(work) for work in works)  # type: ignore[call-overload]
    stopping = asyncio.create_task(stop.wait(), name="demo-stop")
    try:
        await asyncio.wait({watching, calling, stopping}, return_when=asyncio.FIRST_COMPLETED)
        for task in (watching, calling):
            if task.done():
                task.result()
    finally:
        for task in (watching, calling, stopping):
            task.cancel()
        await asyncio.gather(watching, calling, stopping, return_exceptions=True)


async def _calls(spool: Path, limit: int) -> None:
    """Let the script's callers ring; with a *limit*, return when the last of them is surely over."""
    last = 0.0
    for caller in itertools.islice(callers(), limit or None):
        await asyncio.sleep(caller.after_s)
        await asyncio.to_thread(ring, spool, caller)
        last = max(last, caller.talk_s)
    await asyncio.sleep(min(last + 10.0, _LAST_CALL_S))


async def _log_in(database_url: str, office: OfficeFile) -> dict[str, str]:
    """The simulated agents take their seats; tokens of everybody with more rights than an agent."""
    database = await Database.open(database_url, pool_size=2, hot_size=1)
    try:
        presence = PresenceService(database, SystemClock())
        people = PeopleService(database, SystemClock())
        tokens: dict[str, str] = {}
        for person in office.person_list():
            if person.devices:
                await presence.choose(person.name, ChosenState.AVAILABLE, None, by="demo")
            if person.role is not Role.AGENT:
                tokens[person.name] = await people.create_token(person.name, "demo", by="demo")
        return tokens
    finally:
        await database.close()


def _supervisor(settings: Settings) -> tuple[Supervisor, OfficeFile]:
    sip_port = _free(5060, socket.SOCK_DGRAM, ("127.0.0.1", "127.0.0.2", "127.0.0.3"))
    office = demo_office(read_office(_sample_office()), sip_port=sip_port, rtp_start=16_000)
    agents = [person.name for person in office.person_list() if person.devices]
    overlay = demo_overlay(agents, sip_port=sip_port)
    own = pbx_settings(settings, load_keys(settings.data), office)
    outgoing = own.home / "spool" / "outgoing"
    outgoing.mkdir(parents=True, exist_ok=True)
    outgoing.chmod(0o777)  # as root, Asterisk is another user and removes call files when done
    supervisor = Supervisor(
        settings,
        office_text=canonical(office),
        overlay=overlay,
        log_file=settings.data / "logs" / "callcard.log",
    )
    return supervisor, office


def _sample_office() -> str:
    """`examples/office.yaml`, from the checkout or from inside the installed package."""
    checkout = Path(__file__).parents[2] / "examples" / "office.yaml"
    if checkout.exists():
        return checkout.read_text("utf-8")
    return files("callcard.demo").joinpath("office.yaml").read_text("utf-8")


def _settings(base: Settings, folder: Path) -> Settings:
    return Settings(
        data=folder,
        cache=base.cache,
        asterisk=base.asterisk,
        http=Listen(base.http.host, _free(base.http.port, socket.SOCK_STREAM, (base.http.host,))),
        agi=Listen("127.0.0.1", _free(4573, socket.SOCK_STREAM, ("127.0.0.1",))),
        ami_port=_free(5038, socket.SOCK_STREAM, ("127.0.0.1",)),
        ami_listener_user=base.ami_listener_user,
        ami_actor_user=base.ami_actor_user,
    )


def _free(first: int, kind: socket.SocketKind, hosts: tuple[str, ...]) -> int:
    """The first port from *first* on that nobody has on any of *hosts*. Raises StartRefused."""
    for port in range(first, first + 200):
        if all(_can_bind(host, port, kind) for host in hosts):
            return port
    raise StartRefused(f"No free port from {first} on: something holds them all")


def _can_bind(host: str, port: int, kind: socket.SocketKind) -> bool:
    with socket.socket(socket.AF_INET, kind) as probe:
        if kind is socket.SOCK_STREAM:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


@asynccontextmanager
async def _folder(data: Path | None) -> AsyncIterator[Path]:
    """*data*, or a throw-away folder that the ordinary user Asterisk runs as may enter."""
    if data is not None:
        yield data.absolute()
        return
    folder = Path(tempfile.mkdtemp(prefix="callcard-demo-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
