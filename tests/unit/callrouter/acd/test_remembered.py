"""Identities kept in memory follow what becomes of their cards."""

from __future__ import annotations

from dataclasses import replace

import pytest

from callrouter.acd import remembered
from callrouter.acd.remembered import Remembered
from crm_core.customers.model import CardChoice, ContactKind, ContactPoint, Identity
from crm_core.ids import new_id
from tests.unit.callrouter.acd.world import card_of

pytestmark = pytest.mark.unit

DID, OTHER_DID = "+994125550100", "+74955550100"
NUMBER = "+994125550142"
IGOR, OLGA = new_id(), new_id()
CHOICES = tuple(
    CardChoice(customer_id=card, title=title, owner=None, office="baku")
    for card, title in ((IGOR, "Igor"), (OLGA, "Olga"))
)
SHARED = Identity(e164=NUMBER, choices=CHOICES)


def test_a_choice_holds_for_every_form_of_the_number_and_for_the_number_dialled() -> None:
    known = Remembered()
    for raw, did in ((NUMBER, DID), ("0125550142", DID), (NUMBER, OTHER_DID)):
        known.put(raw, did, SHARED)
    known.put("+994125550143", DID, Identity(e164="+994125550143", customer_id=IGOR, title="Igor"))
    chosen = Identity(e164=NUMBER, customer_id=OLGA, title="Olga", owner="anna")
    known.chosen(DID, chosen)
    assert known.get(NUMBER, DID) == known.get("0125550142", DID) == chosen
    assert known.get(NUMBER, OTHER_DID) == SHARED
    other = known.get("+994125550143", DID)
    assert other is not None and other.title == "Igor"
    known.card_changed(card_of(OLGA, title="Olga P.", owner="boris"))
    after = known.get("0125550142", DID)
    assert after is not None and (after.title, after.owner) == ("Olga P.", "boris")


def test_a_choice_for_no_number_dialled_is_nobodys() -> None:
    known = Remembered()
    known.put(NUMBER, None, SHARED)
    known.chosen(None, Identity(e164=NUMBER, customer_id=OLGA))
    assert known.get(NUMBER, None) == SHARED


def test_the_oldest_are_forgotten_with_all_that_leads_to_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remembered, "KEPT", 2)
    known = Remembered()
    for raw in ("1", "2", "3"):
        known.put(raw, DID, Identity(e164=NUMBER, customer_id=IGOR))
    assert known.get("1", DID) is None
    known.owner_became(IGOR, "anna")
    known.chosen(DID, Identity(e164=NUMBER, customer_id=OLGA))
    assert [known.get(raw, DID) for raw in ("2", "3")] == [Identity(e164=NUMBER, customer_id=OLGA)] * 2


def test_a_number_whose_cards_became_one_is_no_choice() -> None:
    known = Remembered()
    known.put(NUMBER, DID, SHARED)
    point = ContactPoint(id=new_id(), kind=ContactKind.PHONE, value=NUMBER)
    kept = replace(card_of(OLGA, title="Olga", owner="anna"), contact_points=(point,))
    known.merged(kept, IGOR)
    after = known.get(NUMBER, DID)
    assert after == Identity(e164=NUMBER, customer_id=OLGA, title="Olga", owner="anna")
