"""Who rings when: a fixed opening that shows each kind of call, then a busy but bearable office."""

from __future__ import annotations

import random
from collections import deque
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


def _caller(after_s: float, number: str, name: str, did: str, talk_s: int, story: str) -> Caller:
    return Caller(after_s=after_s, number=number, name=name, did=did, talk_s=talk_s, story=story)


# Wrap-up is 10 s in the sample office: who hangs up at 16 s has freed the agent at 26 s.
OPENING: tuple[Caller, ...] = (
    _caller(0, "+74955550142", "Marina Volkova", SALES, 16, "known, has an owner"),
    _caller(5, "+74955550177", "", SALES, 15, "new: gets a card, and its first agent as owner"),
    _caller(5, "anonymous", "Anonymous", SUPPORT, 12, "withheld: no card"),
    _caller(8, "+994125550143", "Leyla Huseynova", SUPPORT, 22, "owner talks: waits for the first free"),
    _caller(14, "+74955550177", "", SALES, 20, "rings again: same agent"),
    _caller(1, "+994125550142", "Kamran Mammadov", SUPPORT, 20, "known in the other office"),
    _caller(1, "+74955550151", "Severny Veter", SALES, 24, "everybody is busy: waits"),
    _caller(2, "+74955550188", "", SALES, 40, "waits behind, is taken in turn"),
    _caller(2, "+994125550199", "", SUPPORT, 9, "gives up while waiting"),
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
    lately: deque[str] = deque(maxlen=3)  # nobody rings again while the call before may still be up
    while True:
        after = dice.uniform(5, 14)
        talk = dice.randint(14, 45)
        kind = dice.random()
        if kind < 0.45:
            number, name, did = dice.choice([known for known in KNOWN if known[0] not in lately])
            lately.append(number)
            yield _caller(after, number, name, did, talk, "known")
        elif kind < 0.65 and strangers:
            number, did = dice.choice(strangers)
            yield _caller(after, number, "", did, talk, "rings again")
        elif kind < 0.92:
            did = dice.choice((SALES, SUPPORT))
            prefix = "+7495555" if did == SALES else "+99412555"
            number = f"{prefix}{dice.randint(200, 9999):04d}"
            strangers.append((number, did))
            del strangers[:-20]
            yield _caller(after, number, "", did, talk, "new")
        else:
            did = dice.choice((SALES, SUPPORT))
            yield _caller(after, "anonymous", "Anonymous", did, talk, "withheld")
