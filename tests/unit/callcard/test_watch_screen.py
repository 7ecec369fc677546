"""The picture: everything is on it at every width, in the colours of the states, and nothing moves it."""

from __future__ import annotations

import io
import re
from datetime import timedelta

import msgspec
import pytest
from rich.console import Console

from callcard.watch_looks import AGENT_STYLES, AMBER, BLUE, CALL_STYLES, GREEN, RED, agent_style
from callcard.watch_screen import Screen
from callcard.watch_words import Words
from crm_core.calls.events import CallChanged
from crm_core.calls.model import Call, CallState, Offer, OfferState, Outcome
from crm_core.calls.trace import Code, line
from crm_core.health import HealthState, PartHealth
from crm_core.ids import new_id
from crm_core.live.projection import LiveState, Seed
from crm_core.live.shown import live_call
from crm_core.live.stream import frame
from crm_core.live.view import LiveView
from crm_core.presence.events import AgentStateChanged
from crm_core.presence.model import AgentState, Unreachable
from tests.fakes.house import DIRECTORY, NOW, call, reader

pytestmark = pytest.mark.unit


def screen_of(*calls: Call, busy: bool = False) -> Screen:
    state = LiveState(Seed(directory=DIRECTORY), NOW)
    for each in calls:
        state.apply(CallChanged(at=NOW, call=each))
    if busy:
        talking = AgentStateChanged(
            at=NOW, agent="anna", state=AgentState.TALKING, reason=None, since=NOW, call_id=calls[0].id
        )
        state.apply(talking)
    view = LiveView()
    screen = Screen(view, Words("en"), place="127.0.0.1:8080")
    screen.connected()
    view.apply(frame("b-1", "snapshot", state.snapshot(reader("root"), NOW)))
    screen.told("snapshot", None)
    screen._ahead = timedelta()  # the picture is drawn as of NOW below
    return screen


def shown(screen: Screen, width: int = 140, height: int = 40) -> str:
    """What the terminal gets, colours included."""
    out = io.StringIO()
    console = Console(width=width, height=height, file=out, force_terminal=True, color_system="truecolor")
    console.print(screen.picture(width, height, NOW + timedelta(seconds=65)))
    return out.getvalue()


def plain(screen: Screen, width: int = 140, height: int = 40) -> list[str]:
    """What the eye reads."""
    return re.sub(r"\x1b\[[0-9;]*m", "", shown(screen, width, height)).splitlines()


TALKING = call(
    1,
    state=CallState.TALKING,
    agent="anna",
    owner="boris",
    customer_title="Maria Sokolova",
    trace=(line(NOW, Code.CHOSEN_OWNER, agent="anna"),),
    started_at=NOW + timedelta(seconds=1),
)
WAITING = call(2, state=CallState.WAITING, from_number=None, from_raw="")
OFFERED = call(
    3,
    state=CallState.OFFERED,
    from_number="+994505550101",
    offers=(
        Offer(id=new_id(), agent="leyla", attempt=1, state=OfferState.ALERTING, ring_s=20, reserved_at=NOW),
    ),
)


def test_every_state_has_a_mark() -> None:
    assert set(AGENT_STYLES) == set(AgentState)
    assert set(CALL_STYLES) == set(CallState)


def test_whom_no_call_would_reach_is_not_shown_as_free() -> None:
    agent = msgspec.structs.replace(
        LiveState(Seed(directory=DIRECTORY), NOW).agents["anna"], state=AgentState.AVAILABLE
    )
    assert agent_style(agent)[1] == BLUE
    lost = msgspec.structs.replace(agent, unreachable=Unreachable.NO_PHONE)
    assert agent_style(lost) == AGENT_STYLES[AgentState.NOT_ANSWERING]


@pytest.mark.parametrize(("width", "height"), [(80, 24), (100, 30), (140, 40), (200, 60)])
def test_the_picture_fits_and_says_what_matters(width: int, height: int) -> None:
    lines = plain(screen_of(TALKING, WAITING, OFFERED, busy=True), width, height)
    assert len(lines) <= height and max(map(len, lines)) <= width
    text = "\n".join(lines)
    for part in ("Sales", "Anna", "talking", "Maria", "withheld", "+994 50 555 01 01", "1:05", "Calls 3"):
        assert part in text, part
    assert "Anna was chosen as the card's owner." in text


def test_a_wide_terminal_shows_number_queue_and_owner() -> None:
    head = next(row for row in plain(screen_of(TALKING), 140) if "Card" in row)
    assert "Number" in head and "Owner" in head
    assert not any("Owner" in row for row in plain(screen_of(TALKING), 100))


def test_who_waits_longest_is_on_top() -> None:
    older = call(
        4, state=CallState.WAITING, started_at=NOW - timedelta(minutes=5), from_number="+74955550199"
    )
    rows = plain(screen_of(TALKING, WAITING, older))
    calls = [row for row in rows if "waiting" in row or "● talking   " in row]
    assert "+7 495 555-01-99" in calls[0] and "6:05" in calls[0]
    assert "withheld" in calls[1]


def colours(screen: Screen, text: str) -> set[str]:
    """Colours in which *text* stands on the picture."""
    console = Console(width=140, height=40, file=io.StringIO(), force_terminal=True)
    picture = screen.picture(140, 40, NOW + timedelta(seconds=65))
    return {
        segment.style.color.name
        for segment in console.render(picture)
        if text in segment.text and segment.style is not None and segment.style.color is not None
    }


def test_states_have_their_colours() -> None:
    screen = screen_of(TALKING, OFFERED, busy=True)
    assert colours(screen, "● talking") == {GREEN}
    assert colours(screen, "◉ ringing") == {AMBER}


def test_an_ended_call_stays_for_a_while_with_its_outcome() -> None:
    screen = screen_of()
    assert any("No calls now" in row for row in plain(screen))
    ended = call(5, state=CallState.ENDED, outcome=Outcome.ABANDONED, started_at=NOW)
    screen.told("call.ended", live_call(ended, NOW))
    screen.told("call.settled", live_call(ended, NOW))
    rows = [row for row in plain(screen) if "✕ abandoned" in row]
    assert len(rows) == 1


def test_a_lost_link_and_a_part_that_is_down_are_said() -> None:
    screen = screen_of()
    part = PartHealth("database", HealthState.DOWN, "", NOW)
    screen._view.apply(frame("b-2", "health.changed", {"name": part.name, "state": "down", "since": NOW}))
    assert "▲ database is down" in plain(screen)[0]
    screen.lost("ConnectionRefusedError")
    assert "no link, trying again (ConnectionRefusedError)" in plain(screen)[0]
    assert RED in colours(screen, "╭")


def test_a_hostile_title_moves_nothing() -> None:
    evil = call(1, state=CallState.TALKING, customer_title="\x1b[2J\x1b]0;x\x07[bold]Eve[/bold]\u202e")
    text = shown(screen_of(evil))
    assert "\x1b[2J" not in text and "\x1b]0" not in text and "\u202e" not in text
    assert any("[bold]Eve[/bold]" in row for row in plain(screen_of(evil)))


@pytest.mark.parametrize("width", [80, 140])
def test_a_note_stays_on_the_last_line(width: int) -> None:
    screen = Screen(LiveView(), Words("en"), place="127.0.0.1:8080", note="sign in as dina")
    lines = plain(screen, width, 40)
    assert len(lines) == 40
    assert lines[-1].strip() == "sign in as dina"
