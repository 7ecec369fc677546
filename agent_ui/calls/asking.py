"""What the journal is asked for: an address that can be shared, read leniently, wrong parts named."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from agent_ui.api.shapes import Cursor, Question, Text
from crm_core.calls.lines import LineFilter
from crm_core.calls.model import Outcome
from crm_core.customers.searching import sought
from crm_core.i18n import N_

GOING_ON = "now"


class JournalQuestion(Question, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The query, as its form sends it: what is empty narrows nothing."""

    since: Text = ""
    until: Text = ""
    number: Text = ""
    agent: Text = ""
    queue: Text = ""
    result: Text = ""
    missed: Text = ""
    cursor: Cursor = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A question as it was written, and what is wrong with it: message ids by field."""

    since: str = ""
    until: str = ""
    number: str = ""
    agent: str = ""
    queue: str = ""
    result: str = ""
    missed: bool = False
    wrong: Mapping[str, str] = field(default_factory=dict)

    @property
    def narrowed(self) -> bool:
        """Whether anything is left out."""
        return bool(self._given())

    def address(self, cursor: str | None = None) -> str:
        """The journal with this question, from *cursor* on."""
        query = self._given() | ({"cursor": cursor} if cursor is not None else {})
        return f"/calls?{urlencode(query)}" if query else "/calls"

    def _given(self) -> dict[str, str]:
        values: dict[str, Any] = {each.name: getattr(self, each.name) for each in fields(self)}
        del values["wrong"]
        return {name: "1" if value is True else value for name, value in values.items() if value}


def read_asked(query: JournalQuestion, *, timezone: str, country: str) -> tuple[Asked, LineFilter]:
    """*query* by the days of *timezone* and the numbers of *country*, and the filter it means.

    What cannot be read is said in `wrong` and narrows nothing.
    """
    wrong: dict[str, str] = {}
    zone = ZoneInfo(timezone)
    since, until = _day(query.since, "since", wrong), _day(query.until, "until", wrong)
    if since is not None and until is not None and since > until:
        wrong["until"] = N_("This day is before the first one.")
    asked = Asked(
        since=query.since,
        until=query.until,
        number=query.number.strip(),
        agent=query.agent,
        queue=query.queue,
        result=query.result,
        missed=bool(query.missed),
        wrong=wrong,
    )
    return asked, LineFilter(
        since=_midnight(since, zone) if since is not None else None,
        until=_midnight(until + timedelta(days=1), zone) if until is not None else None,
        parts=_parts(asked.number, country, wrong),
        agent=query.agent or None,
        queue=query.queue or None,
        outcome=_outcome(query.result, wrong),
        going_on=query.result == GOING_ON,
        missed=asked.missed,
    )


def _day(text: str, name: str, wrong: dict[str, str]) -> date | None:
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        wrong[name] = N_("This is not a date.")
        return None
    # The calendar's ends have no midnight in every zone.
    return min(max(day, date(1970, 1, 1)), date(2999, 12, 31))


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), tzinfo=zone).astimezone(UTC)


def _parts(text: str, country: str, wrong: dict[str, str]) -> tuple[str, ...]:
    """Digits to look for: as typed, and without what people dial before a number at home."""
    if not text:
        return ()
    looked = sought(text, country)
    if looked.part is None or looked.home is None:
        wrong["number"] = N_("Write three digits of the number or more.")
        return ()
    return tuple(dict.fromkeys((looked.part, looked.home)))


def _outcome(result: str, wrong: dict[str, str]) -> Outcome | None:
    if result in ("", GOING_ON):
        return None
    try:
        return Outcome(result)
    except ValueError:
        wrong["result"] = N_("There is no such result.")
        return None
