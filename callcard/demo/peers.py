"""The demo's carrier and desk phones: the same Asterisk on other loopback addresses, each call real SIP.

127.0.0.1 is the PBX, 127.0.0.2 the carrier (the sample trunk's address), 127.0.0.3 the agents' phones.
Customers whom somebody calls pick up, but for those whose number ends in 7 (busy), 8 (nobody is at home) or
9 (not in service). They stand in the phones' context: the PBX reaches both from one address.
A caller is a call file in Asterisk's spool (docs.asterisk.org, "Asterisk Call Files"): no manager
account needs the right to dial for it.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import msgspec

from callcard.demo.script import Caller
from callcard.pbx import Overlay
from crm_core.ids import new_id
from crm_core.office.model import DeviceEntry, NumberEntry, OfficeFile, QueueEntry
from crm_core.people.model import DeviceKind

CARRIER = "127.0.0.2"
PHONES = "127.0.0.3"
SEAT_LINE, SEAT_QUEUE = "+74955550109", "ring_me"


def demo_office(office: OfficeFile, *, sip_port: int, rtp_start: int) -> OfficeFile:
    """The sample office with its agents' phones at the simulated ones' addresses, and the free seat's line.

    Phones in the browser stay: whoever sits at one takes its calls.
    """

    def moved(name: str, device: DeviceEntry) -> DeviceEntry:
        if device.kind is DeviceKind.BROWSER:
            return device
        return DeviceEntry(
            name=device.name, kind=DeviceKind.CONTACT, contact=f"sip:{name}@{PHONES}:{sip_port}"
        )

    carrier = f"sip:{CARRIER}:{sip_port}"
    people = {
        name: msgspec.structs.replace(person, devices=tuple(moved(name, each) for each in person.devices))
        for name, person in office.people.items()
    }
    trunks = {
        name: trunk if trunk.contact is None else msgspec.structs.replace(trunk, contact=carrier)
        for name, trunk in office.trunks.items()
    }
    sip = msgspec.structs.replace(office.sip, port=sip_port, rtp_start=rtp_start, rtp_end=rtp_start + 400)
    line, queue = seat_line(office)
    return msgspec.structs.replace(
        office,
        people=people,
        trunks=trunks,
        sip=sip,
        numbers={**office.numbers, SEAT_LINE: line},
        queues={**office.queues, SEAT_QUEUE: queue},
    )


def seat_line(office: OfficeFile) -> tuple[NumberEntry, QueueEntry]:
    """A number whose calls nobody but the free seat can get: callers who are asked for ring there."""
    seat = free_seat(office)
    place = office.people[seat].office
    return (
        NumberEntry(title="Ring me", office=place, queue=SEAT_QUEUE, source="demo"),
        QueueEntry(title="Ring me", members=(seat,), ring_s=30, max_wait_s=60, wrap_up_s=10),
    )


def free_seat(office: OfficeFile) -> str:
    """Whoever has a phone in the browser: the person before the screen."""
    return next(
        name
        for name, person in office.people.items()
        if any(device.kind is DeviceKind.BROWSER for device in person.devices)
    )


def simulated(office: OfficeFile) -> list[str]:
    """Those whose phones the PBX itself answers."""
    return [
        name
        for name, person in office.people.items()
        if person.devices and not any(device.kind is DeviceKind.BROWSER for device in person.devices)
    ]


def pjsip_text(*, sip_port: int) -> str:
    """What is added to pjsip.conf."""
    return f"""
; The demo's carrier and phones.
[demo-carrier-udp]
type = transport
protocol = udp
bind = {CARRIER}:{sip_port}

[demo-phones-udp]
type = transport
protocol = udp
bind = {PHONES}:{sip_port}

[demo-carrier]
type = endpoint
transport = demo-carrier-udp
context = demo-nowhere
disallow = all
allow = alaw
aors = demo-carrier

[demo-carrier]
type = aor
contact = sip:127.0.0.1:{sip_port}

[demo-phones]
type = endpoint
transport = demo-phones-udp
context = demo-phones
disallow = all
allow = alaw

[demo-phones]
type = identify
endpoint = demo-phones
match = 127.0.0.1
"""


def demo_overlay(agents: Iterable[str], *, sip_port: int) -> Overlay:
    """The demo's carrier, phones and callers; call files need pbx_spool."""
    return Overlay(
        added={"pjsip.conf": pjsip_text(sip_port=sip_port), "extensions.conf": extensions_text(agents)},
        modules=("pbx_spool.so",),
    )


def extensions_text(agents: Iterable[str]) -> str:
    """What is added to extensions.conf: phones that ring, answer and speak; callers that speak."""
    phones = "".join(
        f"""
exten => {agent},1,Ringing()
 same => n,Wait({wait})
 same => n,Answer()
 same => n,Wait(1)
 same => n(speak),Playback(demo-congrats)
 same => n,Wait(2)
 same => n,Goto(speak)
"""
        for wait, agent in enumerate(agents, start=2)
    )
    return f"""
; The demo's phones and callers.
[demo-nowhere]

[demo-phones]
{phones}
exten => _[0-9]XXXXXX.,1,Ringing()
 same => n,Wait(3)
 same => n,GotoIf($["${{EXTEN:-1}}"="7"]?busy)
 same => n,GotoIf($["${{EXTEN:-1}}"="8"]?away)
 same => n,GotoIf($["${{EXTEN:-1}}"="9"]?unknown)
 same => n,Answer()
 same => n,Set(DEMO_TALK=120)
 same => n,Goto(demo-callers,talk,1)
 same => n(busy),Hangup(17)
 same => n(away),Wait(120)
 same => n,Hangup(19)
 same => n(unknown),Hangup(1)

[demo-callers]
exten => talk,1,Set(TIMEOUT(absolute)=${{DEMO_TALK}})
 same => n(speak),Wait(2)
 same => n,Playback(demo-instruct)
 same => n,Goto(speak)
exten => T,1,Hangup()
"""


def call_file(caller: Caller) -> str:
    """A call file that makes *caller* ring. All its values are the script's own, never free text."""
    return f"""Channel: PJSIP/{caller.did.removeprefix("+")}@demo-carrier
CallerID: "{caller.name}" <{caller.number}>
MaxRetries: 0
WaitTime: 90
Setvar: DEMO_TALK={caller.talk_s}
Context: demo-callers
Extension: talk
Priority: 1
"""


def ring(spool: Path, caller: Caller) -> None:
    """Put the call file into Asterisk's outgoing folder: written aside and moved, as Asterisk asks."""
    aside = spool / f"{new_id()}.call"
    aside.write_text(call_file(caller), encoding="ascii")
    aside.chmod(0o666)  # Asterisk, under its own user, reads and removes it
    aside.replace(spool / "outgoing" / aside.name)
