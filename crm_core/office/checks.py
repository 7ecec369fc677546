"""What the types of the office file cannot say: things named must exist, short numbers must differ.

Pure: an office in, faults out, all of them at once.
"""

from __future__ import annotations

import ipaddress
import zoneinfo
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import phonenumbers

from crm_core.office.model import OfficeFile
from crm_core.office.yaml_text import Path
from crm_core.people.model import DeviceKind

# Names that mean something else in Asterisk's files, or to us.
RESERVED = frozenset({"general", "global", "globals", "system", "authentication", "poison"})
CODECS = ("alaw", "ulaw", "g722", "g729", "gsm", "opus", "slin", "slin16", "ilbc", "speex")


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that cannot be, at *path* of the file."""

    path: Path
    text: str


def check(office: OfficeFile) -> tuple[Fault, ...]:
    """Everything that is wrong with *office*; empty when it can be used."""
    parts: tuple[Callable[[OfficeFile], Iterator[Fault]], ...] = (
        _names,
        _offices,
        _people,
        _devices,
        _short_numbers,
        _trunks,
        _numbers,
        _dialled,
        _queues,
        _customers,
        _listening,
    )
    return tuple(fault for part in parts for fault in part(office))


def _known(names: Iterable[str]) -> str:
    listed = ", ".join(names)
    return f"known: {listed}" if listed else "none is defined yet"


def _names(office: OfficeFile) -> Iterator[Fault]:
    for section in ("people", "trunks", "queues"):
        for name in getattr(office, section):
            if name in RESERVED:
                yield Fault((section, name), "this name is taken by the system: choose another")


def _offices(office: OfficeFile) -> Iterator[Fault]:
    if not office.offices:
        yield Fault(("offices",), "at least one office is needed")
    for name, entry in office.offices.items():
        here = ("offices", name)
        if entry.timezone not in zoneinfo.available_timezones():
            yield Fault(
                (*here, "timezone"), f"'{entry.timezone}' is not an IANA time zone such as Europe/Moscow"
            )
        if entry.country not in phonenumbers.SUPPORTED_REGIONS:
            yield Fault((*here, "country"), f"'{entry.country}' is not a country code such as RU or AZ")
    for name, team in office.teams.items():
        if team.office not in office.offices:
            yield Fault(
                ("teams", name, "office"),
                f"names '{team.office}', which is not in offices; {_known(office.offices)}",
            )


def _people(office: OfficeFile) -> Iterator[Fault]:
    for name, person in office.people.items():
        here = ("people", name)
        if person.office not in office.offices:
            yield Fault(
                (*here, "office"),
                f"names '{person.office}', which is not in offices; {_known(office.offices)}",
            )
        if person.team is None:
            continue
        team = office.teams.get(person.team)
        if team is None:
            yield Fault(
                (*here, "team"), f"names '{person.team}', which is not in teams; {_known(office.teams)}"
            )


def _devices(office: OfficeFile) -> Iterator[Fault]:
    for name, person in office.people.items():
        seen: set[str] = set()
        for index, device in enumerate(person.devices):
            here = ("people", name, "devices", index)
            if device.name in seen:
                yield Fault((*here, "name"), f"'{device.name}' stands twice: each device needs its own name")
            seen.add(device.name)
            if device.kind is DeviceKind.CONTACT and device.contact is None:
                yield Fault(
                    (*here, "contact"), "is missing: kind contact needs one, such as sip:192.0.2.10:5060"
                )
            if device.kind is not DeviceKind.CONTACT and device.contact is not None:
                yield Fault(
                    (*here, "contact"),
                    f"kind {device.kind} registers itself: remove it, or say kind: contact",
                )


def _short_numbers(office: OfficeFile) -> Iterator[Fault]:
    taken: dict[str, str] = {}
    holders = [(("people", name), entry.extension) for name, entry in office.people.items()]
    holders += [(("queues", name), entry.extension) for name, entry in office.queues.items()]
    for path, extension in holders:
        if extension is None:
            continue
        if extension in taken:
            yield Fault((*path, "extension"), f"{extension} is taken by {taken[extension]}: choose another")
        taken.setdefault(extension, ".".join(path))
    codes: dict[str, str] = {}
    for name in office.state_codes.__struct_fields__:
        code = getattr(office.state_codes, name)
        if code in codes:
            yield Fault(
                ("state_codes", name), f"{code} is taken by state_codes.{codes[code]}: choose another"
            )
        codes.setdefault(code, name)


def _trunks(office: OfficeFile) -> Iterator[Fault]:
    taken: dict[ipaddress.IPv4Network | ipaddress.IPv6Network, str] = {}
    for name, trunk in office.trunks.items():
        here = ("trunks", name)
        if not trunk.match:
            yield Fault((*here, "match"), "is empty: name the addresses this line calls from")
        for index, address in enumerate(trunk.match):
            try:
                network = ipaddress.ip_network(address, strict=False)
            except ValueError:
                yield Fault((*here, "match", index), f"'{address}' is not an address such as 192.0.2.1")
                continue
            for other, owner in taken.items():
                if owner != name and other.version == network.version and network.overlaps(other):
                    yield Fault(
                        (*here, "match", index),
                        f"'{address}' belongs to trunk '{owner}' too: keep it in one",
                    )
            taken[network] = name
        for index, codec in enumerate(trunk.codecs):
            if codec not in CODECS:
                yield Fault((*here, "codecs", index), f"'{codec}' is not a codec; {_known(CODECS)}")
        if not trunk.codecs:
            yield Fault((*here, "codecs"), f"is empty; {_known(CODECS)}")


def _numbers(office: OfficeFile) -> Iterator[Fault]:
    for e164, number in office.numbers.items():
        here = ("numbers", e164)
        if not _possible(e164):
            yield Fault(here, "is not a possible number of any country: check its digits")
        if number.office not in office.offices:
            yield Fault(
                (*here, "office"),
                f"names '{number.office}', which is not in offices; {_known(office.offices)}",
            )
        if number.queue not in office.queues:
            yield Fault(
                (*here, "queue"), f"names '{number.queue}', which is not in queues; {_known(office.queues)}"
            )
        for index, trunk in enumerate(number.trunks):
            if trunk not in office.trunks:
                yield Fault(
                    (*here, "trunks", index),
                    f"names '{trunk}', which is not in trunks; {_known(office.trunks)}",
                )


def _dialled(office: OfficeFile) -> Iterator[Fault]:
    """On one trunk, one dialled form leads to one number: the dialplan knows exact extensions only."""
    taken: dict[tuple[str, str], str] = {}
    for e164, number in office.numbers.items():
        forms = dict.fromkeys((e164, e164[1:], *number.dialled))
        clashes = {
            (form, owner)
            for form in forms
            for trunk in number.trunks or tuple(office.trunks)
            if (owner := taken.setdefault((trunk, form), e164)) != e164
        }
        for form, owner in sorted(clashes):
            yield Fault(("numbers", e164, "dialled"), f"{form} already leads to {owner} on the same trunk")


def _queues(office: OfficeFile) -> Iterator[Fault]:
    for name, queue in office.queues.items():
        here = ("queues", name, "members")
        for index, member in enumerate(queue.members):
            person = office.people.get(member)
            if person is None:
                text = f"names '{member}', who is not in people; {_known(office.people)}"
            elif not person.devices:
                text = f"names '{member}', who has no device to ring: give people.{member} devices"
            elif member in queue.members[:index]:
                text = f"names '{member}' twice"
            else:
                continue
            yield Fault((*here, index), text)


def _customers(office: OfficeFile) -> Iterator[Fault]:
    for index, customer in enumerate(office.customers):
        here = ("customers", index)
        if not customer.phones:
            yield Fault((*here, "phones"), "is empty: a customer is known by at least one number")
        for place, phone in enumerate(customer.phones):
            if not _possible(phone):
                yield Fault((*here, "phones", place), f"{phone} is not a possible number of any country")
            elif phone in customer.phones[:place]:
                yield Fault((*here, "phones", place), f"{phone} stands twice")
        if customer.owner is not None and customer.owner not in office.people:
            yield Fault(
                (*here, "owner"), f"names '{customer.owner}', who is not in people; {_known(office.people)}"
            )


def _listening(office: OfficeFile) -> Iterator[Fault]:
    sip = office.sip
    try:
        ipaddress.ip_address(sip.bind)
    except ValueError:
        yield Fault(("sip", "bind"), f"'{sip.bind}' is not an address such as 127.0.0.1")
    if sip.rtp_end - sip.rtp_start < 3:
        yield Fault(("sip", "rtp_end"), "must be at least rtp_start + 3: a call needs four ports")
    if sip.rtp_start <= sip.port <= sip.rtp_end:
        yield Fault(("sip", "port"), f"{sip.port} lies inside rtp_start..rtp_end: move one of them")


def _possible(e164: str) -> bool:
    try:
        return phonenumbers.is_possible_number(phonenumbers.parse(e164))
    except phonenumbers.NumberParseException:
        return False
