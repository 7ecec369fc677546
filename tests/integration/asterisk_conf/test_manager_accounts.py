"""What the two manager accounts may do at a real Asterisk, and what they may not."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.journeys.ami_tap import AmiTap
from tests.journeys.pbx import running_pbx
from tests.unit.asterisk_conf.samples import sample_office

pytestmark = pytest.mark.integration

REFUSED_TO_BOTH: tuple[tuple[str, dict[str, str]], ...] = (
    ("Command", {"Command": "core show version"}),
    ("Reload", {}),
    ("GetConfig", {"Filename": "manager.conf"}),
    ("GetConfigJSON", {"Filename": "pjsip.conf"}),
    ("UpdateConfig", {"SrcFilename": "manager.conf", "DstFilename": "manager.conf"}),
    ("CreateConfig", {"Filename": "x.conf"}),
    ("ListCategories", {"Filename": "manager.conf"}),
    ("ModuleLoad", {"Module": "app_system.so", "LoadType": "load"}),
    ("DialplanExtensionAdd", {"Context": "cc-net", "Extension": "x", "Priority": "1", "Application": "NoOp"}),
    ("DBPut", {"Family": "x", "Key": "y", "Val": "z"}),
    ("Originate", {"Channel": "Local/s@cc-net", "Application": "System", "Data": "id"}),
    ("Originate", {"Channel": "Local/s@cc-net", "Application": "Set", "Data": "FILE(/tmp/x)=y"}),
    ("Originate", {"Channel": "Local/s@cc-net", "Application": "MixMonitor", "Data": "/tmp/x.wav,,id"}),
    ("Setvar", {"Variable": "SHELL(id)", "Value": "x"}),
)


async def test_accounts_are_refused_what_they_must_not_do(tmp_path: Path) -> None:
    async with running_pbx(sample_office(), agi_port=9, directory=tmp_path, address="127.0.0.30") as running:
        own = running.settings
        for user, secret in (
            (own.listener_user, own.listener_secret),
            (own.actor_user, own.actor_secret),
        ):
            async with await AmiTap.login(own.ami_port, user, secret) as account:
                for name, fields in REFUSED_TO_BOTH:
                    answer = await account.action(name, **fields)
                    assert answer["Response"] == "Error", (user, name, answer)
        async with await AmiTap.login(own.ami_port, own.listener_user, own.listener_secret) as listener:
            for name, fields in (
                (
                    "Originate",
                    {"Channel": "Local/s@cc-net", "Context": "cc-net", "Exten": "s", "Priority": "1"},
                ),
                ("Redirect", {"Channel": "x", "Context": "cc-offer", "Exten": "s", "Priority": "1"}),
                ("QueueAdd", {"Queue": "sales", "Interface": "Local/anna@cc-fallback/n"}),
                ("Hangup", {"Channel": "x"}),
            ):
                answer = await listener.action(name, **fields)
                assert "denied" in answer["Message"].lower(), (name, answer)
        assert not (tmp_path / "x").exists()


async def test_the_accounts_can_do_what_the_router_needs(tmp_path: Path) -> None:
    async with running_pbx(sample_office(), agi_port=9, directory=tmp_path, address="127.0.0.31") as running:
        own = running.settings
        async with (
            await AmiTap.login(own.ami_port, own.listener_user, own.listener_secret) as listener,
            await AmiTap.login(own.ami_port, own.actor_user, own.actor_secret) as actor,
        ):
            await listener.event(Event="FullyBooted")  # written by the login itself: it has no SystemName
            for name in ("CoreShowChannels", "QueueStatus", "DeviceStateList"):
                assert (await listener.action(name))["Response"] == "Success", name
            done = await actor.action("Setvar", Variable="CC_TERM", Value="7")
            assert done["Response"] == "Success"
            assert "CC_TERM=7" in await running.control.run("dialplan show globals")
            member = {"Queue": "sales", "Interface": "Local/anna@cc-fallback/n"}
            state = {"MemberName": "anna", "StateInterface": "hint:anna@cc-hints"}
            assert (await actor.action("QueueAdd", **member, **state))["Response"] == "Success"
            added = await listener.event(Event="QueueMemberAdded")
            assert (added["MemberName"], added["Status"]) == ("anna", "1")
            assert added["SystemName"] == own.system_name
            for name, fields in (
                ("QueuePause", {"Paused": "true", "Reason": "break"}),
                ("QueuePenalty", {"Penalty": "2"}),
                ("QueueRemove", {}),
            ):
                assert (await actor.action(name, **member, **fields))["Response"] == "Success", name


async def test_a_second_leader_cannot_log_in_beside_the_first(tmp_path: Path) -> None:
    async with running_pbx(sample_office(), agi_port=9, directory=tmp_path, address="127.0.0.32") as running:
        own = running.settings
        async with await AmiTap.login(own.ami_port, own.actor_user, own.actor_secret):
            with pytest.raises(PermissionError):
                await AmiTap.login(own.ami_port, own.actor_user, own.actor_secret)
        again = await AmiTap.login(own.ami_port, own.actor_user, own.actor_secret)
        await again.close()
        with pytest.raises(PermissionError):
            await AmiTap.login(own.ami_port, own.actor_user, "wrong-secret-0000")


async def test_members_outlive_a_restart_of_the_pbx(tmp_path: Path) -> None:
    async with running_pbx(sample_office(), agi_port=9, directory=tmp_path, address="127.0.0.33") as running:
        await running.control.run("queue add member Local/anna@cc-fallback/n to sales penalty 0 as anna")
        await running.pbx.stop()
        await running.pbx.start()
        assert "anna" in await running.control.run("queue show sales")
