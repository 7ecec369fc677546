"""What the types of the office file cannot say: things named must exist, short numbers must differ.

Pure: an office in, faults out, all of them at once.
"""

from __future__ import annotations

import ipaddress
import zoneinfo
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import phonenumbers

from crm_core.i18n import Message
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
    text: Message


def check(office: OfficeFile) -> tuple[Fault, ...]:
    """Everything that is wrong with *office*; empty when it can be used."""
    parts: tuple[Callable[[OfficeFile], Iterator[Fault]], ...] = (
        _names,
        _offices,
        _people,
        _devices,
        _short_numbers,
        _trunks,
        _outgoing,
        _numbers,
        _dialled,
        _queues,
        _customers,
        _listening,
    )
    return tuple(fault for part in parts for fault in part(office))


def _known(names: Iterable[str]) -> Message:
    listed = ", ".join(names)
    return Message("known: {names}", names=listed) if listed else Message("none is defined yet")


def _not_in(section: str, name: str, known: Iterable[str]) -> Message:
    return Message(
        "names '{name}', which is not in {section}; {known}", name=name, section=section, known=_known(known)
    )


def _nobody(name: str, office: OfficeFile) -> Message:
    return Message("names '{name}', who is not in people; {known}", name=name, known=_known(office.people))


def _names(office: OfficeFile) -> Iterator[Fault]:
    for section in ("people", "trunks", "queues"):
        for name in getattr(office, section):
            if name in RESERVED:
                yield Fault((section, name), Message("this name is taken by the system: choose another"))


def _offices(office: OfficeFile) -> Iterator[Fault]:
    if not office.offices:
        yield Fault(("offices",), Message("at least one office is needed"))
    for name, entry in office.offices.items():
        here = ("offices", name)
        if entry.timezone not in zoneinfo.available_timezones():
            text = Message("'{zone}' is not an IANA time zone such as Europe/Moscow", zone=entry.timezone)
            yield Fault((*here, "timezone"), text)
        if entry.country not in phonenumbers.SUPPORTED_REGIONS:
            text = Message("'{country}' is not a country code such as RU or AZ", country=entry.country)
            yield Fault((*here, "country"), text)
    for name, team in office.teams.items():
        if team.office not in office.offices:
            yield Fault(("teams", name, "office"), _not_in("offices", team.office, office.offices))


def _people(office: OfficeFile) -> Iterator[Fault]:
    for name, person in office.people.items():
        here = ("people", name)
        if person.office not in office.offices:
            yield Fault((*here, "office"), _not_in("offices", person.office, office.offices))
        if person.team is None:
            continue
        team = office.teams.get(person.team)
        if team is None:
            yield Fault((*here, "team"), _not_in("teams", person.team, office.teams))


def _devices(office: OfficeFile) -> Iterator[Fault]:
    for name, person in office.people.items():
        seen: set[str] = set()
        for index, device in enumerate(person.devices):
            here = ("people", name, "devices", index)
            if device.name in seen:
                text = Message("'{name}' stands twice: each device needs its own name", name=device.name)
                yield Fault((*here, "name"), text)
            seen.add(device.name)
            if device.kind is DeviceKind.CONTACT and device.contact is None:
                text = Message("is missing: kind contact needs one, such as sip:192.0.2.10:5060")
                yield Fault((*here, "contact"), text)
            if device.kind is not DeviceKind.CONTACT and device.contact is not None:
                text = Message(
                    "kind {kind} registers itself: remove it, or say kind: contact", kind=device.kind.value
                )
                yield Fault((*here, "contact"), text)


def _short_numbers(office: OfficeFile) -> Iterator[Fault]:
    taken: dict[str, str] = {}
    holders = [(("people", name), entry.extension) for name, entry in office.people.items()]
    holders += [(("queues", name), entry.extension) for name, entry in office.queues.items()]
    for path, extension in holders:
        if extension is None:
            continue
        if extension in taken:
            yield Fault((*path, "extension"), _taken(extension, taken[extension]))
        taken.setdefault(extension, ".".join(path))
    codes: dict[str, str] = {}
    for name in office.state_codes.__struct_fields__:
        code = getattr(office.state_codes, name)
        if code in codes:
            yield Fault(("state_codes", name), _taken(code, f"state_codes.{codes[code]}"))
        codes.setdefault(code, name)


def _taken(dialled: str, holder: str) -> Message:
    return Message("{dialled} is taken by {holder}: choose another", dialled=dialled, holder=holder)


def _trunks(office: OfficeFile) -> Iterator[Fault]:
    taken: dict[ipaddress.IPv4Network | ipaddress.IPv6Network, str] = {}
    for name, trunk in office.trunks.items():
        here = ("trunks", name)
        if not trunk.match:
            yield Fault((*here, "match"), Message("is empty: name the addresses this line calls from"))
        for index, address in enumerate(trunk.match):
            try:
                network = ipaddress.ip_network(address, strict=False)
            except ValueError:
                yield Fault((*here, "match", index), _no_address(address, "192.0.2.1"))
                continue
            for other, owner in taken.items():
                if owner != name and other.version == network.version and network.overlaps(other):
                    text = Message(
                        "'{address}' belongs to trunk '{trunk}' too: keep it in one",
                        address=address,
                        trunk=owner,
                    )
                    yield Fault((*here, "match", index), text)
            taken[network] = name
        for index, codec in enumerate(trunk.codecs):
            if codec not in CODECS:
                text = Message("'{codec}' is not a codec; {known}", codec=codec, known=_known(CODECS))
                yield Fault((*here, "codecs", index), text)
        if not trunk.codecs:
            yield Fault((*here, "codecs"), Message("is empty; {known}", known=_known(CODECS)))


def _outgoing(office: OfficeFile) -> Iterator[Fault]:
    taken: dict[str, str] = {}
    for name, trunk in office.trunks.items():
        if trunk.outgoing is None:
            continue
        here = ("trunks", name, "outgoing")
        if trunk.contact is None:
            text = Message("needs the trunk's contact: say where its calls go, such as sip:192.0.2.10")
            yield Fault(here, text)
        caller_id = trunk.outgoing.caller_id
        if caller_id not in office.numbers:
            yield Fault((*here, "caller_id"), _not_in("numbers", caller_id, office.numbers))
        if not trunk.outgoing.prefixes:
            text = Message("is empty: name the beginnings of the numbers that may be called, such as +7")
            yield Fault((*here, "prefixes"), text)
        for index, prefix in enumerate(trunk.outgoing.prefixes):
            if prefix in taken:
                text = Message("{prefix} is called over trunk '{trunk}'", prefix=prefix, trunk=taken[prefix])
                yield Fault((*here, "prefixes", index), text)
            taken.setdefault(prefix, name)


def _no_address(text: str, example: str) -> Message:
    return Message("'{text}' is not an address such as {example}", text=text, example=example)


def _numbers(office: OfficeFile) -> Iterator[Fault]:
    for e164, number in office.numbers.items():
        here = ("numbers", e164)
        if not _possible(e164):
            yield Fault(here, Message("is not a possible number of any country: check its digits"))
        if number.office not in office.offices:
            yield Fault((*here, "office"), _not_in("offices", number.office, office.offices))
        if number.queue not in office.queues:
            yield Fault((*here, "queue"), _not_in("queues", number.queue, office.queues))
        for index, trunk in enumerate(number.trunks):
            if trunk not in office.trunks:
                yield Fault((*here, "trunks", index), _not_in("trunks", trunk, office.trunks))


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
            text = Message("{form} already leads to {number} on the same trunk", form=form, number=owner)
            yield Fault(("numbers", e164, "dialled"), text)


def _queues(office: OfficeFile) -> Iterator[Fault]:
    for name, queue in office.queues.items():
        here = ("queues", name, "members")
        for index, member in enumerate(queue.members):
            person = office.people.get(member)
            if person is None:
                text = _nobody(member, office)
            elif not person.devices:
                text = Message(
                    "names '{name}', who has no device to ring: give people.{name} devices", name=member
                )
            elif member in queue.members[:index]:
                text = Message("names '{name}' twice", name=member)
            else:
                continue
            yield Fault((*here, index), text)


def _customers(office: OfficeFile) -> Iterator[Fault]:
    for index, customer in enumerate(office.customers):
        here = ("customers", index)
        if not customer.phones:
            text = Message("is empty: a customer is known by at least one number")
            yield Fault((*here, "phones"), text)
        for place, phone in enumerate(customer.phones):
            if not _possible(phone):
                text = Message("{phone} is not a possible number of any country", phone=phone)
                yield Fault((*here, "phones", place), text)
            elif phone in customer.phones[:place]:
                yield Fault((*here, "phones", place), Message("{phone} stands twice", phone=phone))
        if customer.owner is not None and customer.owner not in office.people:
            yield Fault((*here, "owner"), _nobody(customer.owner, office))


def _listening(office: OfficeFile) -> Iterator[Fault]:
    sip = office.sip
    try:
        ipaddress.ip_address(sip.bind)
    except ValueError:
        yield Fault(("sip", "bind"), _no_address(sip.bind, "127.0.0.1"))
    if sip.rtp_end - sip.rtp_start < 3:
        text = Message("must be at least rtp_start + 3: a call needs four ports")
        yield Fault(("sip", "rtp_end"), text)
    if sip.rtp_start <= sip.port <= sip.rtp_end:
        text = Message("{port} lies inside rtp_start..rtp_end: move one of them", port=sip.port)
        yield Fault(("sip", "port"), text)


def _possible(e164: str) -> bool:
    try:
        return phonenumbers.is_possible_number(phonenumbers.parse(e164))
    except phonenumbers.NumberParseException:
        return False
