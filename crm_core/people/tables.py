"""Tables of people: offices, teams, persons, what rings for them, and how they prove who they are.

Rows that the office file no longer names stay with `active = false`: calls and audit point at them.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, SmallInteger, text
from sqlalchemy.orm import Mapped, mapped_column

from crm_core.db.base import Base


class OfficeRow(Base):
    """One office; the key is its name in the office file."""

    __tablename__ = "offices"

    name: Mapped[str] = mapped_column(primary_key=True)
    title: Mapped[str]
    country: Mapped[str]
    timezone: Mapped[str]
    language: Mapped[str]
    active: Mapped[bool] = mapped_column(server_default=text("true"))


class TeamRow(Base):
    """One team of an office."""

    __tablename__ = "teams"

    name: Mapped[str] = mapped_column(primary_key=True)
    title: Mapped[str]
    office: Mapped[str] = mapped_column(ForeignKey("offices.name"))
    active: Mapped[bool] = mapped_column(server_default=text("true"))


class PersonRow(Base):
    """One person of any role."""

    __tablename__ = "people"
    __table_args__ = (CheckConstraint("role IN ('agent', 'supervisor', 'admin')", name="role"),)

    name: Mapped[str] = mapped_column(primary_key=True)
    title: Mapped[str]
    role: Mapped[str]
    office: Mapped[str] = mapped_column(ForeignKey("offices.name"))
    team: Mapped[str | None] = mapped_column(ForeignKey("teams.name"))
    extension: Mapped[str | None]
    language: Mapped[str]
    active: Mapped[bool] = mapped_column(server_default=text("true"))


class DeviceRow(Base):
    """One device at one PBX; the endpoint is its name there."""

    __tablename__ = "devices"
    __table_args__ = (
        CheckConstraint("kind IN ('sip', 'contact', 'browser')", name="kind"),
        Index(None, "person"),
    )

    pbx: Mapped[str] = mapped_column(primary_key=True)
    endpoint: Mapped[str] = mapped_column(primary_key=True)
    person: Mapped[str] = mapped_column(ForeignKey("people.name"))
    kind: Mapped[str]
    contact: Mapped[str | None]
    active: Mapped[bool] = mapped_column(server_default=text("true"))


class TokenRow(Base):
    """A bearer token: only its SHA-256 is kept (the token is 256 random bits, so no salt is needed)."""

    __tablename__ = "tokens"
    __table_args__ = (Index(None, "person"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    person: Mapped[str] = mapped_column(ForeignKey("people.name"))
    label: Mapped[str]
    sha256: Mapped[bytes] = mapped_column(unique=True)
    created_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class CredentialRow(Base):
    """A password as argon2id wrote it down (parameters and salt are inside the text)."""

    __tablename__ = "credentials"

    person: Mapped[str] = mapped_column(ForeignKey("people.name"), primary_key=True)
    password: Mapped[str]
    changed_at: Mapped[datetime]


class SessionRow(Base):
    """A browser that is signed in: only the SHA-256 of its cookie is kept, as of tokens."""

    __tablename__ = "sessions"
    __table_args__ = (Index(None, "person"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    person: Mapped[str] = mapped_column(ForeignKey("people.name"))
    sha256: Mapped[bytes] = mapped_column(unique=True)
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]  # not newer than a minute: it is not written with each request
    expires_at: Mapped[datetime]  # whatever is done in it
    user_agent: Mapped[str]
    ended_at: Mapped[datetime | None]


class SignInTryRow(Base):
    """How often signing in failed lately for an account, from an address, or for one from the other.

    The key is a digest: what is typed into the field of a name may be a password.
    """

    __tablename__ = "sign_in_tries"
    __table_args__ = (Index(None, "at"),)

    key: Mapped[bytes] = mapped_column(primary_key=True)
    failures: Mapped[int] = mapped_column(SmallInteger)
    at: Mapped[datetime]
    until: Mapped[datetime]


class PreferenceRow(Base):
    """What a person chose for their own screens; the office file says nothing of it."""

    __tablename__ = "preferences"
    __table_args__ = (CheckConstraint("theme IN ('auto', 'light', 'dark')", name="theme"),)

    person: Mapped[str] = mapped_column(ForeignKey("people.name"), primary_key=True)
    language: Mapped[str | None]
    theme: Mapped[str]
