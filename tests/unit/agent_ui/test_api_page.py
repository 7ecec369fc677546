"""docs/api.md says what the code does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from agent_ui.api.problems import _HTTP, _INTERNAL, _TIMEOUT
from agent_ui.api.routes import ROUTES
from agent_ui.api.shapes import ApiCall, ApiLeg
from agent_ui.auth import LIVE_PROTOCOL, TOKEN_PROTOCOL
from agent_ui.live import hub, socket
from crm_core import errors
from crm_core.customers.changing import NumberTaken
from crm_core.live.model import LiveCall, LiveLeg
from crm_core.live.projection import NAMES
from crm_core.live.stream import KEPT_EVENTS
from crm_core.presence.model import BREAK_REASONS

pytestmark = pytest.mark.unit

PAGE = Path("docs/api.md").read_text("utf-8")


def test_every_event_of_the_feed_is_named() -> None:
    told = set(re.findall(r"`((?:call|agent|queue|health|recording)\.[a-z_]+)`", PAGE))
    assert told == {*NAMES.values(), "call.gone", "agent.changed", "queue.changed", "health.changed"} | {
        "recording.settled"
    }


def test_every_filter_is_named() -> None:
    for route in ROUTES:
        filters = set(route.query.__struct_encode_fields__) - {"limit", "cursor"}
        *_, what = parts = route.path.split("/")[3:]
        if filters and len(parts) > 1:
            (shown,) = re.findall(rf"/{what}\?([^\"]*)", PAGE)
            assert set(re.findall(r"(\w+)=", shown)) == filters, route.path
        elif filters:
            row = re.search(rf"^\| `{what}` \| (.*) \|$", PAGE, re.MULTILINE)
            assert row is not None
            assert set(re.findall(r"`(\w+)`", row[1])) == filters, route.path


def test_every_code_is_named() -> None:
    tree = (cls for cls in vars(errors).values() if isinstance(cls, type))
    codes = {cls.code for cls in tree if issubclass(cls, errors.CallcardError)} - {
        "bad_office",
        "start_refused",
    }
    codes |= {code for code, _ in (*_HTTP.values(), _INTERNAL, _TIMEOUT)} | {
        hub.TooManySockets.code,
        NumberTaken.code,
    }
    cards = (path.read_text("utf-8") for path in Path("crm_core/customers").glob("*.py"))
    codes |= {code for text in cards for code in re.findall(r'code="(\w+)"', text)}
    table = PAGE[PAGE.index("| status | code |") : PAGE.index("## The live feed")]
    assert set(re.findall(r"`(\w+)`", table)) == codes


def test_every_field_of_a_call_is_shown() -> None:
    example = PAGE[PAGE.index('"id": "5b0e…"') : PAGE.index("`state`: new")]
    assert all(f'"{name}":' in example for name in ApiCall.__struct_encode_fields__)


def test_what_a_live_call_has_otherwise_is_said() -> None:
    said = PAGE[PAGE.index("A live call has") :].partition("\n")[0]
    named = set(re.findall(r"`(\w+)`", said))
    for rest, live in ((ApiCall, LiveCall), (ApiLeg, LiveLeg)):
        otherwise = set(rest.__struct_encode_fields__) ^ set(live.__struct_encode_fields__)
        assert otherwise <= named


def test_limits_and_names_are_those_of_the_code() -> None:
    assert f"last {KEPT_EVENTS} events" in PAGE
    assert f"may have {hub.SOCKETS_PER_PERSON} sockets" in PAGE
    assert f"every {hub.TICK_S:.0f} seconds" in PAGE
    assert f'["{LIVE_PROTOCOL}", "{TOKEN_PROTOCOL}"' in PAGE
    assert ", ".join(BREAK_REASONS) in PAGE
    for code in socket.Close:
        assert str(int(code)) in PAGE
