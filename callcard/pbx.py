"""The private PBX of one data folder: its settings, made alike by every process of the installation."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from asterisk_conf import generations
from asterisk_conf.find import find_asterisk
from asterisk_conf.music import music_classes, music_folder
from asterisk_conf.private_pbx import PrivatePbx, prepare, run_dir
from asterisk_conf.render import Rendered, endpoints_of, render
from asterisk_conf.settings import Asterisk, PbxSettings
from callcard.layout import Layout
from callcard.manager import manager_of
from callcard.settings import Keys, Settings
from crm_core.errors import StartRefused
from crm_core.health import Health
from crm_core.office.model import OfficeFile
from crm_core.people.model import DeviceKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlay:
    """What the demo and the benchmarks add to a rendered PBX: text at the end of files, modules to load."""

    added: Mapping[str, str]  # file name -> text
    modules: tuple[str, ...] = ()

    def over(self, files: Mapping[str, str]) -> dict[str, str]:
        """*files* with this laid over them."""
        laid = {name: text + self.added.get(name, "") for name, text in files.items()}
        for module in self.modules:
            unloaded = re.sub(rf"^noload = {re.escape(module)}\n", "", laid["modules.conf"], flags=re.M)
            laid["modules.conf"] = f"{unloaded}load = {module}\n"
        return laid


def device_secret(keys: Keys, endpoint: str) -> str:
    """The SIP password of a device: 128 bits, derived, so that nothing has to be stored for each."""
    return hmac.digest(keys.device_secret_seed.encode(), endpoint.encode(), hashlib.sha256).hex()[:32]


def ari_secret(keys: Keys) -> str:
    """The password of the account that sets phones' passwords: derived like theirs."""
    return device_secret(keys, "ari")


def browser_phones(office: OfficeFile) -> tuple[str, ...]:
    """Endpoints of the phones in the browser."""
    return tuple(
        device.endpoint
        for person in office.person_list()
        for device in person.devices
        if device.kind is DeviceKind.BROWSER
    )


def pbx_settings(settings: Settings, keys: Keys, office: OfficeFile) -> PbxSettings:
    """What rendering and running the private PBX need besides the office."""
    layout, manager = Layout(settings.data), manager_of(settings, keys)
    return PbxSettings(
        home=layout.pbx,
        run_dir=run_dir(layout.pbx),
        recordings=layout.recordings,
        system_name=keys.system_name,
        sip_bind=office.sip.bind,
        sip_port=office.sip.port,
        rtp_start=office.sip.rtp_start,
        rtp_end=office.sip.rtp_end,
        ami_port=manager.port,
        listener_user=manager.listener_user,
        listener_secret=manager.listener_secret,
        actor_user=manager.actor_user,
        actor_secret=manager.actor_secret,
        agi_host=settings.agi.host,
        agi_port=settings.agi.port,
        agi_token=keys.agi_token,
        http_port=settings.pbx_http_port,
        ari_secret=ari_secret(keys),
        device_secrets={endpoint: device_secret(keys, endpoint) for endpoint in endpoints_of(office)},
        music_classes=music_classes(music_folder(layout.pbx)),
    )


def rendered_with(
    office: OfficeFile, settings: PbxSettings, asterisk: Asterisk, overlay: Overlay | None
) -> Rendered:
    """The configuration of *office*, with *overlay* added to its files."""
    rendered = render(office, settings, asterisk)
    return replace(rendered, files=overlay.over(rendered.files)) if overlay else rendered


async def found_asterisk(cache: Path, configured: Path | None) -> Asterisk:
    """The Asterisk to run. Raises StartRefused with the command that brings one."""
    found = await asyncio.to_thread(find_asterisk, cache, configured)
    if found is None:
        raise StartRefused("There is no Asterisk for the private PBX yet: run `callcard pbx install`")
    return found


async def private_pbx(
    settings: Settings,
    keys: Keys,
    office: OfficeFile,
    *,
    health: Health | None = None,
    overlay: Overlay | None = None,
) -> PrivatePbx:
    """A private PBX with the configuration of *office* in place, not yet started."""
    asterisk = await found_asterisk(settings.cache, settings.asterisk)
    own = pbx_settings(settings, keys, office)
    runs_as = await asyncio.to_thread(prepare, own)
    rendered = rendered_with(office, own, asterisk, overlay)
    folder = await asyncio.to_thread(generations.write, rendered, own, runs_as)
    generations.use(own, folder)
    generations.prune(own)
    return PrivatePbx(own, asterisk, runs_as=runs_as, health=health)
