"""A private Asterisk on rendered configuration: it boots clean, restarts, and leaves nothing behind."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import pytest

from asterisk_conf.conf_text import read_sections
from asterisk_conf.private_pbx import PrivatePbx
from crm_core.errors import StartRefused
from tests.journeys.pbx import running_pbx
from tests.unit.asterisk_conf.samples import sample_office

pytestmark = pytest.mark.integration


async def test_boots_without_a_warning_and_has_what_was_rendered(tmp_path: Path) -> None:
    async with running_pbx(sample_office(), agi_port=9, directory=tmp_path, address="127.0.0.21") as running:
        assert running.log_lines("WARNING", "ERROR") == []
        text = (running.settings.current / "extensions.conf").read_text()
        shown = await running.control.run("dialplan show")
        for section in read_sections(text):
            if section.entries and section.name != "general":
                assert f"[ Context '{section.name}' created by 'pbx_config' ]" in shown
        endpoints = await running.control.run("pjsip show endpoints")
        assert "agent-anna-desk/101" in endpoints
        assert "trunk-carrier" in endpoints


async def test_runs_as_an_ordinary_user(tmp_path: Path) -> None:
    async with running_pbx(sample_office(), agi_port=9, directory=tmp_path, address="127.0.0.22") as running:
        assert running.pbx.pid is not None
        assert Path(f"/proc/{running.pbx.pid}").stat().st_uid != 0
        if os.geteuid() == 0:
            config = running.settings.current / "manager.conf"
            assert config.stat().st_uid == 0
            assert config.stat().st_mode & 0o007 == 0


async def test_a_crash_is_followed_by_a_new_boot_epoch(tmp_path: Path) -> None:
    async with running_pbx(sample_office(), agi_port=9, directory=tmp_path, address="127.0.0.23") as running:
        pid, epoch = running.pbx.pid, running.pbx.boot_epoch
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        async with asyncio.timeout(20):
            while running.pbx.pid in (pid, None):
                await asyncio.sleep(0.05)
        assert running.pbx.boot_epoch == epoch + 1
        assert "fully booted" in await running.control.run("core waitfullybooted")


async def test_a_second_one_in_the_same_folder_is_refused(tmp_path: Path) -> None:
    async with running_pbx(sample_office(), agi_port=9, directory=tmp_path, address="127.0.0.34") as running:
        second = PrivatePbx(running.settings, running.asterisk)
        with pytest.raises(StartRefused, match="another Asterisk"):
            await second.start()
        assert running.pbx.boot_epoch == 1
        assert "fully booted" in await running.control.run("core waitfullybooted")


async def test_stop_leaves_no_process_and_no_socket_answering(tmp_path: Path) -> None:
    async with running_pbx(sample_office(), agi_port=9, directory=tmp_path, address="127.0.0.24") as running:
        pid = running.pbx.pid
        await running.pbx.stop()
        assert not Path(f"/proc/{pid}").exists()
