"""`callcard up`: owns PostgreSQL, the private Asterisk and a worker, in that order, and ends them in reverse.

A worker that dies is started again and calls talk on: they live in Asterisk, which is a child of this
process and not of the worker. Only the end of this process ends all.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import aiohttp
import structlog

from asterisk_conf.private_pbx import PrivatePbx
from callcard.access import naming_the_database, no_office, require_office
from callcard.children import WORKER, ChildrenFile
from callcard.layout import DataLock, Layout, Running, write_running
from callcard.limits import raise_open_files
from callcard.logs import set_up_logs
from callcard.office_commands import apply_first, read_checked
from callcard.owning import own_task
from callcard.pbx import Overlay, private_pbx
from callcard.ports import own_ports, pbx_ports, require_apart, until_free
from callcard.reporting import Reporter
from callcard.settings import PREFIX, Settings, environment_of, load_keys
from callcard.terminal import say
from crm_core.child import Child, Command
from crm_core.db.embedded import EmbeddedPostgres
from crm_core.db.migrate import upgrade
from crm_core.errors import StartRefused
from crm_core.health import Health
from crm_core.i18n import Message
from crm_core.office.model import OfficeFile
from crm_core.supervise import RestartPolicy
from crm_core.supervise import Supervisor as ChildSupervisor

log = structlog.get_logger(__name__)

_WORKER_READY_S = 60.0
_ANSWER_S = 10.0
_TELL_S = 0.5  # a state is told at once, what is said beside it within this


class Supervisor:
    """One running Callcard. `run()` until a signal; `running()` for the demo and the tests."""

    def __init__(
        self,
        settings: Settings,
        *,
        office: Path | None = None,
        office_text: str | None = None,
        overlay: Overlay | None = None,
        demo: bool = False,
    ) -> None:
        """*office*, or its text, is applied before the start; without one the applied office is used.

        *demo*: the web has what only the demo shows; *overlay* must have its callers.
        """
        self.settings = settings
        self.layout = Layout(settings.data)
        self.pbx: PrivatePbx | None = None
        self.worker: ChildSupervisor | None = None
        self.database_url = ""
        self._office = office
        self._office_text = office_text
        self._overlay = overlay
        self._demo = demo
        self._health = Health()

    async def run(self) -> int:
        """Run until SIGINT or SIGTERM. Raises StartRefused."""
        set_up_logs()
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop.set)
        async with self.running():
            say(Message("Callcard is up at {url}  (Ctrl-C ends it)", url=f"http://{self.settings.http}"))
            await stop.wait()
            log.info("ending")
        return 0

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Supervisor]:
        """Everything up inside, everything ended after, in order, also when a start fails half-way."""
        text = self._office_to_apply()
        raise_open_files()
        lock = DataLock(self.layout)
        lock.take()
        async with AsyncExitStack() as stack:
            stack.callback(lock.release)
            load_keys(self.settings.data)  # made at the first start, before anybody needs them
            self.database_url = await self._database(stack)
            with naming_the_database(self.settings):
                await upgrade(self.database_url)
                if text is not None:
                    await apply_first(self.database_url, text)
                office = await require_office(self.database_url)
            ports = own_ports(self.settings)
            if self._overlay is None:  # which may have moved those of the PBX
                ports += pbx_ports(self.settings, office)
            require_apart(ports)
            await until_free(ports)
            if self.settings.private_pbx:
                await self._private_pbx(stack, office)
            await self._tell_of_children(stack)
            await self._worker(stack)
            write_running(  # only now: who reads it expects an answer
                self.layout,
                Running(
                    pid=os.getpid(),
                    database_url=self.database_url,
                    http=str(self.settings.http),
                    settings=environment_of(self.settings),
                    demo=self._overlay is not None,
                ),
            )
            log.info("up", http=str(self.settings.http))
            yield self

    def _office_to_apply(self) -> str | None:
        """Its text, read and checked before anything is started; None: the applied one is used."""
        if self._office is not None:
            return read_checked(self._office)[0]
        embedded = self.settings.database_url is None
        if self._office_text is None and embedded and not (self.layout.postgres / "data").exists():
            raise no_office()
        return self._office_text

    async def _database(self, stack: AsyncExitStack) -> str:
        if self.settings.database_url is not None:
            return self.settings.database_url
        server = EmbeddedPostgres(self.layout.postgres, health=self._health)
        url = await server.start()
        stack.push_async_callback(server.stop)
        return url

    async def _private_pbx(self, stack: AsyncExitStack, office: OfficeFile) -> None:
        keys = load_keys(self.settings.data)
        self.pbx = await private_pbx(self.settings, keys, office, health=self._health, overlay=self._overlay)
        await self.pbx.start()
        stack.push_async_callback(self.pbx.stop)

    async def _tell_of_children(self, stack: AsyncExitStack) -> None:
        """Let the worker know how its siblings are, first before it is started."""
        reporter = Reporter(self._health, ChildrenFile(self.layout).say, every_s=_TELL_S)
        await reporter.report()
        await own_task(stack, reporter.run(), "children")

    async def _worker(self, stack: AsyncExitStack) -> None:
        self.worker = ChildSupervisor(
            Command(
                name=WORKER,
                argv=[sys.executable, "-m", "callcard", "worker", *(("--demo",) if self._demo else ())],
                env=self._worker_environment(),
                stops=((signal.SIGTERM, 8.0),),
                ours=True,
            ),
            ready=self._answers,
            ready_timeout_s=_WORKER_READY_S,
            alive=self._answers,
            policy=RestartPolicy(first_s=0.05, budget=None),
            health=self._health,
        )
        await self.worker.start()
        stack.push_async_callback(self.worker.stop)

    def _worker_environment(self) -> dict[str, str]:
        """Ours, with our settings and no others: a worker must not find what the supervisor did not."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
        environment |= environment_of(self.settings)
        environment["CALLCARD_DATABASE_URL"] = self.database_url
        environment["PYTHONFAULTHANDLER"] = "1"  # one that hangs says where it stands
        # The package is found also when it is run from a checkout and not installed.
        environment["PYTHONPATH"] = os.pathsep.join(
            filter(None, (str(Path(__file__).parents[1]), environment.get("PYTHONPATH")))
        )
        return environment

    async def _answers(self, _child: Child) -> None:
        """Return when the worker's web answers at all; what it says is for /healthz's readers."""
        timeout = aiohttp.ClientTimeout(total=_ANSWER_S)
        async with aiohttp.ClientSession(timeout=timeout) as session:
            while True:
                try:
                    async with session.get(f"http://{self.settings.http}/healthz") as answer:
                        if answer.headers.get("Server", "").startswith("callcard"):
                            return
                        raise StartRefused(f"CALLCARD_HTTP: {self.settings.http} is used by something else")
                except (aiohttp.ClientError, TimeoutError):
                    await asyncio.sleep(0.1)
