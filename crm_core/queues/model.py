"""Queues and numbers (DIDs): where calls wait, and what callers dial."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Overflow(StrEnum):
    """What happens to a call that no agent can take."""

    VOICEMAIL = "voicemail"
    HANGUP = "hangup"


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """Where calls wait for a team. Times in seconds."""

    name: str
    title: str
    extension: str | None  # what an agent dials, or transfers to, to reach it
    members: tuple[str, ...]  # agents, in the order of the office file
    ring_s: int = 20  # how long one agent's devices ring
    max_offers: int = 5  # agents tried one after another before the call waits
    max_misses: int = 3  # unanswered offers in a row that make an agent not_answering
    max_wait_s: int = 600  # waiting longer goes to overflow
    wrap_up_s: int = 20  # after talking, before the next offer
    service_level_s: int = 20
    music: str = "default"
    overflow: Overflow = Overflow.VOICEMAIL
    record: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """A number callers dial. *e164* is its name everywhere; *dialled* how trunks present it."""

    e164: str
    title: str
    office: str
    country: str
    queue: str
    source: str | None = None
    dialled: tuple[str, ...] = ()
    answer: bool = True  # answer before waiting music; else early media
