"""What the pages of signing in and of one's own settings get."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from agent_ui.auth.browser_name import browser_name
from crm_core.i18n import N_, Message
from crm_core.people.model import Preferences, SessionInfo, Theme


class Done(StrEnum):
    """What was done, in the address the browser is sent to after it."""

    PASSWORD = "password"  # noqa: S105 - the word
    SESSION = "session"

    @property
    def words(self) -> Message:
        """As the page says it."""
        if self is Done.PASSWORD:
            return Message("You have another password now. Your other sessions have ended.")
        return Message("The session has ended.")


THEMES = ((Theme.AUTO, N_("As the machine")), (Theme.LIGHT, N_("Light")), (Theme.DARK, N_("Dark")))


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginView:
    """The page of signing in. *next*: where to go then; *problem*: why it did not work."""

    next: str
    name: str = ""
    problem: Message | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One value of a field to choose from. *text* is a message id."""

    value: str
    text: str
    chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionLine:
    """A session in the list of one's own. *browser* is empty when it did not say what it is."""

    id: str
    browser: str
    created_at: datetime
    seen_at: datetime
    here: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsView:
    """The page of one's own settings. *field*: of what is wrong, as the form names it."""

    languages: Sequence[Choice]
    themes: Sequence[Choice]
    sessions: Sequence[SessionLine]
    done: Message | None = None
    problem: Message | None = None
    field: str | None = None


def settings_view(
    chosen: Preferences,
    sessions: Iterable[SessionInfo],
    here: str | None,
    *,
    languages: Iterable[tuple[str, str]],
    done: Message | None = None,
    problem: Message | None = None,
    field: str | None = None,
) -> SettingsView:
    """*here*: the id of the session that asks."""
    return SettingsView(
        languages=(
            Choice(value="", text=N_("As the browser"), chosen=chosen.language is None),
            *(Choice(value=code, text=name, chosen=code == chosen.language) for code, name in languages),
        ),
        themes=tuple(
            Choice(value=theme.value, text=text, chosen=theme is chosen.theme) for theme, text in THEMES
        ),
        sessions=tuple(
            SessionLine(
                id=str(one.id),
                browser=browser_name(one.user_agent),
                created_at=one.created_at,
                seen_at=one.seen_at,
                here=str(one.id) == here,
            )
            for one in sessions
        ),
        done=done,
        problem=problem,
        field=field,
    )
