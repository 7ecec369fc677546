"""Search as one types: the few cards worth showing, however many there are.

Words that half of all cards have cannot be sorted at each keystroke. So first the cards changed last are
looked at, one's own and those one may see: what many cards have is among these. Only when fewer than asked
are found there, the indexes of words and of parts of numbers are asked, and what they give is then little.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import phonenumbers
from sqlalchemy import text as sql
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.customers.store import words_query
from crm_core.customers.tables import TITLE_WORDS
from crm_core.permissions import Scope
from crm_core.phone_number import clean_text, to_e164

NEAR = 2000  # cards changed last that are looked at first
MANY = 20_000  # cards that an index may give; of a text with more, a reader who sees few may miss some
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
        "team": seen.team,
        "limit": limit,
    }
    exact = await _ids(connection, _exact(wanted, seen), values)
    found = await _ids(connection, _near(wanted, seen), values)
    if len(found) < limit:
        found = await _ids(connection, _anywhere(wanted, seen), values)
    return list(dict.fromkeys((*exact, *found)))[:limit]


async def _ids(connection: AsyncConnection, statement: str, values: dict[str, Any]) -> list[UUID]:
    return [row.id for row in await connection.execute(sql(statement), values)]


# All text of ours: what was typed, and who types it, are values.

_RANKED = "ORDER BY (owner = :me) IS TRUE DESC, updated_at DESC, id DESC LIMIT :limit"
_OF_NUMBER = """
SELECT link.customer_id FROM contact_points point
JOIN customer_contacts link ON link.contact_point_id = point.id WHERE point.kind = 'phone'"""
_PART = "(point.value LIKE :part OR point.value LIKE :home)"


def _branches(seen: Scope) -> list[str]:
    """The ways to a card the reader may see, each with an index of its own in order of change."""
    if seen.all:
        return ["true"]
    ways = [
        "owner = :person" if seen.person is not None else "",
        "office = :office" if seen.office is not None else "",
        "owner IN (SELECT name FROM people WHERE team = :team)" if seen.team is not None else "",
    ]
    return [way for way in ways if way]


def _visible(wanted: Sought, seen: Scope) -> str:
    return f"{_wanted(wanted)} AND ({' OR '.join(_branches(seen))})"


def _wanted(wanted: Sought) -> str:
    return f"status <> 'merged'{'' if wanted.owner is None else ' AND owner = :owner'}"


def _exact(wanted: Sought, seen: Scope) -> str:
    """Cards of just this title or number."""
    number = f"id IN ({_OF_NUMBER} AND point.value = :e164)" if wanted.e164 is not None else "false"
    return f"""
WITH found AS MATERIALIZED (
    SELECT id FROM customers WHERE lower(title) = lower(:text)
    UNION SELECT id FROM customers WHERE {number})
SELECT id FROM customers WHERE id IN (SELECT id FROM found) AND {_visible(wanted, seen)} {_RANKED}"""  # noqa: S608


def _near(wanted: Sought, seen: Scope) -> str:
    """Among one's own cards and those one may see, a bounded number of those changed last."""
    own = () if seen.person is not None else ("owner = :me",)
    walks = " UNION ".join(
        f"""(SELECT id, title, owner, updated_at FROM customers WHERE {_wanted(wanted)} AND {way}
        ORDER BY updated_at DESC LIMIT {NEAR})"""  # noqa: S608
        for way in (*own, *_branches(seen))
    )
    # Their numbers are gathered first: a condition on all numbers would be tried on all numbers.
    return f"""
WITH near AS MATERIALIZED ({walks}),
numbers AS MATERIALIZED (
    SELECT link.customer_id, point.value FROM near
    JOIN customer_contacts link ON link.customer_id = near.id
    JOIN contact_points point ON point.id = link.contact_point_id
    WHERE point.kind = 'phone' AND {"true" if wanted.part else "false"})
SELECT id FROM near WHERE {_words(wanted)}
OR id IN (SELECT point.customer_id FROM numbers point WHERE {_PART if wanted.part else "true"})
{_RANKED}"""  # noqa: S608


def _anywhere(wanted: Sought, seen: Scope) -> str:
    """By the indexes, at most so many by each: what the reader may not see can be common all the same."""
    ways = [f"SELECT id FROM customers WHERE {_words(wanted)}"]  # noqa: S608
    if wanted.part:
        ways.append(f"{_OF_NUMBER} AND {_PART}")
    found = " UNION ".join(f"({way} LIMIT {MANY})" for way in ways)
    return f"""
WITH found AS MATERIALIZED ({found}),
known AS MATERIALIZED (
    SELECT id, owner, updated_at FROM customers
    WHERE id IN (SELECT id FROM found) AND {_visible(wanted, seen)})
SELECT id FROM known {_RANKED}"""  # noqa: S608


def _words(wanted: Sought) -> str:
    return f"{TITLE_WORDS} @@ to_tsquery('simple', :words)" if wanted.words else "false"


def _without_prefix(digits: str, country: str) -> str:
    """*digits* without what is dialled before a number at home or abroad: no E.164 number holds it."""
    about = phonenumbers.PhoneMetadata.metadata_for_region(country, None)
    for prefix in ("00", about.national_prefix if about is not None else None):
        if prefix and digits.startswith(prefix) and len(digits) - len(prefix) >= MIN_DIGITS:
            return digits.removeprefix(prefix)
    return digits
