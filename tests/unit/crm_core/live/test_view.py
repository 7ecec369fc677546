"""The reader's side: strict about form, easy about names it does not know."""

from __future__ import annotations

import pytest

from crm_core.errors import BadInput
from crm_core.live.shown import live_call
from crm_core.live.stream import frame
from crm_core.live.view import LiveView
from tests.fakes.house import NOW, call, call_id

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    "bad", ["", "[]", "{}", '{"id": 1, "event": "x", "data": {}}', '{"id":"a","event":"call.gone","data":{}}']
)
def test_what_is_no_frame_is_refused(bad: str) -> None:
    with pytest.raises(BadInput):
        LiveView().apply(bad)


def test_a_new_kind_of_event_is_passed_over_and_counted() -> None:
    view = LiveView()
    assert view.apply('{"id":"b-7","event":"weather.changed","data":{"rain":true}}') == (
        "weather.changed",
        None,
    )
    assert view.last_id == "b-7"


def test_gone_gives_back_what_was_known() -> None:
    view = LiveView()
    known = live_call(call(), NOW)
    view.apply(frame("b-1", "call.started", known))
    name, item = view.apply(frame("b-2", "call.gone", {"id": call_id(1)}))
    assert (name, item, view.calls) == ("call.gone", known, {})
