"""Callers on request: a known, a new or a withheld one rings the free seat at once."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

from agent_ui.demo.bell import Ringing
from callcard.demo.peers import SEAT_LINE, free_seat, ring
from callcard.demo.script import Caller
from crm_core.errors import Unavailable
from crm_core.office.model import OfficeFile

TALK_S = 180  # the caller speaks so long at most


class SeatBell:
    """The demo's `Bell`: puts call files into the PBX's *spool*."""

    def __init__(self, office: OfficeFile, spool: Path) -> None:
        self.seat = free_seat(office)
        self._spool = spool
        self._dice = random.Random()  # noqa: S311 - whose number is shown, not a secret
        self._taken = {phone for customer in office.customers for phone in customer.phones}
        self._known = [
            (phone, customer.title)
            for customer in office.customers
            if customer.owner == self.seat
            for phone in customer.phones[:1]
        ]

    async def ring(self, who: Ringing) -> None:
        """Return when the call file is there; Asterisk looks each second at the latest."""
        try:
            await asyncio.to_thread(ring, self._spool, self.caller(who))
        except OSError as error:
            raise Unavailable from error

    def caller(self, who: Ringing) -> Caller:
        """Somebody of this kind; of those the seat knows each in turn, a new number each time."""
        if who is Ringing.KNOWN:
            self._known.append(self._known.pop(0))
            number, name = self._known[-1]
        elif who is Ringing.NEW:
            number, name = self._new_number(), ""
        else:
            number, name = "anonymous", "Anonymous"
        return Caller(
            after_s=0, number=number, name=name, did=SEAT_LINE, talk_s=TALK_S, story=f"asked for: {who}"
        )

    def _new_number(self) -> str:
        while (number := f"+7495555{self._dice.randint(200, 9999):04d}") in self._taken:
            pass
        self._taken.add(number)
        return number
