"""The thinnest real call through every room."""

from __future__ import annotations

import asyncio

import pytest

from tests.journeys.house import SALES, running_house

pytestmark = pytest.mark.journey


async def test_a_call_is_identified_routed_recorded_and_found_afterwards(database_dsn: str) -> None:
    async with running_house(database_dsn) as house:
        await house.available("anna", "elena")
        call = await house.call(SALES, number="+74955550142")
        await call.answered(5.0)
        await asyncio.sleep(1.5)
        await call.hangup()
        seen = await house.the_call(lambda c: c["state"] == "ended" and bool(c["recordings"]), timeout=10)
        assert seen["from"] == "+74955550142"
        assert seen["agent"] == "elena"
        assert seen["owner"] == "elena"
        assert seen["outcome"] == "answered"
        assert seen["hangup_by"] == "caller"
        assert 1.2 < seen["talk_s"] < 2.5
        print(seen)
