"""How the doctor runs its checks."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from callcard.doctor import run
from callcard.doctor.finding import Findings
from callcard.doctor.ground import Ground
from tests.unit.callcard.doctor.grounds import ground, lines

pytestmark = pytest.mark.unit


async def test_a_check_that_hangs_is_a_finding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def some_part(_ground: Ground) -> Findings:
        await asyncio.Event().wait()
        return []

    monkeypatch.setattr(run, "_CHECK_S", 0.01)
    assert lines(await run.examined(some_part, ground(tmp_path))) == [
        "wrong some part: no answer within 0.01 s"
    ]
