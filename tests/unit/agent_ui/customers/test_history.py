"""A card's history in the words of the house."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from agent_ui.customers.history import history_items
from agent_ui.customers.history_views import HistoryCall, HistoryChange, HistoryStep
from crm_core.calls.model import CallState, Direction, Outcome
from crm_core.notes.model import NextStep, Note, TimelineCall, TimelineChange, TimelineStep
from tests.fakes.house import DIRECTORY, NOW, call_id

pytestmark = pytest.mark.unit

CALL = TimelineCall(
    id=call_id(1),
    at=NOW,
    direction=Direction.IN,
    state=CallState.ENDED,
    outcome=Outcome.ANSWERED,
    from_number="+74955550142",
    to=None,
    queue="sales",
    agent="anna",
    talk_s=64.0,
    disposition="thinking",
    readable=True,
)


def shown(item: Any, me: str = "anna") -> Any:
    [made] = history_items([item], DIRECTORY.titles, {"thinking": "Thinking it over"}, me)
    return made


def lines(action: str, before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    change = TimelineChange(id=call_id(2), at=NOW, actor="oleg", action=action, before=before, after=after)
    made = shown(change)
    assert isinstance(made, HistoryChange) and made.actor == "Oleg"
    return [str(each) for each in made.lines]


def test_a_call_says_with_whom_and_what_was_written() -> None:
    notes = (
        Note(call_id=CALL.id, author="anna", text="oak"),
        Note(call_id=CALL.id, author="boris", text="<b>"),
    )
    made = shown(replace(CALL, notes=notes))
    assert isinstance(made, HistoryCall)
    assert (made.mine, made.agent, made.queue, made.disposition) == (True, None, "Sales", "Thinking it over")
    assert [(note.author, note.text) for note in made.notes] == [(None, "oak"), ("Boris", "<b>")]
    other = shown(replace(CALL, disposition="of another office"), me="boris")
    assert (other.mine, other.agent, other.disposition) == (False, "Anna", "of another office")


@pytest.mark.parametrize(
    ("action", "before", "after", "words"),
    [
        ("customer.updated", {"title": "A"}, {"title": "B"}, ["Name: B (was: A)"]),
        ("customer.updated", {"owner": None}, {"owner": "anna"}, ["Responsible: Anna (was: nobody)"]),
        ("customer.updated", {"phones": []}, {"phones": ["+74955550142"]}, ["Numbers: +74955550142"]),
        ("customer.updated", {"office": None}, {"office": "moscow"}, ["Office: moscow"]),
        ("customer.updated", {"status": "provisional"}, {"status": "kept"}, ["The card is kept."]),
        ("customer.updated", {}, {"status": "merged", "merged_into": "x"}, []),
        ("customer.created", {}, {"title": "A"}, ["The card was made."]),
        ("customer.owner_became", {}, {"owner": "anna"}, ["Answered first, and became responsible."]),
        (
            "customer.merged",
            {"phones": []},
            {"phones": ["1"], "dropped": "x"},
            ["Another card became part of this one.", "Numbers: 1"],
        ),
    ],
)
def test_what_was_done_to_a_card(
    action: str, before: dict[str, Any], after: dict[str, Any], words: list[str]
) -> None:
    assert lines(action, before, after) == words


def test_a_next_step_names_its_agent_unless_it_is_the_readers() -> None:
    step = NextStep(
        id=call_id(3),
        call_id=CALL.id,
        customer_id=None,
        agent="boris",
        text="Call",
        due_at=NOW,
        created_at=NOW,
        done_at=None,
        version=1,
    )
    item = TimelineStep(id=step.id, at=NOW, step=step)
    assert isinstance(shown(item), HistoryStep)
    assert (shown(item).agent, shown(item, me="boris").agent) == ("Boris", None)
