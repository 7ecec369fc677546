"""Why a call is the reader's."""

from __future__ import annotations

import pytest

from agent_ui.desk.why import why_view
from crm_core.calls.model import TraceLine
from crm_core.calls.trace import Code, line
from crm_core.live.shown import live_call
from tests.fakes.house import DIRECTORY, NOW, call

pytestmark = pytest.mark.unit


def reason(*trace: TraceLine) -> str:
    return str(why_view(live_call(call(trace=trace), NOW), DIRECTORY, "anna").reason)


@pytest.mark.parametrize(
    ("trace", "words"),
    [
        ((line(NOW, Code.CHOSEN_OWNER, agent="anna"),), "You are responsible for this customer."),
        (
            (
                line(NOW, Code.CHOSEN_OWNER, agent="boris"),
                line(NOW, Code.OFFER_NO_ANSWER, agent="boris"),
                line(NOW, Code.CHOSEN_LEAST_LOADED, agent="anna", load=1.0),
            ),
            "You had the least load of those available.",
        ),
        (
            (
                line(NOW, Code.CHOSEN_LEAST_LOADED, agent="anna", load=1.0),
                line(NOW, Code.TIE_LONGEST_IDLE, agent="anna"),
            ),
            "The load was equal; you have been free longest.",
        ),
        ((line(NOW, Code.FREED, agent="anna"),), "You became free, and this caller was the first in line."),
        (
            (line(NOW, Code.TRANSFERRED_ATTENDED, agent="boris", target="anna"),),
            "Boris handed this call over.",
        ),
        ((line(NOW, Code.TRANSFERRED_BLIND, agent="anna", target="boris"),), "The call rang you."),
        ((line(NOW, Code.NET, queue="sales"),), "The PBX's own queue rang you: the router was away."),
        ((line(NOW, Code.ARRIVED_INTERNAL, agent="boris", to="101"),), "Boris dialled you."),
        ((line(NOW, Code.ARRIVED_INTERNAL, agent="anna", to="102"),), "You dialled."),
        ((line(NOW, Code.CALLED, agent="anna", to="+74955550142", did="+74955550100"),), "You dialled."),
        (
            (
                line(NOW, Code.CALLED, agent="boris", to="+74955550142", did="+74955550100"),
                line(NOW, Code.TRANSFERRED_ATTENDED, agent="boris", target="anna"),
            ),
            "Boris handed this call over.",
        ),
        ((), "The call rang you."),
    ],
)
def test_the_last_thing_that_decided_is_the_reason(trace: tuple[TraceLine, ...], words: str) -> None:
    assert reason(*trace) == words


def test_steps_are_comparable_and_call_people_by_their_titles() -> None:
    trace = (
        line(NOW, Code.CONSIDERED, agent="boris", state="break", load=1.0),
        line(NOW, Code.OFFERED, agent="anna", ring_s=20),
    )
    shown = [why_view(live_call(call(trace=trace), NOW), DIRECTORY, "anna") for _ in range(2)]
    assert shown[0] == shown[1] and hash(shown[0].steps) == hash(shown[1].steps)
    [step] = shown[0].steps
    assert dict(step.line.values) == {"agent": "Anna", "ring_s": 20}


def test_without_a_call_there_is_nothing_to_say() -> None:
    assert why_view(None, DIRECTORY, "anna").reason is None
