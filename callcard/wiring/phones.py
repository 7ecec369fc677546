"""Phones in the browser: what router and web both need of them."""

from __future__ import annotations

from callcard.wiring.ground import Ground
from crm_core.people.phone_credentials import PhoneCredentials
from crm_core.people.service import PeopleService


def phone_credentials(ground: Ground) -> PhoneCredentials:
    """The passwords of this PBX's browser phones, as rows."""
    people = PeopleService(ground.database, ground.clock)
    return PhoneCredentials(ground.database, ground.clock, pbx=ground.pbx, readers=people.readers_by_token_id)
