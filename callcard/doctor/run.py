"""All checks, one after the other, one line a finding."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterable

from callcard.doctor import machine, people, running, stores, switch
from callcard.doctor.finding import Check, Finding, State, wrong
from callcard.doctor.ground import Ground, opened_ground
from callcard.logs import set_up_logs
from callcard.settings import Settings

CHECKS: tuple[Check, ...] = (
    machine.python,
    machine.data_folder,
    machine.keys_file,
    machine.disk,
    machine.open_files,
    machine.clock,
    machine.audio,
    machine.postgresql_programs,
    stores.database,
    stores.redis,
    switch.asterisk,
    people.office,
    switch.configuration,
    running.running,
    running.parts,
    switch.accounts,
    running.ports,
)
_CHECK_S = 20.0
_SILENT = 100  # what parts log while they are looked at is not for this page


async def run_doctor(settings: Settings) -> int:
    """Print every finding; 1 when something is wrong. Raises StartRefused when the keys cannot be read."""
    set_up_logs(level=_SILENT)
    worst = 0
    async with opened_ground(settings) as ground:
        for check in CHECKS:
            for finding in await examined(check, ground):
                sys.stdout.write(f"{finding}\n")
                sys.stdout.flush()
                worst = max(worst, 1 if finding.state is State.WRONG else 0)
    return worst


async def examined(check: Check, ground: Ground) -> Iterable[Finding]:
    """What *check* finds, bounded in time: a check that hangs is a finding itself."""
    try:
        async with asyncio.timeout(_CHECK_S):
            return await check(ground)
    except TimeoutError:
        return [wrong(check.__name__.replace("_", " "), f"no answer within {_CHECK_S:g} s")]
