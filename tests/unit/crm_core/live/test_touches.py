"""What only the database has: who is told that it changed."""

from __future__ import annotations

import pytest

from crm_core.bus.event import Event
from crm_core.calls.events import CallStarted, MissedChanged
from crm_core.customers.events import CustomerChanged, CustomerCreated, CustomerMerged, OwnerChanged
from crm_core.customers.model import CardStatus, Customer
from crm_core.live.model import LiveTouch
from crm_core.live.touches import touches
from crm_core.live.visibility import sees
from crm_core.notes.events import NextStepChanged, NoteSaved
from tests.fakes.house import DIRECTORY, NOW, READERS, call, call_id

pytestmark = pytest.mark.unit


def card(owner: str | None = None, office: str | None = None) -> Customer:
    return Customer(
        id=call_id(7),
        title="Maria",
        status=CardStatus.KEPT,
        owner=owner,
        office=office,
        contact_points=(),
        created_at=NOW,
        updated_at=NOW,
    )


def told(event: Event) -> dict[str, set[str]]:
    got = {}
    for change in touches(event, DIRECTORY):
        assert isinstance(change.after, LiveTouch)
        who = {r.person for r in READERS if sees(r, change.after, DIRECTORY, change.about)}
        got[change.after.thing] = who
    return got


def missed(
    offices: tuple[str, ...] = (), queues: tuple[str, ...] = (), agents: tuple[str, ...] = ()
) -> MissedChanged:
    return MissedChanged(at=NOW, offices=offices, queues=queues, agents=agents)


@pytest.mark.parametrize(
    ("event", "thing", "people"),
    [
        (missed(offices=("moscow",)), "missed-shared", {"oleg", "root"}),
        (missed(queues=("sales",)), "missed-shared", {"anna", "boris", "root"}),
        (missed(agents=("leyla",)), "missed-shared", {"leyla", "rena", "root"}),
        (missed(agents=("leyla",)), "missed", {"leyla", "root"}),
        (missed(queues=("sales",)), "missed", {"root"}),
        (
            NoteSaved(at=NOW, call_id=call_id(1), customer_id=call_id(7), author="anna", version=1),
            "note",
            {"anna", "root"},
        ),
        (
            NextStepChanged(
                at=NOW,
                step_id=call_id(3),
                call_id=call_id(1),
                customer_id=None,
                agent="boris",
                version=1,
                done=False,
            ),
            "steps",
            {"boris", "root"},
        ),
        (CustomerChanged(at=NOW, customer=card(office="baku"), by="x"), "card", {"leyla", "rena", "root"}),
        (OwnerChanged(at=NOW, customer=card(owner="anna"), before=None, by="x"), "card", {"anna", "root"}),
    ],
)
def test_those_it_concerns_are_told(event: Event, thing: str, people: set[str]) -> None:
    assert told(event)[thing] == people


def test_pages_about_a_card_and_about_what_became_part_of_it_read_again() -> None:
    merged = CustomerMerged(at=NOW, customer=card(office="moscow"), dropped=call_id(8), by="x")
    assert [change.after for change in touches(merged, DIRECTORY)] == [
        LiveTouch(thing="card", id=call_id(7)),
        LiveTouch(thing="card", id=call_id(8)),
    ]


def test_a_next_step_is_in_the_readers_list_at_its_call_and_in_the_history() -> None:
    step = NextStepChanged(
        at=NOW,
        step_id=call_id(3),
        call_id=call_id(1),
        customer_id=call_id(7),
        agent="anna",
        version=1,
        done=False,
    )
    assert [change.after for change in touches(step, DIRECTORY)] == [
        LiveTouch(thing="steps"),
        LiveTouch(thing="steps", id=call_id(1)),
        LiveTouch(thing="history", id=call_id(7)),
    ]


def test_a_card_counts_its_missed_calls_again() -> None:
    changed = MissedChanged(at=NOW, offices=(), queues=("sales",), agents=(), cards=(call_id(7),))
    (*_, of_card) = touches(changed, DIRECTORY)
    assert of_card.after == LiveTouch(thing="history", id=call_id(7))
    assert {r.person for r in READERS if sees(r, of_card.after, DIRECTORY, of_card.about)} == {
        "anna",
        "boris",
        "root",
    }


def test_a_new_card_is_on_nobodys_screen_and_calls_speak_for_themselves() -> None:
    assert touches(CustomerCreated(at=NOW, customer=card(office="moscow")), DIRECTORY) == ()
    assert touches(CallStarted(at=NOW, call=call()), DIRECTORY) == ()
