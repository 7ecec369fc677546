"""Work behind the calls gives way to questions, in turn, and not for ever."""

from __future__ import annotations

import asyncio

import pytest

from crm_core.call_path import CallPath

pytestmark = pytest.mark.unit


async def test_with_no_question_open_nobody_waits() -> None:
    await CallPath().give_way(0.0)


async def test_while_a_question_is_open_they_wait_and_then_go_in_turn() -> None:
    path, done = CallPath(), list[int]()

    async def work(number: int) -> None:
        await path.give_way(5.0)
        done.append(number)

    async with asyncio.TaskGroup() as group:
        with path.answering():
            for number in range(3):
                group.create_task(work(number))
            await asyncio.sleep(0.01)
            assert done == []
    assert done == [0, 1, 2]


async def test_a_question_that_comes_meanwhile_goes_before_the_next() -> None:
    path, done = CallPath(), list[int]()

    async def work(number: int) -> None:
        await path.give_way(5.0)
        done.append(number)

    async with asyncio.TaskGroup() as group:
        with path.answering():
            for number in range(2):
                group.create_task(work(number))
            await asyncio.sleep(0)
        with path.answering():
            await asyncio.sleep(0.02)
            assert done == [0], "the first had its turn already"
    assert done == [0, 1]


async def test_after_its_time_work_is_done_all_the_same() -> None:
    path = CallPath()
    with path.answering():
        await path.give_way(0.01)
        left = asyncio.create_task(path.give_way(5.0))
        await asyncio.sleep(0)
        assert not left.done()
    async with asyncio.timeout(1):
        await left
