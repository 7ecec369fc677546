"""Who rings when: a fixed opening that shows each kind of call, then a busy but bearable office."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

SALES = "+74955550100"
SUPPORT = "+994125550100"


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """One call to come. Times in seconds; *after_s* counts from the call before."""

    after_s: float
    number: str  # E.164, or `anonymous`
    name: str
    did: str
    talk_s: int  # the caller hangs up after so long, waiting included
    story: str  # what it shows, for the reader of this file and the tests


OPENING: tuple[Caller, ...] = (
    Caller(
        after_s=0,
        number="+74955550142",
        name="Marina Volkova",
        did=SALES,
        talk_s=25,
        story="known, has an owner",
    ),
    Caller(
        after_s=6, number="+74955550177", name="", did=SALES, talk_s=18, story="new: gets a card and an owner"
    ),
    Caller(
        after_s=6, number="anonymous", name="Anonymous", did=SUPPORT, talk_s=16, story="withheld: no card"
    ),
    Caller(
        after_s=8,
        number="+994125550143",
        name="Leyla Huseynova",
        did=SUPPORT,
        talk_s=22,
        story="known to the other office",
    ),
    Caller(after_s=12, number="+74955550177", name="", did=SALES, talk_s=20, story="rings again: same agent"),
    Caller(
        after_s=2,
        number="+74955550151",
        name="Severny Veter",
        did=SALES,
        talk_s=24,
        story="everybody gets busy",
    ),
    Caller(
        after_s=2,
        number="+74955550188",
        name="",
        did=SALES,
        talk_s=40,
        story="waits, then the first who is free",
    ),
    Caller(after_s=2, number="+994125550199", name="", did=SUPPORT, talk_s=9, story="gives up while waiting"),
)

KNOWN: tuple[tuple[str, str, str], ...] = (
    ("+74955550142", "Marina Volkova", SALES),
    ("+74955550151", "Severny Veter", SALES),
    ("+994125550143", "Leyla Huseynova", SUPPORT),
    ("+994125550142", "Kamran Mammadov", SUPPORT),
)


def callers(seed: int = 7) -> Iterator[Caller]:
    """The opening, then calls for ever: known ones, new ones, repeated ones, now and then a withheld one."""
    yield from OPENING
    dice = random.Random(seed)  # noqa: S311 - a script, not a secret
    strangers: list[tuple[str, str]] = []
    while True:
        after = dice.uniform(5, 14)
        talk = dice.randint(14, 45)
        kind = dice.random()
        if kind < 0.45:
            number, name, did = dice.choice(KNOWN)
            yield Caller(after_s=after, number=number, name=name, did=did, talk_s=talk, story="known")
        elif kind < 0.65 and strangers:
            number, did = dice.choice(strangers)
            yield Caller(after_s=after, number=number, name="", did=did, talk_s=talk, story="rings again")
        elif kind < 0.92:
            did = dice.choice((SALES, SUPPORT))
            prefix = "+7495555" if did == SALES else "+99412555"
            number = f"{prefix}{dice.randint(200, 9999):04d}"
            strangers.append((number, did))
            del strangers[:-20]
            yield Caller(after_s=after, number=number, name="", did=did, talk_s=talk, story="new")
        else:
            did = dice.choice((SALES, SUPPORT))
            yield Caller(
                after_s=after, number="anonymous", name="Anonymous", did=did, talk_s=talk, story="withheld"
            )
