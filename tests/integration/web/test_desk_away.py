"""The desk when a part of the database's answers does not come: the call and what is typed stand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from crm_core.calls.events import CallOffered
from crm_core.calls.model import CallState, Offer, OfferState
from crm_core.errors import Unavailable
from crm_core.ids import new_id
from tests.fakes.house import NOW, call, call_id
from tests.fakes.web import House

pytestmark = pytest.mark.integration


async def away(*_: Any, **__: Any) -> Any:
    raise Unavailable


async def test_what_the_live_view_knows_is_shown_without_the_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with House(tmp_path) as house:
        offer = Offer(
            id=new_id(), agent="anna", attempt=1, state=OfferState.RESERVED, ring_s=20, reserved_at=NOW
        )
        rings = call(
            1, state=CallState.OFFERED, offers=(offer,), customer_id=call_id(9), customer_title="Maria"
        )
        house.hub.hand_over(CallOffered(at=NOW, call=rings, offer=offer))
        for service in (house.overviews, house.notes, house.missed, house.steps):
            for name in ("overview", "note", "missed", "list_open"):
                if hasattr(service, name):
                    monkeypatch.setattr(service, name, away)
        async with house.page("GET", "/desk", who="anna") as answer:
            page = await answer.text()
        assert answer.status == 200
        assert "Maria" in page and "data-away" in page and "The card cannot be read now" in page
        assert f'id="note-text-{rings.id}"' in page, "one can write: it is kept until it can be saved"
        assert page.count("Cannot be read now. Trying again") == 2, "both lists ask again"
