"""What the gallery shows: each component in each state, with texts that try to break out or to spread."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from agent_ui.dialling import Dialling, Way
from crm_core.calls.model import CallState, Outcome
from crm_core.presence.model import AgentState

# As callers and colleagues write: markup, quotes, no spaces, right to left, long, combined letters.
HOSTILE = (
    '<script>alert("1")</script>',
    '"\' onmouseover="alert(1)" x=\'',
    "{{ 7 * 7 }} {% include 'x' %} %(name)s",
    "Nəsrəddin-Əliağa-Məhəmmədhüseynzadə-Şıxəliyev-oğlu-Qarabağlı-Naxçıvanski",
    "ООО «Производственно-коммерческое объединение „Северо-Запад“ и сыновья»",
    "שלום \u202eabc\u202c مرحبا",
    "Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢L̠ͨͧͩ͘G̴̻͈͍͔̹̑͗̎̅͛́Ǫ̵̹̻̝̳",
    " ",
)
DIAL = Dialling(way=Way.DEVICE, prefixes=("+7", "+9"))
NUMBERS = ("+74955550142", "+994125550177", "anonymous", "+" + "9" * 40)


@dataclass(frozen=True, slots=True, kw_only=True)
class GalleryView:
    """Samples. *earlier*: some moments before *now*, the last one more than an hour."""

    now: datetime
    earlier: tuple[datetime, ...]
    soon: datetime
    agent_states: tuple[AgentState, ...] = tuple(AgentState)
    call_states: tuple[CallState, ...] = tuple(CallState)
    outcomes: tuple[Outcome, ...] = tuple(Outcome)
    tones: tuple[str, ...] = ("plain", "info", "success", "warning", "danger", "violet")
    hostile: tuple[str, ...] = HOSTILE
    numbers: tuple[str, ...] = NUMBERS
    dial: Dialling = DIAL


def gallery_view(now: datetime) -> GalleryView:
    """Samples at *now*."""
    ages = (3, 134, 668, 5025)
    return GalleryView(
        now=now,
        earlier=tuple(now - timedelta(seconds=age) for age in ages),
        soon=now + timedelta(seconds=17),
    )
