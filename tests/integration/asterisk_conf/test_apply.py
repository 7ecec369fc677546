"""Changing the office under a running PBX: loaded whole and verified, or the state before."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from agent_ui.phone.readiness import until_ready
from asterisk_conf import generations
from asterisk_conf.apply import LoadRefused, PbxLoader
from asterisk_conf.render import Rendered, endpoints_of, render
from asterisk_conf.verify import differences
from callrouter.control.ari import AriAuths
from crm_core.errors import Conflict, Unavailable
from crm_core.office.model import OfficeFile
from crm_core.people.phone_credentials import REALM, digest_of
from tests.fakes.offices import decode_office
from tests.fakes.pbx_secrets import new_device_secrets
from tests.journeys.pbx import RunningPbx, running_pbx
from tests.unit.asterisk_conf.samples import sample_office, sample_raw

pytestmark = pytest.mark.integration


def bigger_office() -> OfficeFile:
    """The sample with a person (of the longest name there can be), a number and a queue more."""
    raw = sample_raw()
    raw["people"]["d" * 32] = {
        "title": "Дина",
        "office": "moscow",
        "extension": "104",
        "devices": [{"name": "e" * 32}],
    }
    raw["queues"]["support"] = {"title": "Support", "extension": "601", "members": ["d" * 32]}
    raw["numbers"]["+74955550199"] = {"title": "More", "office": "moscow", "queue": "support"}
    return decode_office(raw)


def loader_for(running: RunningPbx, office: OfficeFile) -> PbxLoader:
    """A loader whose settings know the devices of *office* too."""
    known = running.settings.device_secrets
    secrets = {**new_device_secrets(endpoints_of(office)), **known}
    return PbxLoader(dataclasses.replace(running.settings, device_secrets=secrets), running.asterisk)


def rendered(running: RunningPbx, office: OfficeFile) -> Rendered:
    return render(office, running.settings, running.asterisk)


async def test_what_was_rendered_is_what_is_loaded(tmp_path: Path) -> None:
    async with running_pbx(sample_office(), agi_port=9, directory=tmp_path, address="127.0.0.25") as running:
        assert await differences(rendered(running, sample_office()), running.control) == []


async def test_a_bigger_office_is_loaded_and_a_smaller_one_takes_it_back(tmp_path: Path) -> None:
    async with running_pbx(sample_office(), agi_port=9, directory=tmp_path, address="127.0.0.26") as running:
        loader = loader_for(running, bigger_office())
        await running.control.run("dialplan set global CC_TERM 7")
        await running.control.run("queue add member Local/anna@cc-fallback/n to sales penalty 0 as anna")
        await loader.load(bigger_office())
        assert "CC_TERM=7" in await running.control.run("dialplan show globals")  # the leader's term stays
        assert "anna (Local/anna" in await running.control.run("queue show sales")  # and the mirror
        assert "74955550199" in await running.control.run("dialplan show cc-in-carrier")
        assert "support has 0 calls" in await running.control.run("queue show")
        await loader.load(sample_office())
        assert "74955550199" not in await running.control.run("dialplan show cc-in-carrier")
        assert await differences(rendered(running, sample_office()), running.control) == []


@pytest.mark.parametrize(
    ("file", "good", "bad"),
    [
        ("pjsip.conf", "dtmf_mode = rfc4733", "dtmf_mode = semaphore"),
        ("extensions.conf", "exten => T,1,Set", "exten => T,1,Hangup()\nexten => T,1,Set"),
        ("queues.conf", "[sales]", "[sold]"),
        ("manager.conf", "[callcard-actor]", "[callcard-player]"),
        ("cel.conf", "enable = yes", "enable = no"),
    ],
)
async def test_configuration_that_is_not_taken_is_rolled_back(
    file: str, good: str, bad: str, tmp_path: Path
) -> None:
    async with running_pbx(sample_office(), agi_port=9, directory=tmp_path, address="127.0.0.27") as running:
        before = generations.current(running.settings)
        whole = rendered(running, sample_office())
        assert good in whole.files[file]
        files = {**whole.files, file: whole.files[file].replace(good, bad)}
        loader = PbxLoader(running.settings, running.asterisk)
        with pytest.raises(LoadRefused) as refused:
            await loader.load_rendered(dataclasses.replace(whole, files=files))
        assert refused.value.hint
        assert generations.current(running.settings) == before
        assert await differences(whole, running.control) == []


async def test_an_address_needs_a_restart(tmp_path: Path) -> None:
    async with running_pbx(sample_office(), agi_port=9, directory=tmp_path, address="127.0.0.28") as running:
        moved = dataclasses.replace(running.settings, sip_port=running.settings.sip_port + 1)
        before = generations.current(running.settings)
        with pytest.raises(Conflict):
            await PbxLoader(moved, running.asterisk).load(sample_office())
        assert generations.current(running.settings) == before


def office_with_browsers(*names: str) -> OfficeFile:
    """The sample, where these people have a phone in the browser and nobody else has."""
    raw = sample_raw()
    raw["people"]["boris"]["devices"] = [{}]
    for name in names:
        raw["people"][name]["devices"] = [{"name": "web", "kind": "browser"}]
    return decode_office(raw)


@asynccontextmanager
async def phone_of_boris(running: RunningPbx) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    """Connected to Asterisk itself, its password set by ARI."""
    own = running.settings
    address = f"http://127.0.0.1:{own.http_port}"
    assert own.ari_secret is not None
    auths = AriAuths(address, own.ari_user, own.ari_secret)
    try:
        await auths.put("agent-boris-web", digest_of("agent-boris-web", "geheim"), realm=REALM)
    finally:
        await auths.close()
    timeout = aiohttp.ClientWSTimeout(ws_close=0.5)
    async with (
        aiohttp.ClientSession(address) as http,
        http.ws_connect("/ws", protocols=("sip",), timeout=timeout) as phone,
    ):
        yield phone


async def test_phones_in_the_browser_come_while_it_runs_but_for_the_first_and_the_last(
    tmp_path: Path,
) -> None:
    one = office_with_browsers("boris")
    async with running_pbx(one, agi_port=9, directory=tmp_path, address="127.0.0.35") as running:
        assert running.log_lines("WARNING", "ERROR") == []
        two = office_with_browsers("boris", "clara")
        async with phone_of_boris(running) as phone:
            await loader_for(running, two).load(two)
            assert "agent-clara-web" in await running.control.run("pjsip show endpoints")
            async with asyncio.timeout(20):  # connection and password of a phone that is there stay
                await until_ready(phone, "agent-boris-web")
        await loader_for(running, one).load(one)
        before = generations.current(running.settings)
        none = office_with_browsers()
        with pytest.raises(Conflict, match="browser"):
            await loader_for(running, none).load(none)
        assert generations.current(running.settings) == before


async def test_a_pbx_that_is_away_keeps_its_configuration(tmp_path: Path) -> None:
    async with running_pbx(sample_office(), agi_port=9, directory=tmp_path, address="127.0.0.29") as running:
        before = generations.current(running.settings)
        await running.pbx.stop()
        with pytest.raises(Unavailable):
            await loader_for(running, bigger_office()).load(bigger_office())
        assert generations.current(running.settings) == before
