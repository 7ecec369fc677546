"""What the demo adds to the PBX: its carrier, its phones, its callers."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from asterisk_conf.conf_text import read_sections
from callcard.demo.peers import (
    CARRIER,
    PHONES,
    call_file,
    demo_office,
    demo_overlay,
    free_seat,
    ring,
    simulated,
)
from callcard.demo.sample import sample_office
from callcard.demo.script import OPENING
from crm_core.office.reading import read_office
from crm_core.people.model import DeviceKind

pytestmark = pytest.mark.unit

SAMPLE = read_office(sample_office().read_text("utf-8"))


def test_every_phone_is_at_the_simulated_ones_address() -> None:
    office = demo_office(SAMPLE, sip_port=5070, rtp_start=16_000)
    devices = {name: device for name, person in office.people.items() for device in person.devices}
    assert sorted(simulated(office)) == ["anna", "elena", "rashid"]
    for name in simulated(office):
        assert devices[name].kind is DeviceKind.CONTACT
        assert devices[name].contact == f"sip:{name}@{PHONES}:5070"
    assert (free_seat(office), devices["dina"].kind) == ("dina", DeviceKind.BROWSER)
    assert (office.sip.port, office.sip.rtp_start, office.sip.rtp_end) == (5070, 16_000, 16_400)


def test_the_carrier_calls_from_the_trunks_address() -> None:
    overlay = demo_overlay(["anna", "elena"], sip_port=5070)
    sections = read_sections(overlay.added["pjsip.conf"])
    assert any(section.get("bind") == f"{CARRIER}:5070" for section in sections)
    assert CARRIER in SAMPLE.trunks["provider"].match
    assert re.findall(r"^exten => (\w+),1,Ringing", overlay.added["extensions.conf"], re.M) == [
        "anna",
        "elena",
    ]


def test_the_carrier_takes_the_offices_calls() -> None:
    office = demo_office(SAMPLE, sip_port=5070, rtp_start=16_000)
    trunk = office.trunks["provider"]
    assert trunk.contact == f"sip:{CARRIER}:5070"
    assert trunk.outgoing is not None and trunk.outgoing.caller_id in office.numbers
    phones = {entry.phones[0] for entry in office.customers}
    assert all(phone.startswith(trunk.outgoing.prefixes) for phone in phones)


def test_a_call_file_appears_whole_and_may_be_removed_by_asterisk(tmp_path: Path) -> None:
    (tmp_path / "outgoing").mkdir()
    ring(tmp_path, OPENING[0])
    (file,) = (tmp_path / "outgoing").iterdir()
    assert file.read_text() == call_file(OPENING[0])
    assert 'CallerID: "Marina Volkova" <+74955550142>\n' in file.read_text()
    assert "Channel: PJSIP/74955550100@demo-carrier\n" in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o666
    assert not list(tmp_path.glob("*.call"))  # nothing half-written is left beside
