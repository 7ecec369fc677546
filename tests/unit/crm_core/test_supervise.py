"""When a program is started again."""

from __future__ import annotations

import pytest

from crm_core.supervise import RestartPolicy

pytestmark = pytest.mark.unit


def test_pauses_double_up_to_the_most_and_end_with_the_budget() -> None:
    policy = RestartPolicy(first_s=1.0, most_s=5.0, budget=5)
    assert [policy.pause(recent) for recent in range(6)] == [1.0, 2.0, 4.0, 5.0, 5.0, None]


def test_without_a_budget_it_is_never_given_up() -> None:
    assert RestartPolicy(budget=None, most_s=10.0).pause(100_000) == 10.0
