"""The reader's calls as their desk shows them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from agent_ui.desk.calls import call_view, focus_call, has_browser_phone, shown_calls
from crm_core.calls.events import CallChanged
from crm_core.calls.model import CallState, Direction, Leg, LegRole, LegState, Offer, OfferState
from crm_core.customers.model import CardChoice
from crm_core.ids import new_id
from crm_core.live.directory import Directory
from crm_core.live.model import LiveCall
from crm_core.live.projection import LiveState, Seed
from crm_core.live.shown import live_call
from crm_core.people.model import Device, DeviceKind, Person, Role
from tests.fakes.house import DIRECTORY, MOSCOW_DID, NOW, call, reader

pytestmark = pytest.mark.unit

ANNA = reader("anna")
LATER = NOW + timedelta(seconds=6)


def leg(agent: str, state: LegState = LegState.UP, *, answered: bool = True) -> Leg:
    return Leg(
        channel=agent,
        channel_name="PJSIP/x-00000001",
        role=LegRole.AGENT,
        agent=agent,
        endpoint=None,
        number=None,
        state=state,
        started_at=NOW,
        answered_at=LATER if answered else None,
    )


def offer(agent: str = "anna", state: OfferState = OfferState.ALERTING) -> Offer:
    return Offer(id=new_id(), agent=agent, attempt=1, state=state, ring_s=20, reserved_at=NOW)


def live(number: int = 1, **changes: Any) -> LiveCall:
    return live_call(call(number, **changes), NOW)


def house(*calls: Any) -> LiveState:
    state = LiveState(Seed(directory=DIRECTORY), NOW)
    for each in calls:
        state.apply(CallChanged(at=NOW, call=each))
    return state


@pytest.mark.parametrize(
    ("changes", "part", "since"),
    [
        ({"state": CallState.OFFERED, "offers": (offer(),)}, "offered", NOW),
        ({"state": CallState.TALKING, "legs": (leg("anna"),)}, "talking", LATER),
        ({"state": CallState.HELD, "legs": (leg("anna", LegState.HELD),)}, "held", LATER),
        # Somebody else talks, and a consult rings here.
        (
            {
                "state": CallState.TALKING,
                "agent": "boris",
                "legs": (leg("boris"), leg("anna", LegState.RINGING, answered=False)),
            },
            "offered",
            NOW,
        ),
        ({"state": CallState.TALKING, "agent": "anna", "answered_at": LATER}, "talking", LATER),
        # A colleague is called from here, and from there.
        *(
            (
                {
                    "direction": Direction.INTERNAL,
                    "legs": (
                        leg(caller, LegState.RINGING, answered=False),
                        replace(leg(called, LegState.RINGING, answered=False), started_at=LATER),
                    ),
                },
                part,
                since,
            )
            for caller, called, part, since in (
                ("anna", "boris", "calling", NOW),
                ("boris", "anna", "offered", LATER),
            )
        ),
        # Somebody outside is called: from a phone that was rung first, and is up; and from one that is not.
        *(
            ({"direction": Direction.OUT, "agent": "anna", "legs": (mine,)}, "calling", NOW)
            for mine in (leg("anna"), leg("anna", LegState.RINGING, answered=False))
        ),
        ({"direction": Direction.OUT, "answered_at": LATER, "legs": (leg("anna"),)}, "talking", LATER),
        # It was handed over to her, and rings.
        (
            {
                "direction": Direction.OUT,
                "answered_at": LATER,
                "legs": (
                    leg("boris", LegState.ENDED),
                    replace(leg("anna", LegState.RINGING, answered=False), started_at=LATER),
                ),
            },
            "offered",
            LATER,
        ),
    ],
)
def test_what_a_call_is_for_this_agent(changes: dict[str, Any], part: str, since: object) -> None:
    view = call_view(live(**changes), DIRECTORY, ANNA)
    assert (view.part, view.since) == (part, since)


def test_what_rings_comes_before_what_talks_and_the_customer_before_a_colleague() -> None:
    talks = call(1, state=CallState.TALKING, legs=(leg("anna"),), version=1)
    rings = call(2, state=CallState.OFFERED, offers=(offer(),), version=1)
    consult = call(
        3,
        state=CallState.TALKING,
        direction=Direction.INTERNAL,
        did=None,
        queue=None,
        legs=(leg("anna"), leg("boris")),
        version=1,
    )
    state = house(consult, talks, rings)
    assert next(iter(shown_calls(state, ANNA))).id == rings.id
    shown = focus_call(state, ANNA)
    assert shown is not None and shown.id == rings.id
    shown = focus_call(house(consult, talks), ANNA)
    assert shown is not None and shown.id == talks.id
    assert focus_call(house(), ANNA) is None


def test_what_the_panel_says_of_a_call() -> None:
    choices = (CardChoice(customer_id=new_id(), title="Igor", owner=None, office=None),)
    shared = call_view(live(state=CallState.OFFERED, offers=(offer(),), choices=choices), DIRECTORY, ANNA)
    assert shared.shared and shared.deadline == NOW + timedelta(seconds=20)
    assert (shared.number, shared.queue, shared.waited_s) == ("Moscow", "Sales", None)
    talks = call_view(live(legs=(leg("anna"),), owner="boris", answered_at=LATER), DIRECTORY, ANNA)
    assert (talks.owner, talks.mine, talks.waited_s) == ("Boris", False, 6)
    mine = call_view(live(owner="anna", offers=(offer(state=OfferState.REFUSED),)), DIRECTORY, ANNA)
    assert mine.mine and mine.offer is None and mine.deadline is None


def test_what_the_numbers_title_says_is_not_said_twice() -> None:
    def way(**of_the_number: str) -> tuple[str | None, ...]:
        number = replace(DIRECTORY.numbers[MOSCOW_DID], **of_the_number)  # type: ignore[arg-type]
        directory = Directory(queues=DIRECTORY.queues.values(), numbers=(number,))
        view = call_view(live(), directory, ANNA)
        return view.number, view.source, view.queue

    assert way(title="Kitchens, site", source="site") == ("Kitchens, site", None, "Sales")
    assert way(title="Kitchens", source="Yandex") == ("Kitchens", "Yandex", "Sales")
    assert way(title="Sales", source="demo") == ("Sales", "demo", None)


def test_keys_are_for_those_with_a_phone_in_the_browser() -> None:
    device = Device(endpoint="agent-anna-web", agent="anna", kind=DeviceKind.BROWSER)
    person = Person(
        name="anna",
        title="Anna",
        role=Role.AGENT,
        office="moscow",
        team=None,
        extension=None,
        language="en",
        devices=(device,),
    )
    assert has_browser_phone(Directory(people=(person,)), "anna")
    assert not has_browser_phone(DIRECTORY, "anna") and not has_browser_phone(DIRECTORY, "nobody")
