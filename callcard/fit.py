"""Settings that can be read and do not fit: a private Asterisk is particular, and two may not be the same."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from asterisk_conf import conf_text
from crm_core.errors import BadOffice, StartRefused

if TYPE_CHECKING:
    from callcard.settings import Settings

_ACCOUNT = re.compile(r"[A-Za-z0-9_-]{1,64}")


def require_fit(settings: Settings) -> None:
    """Raise StartRefused with one line that names what does not fit; a secret is never shown."""
    for fault in _faults(settings):
        raise StartRefused(fault)


def _faults(settings: Settings) -> Iterator[str]:
    if settings.ami_listener_user == settings.ami_actor_user:
        yield "CALLCARD_AMI_ACTOR_USER: must be another account than CALLCARD_AMI_LISTENER_USER"
    if not settings.private_pbx:
        if not (settings.ami_listener_secret and settings.ami_actor_secret):
            yield (
                "CALLCARD_AMI_LISTENER_SECRET and CALLCARD_AMI_ACTOR_SECRET: needed with CALLCARD_AMI_HOST;"
                " `callcard pbx render` prints the manager accounts to add"
            )
        return
    for side in ("listener", "actor"):
        if not _ACCOUNT.fullmatch(getattr(settings, f"ami_{side}_user")):
            yield f"CALLCARD_AMI_{side.upper()}_USER: must be 1 to 64 letters, digits, - or _"
        if (value := getattr(settings, f"ami_{side}_secret")) is not None:
            yield from _unfit(f"CALLCARD_AMI_{side.upper()}_SECRET", conf_text.secret, value)
    yield from _unfit(f"CALLCARD_DATA: {settings.data}", conf_text.path, settings.data)


def _unfit(name: str, write: Callable[..., str], value: object) -> Iterator[str]:
    """The fault of a *value* that cannot be written into Asterisk's configuration."""
    try:
        write(value)
    except BadOffice as error:
        yield f"{name}: {error.message}"
