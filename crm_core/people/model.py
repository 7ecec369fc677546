"""People, teams, offices and the devices that ring. Names (slugs) are the keys: stable, readable, in Git."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class Role(StrEnum):
    """What a person may do; each role holds all rights of those before it."""

    AGENT = "agent"
    SUPERVISOR = "supervisor"
    ADMIN = "admin"


class Theme(StrEnum):
    """How a person's screens look."""

    AUTO = "auto"  # as the machine's
    LIGHT = "light"
    DARK = "dark"


class DeviceKind(StrEnum):
    """How a device is reached."""

    SIP = "sip"  # a phone with an account that registers
    CONTACT = "contact"  # a fixed SIP address: gateway, desk phone, test peer
    BROWSER = "browser"  # WebRTC phone of the desk


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """A place: its country reads local numbers, its time zone and language serve its people."""

    name: str
    title: str
    country: str  # ISO 3166 alpha-2
    timezone: str  # IANA name
    language: str  # en, ru or az


@dataclass(frozen=True, slots=True, kw_only=True)
class Team:
    """Where agents belong inside an office."""

    name: str
    title: str
    office: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """What rings. *endpoint* is its PJSIP endpoint and AOR, never a possible caller number."""

    endpoint: str
    agent: str
    kind: DeviceKind
    contact: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody with a seat. *extension* is the short number colleagues dial."""

    name: str
    title: str
    role: Role
    office: str
    team: str | None
    extension: str | None
    language: str
    devices: tuple[Device, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Who asks: the identity behind a bearer token or a session, for permissions and audit."""

    person: str
    role: Role
    office: str
    team: str | None
    token_id: str | None = None  # of the token or of the session


@dataclass(frozen=True, slots=True, kw_only=True)
class Preferences:
    """What a person chose for their own screens. No language: as the browser says."""

    language: str | None = None
    theme: Theme = Theme.AUTO


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """Who a session stands for, and how they want their screens."""

    reader: Reader
    preferences: Preferences


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionInfo:
    """A session as its owner may see it: never the token itself."""

    id: UUID
    created_at: datetime
    seen_at: datetime
    user_agent: str
