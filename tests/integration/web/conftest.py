"""The small house with something in it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from crm_core.calls.dispositions import FileDispositions
from crm_core.calls.merged_cards import CallsOfCards
from crm_core.calls.missed_service import MissedService
from crm_core.calls.model import CallState, Leg, LegRole, LegState, Offer, OfferState, Outcome
from crm_core.calls.service import CallService
from crm_core.calls.trace import Code, line
from crm_core.customers.model import CardStatus, ContactKind, ContactPoint, Customer
from crm_core.customers.seeding import FileCustomers
from crm_core.customers.service import CustomerService
from crm_core.db.engine import Database
from crm_core.ids import new_id
from crm_core.notes.cards import StepsOfCards
from crm_core.notes.overview import OverviewService
from crm_core.notes.timeline import TimelineService
from crm_core.office.service import OfficeService
from crm_core.recordings.model import Recording, RecordingKind, RecordingState
from tests.fakes.house import BAKU_DID, NOW, call, call_id, reader
from tests.fakes.web import House
from tests.integration.calls.conftest import open_journal
from tests.integration.web.card_pages import OFFICE, CardPages, CardServices, Ticking

AUDIO = bytes(range(256)) * 40


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    """Two answered calls, one in each office, with cards and recordings."""
    house = House(tmp_path)
    ended = NOW + timedelta(seconds=70)
    leg = Leg(
        channel="1.1",
        channel_name="PJSIP/agent-anna-desk-00000001",
        role=LegRole.AGENT,
        agent="anna",
        endpoint="agent-anna-desk",
        number="101",
        state=LegState.ENDED,
        started_at=NOW,
        answered_at=NOW + timedelta(seconds=6),
        ended_at=ended,
        talk_s=64.0,
        cause=16,
    )
    offer = Offer(
        id=new_id(),
        agent="anna",
        attempt=1,
        state=OfferState.ANSWERED,
        ring_s=20,
        reserved_at=NOW,
        alerting_at=NOW,
        ended_at=NOW,
    )
    answered = {
        "state": CallState.ENDED,
        "outcome": Outcome.ANSWERED,
        "answered_at": NOW + timedelta(seconds=6),
        "ended_at": ended,
        "talk_s": 64.0,
    }
    customer = Customer(
        id=new_id(),
        title="Maria",
        status=CardStatus.KEPT,
        owner="anna",
        office="moscow",
        contact_points=(ContactPoint(id=new_id(), kind=ContactKind.PHONE, value="+74955550142"),),
        created_at=NOW,
        updated_at=NOW,
    )
    house.customers.rows = [customer]
    moscow = call(
        1,
        **answered,
        agent="anna",
        customer_id=customer.id,
        customer_title="Maria",
        legs=(leg,),
        offers=(offer,),
        trace=(line(NOW, Code.OFFER_ANSWERED, agent="anna"),),
    )
    baku = call(2, **answered, agent="leyla", did=BAKU_DID, queue="service", from_number="+994505550101")
    house.calls.rows = [baku, moscow]
    for number, of in enumerate((moscow, baku)):
        (tmp_path / f"{number}.wav").write_bytes(AUDIO)
        recording = Recording(
            id=call_id(100 + number),
            call_id=of.id,
            kind=RecordingKind.CALL,
            state=RecordingState.OK,
            path=f"{number}.wav",
            format="wav",
            size_bytes=len(AUDIO),
            duration_s=64.0,
            started_at=NOW,
        )
        house.recordings.rows.append(recording)
    async with house:
        yield house


@pytest.fixture
async def pages(database: Database, tmp_path: Path) -> AsyncIterator[CardPages]:
    """The pages of cards on a real database."""
    house = House(tmp_path)
    clock = house.clock
    applied = OfficeService(database, clock, followers=(FileCustomers(clock), FileDispositions()))
    await applied.apply(OFFICE, None, "root", None)
    clock.advance(3600)
    services = CardServices(
        customers=CustomerService(database, Ticking(clock), followers=(CallsOfCards(), StepsOfCards())),
        calls=CallService(database, clock),
        timelines=TimelineService(database),
        overviews=OverviewService(database, clock),
        missed=MissedService(database, clock),
    )
    vars(house).update(vars(services))
    cards, _ = await services.customers.list(reader("root"))
    named = {card.title: card for card in cards}
    journal = await open_journal(database, tmp_path / "spool")
    async with house:
        yield CardPages(
            house=house,
            services=services,
            journal=journal,
            maria=named["Maria"],
            severny=named["Severny"],
        )
    await journal.stop()
