"""A password that was not taken, for a page: words, and the headers of its status."""

from __future__ import annotations

from aiohttp import hdrs

from crm_core.errors import SignInFailed, TooManyTries
from crm_core.i18n import Message

Refusal = SignInFailed | TooManyTries


def words(error: Refusal) -> Message:
    """What the person reads: when to try again, or that it was wrong, never what of it."""
    if isinstance(error, TooManyTries):
        return Message("Too many wrong passwords. Try again in {seconds} s.", seconds=error.retry_after_s)
    return error.words


def headers(error: Refusal) -> dict[str, str]:
    """What the status asks for (RFC 9110 section 15.5.2, RFC 6585 section 4)."""
    if isinstance(error, TooManyTries):
        return {hdrs.RETRY_AFTER: str(error.retry_after_s)}
    return {hdrs.WWW_AUTHENTICATE: "Bearer"}
