"""A real private Asterisk for tests: found or installed into the cache, on its own address and free ports."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from asterisk_conf import generations
from asterisk_conf.control import Control
from asterisk_conf.install import ensure_asterisk
from asterisk_conf.private_pbx import PrivatePbx, prepare
from asterisk_conf.render import endpoints_of, render
from asterisk_conf.settings import Asterisk, PbxSettings
from crm_core.office.model import OfficeFile
from tests.fakes.pbx_secrets import new_device_secrets, new_secret, new_system_name
from tests.fakes.sip_peer import Credentials
from tests.servers import free_port, rtp_start

_RTP_PORTS = 400


@dataclass(frozen=True)
class RunningPbx:
    """An Asterisk that is fully booted. Its secrets, ports and folders are in *settings*."""

    settings: PbxSettings
    asterisk: Asterisk
    control: Control
    pbx: PrivatePbx
    log: Path

    def credentials(self, endpoint: str) -> Credentials:
        """What a phone of *endpoint* authenticates with."""
        return Credentials(endpoint, self.settings.device_secrets[endpoint])

    def log_lines(self, *levels: str) -> list[str]:
        """Lines of Asterisk's log of these levels (`WARNING`, `ERROR` …)."""
        text = self.log.read_text(errors="replace")
        return [line for line in text.splitlines() if any(f"] {level}[" in line for level in levels)]


def cache_folder() -> Path:
    """Where Asterisk is installed once for every test run of this machine."""
    default = "/var/cache/callcard" if os.geteuid() == 0 else "~/.cache/callcard"
    return Path(os.environ.get("CALLCARD_CACHE", default)).expanduser()


def free_sip_port(address: str) -> int:
    """A port free for UDP and for TCP."""
    while True:
        port = free_port(address, socket.SOCK_DGRAM)
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            try:
                probe.bind((address, port))
            except OSError:
                continue
            return port


async def find_or_install() -> Asterisk:
    """The Asterisk tests run on. Fails the test when there is none and none can be installed."""
    return await asyncio.to_thread(ensure_asterisk, cache_folder())


def pbx_settings(office: OfficeFile, home: Path, *, agi_port: int, address: str = "127.0.0.1") -> PbxSettings:
    """Fresh secrets and free ports for one PBX below *home*."""
    rtp = rtp_start(22_400)
    return PbxSettings(
        home=home,
        run_dir=home / "run",
        recordings=home / "recordings",
        system_name=new_system_name(),
        sip_bind=address,
        sip_port=free_sip_port(address),
        rtp_start=rtp,
        rtp_end=rtp + _RTP_PORTS,
        ami_port=free_port("127.0.0.1"),
        listener_secret=new_secret(),
        actor_secret=new_secret(),
        agi_port=agi_port,
        agi_token=new_secret(),
        http_port=free_port("127.0.0.1"),
        ari_secret=new_secret(),
        device_secrets=new_device_secrets(endpoints_of(office)),
    )


@asynccontextmanager
async def running_pbx(
    office: OfficeFile, *, agi_port: int, directory: Path, address: str = "127.0.0.1"
) -> AsyncIterator[RunningPbx]:
    """A PBX with the configuration of *office*, its SIP on *address*, asking FastAGI at 127.0.0.1:*agi_port*.

    *directory* gets a link to the PBX's folder: the folder itself is below the system's temporary one,
    because Asterisk runs as an ordinary user, who may not enter pytest's, and its socket path is short.
    """
    asterisk = await find_or_install()
    home = Path(tempfile.mkdtemp(prefix="ccpbx-"))
    try:
        (directory / "pbx").symlink_to(home)
        settings = pbx_settings(office, home, agi_port=agi_port, address=address)
        runs_as = await asyncio.to_thread(prepare, settings)
        generations.use(settings, generations.write(render(office, settings, asterisk), settings, runs_as))
        pbx = PrivatePbx(settings, asterisk, runs_as=runs_as)
        await pbx.start()
        try:
            yield RunningPbx(settings, asterisk, pbx.control, pbx, settings.log_file)
        finally:
            await pbx.stop()
    finally:
        shutil.rmtree(home, ignore_errors=True)
