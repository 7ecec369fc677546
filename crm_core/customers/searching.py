"""Search as one types: the few cards worth showing, however many there are.

Words that half of all cards have cannot be sorted at each keystroke. So first the cards changed last are
looked at, one's own and those one may see: what many cards have is among these. Only when fewer than asked
are found there, and there are more cards, the indexes of words and of parts of numbers are asked, and what
they give is then little.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import phonenumbers
from sqlalchemy import select
from sqlalchemy import text as sql
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.customers.store import words_query
from crm_core.customers.tables import TITLE_WORDS
from crm_core.people.tables import PersonRow
from crm_core.permissions import Scope
from crm_core.phone_number import clean_text, to_e164

NEAR = 1000  # cards changed last that are looked at first
# What an index may give; of a text with more, a reader who sees few of all cards may miss some.
MANY_TITLES = 20_000
MANY_NUMBERS = 4000  # each leads to its cards one by one
MIN_DIGITS = 3

_NUMBER = re.compile(r"[0-9+(). /-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """A text as it is looked for. *part*, *home*: digits of a number, also without the dialling prefix.

    *owner*: only cards of theirs.
    """

    text: str
    words: str
    part: str | None
    home: str | None
    e164: str | None
    owner: str | None = None

    @property
    def nothing(self) -> bool:
        """Too little to look for."""
        return not self.words and self.part is None


def sought(text: str, country: str, owner: str | None = None) -> Sought:
    """What *text*, typed in *country*, may mean: words of a title, or a piece of a number, or both."""
    text = " ".join(clean_text(text).split())
    digits = re.sub(r"[^0-9]", "", text) if _NUMBER.fullmatch(text) else ""
    part = digits if len(digits) >= MIN_DIGITS else None
    return Sought(
        text=text,
        words=words_query(text),
        part=part,
        home=_without_prefix(part, country) if part and not text.startswith("+") else part,
        e164=to_e164(text, country=country) if part else None,
        owner=owner,
    )


async def search(
    connection: AsyncConnection, wanted: Sought, seen: Scope, *, me: str, limit: int
) -> list[UUID]:
    """Ids of at most *limit* cards that *seen* holds: exact ones first, then own, then changed last."""
    if wanted.nothing or seen.nothing:
        return []
    values = {
        "text": wanted.text,
        "words": wanted.words,
        "part": f"%{wanted.part}%",
        "home": f"%{wanted.home}%",
        "e164": wanted.e164,
        "me": me,
        "owner": wanted.owner,
        "person": seen.person,
        "office": seen.office,
        "mates": await _mates(connection, seen.team),
        "limit": limit,
    }
    # A plan made for anybody would walk all cards to the end for somebody who has few. And an index that
    # gives a hundredth of a table looks dearer to the planner than reading the table; here it never is,
    # and no table without an index may stand in these statements: its cost would drown all others.
    await connection.execute(
        sql(
            "SELECT set_config('plan_cache_mode', 'force_custom_plan', true), "
            "set_config('enable_seqscan', 'off', true)"
        )
    )
    exact, _ = await _hits(connection, _exact(wanted, seen), values)
    found, looked = await _hits(connection, _near(wanted, seen), values)
    if len(found) < limit and looked >= NEAR:
        found |= (await _hits(connection, _anywhere(wanted, seen), values))[0]
    return [hit.id for hit in (*_in_order(exact), *_in_order(found - exact))][:limit]


async def _mates(connection: AsyncConnection, team: str | None) -> list[str]:
    """Who is in *team*."""
    if team is None:
        return []
    return list(await connection.scalars(select(PersonRow.name).where(PersonRow.team == team)))


@dataclass(frozen=True, slots=True, order=True)
class _Hit:
    """A card that was found; the greater, the sooner it is shown."""

    own: bool
    updated_at: datetime
    id: UUID


def _in_order(hits: Iterable[_Hit]) -> list[_Hit]:
    return sorted(hits, reverse=True)


async def _hits(connection: AsyncConnection, statement: str, values: dict[str, Any]) -> tuple[set[_Hit], int]:
    """What *statement* found, and how many cards it looked at."""
    rows = (await connection.execute(sql(statement), values)).all()
    looked: int = rows[0].looked if rows else 0
    return {_Hit(row.own, row.updated_at, row.id) for row in rows if row.id is not None}, looked


# All text of ours: what was typed, and who types it, are values.

_CARDS = "SELECT id, title, status, owner, office, updated_at FROM customers"
_HIT = "id, (owner = :me) IS TRUE AS own, updated_at"
_RANKED = "ORDER BY own DESC, updated_at DESC, id DESC LIMIT :limit"
_PART = "(point.value LIKE :part OR point.value LIKE :home)"


def _visible(wanted: Sought, seen: Scope) -> str:
    ways = [
        "true" if seen.all else "",
        "owner = :person" if seen.person is not None else "",
        "office = :office" if seen.office is not None else "",
        "owner = ANY(CAST(:mates AS text[]))" if seen.team is not None else "",
    ]
    return f"{_wanted(wanted)} AND ({' OR '.join(filter(None, ways))})"


def _wanted(wanted: Sought) -> str:
    return f"status <> 'merged'{'' if wanted.owner is None else ' AND owner = :owner'}"


def _exact(wanted: Sought, seen: Scope) -> str:
    """Cards of just this title or number."""
    number = "false"
    if wanted.e164 is not None:
        number = """id IN (SELECT link.customer_id FROM contact_points point
            JOIN customer_contacts link ON link.contact_point_id = point.id
            WHERE point.kind = 'phone' AND point.value = :e164)"""
    return f"""
WITH found AS MATERIALIZED (
    SELECT id FROM customers WHERE lower(title) = lower(:text)
    UNION SELECT id FROM customers WHERE {number})
SELECT {_HIT}, 0 AS looked FROM customers
WHERE id IN (SELECT id FROM found) AND {_visible(wanted, seen)} {_RANKED}"""  # noqa: S608


def _near(wanted: Sought, seen: Scope) -> str:
    """Among one's own cards and those one may see, a bounded number of those changed last.

    One row at least: it says how many were looked at.
    """
    # Their numbers are gathered first: a condition on all numbers would be tried on all numbers.
    return f"""
WITH near AS MATERIALIZED ({" UNION ".join(f"({walk})" for walk in _walks(wanted, seen))}),
numbers AS MATERIALIZED (
    SELECT link.customer_id, point.value FROM near
    JOIN customer_contacts link ON link.customer_id = near.id
    JOIN contact_points point ON point.id = link.contact_point_id
    WHERE point.kind = 'phone' AND {"true" if wanted.part else "false"}),
hits AS (
    SELECT {_HIT} FROM near WHERE {_visible(wanted, seen)} AND ({_words(wanted)}
    OR id IN (SELECT point.customer_id FROM numbers point WHERE {_PART if wanted.part else "true"}))
    {_RANKED})
SELECT hits.*, looked FROM (SELECT count(*) AS looked FROM near) looking LEFT JOIN hits ON true"""  # noqa: S608


def _walks(wanted: Sought, seen: Scope) -> Iterator[str]:
    """The ways to cards changed last, each down an index in order of change."""
    if wanted.owner is not None:
        yield _walk("owner", ":owner", _wanted(wanted))
        return
    if seen.all:
        yield f"{_CARDS} WHERE {_wanted(wanted)} ORDER BY updated_at DESC LIMIT {NEAR}"
        yield _walk("owner", ":me", _wanted(wanted))
    if seen.person is not None:
        yield _walk("owner", ":person", _wanted(wanted))
    if seen.office is not None:
        yield _walk("office", ":office", _wanted(wanted))
    if seen.team is not None:  # no index has a team's cards in their order: a walk for each of its people
        yield f"""
        SELECT card.* FROM unnest(CAST(:mates AS text[])) mate
        JOIN LATERAL ({_walk("owner", "mate", _wanted(wanted))}) card ON true
        ORDER BY updated_at DESC LIMIT {NEAR}"""  # noqa: S608


def _walk(column: str, value: str, where: str) -> str:
    """Down the index of *column* and time. As a range, for then no other index gives the order: told that
    they are equal, the planner may walk all cards by time in search of somebody who has few.
    """
    return f"""{_CARDS} WHERE {where} AND {column} BETWEEN {value} AND {value}
    ORDER BY {column} DESC, updated_at DESC LIMIT {NEAR}"""


def _anywhere(wanted: Sought, seen: Scope) -> str:
    """By the indexes, at most so many by each: what the reader may not see can be common all the same.

    What is materialized is planned as if read to its end, so by an index, and read only as far as needed.
    """
    return f"""
WITH titled AS MATERIALIZED (
    SELECT id, status, owner, office, updated_at FROM customers WHERE {_words(wanted)}),
points AS MATERIALIZED (
    SELECT id FROM contact_points point WHERE kind = 'phone' AND {_PART if wanted.part else "false"}),
numbered AS MATERIALIZED (
    SELECT DISTINCT link.customer_id FROM (SELECT id FROM points LIMIT {MANY_NUMBERS}) point
    JOIN customer_contacts link ON link.contact_point_id = point.id),
known AS (
    SELECT * FROM (SELECT * FROM titled LIMIT {MANY_TITLES}) card
    UNION
    SELECT card.id, card.status, card.owner, card.office, card.updated_at
    FROM numbered JOIN customers card ON card.id = numbered.customer_id)
SELECT {_HIT}, 0 AS looked FROM known WHERE {_visible(wanted, seen)} {_RANKED}"""  # noqa: S608


def _words(wanted: Sought) -> str:
    return f"{TITLE_WORDS} @@ to_tsquery('simple', :words)" if wanted.words else "false"


def _without_prefix(digits: str, country: str) -> str:
    """*digits* without what is dialled before a number at home or abroad: no E.164 number holds it."""
    about = phonenumbers.PhoneMetadata.metadata_for_region(country, None)
    for prefix in ("00", about.national_prefix if about is not None else None):
        if prefix and digits.startswith(prefix) and len(digits) - len(prefix) >= MIN_DIGITS:
            return digits.removeprefix(prefix)
    return digits
