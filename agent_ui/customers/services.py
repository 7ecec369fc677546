"""What the pages of cards are made from: the services of crm_core that read and change them."""

from __future__ import annotations

from dataclasses import dataclass

from aiohttp import web

from crm_core.calls.missed_service import MissedService
from crm_core.calls.service import CallService
from crm_core.customers.service import CustomerService
from crm_core.notes.facts import FactService
from crm_core.notes.timeline import TimelineService


@dataclass(frozen=True, slots=True, kw_only=True)
class CardServices:
    """All of one database. Every method raises Unavailable when it is away."""

    customers: CustomerService
    calls: CallService
    timelines: TimelineService
    facts: FactService
    missed: MissedService


CARDS = web.AppKey("cards", CardServices)
