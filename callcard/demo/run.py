"""`callcard demo`: everything up in a folder of its own, calls on a schedule, the watch in this terminal."""

from __future__ import annotations

import asyncio
import itertools
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Coroutine, Set
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

from asterisk_conf.install import ensure_asterisk
from callcard.access import database_at
from callcard.demo.peers import CARRIER, PHONES, demo_office, demo_overlay, free_seat, ring, simulated
from callcard.demo.sample import sample_office
from callcard.demo.script import callers
from callcard.demo.sign_in import demo_password, give_password
from callcard.layout import PASSAGE, Layout
from callcard.logs import set_up_logs
from callcard.pbx import pbx_settings
from callcard.ports import TCP, UDP, first_free
from callcard.settings import Keys, Listen, Settings, load_keys, read_settings
from callcard.supervisor import Supervisor
from callcard.terminal import chosen_language, in_words, say
from callcard.watch import watch
from crm_core.clock import SystemClock
from crm_core.errors import StartRefused
from crm_core.i18n import N_, Message
from crm_core.office.model import OfficeFile
from crm_core.office.reading import read_office
from crm_core.office.writing import canonical
from crm_core.people.model import Role
from crm_core.people.service import PeopleService
from crm_core.presence.model import ChosenState
from crm_core.presence.service import PresenceService

PREPARING = N_("Starting a database, a private Asterisk and the sample office…")
READY = N_("Open {url} and sign in. Everybody's password is {password}")
SEAT = N_("  {names}: this seat is free. Take the calls with the phone in the browser")
COLLEAGUES = N_("  {names}: agents whose phones answer by themselves")
OTHERS = N_("  {names}: supervisor and admin; their board shows it all, live")
NOTE = N_("{url}   sign in as {names}   password {password}")
API = N_("API: {url}/api/v1/openapi.json   a supervisor's token: {token}")
ENDING = N_("Ending the demo…")
_SEATED_S = 20.0
_OVER_S = 120.0  # the longest call of the script, waiting and voicemail included
_SETTLED_S = 3.0  # the ledger and the recordings follow the end of a call


async def run_demo(*, language: str, calls: int | None, data: Path | None) -> int:
    """Run until Ctrl-C, or until *calls* calls were made and are over; 0: as many as come, None: none."""
    shown = chosen_language(language)
    base = read_settings({k: v for k, v in os.environ.items() if k != "CALLCARD_AMI_HOST"})
    await asyncio.to_thread(ensure_asterisk, base.cache, base.asterisk, say=lambda line: say(line, shown))
    say(PREPARING, shown)
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with _folder(data) as folder:
        settings = _settings(base, folder)
        set_up_logs(Layout(folder).logs / "callcard.log")
        supervisor, office = _supervisor(settings)
        async with supervisor.running():
            tokens = await _log_in(supervisor.database_url, office, load_keys(settings.data))
            url, password = f"http://{settings.http}", demo_password(load_keys(settings.data))
            _tell(office, url, password, tokens["viktor"], shown)
            note = Message(NOTE, url=url, names=", ".join((free_seat(office), *tokens)), password=password)
            show = watch(
                url,
                tokens["admin"],
                language=shown,
                plain=not sys.stdout.isatty(),
                out=sys.stdout,
                note=in_words(note, shown),
            )
            agents = set(simulated(office))
            calling = [] if calls is None else [_calls(supervisor, url, tokens["admin"], agents, calls)]
            await _until_stopped(stop, show, *calling)
            say(ENDING, shown)
    return 0


def _tell(office: OfficeFile, url: str, password: str, token: str, language: str) -> None:
    """Print how to look at it. A free seat's page comes first: that is what one would try."""
    others = [name for name, person in office.people.items() if person.role is not Role.AGENT]
    say(Message(READY, url=url, password=password), language)
    say(Message(SEAT, names=free_seat(office)), language)
    say(Message(COLLEAGUES, names=", ".join(simulated(office))), language)
    say(Message(OTHERS, names=", ".join(others)), language)
    say(Message(API, url=url, token=token), language)


async def _until_stopped(stop: asyncio.Event, *works: Coroutine[Any, Any, Any]) -> None:
    """Run *works* until *stop*, or until one of them is over."""
    tasks = [
        asyncio.create_task(work, name=f"demo-{number}") for number, work in enumerate((stop.wait(), *works))
    ]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _calls(supervisor: Supervisor, url: str, token: str, agents: Set[str], limit: int) -> None:
    """Let the script's callers ring; with a *limit*, return when the last of them has hung up."""
    await _seated(url, token, agents)
    spool = supervisor.layout.pbx / "spool"
    for caller in itertools.islice(callers(), limit or None):
        await asyncio.sleep(caller.after_s)
        await asyncio.to_thread(ring, spool, caller)
    async with asyncio.timeout(_OVER_S):
        await asyncio.sleep(1.0)  # Asterisk takes the last call file
        await _quiet(supervisor)
    await asyncio.sleep(_SETTLED_S)


async def _quiet(supervisor: Supervisor) -> None:
    """Return when the PBX has no channel."""
    assert supervisor.pbx is not None
    while True:
        shown = await supervisor.pbx.control.run("core show channels count")
        if shown.startswith("0 "):
            return
        await asyncio.sleep(0.5)


async def _seated(url: str, token: str, agents: Set[str]) -> None:
    """Return when all these *agents* are shown available: the first caller is to find somebody."""
    headers = {"Authorization": f"Bearer {token}"}
    try:
        async with asyncio.timeout(_SEATED_S), aiohttp.ClientSession(headers=headers) as session:
            while True:
                async with session.get(f"{url}/api/v1/agents") as answer:
                    shown = (await answer.json()).get("items", ())
                if agents <= {agent["name"] for agent in shown if agent["state"] == "available"}:
                    return
                await asyncio.sleep(0.1)
    except (aiohttp.ClientError, TimeoutError) as error:
        raise StartRefused("The demo's agents could not take their seats; try again") from error


async def _log_in(database_url: str, office: OfficeFile, keys: Keys) -> dict[str, str]:
    """The simulated agents take their seats; tokens of everybody with more rights than an agent.

    Everybody gets the demo's password; the free seat is left until somebody signs in there.
    """
    async with database_at(database_url) as database:
        presence = PresenceService(database, SystemClock())
        people = PeopleService(database, SystemClock())
        tokens: dict[str, str] = {}
        seated = {
            **dict.fromkeys(simulated(office), ChosenState.AVAILABLE),
            free_seat(office): ChosenState.OFFLINE,
        }
        for name, state in seated.items():
            await presence.choose(name, state, None, by="demo")
        await give_password(people, office.people, demo_password(keys))
        for person in office.person_list():
            if person.role is not Role.AGENT:
                tokens[person.name] = await people.create_token(person.name, "demo", by="demo")
        return tokens


def _supervisor(settings: Settings) -> tuple[Supervisor, OfficeFile]:
    sip_port = first_free(5060, UDP, "127.0.0.1", CARRIER, PHONES)
    sample = read_office(sample_office().read_text("utf-8"))
    office = demo_office(sample, sip_port=sip_port, rtp_start=16_000)
    overlay = demo_overlay(simulated(office), sip_port=sip_port)
    own = pbx_settings(settings, load_keys(settings.data), office)
    outgoing = own.home / "spool" / "outgoing"
    outgoing.mkdir(parents=True, exist_ok=True)
    outgoing.chmod(0o777)  # as root, Asterisk is another user and removes call files when done
    return Supervisor(settings, office_text=canonical(office), overlay=overlay, demo=True), office


def _settings(base: Settings, folder: Path) -> Settings:
    return Settings(
        data=folder,
        cache=base.cache,
        asterisk=base.asterisk,
        http=Listen(base.http.host, first_free(base.http.port, TCP, base.http.host)),
        agi=Listen("127.0.0.1", first_free(base.agi.port, TCP, "127.0.0.1")),
        ami_port=first_free(base.ami_port, TCP, "127.0.0.1"),
        pbx_http_port=first_free(base.pbx_http_port, TCP, "127.0.0.1"),
        ami_listener_user=base.ami_listener_user,
        ami_actor_user=base.ami_actor_user,
    )


@asynccontextmanager
async def _folder(data: Path | None) -> AsyncIterator[Path]:
    """*data*, or a throw-away folder that the ordinary user Asterisk runs as may enter."""
    if data is not None:
        yield data.absolute()
        return
    folder = Path(tempfile.mkdtemp(prefix="callcard-demo-"))
    folder.chmod(PASSAGE)
    try:
        yield folder
    finally:
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
