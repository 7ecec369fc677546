"""A changed office under a running Callcard: calls go on, what is new works, what is bad changes nothing.

The commands are real processes that know nothing but the data folder, as in another shell.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.fakes.sip_peer import Answer, Phone
from tests.integration.cli.command_line import CommandLine, Said
from tests.journeys.front import PHONES, SALES, make_tokens, until
from tests.journeys.running_callcard import Callcard, frozen, note_invites, running_callcard, talk
from tests.servers import rtp_start

pytestmark = [pytest.mark.journey, pytest.mark.asyncio(loop_scope="module")]

FAIR = "+74955550155"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def callcard() -> AsyncIterator[Callcard]:
    async with running_callcard() as running:
        yield running


class Office:
    """The office of a running Callcard, as a file that is changed and applied."""

    def __init__(self, callcard: Callcard) -> None:
        self._file = callcard.settings.data / "edited.yaml"
        self._command = CommandLine(callcard.settings.data)

    async def export(self) -> str:
        said = await self("office", "export")
        assert said.code == 0, said
        return said.out

    async def apply(self, text: str) -> Said:
        await asyncio.to_thread(self._file.write_text, text, "utf-8")
        return await self("office", "apply", self._file)

    async def __call__(self, *arguments: object) -> Said:
        return await asyncio.to_thread(self._command, *map(str, arguments))


def with_olga(text: str, phone: Phone) -> str:
    """The office with an agent, in sales, and a number more."""
    olga = f"""
  olga:
    title: Olga
    office: moscow
    extension: "109"
    devices: [{{kind: contact, contact: "sip:olga@{phone.host}:{phone.port}"}}]
  viktor:"""
    fair = f'numbers:\n  "{FAIR}": {{title: Fair, office: moscow, queue: sales}}\n'
    changed = text.replace("\n  viktor:", olga, 1).replace("numbers:\n", fair, 1)
    return changed.replace("members: [anna, elena]", "members: [anna, elena, olga]", 1)


async def test_a_call_goes_on_while_an_agent_and_a_number_are_added(callcard: Callcard) -> None:
    await callcard.at_work("anna")
    office = Office(callcard)
    async with await Phone.open(PHONES, endpoint="olga", behaviour=Answer()) as phone:
        note_invites(callcard, "olga", phone)
        before = await callcard.call(SALES, number="+74955550171")
        _, anna = await callcard.rung("+74955550171")
        await callcard.until_state("anna", "talking")

        applied = await office.apply(with_olga(await office.export(), phone))
        assert applied.code == 0, applied
        assert [line for line in applied.lines if "olga" in line or FAIR in line], applied
        await talk(before, anna)

        callcard.tokens |= await make_tokens(callcard.database, ["olga"])
        await until(lambda: knows(callcard, "olga"), timeout=30, what="the live view to know olga")
        await callcard.available("olga")
        second = await callcard.call(FAIR, number="+74955550172")
        agent, olga = await callcard.rung("+74955550172")
        assert agent == "olga"  # anna talks, elena is not there
        await talk(second, olga)
        await talk(before, anna)
        assert (await callcard.by_number("+74955550172"))[0]["did"] == FAIR
        for leg in (before, second):
            await leg.hangup()
        assert (await callcard.ended("+74955550171"))["outcome"] == "answered"
        assert (await callcard.ended("+74955550172"))["agent"] == "olga"
        await callcard.set_state("olga", "offline")
    await callcard.audit()


async def knows(callcard: Callcard, agent: str) -> bool:
    """Whether the live view shows *agent*."""
    return agent in {shown["name"] for shown in (await callcard.get("/api/v1/agents"))["items"]}


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("queue: brief", "queue: nowhere", "'nowhere', which is not in queues"),
        (
            f"rtp_start: {rtp_start(20_600)}",
            f"rtp_start: {rtp_start(20_602)}",
            "change only when the private PBX is started again",
        ),
    ],
    ids=["what is nowhere", "what needs a start"],
)
async def test_what_cannot_be_applied_changes_nothing(
    callcard: Callcard, old: str, new: str, says: str
) -> None:
    office = Office(callcard)
    text, generation = await office.export(), callcard.pbx.settings.current.readlink()
    assert old in text
    refused = await office.apply(text.replace(old, new))
    assert says in refused.refused()
    assert await office.export() == text
    assert callcard.pbx.settings.current.readlink() == generation


async def test_an_office_the_pbx_cannot_load_changes_nothing(callcard: Callcard) -> None:
    office = Office(callcard)
    text, generation = await office.export(), callcard.pbx.settings.current.readlink()
    with frozen([callcard.pbx_pid()]):
        refused = await office.apply(text.replace("title: Sales line", "title: Kitchens"))
    assert "did not answer on its control socket" in refused.refused()
    assert await office.export() == text
    assert callcard.pbx.settings.current.readlink() == generation
    await callcard.at_work("anna")
    call = await callcard.call(SALES, number="+74955550173")
    _, anna = await callcard.rung("+74955550173")
    await talk(call, anna)
    await call.hangup()
    await callcard.audit()


async def test_other_commands_find_the_running_callcard(callcard: Callcard) -> None:
    office = Office(callcard)
    healthy = await office("doctor")
    assert healthy.code == 0, healthy.out
    assert any("manager account callcard-actor: in use by the router" in line for line in healthy.lines)
    second = await office("up")
    assert f"is in use by process {os.getpid()}" in second.refused()
    assert (await office("token", "new", "anna")).out.startswith("cc_")


async def test_watch_shows_a_call_and_ends_with_ctrl_c(callcard: Callcard) -> None:
    await callcard.at_work("anna")
    command = CommandLine(callcard.settings.data)
    watching = await asyncio.create_subprocess_exec(
        *(command.python, "-m", "callcard", "watch", "--plain"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=command.environment(),
    )
    assert watching.stdout is not None
    async with asyncio.timeout(90):
        await seen(watching.stdout, "snapshot")
        call = await callcard.call(SALES, number="+74955550174")
        await seen(watching.stdout, " +7 495 555-01-74 · talking · Anna")
        await call.hangup()
        await seen(watching.stdout, "call.ended         +7 495 555-01-74 · answered · Anna")
        watching.send_signal(signal.SIGINT)
        rest, errors = await watching.communicate()
    assert (watching.returncode, errors) == (130, b""), rest
    await callcard.audit()


async def seen(stream: asyncio.StreamReader, text: str) -> None:
    """Read lines until one holds *text*."""
    lines: list[str] = []
    while line := (await stream.readline()).decode():
        lines.append(line)
        if text in line:
            return
    raise AssertionError(f"{text!r} never came: {lines}")
