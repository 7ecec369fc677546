"""Hashing passwords: what is kept, what matches, and how much at once."""

from __future__ import annotations

import asyncio
from typing import Literal

import pytest
from argon2 import PasswordHasher

from crm_core.errors import BadInput
from crm_core.people.passwords import AT_ONCE, MAX_LENGTH, Passwords

pytestmark = pytest.mark.unit


def weak() -> PasswordHasher:
    return PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


async def test_the_default_is_argon2id_and_matches_its_own() -> None:
    passwords = Passwords()
    kept = await passwords.hash("correct horse")
    assert kept.startswith("$argon2id$")
    assert await passwords.matches(kept, "correct horse")
    assert not await passwords.matches(kept, "correct horse ")


async def test_the_same_password_is_kept_differently_each_time() -> None:
    passwords = Passwords(weak())
    assert await passwords.hash("correct horse") != await passwords.hash("correct horse")


@pytest.mark.parametrize("password", ["", "seven77", "x" * (MAX_LENGTH + 1)])
async def test_length_is_bounded(password: str) -> None:
    with pytest.raises(BadInput):
        await Passwords(weak()).hash(password)


@pytest.mark.parametrize("kept", ["", "plain text", "$argon2id$broken"])
async def test_what_is_no_hash_matches_nothing(kept: str) -> None:
    assert not await Passwords(weak()).matches(kept, "correct horse")


class Counting(PasswordHasher):
    """Counts checks, and how many run at once."""

    def __init__(self) -> None:
        super().__init__(time_cost=20, memory_cost=64, parallelism=1)
        self.checks = self.running = self.most = 0

    def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:
        self.checks += 1
        self.running += 1
        self.most = max(self.most, self.running)
        try:
            return super().verify(hash, password)
        finally:
            self.running -= 1


async def test_nobody_is_checked_like_somebody() -> None:
    hasher = Counting()
    assert not await Passwords(hasher).matches(None, "nobody has this one")
    assert hasher.checks == 1


async def test_only_a_few_at_once() -> None:
    hasher = Counting()
    passwords = Passwords(hasher)
    kept = await passwords.hash("correct horse")
    assert all(await asyncio.gather(*(passwords.matches(kept, "correct horse") for _ in range(12))))
    assert hasher.checks == 12
    assert hasher.most <= AT_ONCE
