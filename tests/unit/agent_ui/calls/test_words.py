"""The fixed words of calls."""

from __future__ import annotations

import pytest

from agent_ui.calls.words import ended_by, unreached_word
from crm_core.calls.model import Direction, HangupBy, Leg, LegRole, LegState
from tests.fakes.house import NOW

pytestmark = pytest.mark.unit


def leg(role: LegRole, cause: int | None) -> Leg:
    return Leg(
        channel=f"{role}.{cause}",
        channel_name="PJSIP/trunk-provider-00000001",
        role=role,
        agent=None,
        endpoint=None,
        number=None,
        state=LegState.ENDED,
        started_at=NOW,
        cause=cause,
    )


@pytest.mark.parametrize(
    ("cause", "word"),
    [
        (17, "the line is busy"),
        (19, "no answer"),
        (1, "not in service"),
        (28, "not in service"),
        (16, None),
        (None, None),
    ],
)
def test_why_somebody_was_not_reached_is_said_by_their_own_leg(cause: int | None, word: str | None) -> None:
    assert unreached_word((leg(LegRole.AGENT, 17), leg(LegRole.CUSTOMER, cause))) == word


def test_of_an_agent_alone_nothing_is_known() -> None:
    assert unreached_word((leg(LegRole.AGENT, 17),)) is None


def test_whom_an_agent_called_is_no_caller() -> None:
    assert ended_by(HangupBy.CALLER, Direction.OUT) == "the customer"
    assert (
        ended_by(HangupBy.CALLER, Direction.IN)
        == ended_by(HangupBy.CALLER, Direction.INTERNAL)
        == "the caller"
    )
    assert ended_by(HangupBy.AGENT, Direction.OUT) == "the agent"
