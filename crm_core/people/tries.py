"""When somebody who failed to sign in may try again: pure rules.

Failures are counted for the account, for the address, and for the one from the other. An address
waits after its own failures. An account that is being guessed makes each *address* wait, counted from
when that address first asked, not from the last failure: a stranger who keeps failing can delay the
account's owner by one wait, never keep them out. One failure is forgotten each minute.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

FREE = 5  # failures without a wait
LONGEST_S = 60
FORGET_S = 60  # one failure less
MOST = 12  # more are not counted: the trace of an attack is gone this many minutes after it
KEPT = timedelta(seconds=FORGET_S * (MOST + 1))  # older counts mean nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class Tries:
    """What is known of one key. *until*: no try before."""

    failures: int
    at: datetime
    until: datetime

    def failures_at(self, now: datetime) -> int:
        """Those that are not forgotten yet."""
        forgotten = int((now - self.at).total_seconds() // FORGET_S)
        return max(0, self.failures - max(0, forgotten))


def pause(failures: int) -> timedelta:
    """How long to wait after so many: 1 s after the fifth, twice as long after each, 60 s at most."""
    if failures < FREE:
        return timedelta()
    return timedelta(seconds=min(LONGEST_S, 2 ** (min(failures, MOST) - FREE)))


def one_more(tries: Tries | None, now: datetime) -> Tries:
    """*tries* with another failure, now."""
    failures = min(MOST, (tries.failures_at(now) if tries else 0) + 1)
    return Tries(failures=failures, at=now, until=now + pause(failures))


def one_less(tries: Tries, now: datetime) -> Tries:
    """*tries* after a try that was counted as a failure, and was none."""
    return Tries(failures=max(0, tries.failures_at(now) - 1), at=now, until=now)


def ticket(account: Tries, now: datetime) -> Tries:
    """When an address that has not asked before may try *account*."""
    return Tries(failures=0, at=now, until=now + pause(account.failures_at(now)))


def refused_until(
    now: datetime, *, address: Tries | None, account: Tries | None, pair: Tries | None
) -> datetime | None:
    """When this address may try this account, None for now."""
    if address is not None and address.until > now:
        return address.until
    if account is None or not pause(account.failures_at(now)):
        return None
    if pair is None:
        return ticket(account, now).until
    return pair.until if pair.until > now else None
