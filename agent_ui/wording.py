"""Values put into words in a reader's manner: translations, times, durations, telephone numbers.

Templates use these as filters. The manner is set around each rendering, which never waits, so one
environment serves all languages and macros need not pass it on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_skeleton, format_time, get_timezone_location
from babel.numbers import format_decimal, format_percent

from agent_ui.language import Manner
from crm_core.calls.model import TraceLine
from crm_core.calls.trace import render
from crm_core.i18n import Message, as_message, translator
from crm_core.phone_number import format_for

_manner: ContextVar[Manner] = ContextVar("manner")
_locale: Final = cache(Locale.parse)
# English dates and times are those of the world (22 Nov, 14:20), not of one country.
_LOCALES: Final = {"en": "en_GB"}
NOTHING = "–"


@contextmanager
def put_in(manner: Manner) -> Iterator[None]:
    """Within this, all words are those of *manner*."""
    token = _manner.set(manner)
    try:
        yield
    finally:
        _manner.reset(token)


def gettext(text: str) -> str:
    """*text* in the reader's language."""
    return translator(_manner.get().language).gettext(text)


def ngettext(one: str, many: str, number: int) -> str:
    """The form of the text that goes with *number* in the reader's language."""
    return translator(_manner.get().language).ngettext(one, many, number)


def said(message: Message | str) -> str:
    """A message, or a marked text, in the reader's language."""
    return as_message(message).said(gettext)


def clock(moment: datetime) -> str:
    """The time of day: `14:20`."""
    return format_time(moment, "short", tzinfo=_zone(), locale=_here())


def local(moment: datetime) -> str:
    """The time of day where *moment* is: in its own zone, not in the reader's."""
    return format_time(moment, "short", tzinfo=moment.tzinfo, locale=_here())


def city(timezone: str) -> str:
    """The place that a time zone (IANA) is named after: `Владивосток`."""
    return get_timezone_location(timezone, locale=_here(), return_city=True)


def seconds(moment: datetime) -> str:
    """The time of day to the second: `14:20:07`."""
    return format_time(moment, "medium", tzinfo=_zone(), locale=_here())


def day(moment: datetime) -> str:
    """The date: `11 Nov 2026`."""
    return format_date(moment.astimezone(_zone()), "medium", locale=_here())


def when(moment: datetime) -> str:
    """Date and time as short as a list has them: `11 Nov, 14:20`."""
    local = moment.astimezone(_zone())
    date = format_skeleton("MMMd", local, locale=_here())
    return f"{date}, {clock(moment)}"


def duration(length: float | timedelta | None) -> str:
    """Seconds as `m:ss`, from an hour on `h:mm:ss`; a dash for None."""
    if length is None:
        return NOTHING
    seconds = max(0, int(length.total_seconds() if isinstance(length, timedelta) else length))
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def phone(e164: str) -> str:
    """A number as people of the reader's country write it."""
    return format_for(e164, _manner.get().country)


def number(value: float) -> str:
    """`1 234.5` by the customs of the language."""
    return format_decimal(value, locale=_here())


def percent(share: float | None) -> str:
    """A share (0 to 1) as `87 %`; a dash for None."""
    return NOTHING if share is None else format_percent(share, "#,##0%", locale=_here())


def iso(moment: datetime) -> str:
    """For machines: the `datetime` of a `<time>`."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def initials(name: str) -> str:
    """At most two letters that stand for a person; `?` when the name has none."""
    letters = [word[0].upper() for word in name.split() if word[0].isalnum()]
    return "".join(letters[:1] + letters[1:][-1:]) or "?"


def explained(line: TraceLine) -> str:
    """A step of a call's trace as a sentence. People and queues are called as they are in its values."""
    return render(line, gettext)


FILTERS: dict[str, Callable[..., str]] = {
    "said": said,
    "clock": clock,
    "seconds": seconds,
    "local": local,
    "city": city,
    "day": day,
    "when": when,
    "duration": duration,
    "phone": phone,
    "number": number,
    "percent": percent,
    "iso": iso,
    "initials": initials,
    "explained": explained,
}


def _here() -> Locale:
    language = _manner.get().language
    return _locale(_LOCALES.get(language, language))


def _zone() -> ZoneInfo:
    return ZoneInfo(_manner.get().timezone)
