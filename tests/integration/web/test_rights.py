"""Every route there is, asked by everybody over the real services: what is not theirs is not there.

Each route has a row in RULES; a route without one fails, and so does a row without its route. What strangers
are answered is searched for words of the things they may not see.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from agent_ui.auth import PUBLIC
from crm_core.calls.events import CallEnded
from crm_core.calls.missed import Whose
from crm_core.calls.missed_service import MissedService
from crm_core.calls.model import CallState, Outcome
from crm_core.customers.service import CustomerService
from crm_core.db.engine import Database
from crm_core.notes.service import NoteService
from crm_core.notes.steps import NextStepService
from crm_core.people.model import Reader, Role
from crm_core.recordings.model import RecordingState
from tests.fakes.addresses import SENTINEL, addresses, filled
from tests.fakes.calls import answered_call, missed_call
from tests.fakes.house import NOW
from tests.fakes.wav_files import tone, wav
from tests.integration.calls.conftest import keep, open_journal
from tests.integration.web import test_dial, test_dialling, test_live, test_phone
from tests.integration.web.real_house import RealHouse, real_house

pytestmark = pytest.mark.integration

# Everybody of Moscow and everything there is called Hidden, so that a leak can be seen.
OFFICE = """\
version: 1
offices:
  moscow: {title: Moscow, country: RU, timezone: Europe/Moscow, language: ru}
  baku: {title: Baku, country: AZ, timezone: Asia/Baku, language: az}
people:
  anna: {title: Hidden Anna, office: moscow, extension: "101", devices: [{}]}
  boris: {title: Hidden Boris, office: moscow, extension: "102", devices: [{}]}
  leyla: {title: Leyla, office: baku, extension: "201", devices: [{}]}
  oleg: {title: Hidden Oleg, office: moscow, role: supervisor}
  rena: {title: Rena, office: baku, role: supervisor}
  root: {title: Root, office: baku, role: admin}
queues:
  sales: {title: Hidden Sales, members: [anna, boris]}
  service: {title: Service, members: [leyla]}
numbers:
  "+74955550100": {title: Hidden line, office: moscow, queue: sales}
  "+994125550100": {title: Baku, office: baku, queue: service}
customers:
  - {title: Hidden Maria, phones: ["+74955550142"], owner: anna}
  - {title: Hidden Marina, phones: ["+74955550144"], owner: anna}
"""
ROLES = {"anna": Role.AGENT, "oleg": Role.SUPERVISOR, "root": Role.ADMIN}
EVERYBODY = ("anna", "boris", "leyla", "oleg", "rena", "root")
MOSCOW = ("anna", "boris", "oleg", "root")  # and who sees all
OF_THE_CALL = ("anna", "oleg", "root")
ANNA = ("anna",)
PASSWORD = "correct horse"


@dataclass(frozen=True, kw_only=True)
class Rule:
    """*thing*: what the placeholder stands for. *seen_by*: who may see it, everybody else gets 404.

    *refused*: those of them who may not do this, 403. *query*, *data*, *json*: what is asked; `{name}` in
    them is the id of that thing. *answers*: other statuses that say yes to whoever may.
    """

    thing: str | None = None
    seen_by: Collection[str] = EVERYBODY
    refused: Collection[str] = ()
    query: str = ""
    data: Mapping[str, str] | None = None
    json: Mapping[str, Any] | None = None
    answers: Collection[int] = ()


CALL = Rule(thing="call", seen_by=OF_THE_CALL)
CARD = Rule(thing="card", seen_by=MOSCOW)
RECORDING = Rule(thing="recording", seen_by=OF_THE_CALL)
MISSED = Rule(thing="line", seen_by=MOSCOW, data={"seen": "{last_at}"})
LIST = Rule()
FORM = Rule(data={})
RULES: dict[str, Rule] = {
    "GET /": LIST,
    "GET /settings": LIST,
    "POST /preferences": replace(FORM, data={"language": "en", "theme": "dark"}),
    "POST /settings/password": replace(FORM, data={"old": "x", "new": "y", "again": "z"}, answers=(400,)),
    "POST /settings/sessions/{id}/end": replace(FORM, thing="session", seen_by=ANNA),
    "GET /gallery": Rule(seen_by=("root",)),
    # The API.
    "GET /api/v1/calls": LIST,
    "GET /api/v1/calls/{id}": CALL,
    "PATCH /api/v1/calls/{id}": replace(CALL, json={"disposition": "agreed"}),
    "POST /api/v1/calls/{id}/customer": replace(CALL, json={"customer_id": "{card}"}),
    "GET /api/v1/customers": replace(LIST, query="search=Hidden"),
    "GET /api/v1/customers/{id}": CARD,
    "POST /api/v1/customers": Rule(json={"title": " "}, answers=(400,)),
    "PATCH /api/v1/customers/{id}": replace(CARD, json={"title": "Hidden Maria"}),
    "GET /api/v1/customers/{id}/merge": replace(CARD, query="with={second}"),
    "POST /api/v1/customers/{id}/merge": replace(CARD, json={"with": "{second}"}, answers=(409,)),
    "GET /api/v1/agents": LIST,
    "GET /api/v1/agents/{name}": Rule(thing="agent", seen_by=MOSCOW),
    "PUT /api/v1/agents/{name}/state": Rule(
        thing="agent", seen_by=MOSCOW, refused=("boris",), json={"state": "offline"}
    ),
    "GET /api/v1/queues": LIST,
    "GET /api/v1/queues/{name}": Rule(thing="queue", seen_by=MOSCOW),
    "GET /api/v1/recordings": LIST,
    "GET /api/v1/recordings/{id}": RECORDING,
    "GET /api/v1/recordings/{id}/audio": RECORDING,
    "GET /api/v1/recordings/{id}/peaks": RECORDING,
    # The desk and the board.
    "GET /desk": LIST,
    "GET /desk/calls/{id}": CALL,
    "GET /desk/calls/{id}/note": CALL,
    "GET /desk/calls/{id}/result": CALL,
    "GET /desk/cards/{id}": CARD,
    "GET /desk/steps": LIST,
    "POST /desk/state": replace(FORM, data={"state": "offline"}, answers=(409,)),
    "POST /desk/calls/{id}/note": replace(CALL, json={"text": "Hidden note", "base_version": 0}),
    "POST /desk/calls/{id}/result": replace(CALL, data={"disposition": "agreed"}),
    "POST /desk/calls/{id}/customer": replace(CALL, data={"customer": "{card}"}),
    "POST /desk/calls/{id}/step": replace(
        CALL, data={"text": "Hidden step", "due": "2026-03-03T10:00"}, answers=(409,)
    ),
    "POST /desk/steps/{id}/done": replace(FORM, thing="step", seen_by=OF_THE_CALL),
    "GET /board": LIST,
    "POST /board/state": Rule(seen_by=MOSCOW, refused=("boris",), data={"agent": "anna", "state": "offline"}),
    # The journal.
    "GET /calls": LIST,
    "GET /calls/{id}": CALL,
    # Cards and missed calls.
    "GET /search": replace(LIST, query="q=Maria"),
    "GET /customers": replace(LIST, query="q=Maria"),
    "POST /customers": replace(FORM, data={"title": " ", "phones": ""}, answers=(400,)),
    "GET /customers/new": LIST,
    "GET /customers/new/similar": replace(LIST, query="title=Maria&phones=%2B74955550142"),
    "GET /customers/{id}": CARD,
    "GET /customers/{id}/card": CARD,
    "GET /customers/{id}/edit": CARD,
    "GET /customers/{id}/timeline": CARD,
    "POST /customers/{id}/title": replace(CARD, data={"title": "Hidden Maria", "was": "Hidden Maria"}),
    "POST /customers/{id}/owner": replace(
        CARD, refused=("anna", "boris"), data={"owner": "boris", "was": "anna"}, answers=(409,)
    ),
    "POST /customers/{id}/phones": replace(CARD, data={"phone": "+74955550142"}),
    "POST /customers/{id}/phones/remove": replace(CARD, data={"phone": "+74955550149"}),
    "GET /customers/{id}/merge": replace(CARD, query="q=Maria"),
    "POST /customers/{id}/merge": replace(CARD, data={"other": "{card}"}, answers=(400, 409)),
    "GET /missed": LIST,
    "GET /missed/list": replace(LIST, query="whose=shared"),
    "GET /missed/count": LIST,
    "POST /missed/{id}/done": MISSED,
    # Last of all, for nobody is signed in afterwards.
    "POST /logout": FORM,
}
# What is shown where its other end is: the feed's socket, the switch. The demo's tile is only in the demo.
ELSEWHERE = {
    "GET /live": test_live.test_who_is_not_let_in,
    "POST /phone/credentials": test_phone.test_who_may_not_come_is_told_so,
    "GET /phone/standing": test_phone.test_a_page_can_ask_why_its_socket_does_not_open,
    "GET /phone/ws": test_phone.test_who_may_not_come_is_told_so,
    "POST /phone/dial": test_dial.test_what_is_not_called_is_said_in_plain_words,
    "GET /phone/number": test_dialling.test_what_is_typed_is_read_by_the_office_and_called_by_its_cards_name,
    "GET /phone/colleagues": test_phone.test_the_list_names_who_can_be_reached_and_may_be_seen,
}
WORDS = ("Hidden", "555-01-42", "5550142", "555-01-43", "5550143")


@dataclass
class Everything:
    """The house, and the ids of what is in it."""

    house: RealHouse
    ids: dict[str, str] = field(default_factory=dict)
    browsers: dict[str, aiohttp.ClientSession] = field(default_factory=dict)

    async def ask(self, key: str, rule: Rule, who: str, **ids: str) -> tuple[int, str]:
        """What *who*'s browser is answered; *ids* take the place of those there are."""
        method, _, pattern = key.partition(" ")
        known = self.ids | ids
        body: dict[str, Any] = {
            name: {field: _said(value, known) for field, value in given.items()}
            for name, given in (("data", rule.data), ("json", rule.json))
            if given is not None
        }
        path = filled(pattern, known[rule.thing]) if rule.thing else pattern
        path += f"?{rule.query.format(**known)}" if rule.query else ""
        headers = {"HX-Request": "true"} if pattern.startswith("/desk/") else {}
        async with self.browsers[who].request(
            method, path, allow_redirects=False, headers=headers, **body
        ) as answer:
            return answer.status, (await answer.read()).decode("utf-8", "replace")


def _said(value: Any, known: Mapping[str, str]) -> Any:
    return value.format(**known) if isinstance(value, str) else value


def reader(who: str) -> Reader:
    office = "baku" if who in ("leyla", "rena", "root") else "moscow"
    return Reader(person=who, role=ROLES.get(who, Role.AGENT), office=office, team=None, token_id=None)


@pytest.fixture
async def everything(database: Database, tmp_path: Path) -> AsyncIterator[Everything]:
    """A call that anna took, with all that hangs on it, a missed one of hers, and a browser for everybody."""

    async def prepare(_: RealHouse) -> None:
        return None

    async with AsyncExitStack() as stack:
        house = await stack.enter_async_context(real_house(database, tmp_path, prepare, office_text=OFFICE))
        made = Everything(house)
        await _with_a_call(made, database, tmp_path)
        for who in EVERYBODY:
            await house.people.add_user(who, PASSWORD, by="test")
            made.browsers[who] = await stack.enter_async_context(house.browser(who, PASSWORD))
        own = await stack.enter_async_context(house.browser("anna", PASSWORD))
        text = await (await own.get("/settings")).text()
        made.ids |= {
            "session": text.partition("/settings/sessions/")[2][:36],
            "agent": "anna",
            "queue": "sales",
        }
        yield made


async def _with_a_call(made: Everything, database: Database, folder: Path) -> None:
    house, clock = made.house, made.house.clock
    journal = await open_journal(database, folder / "spool")
    [maria], [second] = [
        await CustomerService(database, clock).search(reader("root"), title) for title in ("Maria", "Marina")
    ]
    taken = answered_call(
        NOW - timedelta(minutes=9),
        customer_id=maria.id,
        state=CallState.ENDED,
        outcome=Outcome.ANSWERED,
        ended_at=NOW - timedelta(minutes=8),
    )
    lost = missed_call(
        NOW - timedelta(minutes=7), from_number="+74955550143", from_raw="+74955550143", rang=["anna"]
    )
    await keep(journal, [CallEnded(call=taken), CallEnded(call=lost)])
    await journal.stop()
    expected = await house.recordings.expect(taken)
    assert expected is not None
    (folder / f"{taken.id}.wav").write_bytes(wav(tone(1.0)))
    await house.recordings.settle(
        replace(expected, state=RecordingState.OK, path=f"{taken.id}.wav", format="wav", size_bytes=100),
        taken,
    )
    await NoteService(database, clock).save_note(reader("anna"), taken.id, "Hidden note", 0)
    step = await NextStepService(database, clock).add(
        reader("anna"), taken.id, "Hidden step", NOW + timedelta(days=1)
    )
    [line] = await MissedService(database, clock).missed(reader("anna"), Whose.MINE)
    made.ids |= {
        "call": str(taken.id),
        "card": str(maria.id),
        "second": str(second.id),
        "recording": str(expected.id),
        "step": str(step.id),
        "line": str(line.id),
        "last_at": line.last_at.isoformat(),
    }


async def test_everybody_gets_what_is_theirs_and_nothing_else(everything: Everything) -> None:
    routes = {f"{method} {path}" for method, path in addresses(everything.house.app) if path not in PUBLIC}
    routes = {key for key in routes if not key.startswith("HEAD ")}  # the same handlers, without the body
    assert routes == RULES.keys() | ELSEWHERE.keys()
    wrong: list[object] = []
    for key, rule in RULES.items():
        for who in EVERYBODY:
            status, text = await everything.ask(key, rule, who)
            if who not in rule.seen_by:
                right = status == 404
            elif who in rule.refused:
                right = status == 403
            else:
                right = status < 400 or status in rule.answers
            if not right:
                wrong.append((key, who, status, text[:300]))
            if who in ("leyla", "rena"):
                wrong += [(key, who, "reads", word) for word in WORDS if word in text]
            if who not in OF_THE_CALL:
                # Whoever may read the card reads what was written of the call; to hear it is another right.
                wrong += [(key, who, "finds the recording")] if everything.ids["recording"] in text else []
    assert not wrong, "\n".join(map(str, wrong))


async def test_what_is_not_theirs_is_answered_like_what_does_not_exist(everything: Everything) -> None:
    wrong: list[object] = []
    for key, rule in RULES.items():
        if rule.thing is None:
            continue
        for who in EVERYBODY:
            there = await everything.ask(key, rule, who, **{rule.thing: SENTINEL})
            if there[0] != 404:
                wrong.append((key, who, "what does not exist", there))
            elif who not in rule.seen_by and await everything.ask(key, rule, who) != there:
                wrong.append((key, who, "tells that it exists"))
    assert not wrong, "\n".join(map(str, wrong))
