"""Who rings, within a budget: the call never waits longer for the database than it must."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, replace
from functools import partial
from uuid import UUID

import structlog

from callrouter.acd.ask import Ask
from callrouter.acd.core import Core
from callrouter.acd.line import LiveCall
from callrouter.acd.ports import Behind, Callers
from callrouter.acd.remembered import Remembered
from callrouter.tracking.facts import Identified, Traced
from crm_core.calls.events import CallIdentified
from crm_core.calls.model import Call, Direction, TraceLine
from crm_core.calls.trace import LOOKED_UP, Code, first_agent, line
from crm_core.customers.model import Customer, Identity, merged_choices
from crm_core.errors import Unavailable

log = structlog.get_logger(__name__)

_MADE = 50  # the newest cards made: more than a busy second's


@dataclass(frozen=True, slots=True)
class _Caller:
    """Whose card is asked for, as the dialplan said it: who rings, or whom an agent called."""

    call_id: UUID
    raw: str
    presentation: str
    did: str | None
    called: bool = False


class Identification:
    """Asks for the card, at most 150 ms; else routes by what is remembered and fills in later."""

    def __init__(self, core: Core, callers: Callers, behind: Behind) -> None:
        self._core = core
        self._callers = callers
        self._behind = behind
        self._remembered = Remembered()
        self._made: deque[_Caller] = deque(maxlen=_MADE)

    async def identify(self, call: LiveCall, ask: Ask) -> None:
        """Make the caller's card known to the call; never raises for a database that is away."""
        if ask.direction is not Direction.IN:
            call.identified = True  # a colleague, or a customer we called: looked up when the call began
            return
        caller = _Caller(ask.call_id, ask.caller_raw, ask.presentation, ask.did)
        try:
            async with asyncio.timeout(self._core.limits.identify_s):
                identity = await self._callers.identify(caller.raw, caller.presentation, caller.did)
        except (TimeoutError, Unavailable):
            self._late(call, caller)
            return
        self._remembered.put(caller.raw, caller.did, identity)
        call.identified = True
        call.owner, call.has_card = identity.owner, identity.customer_id is not None
        if identity.created:
            self._made.append(caller)
        self._say_who(caller.call_id, identity, _line(caller, identity, self._core))

    def database_back(self) -> None:
        """The database was away. If it crashed, the newest cards may not have been on its disk yet."""
        for caller in self._made:
            self._behind.put(("made", caller.call_id), partial(self._make_sure, caller))

    def arrived(self, call_id: UUID, number: str, did: str) -> None:
        """A call came in, and will ask at once; one whose question never comes gets its card all the same.

        *number* is what the dialplan left of the caller id: nothing, when the caller withheld it.
        """
        caller = _Caller(call_id, number, "", did)
        self._core.deadlines.set(
            ("unasked", call_id), self._core.limits.unasked_s, partial(self._unasked, caller)
        )

    def called(self, call: Call) -> None:
        """An agent calls a customer: nobody waits for the card, it is looked up at once or when it can be."""
        if call.direction is Direction.OUT and call.to is not None and _never_looked_up(call):
            self._behind.put(("identify", call.id), partial(self._fill_in, _of(call)))

    def settled(self, call: Call) -> None:
        """A finished call nobody looked up gets its card too, a card its owner: we were away meanwhile."""
        if call.direction is Direction.INTERNAL:
            return
        if _never_looked_up(call):
            self._behind.put(("identify", call.id), partial(self._fill_in_settled, call))
        elif (agent := first_agent(call)) is not None:
            self.answered(call, agent)

    def _unasked(self, caller: _Caller) -> None:
        call = self._core.call(caller.call_id)
        if call is not None and _never_looked_up(call):
            self._behind.put(("identify", caller.call_id), partial(self._fill_in, caller))

    async def _fill_in_settled(self, call: Call) -> None:
        caller = _of(call)
        known = self._core.call(call.id)
        if known is not None and not _never_looked_up(known):
            return  # a copy of the event may come later than the card
        identity = await self._callers.identify(caller.raw, caller.presentation, caller.did)
        if self._core.call(call.id) is not None:  # else it was forgotten, perhaps just now
            self._take(caller, identity)
            return
        owner = identity.owner
        if identity.customer_id is not None and owner is None and call.agent is not None:
            owner = call.agent if await self._callers.own(identity.customer_id, call.agent) else None
        self._complete(
            replace(
                call,
                from_number=call.from_number if call.direction is Direction.OUT else identity.e164,
                customer_id=identity.customer_id,
                customer_title=identity.title,
                owner=owner,
                choices=identity.choices,
                trace=(*call.trace, _line(caller, identity, self._core)),
            )
        )

    def _complete(self, call: Call) -> None:
        """A finished call that only the database has: let it, and who shows it, have this version."""
        complete = replace(call, version=call.version + 1)
        self._core.outlet.put(CallIdentified(at=self._core.clock.now(), pbx=call.pbx, call=complete))

    def card_changed(self, card: Customer) -> None:
        """A card has another owner or title: what is remembered follows, and its calls of now."""
        self._remembered.card_changed(card)
        for call in [call for call in self._core.live_calls() if call.customer_id == card.id]:
            self._give_card(call, card.id, card.title, card.owner)

    def merged(self, kept: Customer, dropped: UUID) -> None:
        """A card became part of another: what is remembered follows, and its calls of now."""
        self._remembered.merged(kept, dropped)
        for call in tuple(self._core.live_calls()):
            left = merged_choices(call.choices, kept, dropped)
            if call.customer_id == dropped or len(left) == 1 < len(call.choices):
                self._give_card(call, kept.id, kept.title, kept.owner)
                self._owned_by_first(call.id)
            elif left != call.choices:
                self._say_who(call.id, Identity(e164=call.customer_number, choices=left))

    def chosen(self, said: Call) -> None:
        """A person said which card the caller of *said* is: so from now on, and in the call if it is here."""
        if said.customer_id is None:
            return
        call = self._core.call(said.id)
        owner = said.owner
        if call is not None and call.customer_id == said.customer_id:
            owner = owner or call.owner  # told twice, and it has an owner since
        known = Identity(
            e164=said.customer_number,
            customer_id=said.customer_id,
            title=said.customer_title,
            owner=owner,
        )
        self._remembered.chosen(said.did, known)
        if call is None:
            return  # its row says so already
        lines = tuple(line for line in said.trace if line.code == Code.CUSTOMER_CHOSEN)
        self._core.say(Traced(at=self._core.clock.now(), call_id=call.id, lines=lines))
        self._give_card(call, said.customer_id, said.customer_title, owner)
        self._owned_by_first(call.id)

    def _owned_by_first(self, call_id: UUID) -> None:
        """Who answered first owns the card that the call has only now, if nobody does."""
        call = self._core.call(call_id)
        agent = first_agent(call) if call is not None else None
        if call is not None and agent is not None:
            self.answered(call, agent)

    def _give_card(self, call: Call, customer_id: UUID, title: str | None, owner: str | None) -> None:
        """Let *call* have that card, and be routed by it if nobody has it yet."""
        live = self._core.line.get(call.id)
        if live is not None and (live.owner, live.has_card) != (owner, True):
            live.owner, live.has_card, self._core.rematch = owner, True, True
        known = Identity(e164=call.customer_number, customer_id=customer_id, title=title, owner=owner)
        self._say_who(call.id, known)

    def answered(self, call: Call, agent: str) -> None:
        """The first answered call of an unowned card makes its agent the owner, once."""
        if call.direction is Direction.INTERNAL or call.customer_id is None or call.owner is not None:
            return
        self._behind.put(("own", call.customer_id), partial(self._own, call, call.customer_id, agent))

    async def _own(self, told: Call, customer_id: UUID, agent: str) -> None:
        if not await self._callers.own(customer_id, agent):
            return
        self._remembered.owner_became(customer_id, agent)
        said = line(self._core.clock.now(), Code.BECAME_OWNER, agent=agent)
        call = self._core.call(told.id)
        if call is not None:
            title = call.customer_title
            known = Identity(e164=call.customer_number, customer_id=customer_id, title=title, owner=agent)
            self._say_who(call.id, known, said)
        elif told.settled:
            self._complete(replace(told, owner=agent, trace=(*told.trace, said)))

    def _late(self, call: LiveCall, caller: _Caller) -> None:
        remembered = self._remembered.get(caller.raw, caller.did)
        call.identified = True
        call.owner = remembered.owner if remembered else None
        at = self._core.clock.now()
        log.warning("caller identified late", call=str(call.id), remembered=remembered is not None)
        self._core.say(Traced(at=at, call_id=call.id, lines=(line(at, Code.IDENTIFY_LATE),)))
        self._behind.put(("identify", call.id), partial(self._fill_in, caller))

    async def _fill_in(self, caller: _Caller) -> None:
        """The database is back: the call gets its card, and the card its owner if the call was answered."""
        identity = await self._callers.identify(caller.raw, caller.presentation, caller.did)
        if identity.created:
            self._made.append(caller)
        self._take(caller, identity)

    async def _make_sure(self, caller: _Caller) -> None:
        """The card of a new caller is there; or was lost and made again now, and the call gets that one."""
        identity = await self._callers.identify(caller.raw, caller.presentation, caller.did)
        if identity.created:
            log.warning("a card was lost with the database and made again", call=str(caller.call_id))
            self._take(caller, identity)

    def _take(self, caller: _Caller, identity: Identity) -> None:
        self._remembered.put(caller.raw, caller.did, identity)
        live = self._core.line.get(caller.call_id)
        if live is not None:
            live.owner, live.has_card = identity.owner, identity.customer_id is not None
        self._say_who(caller.call_id, identity, _line(caller, identity, self._core))
        call = self._core.call(caller.call_id)
        if call is not None and call.answered_at is not None and call.agent is not None:
            self.answered(call, call.agent)

    def _say_who(self, call_id: UUID, known: Identity, *why: TraceLine) -> None:
        """Let the call have what is *known* of its caller, with the lines of its trace that say why."""
        at = self._core.clock.now()
        who = Identified(
            at=at,
            call_id=call_id,
            e164=known.e164,
            customer_id=known.customer_id,
            title=known.title,
            owner=known.owner,
            choices=known.choices,
        )
        self._core.say(who, *([Traced(at=at, call_id=call_id, lines=why)] if why else []))


def _of(call: Call) -> _Caller:
    """The other side of *call*, as whoever asks for the card names it."""
    raw = call.to or "" if call.direction is Direction.OUT else call.from_raw
    return _Caller(call.id, raw, "", call.did, called=call.direction is Direction.OUT)


def _never_looked_up(call: Call) -> bool:
    return call.customer_id is None and not any(line.code in LOOKED_UP for line in call.trace)


def _line(caller: _Caller, identity: Identity, core: Core) -> TraceLine:
    at = core.clock.now()
    if identity.customer_id is not None:
        if identity.created:
            return line(at, Code.IDENTIFIED_NEW)
        known = Code.IDENTIFIED_CUSTOMER if caller.called else Code.IDENTIFIED_KNOWN
        return line(at, known, title=identity.title)
    if identity.choices:
        return line(at, Code.IDENTIFIED_SHARED, count=len(identity.choices))
    withheld = not caller.raw or caller.presentation.startswith(("prohib", "unavailable"))
    return line(at, Code.IDENTIFIED_WITHHELD if withheld else Code.IDENTIFIED_UNREADABLE)
