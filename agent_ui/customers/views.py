"""What the templates of cards get. Texts of people stay as they are; templates escape them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from agent_ui.dialling import Dialling
from crm_core.customers.model import CardDetails, CardStatus, ContactKind, Customer
from crm_core.i18n import Message
from crm_core.live.directory import Directory
from crm_core.notes.facts import CardFacts, LastTalk
from crm_core.notes.model import NextStep
from crm_core.people.model import Reader
from crm_core.permissions import Action, may


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnerView:
    """Who is responsible. *name* is empty for nobody."""

    name: str
    title: str
    mine: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CardLine:
    """A card in a list. *named*: the title is more than the number."""

    id: UUID
    title: str
    named: bool
    provisional: bool
    phones: tuple[str, ...]  # E.164
    owner: OwnerView
    office: str
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class StepView:
    """The next step that is due first. *agent* None: the reader's own; *late*: its time has passed."""

    text: str
    due_at: datetime
    agent: str | None
    late: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TalkView:
    """The last talk. *agent* None: the reader's own (*mine*); *result*: a message id or the office's text."""

    at: datetime
    seconds: float
    agent: str | None
    mine: bool
    result: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FactsView:
    """A card in figures: what was, what is owed, what comes next."""

    talk: TalkView | None
    step: StepView | None
    missed: int
    calls: int
    first_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CardView:
    """A card as it is read. *elsewhere*: the customer's time zone when the numbers say it.

    *others*: addresses that are no numbers; *may_edit*, *may_assign*: what the reader may do to it; *dial*:
    which of its numbers they can call.
    """

    line: CardLine
    others: tuple[str, ...]
    timezone: str
    elsewhere: bool
    local_time: datetime
    facts: FactsView
    may_edit: bool
    may_assign: bool
    dial: Dialling


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Why a change was not made. *field*: of which part of the form; *cards*: whom it collides with."""

    field: str
    words: Message
    hint: Message | None = None
    cards: tuple[CardLine, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class EditView:
    """A card while it is changed. What was typed and not taken stays: *title*, *phone*, *owner*.

    *owners*: pairs of name and title to choose from; *saved*: what was just done.
    """

    card: CardView
    title: str
    phone: str = ""
    owner: str = ""
    owners: tuple[tuple[str, str], ...] = ()
    problem: Problem | None = None
    saved: bool = False


def owner_view(name: str | None, directory: Directory, reader: Reader) -> OwnerView:
    """*name* as the reader is told of them."""
    return OwnerView(
        name=name or "",
        title=directory.titles.get(name or "", name or ""),
        mine=name is not None and name == reader.person,
    )


def card_line(card: Customer, directory: Directory, reader: Reader) -> CardLine:
    """*card* in a list."""
    phones = tuple(p.value for p in card.contact_points if p.kind is ContactKind.PHONE)
    office = directory.offices.get(card.office or "")
    return CardLine(
        id=card.id,
        title=card.title,
        named=card.title not in phones,
        provisional=card.status is CardStatus.PROVISIONAL,
        phones=phones,
        owner=owner_view(card.owner, directory, reader),
        office=office.title if office is not None else card.office or "",
        updated_at=card.updated_at,
    )


def card_lines(cards: Iterable[Customer], directory: Directory, reader: Reader) -> tuple[CardLine, ...]:
    """*cards* in their order."""
    return tuple(card_line(card, directory, reader) for card in cards)


def card_view(
    details: CardDetails,
    facts: CardFacts,
    results: Mapping[str, str],
    directory: Directory,
    reader: Reader,
    dial: Dialling,
) -> CardView:
    """A card as *reader* reads it. *results*: what may be said of calls, by name."""
    card = details.card
    return CardView(
        line=card_line(card, directory, reader),
        others=tuple(p.value for p in card.contact_points if p.kind is not ContactKind.PHONE),
        timezone=details.timezone,
        elsewhere=details.of_number,
        local_time=details.local_time,
        facts=FactsView(
            talk=_talk(facts.last_talk, results, directory, reader),
            step=_step(facts.step, details.local_time, directory, reader),
            missed=facts.missed,
            calls=facts.calls,
            first_at=facts.first_at,
        ),
        may_edit=may_edit(card, reader),
        may_assign=may(reader, Action.CUSTOMERS_ASSIGN, office=card.office),
        dial=dial,
    )


def _talk(
    talk: LastTalk | None, results: Mapping[str, str], directory: Directory, reader: Reader
) -> TalkView | None:
    if talk is None:
        return None
    mine = talk.agent == reader.person
    return TalkView(
        at=talk.at,
        seconds=talk.seconds,
        agent=None if mine or talk.agent is None else directory.titles.get(talk.agent, talk.agent),
        mine=mine,
        result=results.get(talk.disposition or "", talk.disposition),
    )


def _step(step: NextStep | None, now: datetime, directory: Directory, reader: Reader) -> StepView | None:
    if step is None:
        return None
    agent = None if step.agent == reader.person else directory.titles.get(step.agent, step.agent)
    return StepView(text=step.text, due_at=step.due_at, agent=agent, late=step.due_at < now)


def may_edit(card: Customer, reader: Reader) -> bool:
    """Whether *reader* may change *card*: a card met in a call of another office is only read."""
    agents = () if card.owner is None else (card.owner,)
    return may(reader, Action.CUSTOMERS_WRITE, office=card.office, agents=agents)


def owners_of(office: str | None, directory: Directory, also: str | None) -> tuple[tuple[str, str], ...]:
    """Who may be responsible for cards of *office* (None: of any), and *also*; by how they are called."""
    names = {p.name for p in directory.people.values() if office in (None, p.office)}
    names |= {also} if also is not None else set()
    pairs = ((name, directory.titles.get(name, name)) for name in names)
    return tuple(sorted(pairs, key=lambda pair: (pair[1], pair[0])))
