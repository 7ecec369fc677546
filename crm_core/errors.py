"""The one error tree. Codes are API: they are never renamed.

CallcardError
    BadInput        400  what was given is not of the form asked for
        BadOffice   400  the office file says something that cannot be
    NotSignedIn     401  no valid token or session
        SignInFailed 401 name and password do not belong together (which of them is wrong is not said)
    Forbidden       403  may be seen, but this may not be done to it
    NotFound        404  does not exist, or may not be seen (the same answer on purpose)
    Conflict        409  somebody else changed it first, or it is taken
    TooManyTries    429  too many wrong passwords; try again after `retry_after_s`
    Unavailable     503  a dependency is away; nothing was changed, try again
    StartRefused      -  the process must not start like this (one line that names the setting)
"""

from __future__ import annotations

from crm_core.i18n import Message, as_message


class CallcardError(Exception):
    """Something went wrong in a way we foresaw."""

    code = "internal"
    status = 500

    def __init__(
        self,
        message: str | Message = "",
        *,
        field: str | None = None,
        hint: str | Message | None = None,
        code: str | None = None,
    ) -> None:
        """*message* is a message id, or one with values; without it the class's own words are said."""
        self.words = as_message(message or (self.__doc__ or "").strip())
        self.hint_words = None if hint is None else as_message(hint)
        super().__init__(str(self.words))
        self.field = field
        if code is not None:
            self.code = code

    @property
    def message(self) -> str:
        """What went wrong, in English: for logs."""
        return str(self.words)

    @property
    def hint(self) -> str | None:
        """The way out, in English."""
        return None if self.hint_words is None else str(self.hint_words)


class BadInput(CallcardError):
    """What was given is not of the form asked for."""

    code = "bad_input"
    status = 400


class BadOffice(BadInput):
    """The office file says something that cannot be."""

    code = "bad_office"


class NotSignedIn(CallcardError):
    """No valid token."""

    code = "not_signed_in"
    status = 401


class SignInFailed(NotSignedIn):
    """Wrong name or password."""

    code = "sign_in_failed"


class Forbidden(CallcardError):
    """You may not do this."""

    code = "forbidden"
    status = 403


class NotFound(CallcardError):
    """There is no such thing here."""

    code = "not_found"
    status = 404


class Conflict(CallcardError):
    """Somebody else changed it first."""

    code = "conflict"
    status = 409


class TooManyTries(CallcardError):
    """Too many wrong passwords for now."""

    code = "too_many_tries"
    status = 429

    def __init__(self, *, retry_after_s: int = 1) -> None:
        super().__init__(
            Message("Too many wrong passwords. Try again in {seconds} s.", seconds=retry_after_s)
        )
        self.retry_after_s = retry_after_s


class Unavailable(CallcardError):
    """A part we depend on is away; nothing was changed, try again."""

    code = "unavailable"
    status = 503


class StartRefused(CallcardError):
    """The process must not start like this."""

    code = "start_refused"
