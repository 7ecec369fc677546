"""Chosen states as rows: said once, audited, and never overwritten by what comes late."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from crm_core.errors import BadInput, NotFound
from crm_core.presence.events import AgentStateChosen
from crm_core.presence.model import ChosenState, Presence
from tests.integration.crm.conftest import House
from tests.unit.crm_core.office.offices import edited

pytestmark = pytest.mark.integration


async def test_a_choice_is_a_row_an_event_and_a_deed(house: House) -> None:
    presence = await house.presence.choose("anna", ChosenState.BREAK, "lunch", by="viktor")
    assert presence == Presence(
        agent="anna", chosen=ChosenState.BREAK, reason="lunch", since=house.clock.now()
    )
    assert await house.presence.load_all() == {"anna": presence}
    [event] = await house.events()
    assert isinstance(event, AgentStateChosen)
    assert (event.presence, event.by) == (presence, "viktor")
    assert await house.audited() == [("viktor", "agent.state_chosen", "anna")]


async def test_the_same_choice_again_changes_nothing(house: House) -> None:
    first = await house.presence.choose("anna", ChosenState.AVAILABLE, None, by="anna")
    house.clock.advance(5)
    assert await house.presence.choose("anna", ChosenState.AVAILABLE, None, by="anna") == first
    assert len(await house.events()) == 1


async def test_breaks_say_why_and_nothing_else_does(house: House) -> None:
    for chosen, reason in (
        (ChosenState.BREAK, None),
        (ChosenState.BREAK, "because"),
        (ChosenState.AVAILABLE, "lunch"),
        (ChosenState.OFFLINE, "lunch"),
    ):
        with pytest.raises(BadInput) as caught:
            await house.presence.choose("anna", chosen, reason, by="anna")
        assert caught.value.field == "reason"
    assert await house.presence.load_all() == {}


async def test_nobody_chooses_for_nobody(house: House) -> None:
    with pytest.raises(NotFound):
        await house.presence.choose("nobody", ChosenState.AVAILABLE, None, by="admin")


async def test_what_the_router_counted_is_kept_and_ends_with_available(house: House) -> None:
    chosen = await house.presence.choose("anna", ChosenState.AVAILABLE, None, by="anna")
    until = house.clock.now() + timedelta(seconds=20)
    counted = replace(chosen, wrap_up_until=until, misses=3, not_answering=True)
    await house.presence.save(counted)
    assert await house.presence.load_all() == {"anna": counted}
    house.clock.advance(1)
    on_break = await house.presence.choose("anna", ChosenState.BREAK, "rest", by="anna")
    assert (on_break.misses, on_break.not_answering, on_break.wrap_up_until) == (3, True, until)
    back = await house.presence.choose("anna", ChosenState.AVAILABLE, None, by="anna")
    assert (back.misses, back.not_answering, back.wrap_up_until) == (0, False, None)


async def test_a_late_save_does_not_undo_a_later_choice(house: House) -> None:
    first = await house.presence.choose("anna", ChosenState.AVAILABLE, None, by="anna")
    house.clock.advance(1)
    second = await house.presence.choose("anna", ChosenState.OFFLINE, None, by="anna")
    await house.presence.save(replace(first, misses=2))
    assert await house.presence.load_all() == {"anna": second}


async def test_a_choice_over_another_row_than_it_knew_leaves_that_row(house: House) -> None:
    known = await house.presence.choose("anna", ChosenState.OFFLINE, None, by="anna")
    house.clock.advance(1)
    on_break = await house.presence.choose("anna", ChosenState.BREAK, "rest", by="anna")
    at = house.clock.now() + timedelta(seconds=1)
    late = await house.presence.choose(
        "anna", ChosenState.AVAILABLE, None, by="device", at=at, over=known.since
    )
    assert late == on_break
    await house.presence.save(replace(known, chosen=ChosenState.AVAILABLE, since=at, misses=1))
    assert await house.presence.load_all() == {"anna": on_break}
    assert len(await house.events()) == 2
    taken = await house.presence.choose(
        "anna", ChosenState.AVAILABLE, None, by="device", at=at, over=on_break.since
    )
    assert (taken.chosen, taken.since) == (ChosenState.AVAILABLE, at)


async def test_the_last_to_choose_is_later_whatever_the_clocks_say(house: House) -> None:
    ahead = house.clock.now() + timedelta(seconds=2)
    await house.presence.choose("anna", ChosenState.AVAILABLE, None, by="device", at=ahead)
    row = await house.presence.choose("anna", ChosenState.OFFLINE, None, by="anna")
    assert row.since > ahead
    assert await house.presence.load_all() == {"anna": row}


async def test_the_router_may_save_before_anybody_chose(house: House) -> None:
    row = Presence(agent="anna", chosen=ChosenState.OFFLINE, reason=None, since=house.clock.now(), misses=1)
    await house.presence.save(row)
    assert await house.presence.load_all() == {"anna": row}


async def test_people_who_left_are_not_loaded(house: House) -> None:
    await house.presence.choose("viktor", ChosenState.AVAILABLE, None, by="viktor")
    gone = ("  viktor:\n    title: Viktor Orlov\n    role: supervisor\n    office: moscow\n", "")
    await house.office.apply(edited(gone), 1, "admin", None)
    assert await house.presence.load_all() == {}
