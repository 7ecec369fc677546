"""Views of cards: what a reader is told of a card, and what they may do to it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from agent_ui.customers.views import card_line, card_view, may_edit, owner_view, owners_of
from agent_ui.dialling import NO_DIALLING
from crm_core.customers.model import CardDetails, CardStatus, ContactKind, ContactPoint, Customer
from crm_core.ids import new_id
from crm_core.notes.facts import CardFacts, LastTalk
from crm_core.notes.model import NextStep
from tests.fakes.house import DIRECTORY, NOW, reader

pytestmark = pytest.mark.unit

PHONE = "+74955550142"
CARD = Customer(
    id=new_id(),
    title="Maria",
    status=CardStatus.KEPT,
    owner="anna",
    office="moscow",
    contact_points=(
        ContactPoint(id=new_id(), kind=ContactKind.EMAIL, value="maria@example.com"),
        ContactPoint(id=new_id(), kind=ContactKind.PHONE, value=PHONE),
    ),
    created_at=NOW,
    updated_at=NOW,
)


def test_a_card_named_after_its_number_has_no_name_yet() -> None:
    new = replace(CARD, title=PHONE, status=CardStatus.PROVISIONAL, owner=None)
    line = card_line(new, DIRECTORY, reader("anna"))
    assert (line.named, line.provisional, line.phones, line.owner.name) == (False, True, (PHONE,), "")
    assert card_line(CARD, DIRECTORY, reader("anna")).named


def test_an_owner_is_called_by_title_and_known_as_oneself() -> None:
    assert owner_view("anna", DIRECTORY, reader("anna")).mine
    assert not owner_view("anna", DIRECTORY, reader("boris")).mine
    assert not owner_view(None, DIRECTORY, reader("anna")).mine
    assert owner_view("boris", DIRECTORY, reader("anna")).title == "Boris"
    assert owner_view("gone", DIRECTORY, reader("anna")).title == "gone"  # left the office file


def test_a_card_is_changed_by_its_office_and_its_owner() -> None:
    allowed = {name for name in DIRECTORY.people if may_edit(CARD, reader(name))}
    assert allowed == {"anna", "boris", "oleg", "root"}
    elsewhere = replace(CARD, office="baku")
    assert {name for name in DIRECTORY.people if may_edit(elsewhere, reader(name))} == {
        "anna",  # the owner
        "leyla",
        "rena",
        "root",
    }


def test_supervisors_see_who_may_be_responsible() -> None:
    names = [name for name, _ in owners_of("moscow", DIRECTORY, None)]
    assert names == ["anna", "boris", "oleg", "root"]
    assert ("leyla", "Leyla") in owners_of(
        "moscow", DIRECTORY, "leyla"
    )  # whoever it is now stays in the list
    assert len(owners_of(None, DIRECTORY, None)) == len(DIRECTORY.people)


def test_a_card_is_read_with_its_figures_and_rights() -> None:
    zone = "Asia/Vladivostok"
    details = CardDetails(card=CARD, timezone=zone, of_number=True, local_time=NOW.astimezone(ZoneInfo(zone)))
    step = NextStep(
        id=new_id(),
        call_id=new_id(),
        customer_id=CARD.id,
        agent="boris",
        text="Call",
        due_at=NOW,
        created_at=NOW,
        done_at=None,
        version=1,
    )
    talk = LastTalk(at=NOW, seconds=64.0, agent="boris", disposition="agreed")
    facts = CardFacts(calls=3, first_at=NOW, last_talk=talk, missed=1, step=step)
    view = card_view(details, facts, {"agreed": "Agreed"}, DIRECTORY, reader("boris"), NO_DIALLING)
    assert (view.others, view.elsewhere, view.may_edit, view.may_assign) == (
        ("maria@example.com",),
        True,
        True,
        False,
    )
    assert view.facts.step is not None and view.facts.talk is not None
    assert (view.facts.step.agent, view.facts.step.late) == (None, False)
    assert (view.facts.talk.mine, view.facts.talk.agent, view.facts.talk.result) == (True, None, "Agreed")
    late = replace(facts, step=replace(step, due_at=NOW - timedelta(days=1)))
    read = card_view(details, late, {}, DIRECTORY, reader("oleg"), NO_DIALLING)
    assert read.may_assign and read.facts.step is not None and read.facts.talk is not None
    assert (read.facts.step.agent, read.facts.step.late) == ("Boris", True)
    assert (read.facts.talk.mine, read.facts.talk.agent, read.facts.talk.result) == (False, "Boris", "agreed")
