"""Work behind the calls: newest of a key, again while a dependency is away, bounded."""

from __future__ import annotations

import pytest

from callrouter.acd.behind import WorkBehind
from crm_core.errors import NotFound, Unavailable

pytestmark = pytest.mark.unit


class Jobs:
    def __init__(self) -> None:
        self.done: list[str] = []
        self.away = False

    def job(self, name: str, error: Exception | None = None):  # type: ignore[no-untyped-def]
        async def run() -> None:
            if self.away:
                raise Unavailable
            if error is not None:
                raise error
            self.done.append(name)

        return run


async def test_a_later_job_of_a_key_takes_the_place_of_the_former() -> None:
    jobs, behind = Jobs(), WorkBehind()
    behind.put("a", jobs.job("a1"))
    behind.put("b", jobs.job("b"))
    behind.put("a", jobs.job("a2"))
    assert await behind.pass_once() == 0
    assert jobs.done == ["a2", "b"]


async def test_what_finds_its_dependency_away_is_tried_again() -> None:
    jobs, behind = Jobs(), WorkBehind()
    jobs.away = True
    behind.put("a", jobs.job("a"))
    assert await behind.pass_once() == 1
    jobs.away = False
    assert await behind.pass_once() == 0
    assert jobs.done == ["a"]


async def test_what_can_never_succeed_is_not_tried_again() -> None:
    jobs, behind = Jobs(), WorkBehind()
    behind.put("refused", jobs.job("x", NotFound()))
    behind.put("broken", jobs.job("x", ValueError()))
    behind.put("good", jobs.job("good"))
    assert await behind.pass_once() == 0
    assert (jobs.done, len(behind)) == (["good"], 0)


async def test_the_list_is_bounded_and_says_what_it_dropped() -> None:
    jobs, behind = Jobs(), WorkBehind(limit=2)
    for name in "abc":
        behind.put(name, jobs.job(name))
    await behind.finish(1.0)
    assert jobs.done == ["b", "c"]
    assert behind.dropped == 1
