"""The small house with phones, and a trunk over which it calls the world."""

from __future__ import annotations

from dataclasses import replace

from crm_core.live.directory import Directory
from crm_core.people.model import Device, DeviceKind, Person
from tests.fakes import house

_DEVICES = {
    "anna": (DeviceKind.BROWSER, DeviceKind.SIP),
    "boris": (DeviceKind.SIP,),
    "leyla": (DeviceKind.BROWSER,),
}


def _with_devices(person: Person) -> Person:
    kinds = _DEVICES.get(person.name, ())
    devices = tuple(Device(endpoint=f"agent-{person.name}-{k}", agent=person.name, kind=k) for k in kinds)
    return replace(person, devices=devices)


PEOPLE = tuple(map(_with_devices, house.PEOPLE))


def outside(*prefixes: str) -> Directory:
    """The house that calls numbers with these beginnings: anna by browser, boris by a phone on his table."""
    return Directory(
        offices=house.OFFICES,
        people=PEOPLE,
        queues=house.QUEUES,
        numbers=house.NUMBERS,
        outgoing=prefixes,
    )
