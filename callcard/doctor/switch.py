"""Checks of Asterisk: its program, what would be rendered for it, its manager accounts."""

from __future__ import annotations

import re

from asterisk_conf.find import MINIMUM
from asterisk_conf.render import render
from callcard.doctor.finding import Finding, Findings, ok, warning, wrong
from callcard.doctor.ground import Ground
from callcard.manager import Manager, manager_of
from callcard.pbx import pbx_settings
from callrouter.ami.session import LoginRefused, OutcomeUnknown, Session
from crm_core.errors import CallcardError

_LOGIN_S = 5.0


async def asterisk(ground: Ground) -> Findings:
    """The private PBX's program. An attached PBX is asked by `accounts`."""
    if not ground.settings.private_pbx:
        return []
    if ground.asterisk_problem:
        return [wrong("Asterisk", ground.asterisk_problem, "see CALLCARD_ASTERISK")]
    if ground.asterisk is None:
        return [wrong("Asterisk", "there is none for the private PBX yet", "callcard pbx install")]
    return [ok("Asterisk", f"{ground.asterisk.version_text} at {ground.asterisk.command[-1]}")]


async def configuration(ground: Ground) -> Findings:
    """Whether the applied office gives a configuration that passes its own lint."""
    if ground.office is None or ground.asterisk is None or not ground.settings.private_pbx:
        return []
    try:
        rendered = render(
            ground.office, pbx_settings(ground.settings, ground.keys, ground.office), ground.asterisk
        )
    except CallcardError as error:
        return [
            wrong("configuration", f"{error.message} {error.field or ''}".strip(), "callcard office diff")
        ]
    return [ok("configuration", f"{len(rendered.files)} files for Asterisk pass the lint")]


async def accounts(ground: Ground) -> Findings:
    """Log in to the manager as listener and actor: of a private PBX only while it runs."""
    if ground.settings.private_pbx and ground.running is None:
        return []
    manager = manager_of(ground.settings, ground.keys)
    return [
        *await _log_in(ground, manager, "listener", manager.listener_user, manager.listener_secret),
        *await _log_in(ground, manager, "actor", manager.actor_user, manager.actor_secret),
    ]


async def _log_in(ground: Ground, manager: Manager, what: str, user: str, secret: str) -> Findings:
    about = f"manager account {user}"
    session = Session(
        manager.host,
        manager.port,
        user,
        secret,
        systemname=None,
        wanted=(),
        on_event=lambda _fields: None,
        on_read=lambda _decoder: None,
    )
    try:
        await session.open(_LOGIN_S)
        found = [ok(about, "logs in")]
        if what == "listener" and not ground.settings.private_pbx:
            found += await _version(session)
        return found
    except LoginRefused as refused:
        if refused.in_use and ground.running is not None:
            return [ok(about, "in use by the router")]
        if refused.in_use:
            return [wrong(about, "somebody else is logged in with it", "give Callcard an account of its own")]
        way_out = f"see CALLCARD_AMI_{what.upper()}_SECRET and the PBX's manager.conf"
        return [wrong(about, f"refused: {refused}", way_out)]
    except (OSError, TimeoutError, OutcomeUnknown) as error:
        reason, where = str(error) or "no answer in time", f"{manager.host}:{manager.port}"
        return [wrong(about, f"{where} does not answer: {reason}", "see CALLCARD_AMI_HOST")]
    finally:
        session.drop("done")


async def _version(session: Session) -> list[Finding]:
    """The version of an attached PBX: an older one works, but nobody tests it."""
    try:
        answer = await session.action("CoreSettings", timeout=_LOGIN_S)
    except CallcardError as error:
        return [warning("Asterisk", f"does not tell its version: {error.message}")]
    text = answer.get("AsteriskVersion", "")
    number = re.search(r"\d+", text)
    if number is None:
        return [warning("Asterisk", "does not tell its version")]
    if int(number[0]) < MINIMUM[0]:
        return [
            warning("Asterisk", f"{text} is older than what is tested", f"Asterisk {MINIMUM[0]} or newer")
        ]
    return [ok("Asterisk", f"{text} at {session.config['host']}")]
