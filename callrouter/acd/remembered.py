"""Identities kept for when the database is away: who rang from where, as it was last known."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import replace
from functools import partial
from typing import TypeVar
from uuid import UUID

from crm_core.customers.model import Customer, Identity, merged_choices

Key = tuple[str, str | None]  # what the wire said of the caller, and the number dialled
KEPT = 50_000  # the oldest go first

_K = TypeVar("_K", bound=Hashable)


class Remembered:
    """At most `KEPT` identities by `Key`; follows what becomes of their cards."""

    def __init__(self) -> None:
        self._known: dict[Key, Identity] = {}  # the one remembered first stands first
        self._by_card: dict[UUID, set[Key]] = {}
        self._by_number: dict[str, set[Key]] = {}

    def get(self, raw: str, did: str | None) -> Identity | None:
        """Who it was when *raw* last rang *did*."""
        return self._known.get((raw, did))

    def put(self, raw: str, did: str | None, identity: Identity) -> None:
        """*raw* rang *did*, and was *identity*."""
        key = (raw, did)
        self._forget(key)
        self._known[key] = identity
        self._index(key, identity)
        if len(self._known) > KEPT:
            self._forget(next(iter(self._known)))

    def card_changed(self, card: Customer) -> None:
        """A card has another owner or title: what is remembered must not send calls to the old one."""
        self._change(
            self._by_card.get(card.id, set()),
            lambda known: replace(known, title=card.title, owner=card.owner),
        )

    def owner_became(self, customer_id: UUID, owner: str) -> None:
        """A card has its first owner."""
        self._change(self._by_card.get(customer_id, set()), lambda known: replace(known, owner=owner))

    def merged(self, kept: Customer, dropped: UUID) -> None:
        """The card *dropped* became part of *kept*: alone, or as one of the choices of a number."""
        is_kept = partial(replace, customer_id=kept.id, title=kept.title, owner=kept.owner, choices=())
        self._change(self._by_card.get(dropped, set()), is_kept)

        def one_less(known: Identity) -> Identity:
            left = merged_choices(known.choices, kept, dropped)
            return is_kept(known) if len(left) == 1 else replace(known, choices=left)

        for point in kept.contact_points:
            self._change(self._by_number.get(point.value, set()), one_less)

    def chosen(self, did: str | None, identity: Identity) -> None:
        """Somebody said who the number of *identity* is when it rings *did*, in whatever form it is sent."""
        if did is not None and identity.e164 is not None:
            keys = {key for key in self._by_number.get(identity.e164, ()) if key[1] == did}
            self._change(keys, lambda known: identity)

    def _change(self, keys: set[Key], change: Callable[[Identity], Identity]) -> None:
        for key in tuple(keys):
            before = self._known[key]
            self._known[key] = after = change(before)
            if before.customer_id != after.customer_id:
                self._unindex(key, before)
                self._index(key, after)

    def _forget(self, key: Key) -> None:
        identity = self._known.pop(key, None)
        if identity is not None:
            self._unindex(key, identity)

    def _index(self, key: Key, identity: Identity) -> None:
        if identity.customer_id is not None:
            self._by_card.setdefault(identity.customer_id, set()).add(key)
        if identity.e164 is not None:
            self._by_number.setdefault(identity.e164, set()).add(key)

    def _unindex(self, key: Key, identity: Identity) -> None:
        if identity.customer_id is not None:
            _drop(self._by_card, identity.customer_id, key)
        if identity.e164 is not None:
            _drop(self._by_number, identity.e164, key)


def _drop(index: dict[_K, set[Key]], under: _K, key: Key) -> None:
    keys = index[under]
    keys.discard(key)
    if not keys:
        del index[under]
