"""The office file: everything a PBX admin says about people, devices, trunks, numbers and queues.

One frozen value, decoded strictly (unknown keys are refused). `crm_core.office.reading` turns YAML
into it and checks what types cannot say; everything else (rendering, routing, the database) takes
it from here. Keys of the mappings are the names used everywhere: in code, tables, URLs, screens.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from msgspec import Meta, Struct

from crm_core.people.model import Device, DeviceKind, Office, Person, Role, Team
from crm_core.queues.model import Number, Overflow, Queue

# Forms, as people are told of them in crm_core.office.reading.
NAME_FORM = r"^[a-z][a-z0-9_]{0,31}\Z"
EXTENSION_FORM = r"^[0-9]{2,6}\Z"
E164_FORM = r"^\+[1-9][0-9]{6,14}\Z"  # ITU-T E.164: 15 digits at most
PREFIX_FORM = r"^\+[1-9][0-9]{0,13}\Z"
DIALLED_FORM = r"^\+?[0-9]{2,20}\Z"
COUNTRY_FORM = r"^[A-Z]{2}\Z"
ADDRESS_FORM = r"^[0-9a-fA-F.:]+(/[0-9]{1,3})?\Z"
STATE_CODE_FORM = r"^\*[0-9]{2,4}\Z"

Name = Annotated[str, Meta(pattern=NAME_FORM)]
Title = Annotated[str, Meta(min_length=1, max_length=80)]
Extension = Annotated[str, Meta(pattern=EXTENSION_FORM)]
E164 = Annotated[str, Meta(pattern=E164_FORM)]
Prefix = Annotated[str, Meta(pattern=PREFIX_FORM)]
Dialled = Annotated[str, Meta(pattern=DIALLED_FORM)]
Country = Annotated[str, Meta(pattern=COUNTRY_FORM)]
SipUri = Annotated[
    str,
    Meta(
        pattern=r"^sips?:[A-Za-z0-9._+-]+(@[A-Za-z0-9.-]+)?(:[0-9]{1,5})?(;transport=(udp|tcp|tls))?\Z",
        max_length=200,
    ),
]
Address = Annotated[str, Meta(pattern=ADDRESS_FORM)]
Seconds = Annotated[int, Meta(ge=1, le=86_400)]
StateCode = Annotated[str, Meta(pattern=STATE_CODE_FORM)]


class Language(StrEnum):
    """Interface and prompt languages."""

    EN = "en"
    RU = "ru"
    AZ = "az"


class OfficeEntry(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One office (place)."""

    title: Title
    country: Country
    timezone: str
    language: Language = Language.EN


class TeamEntry(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One team of an office."""

    title: Title
    office: Name


class DeviceEntry(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One device of a person. *name* is appended to the endpoint: `agent-anna-desk`."""

    name: Name = "desk"
    kind: DeviceKind = DeviceKind.SIP
    contact: SipUri | None = None


class PersonEntry(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One person."""

    title: Title
    role: Role = Role.AGENT
    office: Name
    team: Name | None = None
    extension: Extension | None = None
    language: Language | None = None
    devices: tuple[DeviceEntry, ...] = ()


class OutgoingEntry(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How agents call the world over a trunk. *caller_id* is what those called see: a number of ours, whose
    queue says recording and wrap-up. Only numbers that begin with one of *prefixes* are dialled.
    """

    caller_id: E164
    prefixes: tuple[Prefix, ...]
    ring_s: Annotated[int, Meta(ge=5, le=180)] = 60


class TrunkEntry(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A line to a carrier, known by its addresses."""

    title: Title
    match: tuple[Address, ...]
    contact: SipUri | None = None
    codecs: tuple[str, ...] = ("alaw", "ulaw")
    outgoing: OutgoingEntry | None = None  # none: nobody is called over it


class NumberEntry(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A number callers dial; *dialled* lists how trunks present it, besides the E.164 digits."""

    title: Title
    office: Name
    queue: Name
    source: Title | None = None
    dialled: tuple[Dialled, ...] = ()
    trunks: tuple[Name, ...] = ()  # empty: every trunk
    answer: bool = True


class QueueEntry(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A queue; see crm_core.queues.model.Queue for the meaning of each field."""

    title: Title
    extension: Extension | None = None
    members: tuple[Name, ...]
    ring_s: Annotated[int, Meta(ge=3, le=120)] = 20
    max_offers: Annotated[int, Meta(ge=1, le=50)] = 5
    max_misses: Annotated[int, Meta(ge=1, le=20)] = 3
    max_wait_s: Seconds = 600
    wrap_up_s: Annotated[int, Meta(ge=0, le=3600)] = 20
    service_level_s: Seconds = 20
    music: Name = "default"
    overflow: Overflow = Overflow.VOICEMAIL
    record: bool = True


class CustomerEntry(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A customer known from the start (demo and tests)."""

    title: Title
    phones: tuple[E164, ...]
    owner: Name | None = None


class DispositionEntry(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What an agent may say of a call. *follow_up_days*: the next step is proposed for then."""

    title: Title
    follow_up_days: Annotated[int, Meta(ge=0, le=366)] | None = None


class SipEntry(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where the private PBX listens for SIP and RTP."""

    bind: Address = "127.0.0.1"
    port: Annotated[int, Meta(ge=1024, le=65535)] = 5060
    rtp_start: Annotated[int, Meta(ge=1024, le=65535)] = 10000
    rtp_end: Annotated[int, Meta(ge=1024, le=65535)] = 20000


class StateCodes(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Codes agents dial on their phones to choose a state."""

    available: StateCode = "*50"
    on_break: StateCode = "*51"
    offline: StateCode = "*52"


class OfficeFile(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The whole file."""

    version: Annotated[int, Meta(ge=1, le=1)] = 1
    pbx: Name = "main"
    sip: SipEntry = SipEntry()
    state_codes: StateCodes = StateCodes()
    offices: dict[Name, OfficeEntry]
    teams: dict[Name, TeamEntry] = {}
    people: dict[Name, PersonEntry] = {}
    trunks: dict[Name, TrunkEntry] = {}
    numbers: dict[E164, NumberEntry] = {}
    queues: dict[Name, QueueEntry] = {}
    dispositions: dict[Name, DispositionEntry] = {}  # none: those of crm_core.calls.dispositions
    customers: tuple[CustomerEntry, ...] = ()

    def office_list(self) -> tuple[Office, ...]:
        """Offices as values."""
        return tuple(
            Office(
                name=name,
                title=entry.title,
                country=entry.country,
                timezone=entry.timezone,
                language=entry.language,
            )
            for name, entry in self.offices.items()
        )

    def team_list(self) -> tuple[Team, ...]:
        """Teams as values."""
        return tuple(Team(name=n, title=e.title, office=e.office) for n, e in self.teams.items())

    def person_list(self) -> tuple[Person, ...]:
        """People as values, devices with their endpoints."""
        return tuple(
            Person(
                name=name,
                title=entry.title,
                role=entry.role,
                office=entry.office,
                team=entry.team,
                extension=entry.extension,
                language=entry.language or self.offices[entry.office].language,
                devices=tuple(
                    Device(
                        endpoint=endpoint_name(name, device.name),
                        agent=name,
                        kind=device.kind,
                        contact=device.contact,
                    )
                    for device in entry.devices
                ),
            )
            for name, entry in self.people.items()
        )

    def queue_list(self) -> tuple[Queue, ...]:
        """Queues as values."""
        return tuple(
            Queue(name=name, **{f: getattr(entry, f) for f in QueueEntry.__struct_fields__})
            for name, entry in self.queues.items()
        )

    def number_list(self) -> tuple[Number, ...]:
        """Numbers as values; *dialled* complete (E.164 with and without plus, and the listed forms)."""
        return tuple(
            Number(
                e164=e164,
                title=entry.title,
                office=entry.office,
                country=self.offices[entry.office].country,
                queue=entry.queue,
                source=entry.source,
                dialled=tuple(dict.fromkeys((e164, e164[1:], *entry.dialled))),
                answer=entry.answer,
            )
            for e164, entry in self.numbers.items()
        )

    def outgoing_prefixes(self) -> dict[str, str]:
        """Beginnings (E.164) of the numbers agents may call, each with its trunk; the longest decides."""
        return {
            prefix: name
            for name, trunk in self.trunks.items()
            if trunk.outgoing is not None
            for prefix in trunk.outgoing.prefixes
        }


def endpoint_name(person: str, device: str) -> str:
    """PJSIP endpoint and AOR of a device: never a possible caller number."""
    return f"agent-{person}-{device}"
