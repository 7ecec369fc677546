"""Loading a changed office into the running private PBX: all of it, or the state before.

Written beside, switched in one step, reloaded over the control socket, then compared with what Asterisk
says it has. When it refuses anything, the generation before is put back and reloaded. Live calls go on.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import structlog

from asterisk_conf import generations
from asterisk_conf.conf_text import read_sections
from asterisk_conf.control import Control
from asterisk_conf.private_pbx import prepare
from asterisk_conf.render import Rendered, render
from asterisk_conf.settings import Asterisk, PbxSettings
from asterisk_conf.verify import differences
from crm_core.errors import CallcardError, Conflict, Unavailable
from crm_core.i18n import N_
from crm_core.office.model import OfficeFile

log = structlog.get_logger(__name__)

_RELOAD_S = 30.0
_LOG_LIMIT = 1_000_000  # bytes of log one reload can be asked about


class LoadRefused(CallcardError):
    """Asterisk did not take the configuration; the one before is in force."""

    code = "load_refused"
    status = 409


class PbxLoader:
    """Loads offices into the private PBX of *settings*; the `Loader` that crm_core.office asks for."""

    def __init__(self, settings: PbxSettings, asterisk: Asterisk, *, user: str | None = None) -> None:
        self._settings = settings
        self._asterisk = asterisk
        self._user = user
        self._control = Control(asterisk, settings)

    async def load(self, office: OfficeFile) -> None:
        """Make *office* work in the running PBX.

        Raises BadOffice for what cannot be rendered, Conflict for what needs a restart, Unavailable when
        the PBX is away, LoadRefused when it did not take it: the state before is in force then.
        """
        await self.load_rendered(render(office, self._settings, self._asterisk))

    async def load_rendered(self, rendered: Rendered) -> None:
        """The same for configuration that is rendered already."""
        before = generations.current(self._settings)
        if before is None:
            raise Unavailable(N_("The private PBX has never been started."))
        _refuse_restart(before, rendered)
        await self._control.run("core show version")
        runs_as = await asyncio.to_thread(prepare, self._settings, self._user)
        folder = await asyncio.to_thread(generations.write, rendered, self._settings, runs_as)
        try:
            problems = await self._switch(folder, rendered)
        except BaseException:
            await self._restore(before)
            raise
        if problems:
            await self._restore(before)
            raise LoadRefused(N_("Asterisk did not take the configuration."), hint="; ".join(problems[:5]))
        generations.prune(self._settings)
        log.info("configuration loaded", generation=folder.name)

    async def _switch(self, folder: Path, rendered: Rendered) -> list[str]:
        mark = self._log_size()
        generations.use(self._settings, folder)
        await self._control.run("core reload", timeout=_RELOAD_S)
        return self._errors_since(mark) or await differences(rendered, self._control)

    async def _restore(self, before: Path) -> None:
        """Put the generation before back, whatever happens; a PBX that died meanwhile starts with it."""
        generations.use(self._settings, before)
        try:
            await self._control.run("core reload", timeout=_RELOAD_S)
        except Unavailable as error:
            log.error("configuration put back, not reloaded", reason=error.message)

    def _log_size(self) -> int:
        try:
            return self._settings.log_file.stat().st_size
        except FileNotFoundError:
            return 0

    def _errors_since(self, mark: int) -> list[str]:
        """What Asterisk logged as ERROR about configuration since *mark*."""
        try:
            with self._settings.log_file.open("rb") as file:
                file.seek(mark)
                text = file.read(_LOG_LIMIT).decode(errors="replace")
        except FileNotFoundError:
            return []
        lines = [line for line in text.splitlines() if "] ERROR[" in line]
        return [line.partition("] ERROR[")[2].partition("] ")[2] for line in lines if _is_about_files(line)]


def _is_about_files(line: str) -> bool:
    """Errors of calls that run meanwhile are not ours to judge: only those of the configuration readers."""
    readers = ("config", "sorcery", "pbx_config.c", "loader.c", "manager.c", "app_queue.c", "res_pjsip/")
    return any(reader in line for reader in readers)


def _refuse_restart(before: Path, rendered: Rendered) -> None:
    """Sockets are opened once: a changed address would be written and not used. So are the modules for
    phones in the browser, which come with the first of them (http.conf).
    """
    for name, section, key in (
        ("pjsip.conf", "transport-udp", "bind"),
        ("rtp.conf", "general", "rtpstart"),
        ("rtp.conf", "general", "rtpend"),
        ("manager.conf", "general", "port"),
        ("asterisk.conf", "options", "systemname"),
        ("http.conf", "general", "bindport"),
    ):
        if (before / name).exists() != (name in rendered.files):
            raise Conflict(
                N_("The first phone in the browser, or the last one leaving, needs a PBX started again."),
                field="people",
            )
        old, new = _text(before / name), rendered.files.get(name, "")
        if _value(old, section, key) != _value(new, section, key):
            raise Conflict(
                N_("Addresses and ports change only when the private PBX is started again."),
                field=f"{section}.{key}",
            )


def _text(file: Path) -> str:
    return file.read_text(encoding="utf-8") if file.exists() else ""


def _value(text: str, section: str, key: str) -> str | None:
    return next((found.get(key) for found in read_sections(text) if found.name == section), None)
