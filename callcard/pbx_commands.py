"""`callcard pbx …`."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

from asterisk_conf.find import find_asterisk
from asterisk_conf.install import ensure_asterisk
from asterisk_conf.lint import lint
from asterisk_conf.render import write_files
from callcard.access import database_url, require_office
from callcard.layout import DataLock, Layout
from callcard.logs import set_up_logs
from callcard.office_commands import read_checked
from callcard.pbx import device_secret, found_asterisk, pbx_settings, private_pbx, rendered_with
from callcard.settings import Settings, load_keys
from callcard.terminal import say
from crm_core.errors import BadOffice
from crm_core.i18n import Message
from crm_core.people.model import DeviceKind


async def install_pbx(settings: Settings, *, quiet: bool) -> int:
    """Find or fetch Asterisk, print its version. With *quiet*, one that is there already says nothing."""
    before = await asyncio.to_thread(find_asterisk, settings.cache, settings.asterisk)
    asterisk = await asyncio.to_thread(ensure_asterisk, settings.cache, settings.asterisk, say=say)
    if before is None or not quiet:
        say(f"Asterisk {asterisk.version_text}: {asterisk.command[-1]}")
    return 0


async def run_private_pbx(settings: Settings) -> int:
    """Run the private PBX of the applied office until a signal."""
    set_up_logs()
    lock = DataLock(Layout(settings.data))
    lock.take()
    try:
        async with database_url(settings) as url:
            office = await require_office(url)
        pbx = await private_pbx(settings, load_keys(settings.data), office)
        await pbx.start()
        stop = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        say(
            Message(
                "Asterisk {version} runs: SIP {address}",
                version=pbx.asterisk.version_text,
                address=f"{office.sip.bind}:{office.sip.port}",
            )
        )
        await stop.wait()
        await pbx.stop()
    finally:
        lock.release()
    return 0


async def render_pbx(settings: Settings, office_path: Path, to: Path) -> int:
    """Write what Asterisk would get, linted, into *to*. Raises BadOffice for findings."""
    _, office = read_checked(office_path)
    asterisk = await found_asterisk(settings.cache, settings.asterisk)
    own = pbx_settings(settings, load_keys(settings.data), office)
    rendered = rendered_with(office, own, asterisk, None)
    findings = lint(rendered)
    if findings:
        raise BadOffice("; ".join(str(finding) for finding in findings))
    to.mkdir(parents=True, exist_ok=True)
    write_files(rendered, to)
    say(Message("Files written to {folder}: {count}", folder=to, count=len(rendered.files)))
    return 0


async def list_devices(settings: Settings) -> int:
    """Print the SIP accounts of the applied office: what is typed into phones."""
    async with database_url(settings) as url:
        office = await require_office(url)
    keys = load_keys(settings.data)
    for person in office.person_list():
        for device in person.devices:
            if device.kind is DeviceKind.BROWSER:
                continue  # its password is made anew each time, and never shown
            secret = device.contact or device_secret(keys, device.endpoint)
            say(f"{device.endpoint}  {office.sip.bind}:{office.sip.port}  {secret}  {person.title}")
    return 0
