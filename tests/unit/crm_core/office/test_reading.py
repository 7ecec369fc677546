"""The office file: what is read, and for every fault its line and the way out."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_core.office.reading import MAX_SHOWN, OfficeProblems, read_office, read_once
from crm_core.office.yaml_text import MAX_BYTES
from tests.unit.crm_core.office.offices import EXAMPLE, edited, office

pytestmark = pytest.mark.unit


def problems(text: str) -> list[str]:
    with pytest.raises(OfficeProblems) as caught:
        read_office(text)
    assert caught.value.code == "bad_office"
    return [str(problem) for problem in caught.value.problems]


def line_of(part: str, text: str = EXAMPLE) -> int:
    return text[: text.index(part)].count("\n") + 1


def test_the_example_is_read() -> None:
    example = office()
    assert list(example.people) == ["anna", "rashid", "elena", "dina", "viktor", "admin"]
    assert example.people["anna"].extension == "101"
    assert example.queues["support"].members == ("rashid", "anna", "dina")
    assert [device.endpoint for person in example.person_list() for device in person.devices] == [
        "agent-anna-desk",
        "agent-rashid-desk",
        "agent-elena-desk",
        "agent-dina-web",
    ]
    assert [number.dialled for number in example.number_list()] == [
        ("+74955550100", "74955550100", "84955550100", "4955550100"),
        ("+994125550100", "994125550100", "0125550100"),
    ]


def test_the_same_text_is_read_once() -> None:
    assert read_once(EXAMPLE) is read_once(EXAMPLE) == read_office(EXAMPLE)
    assert read_once(edited(("ring_s: 15 ", "ring_s: 25 "))).queues["sales"].ring_s == 25


def test_scalars_need_no_quotes() -> None:
    unquoted = office(('extension: "101"', "extension: 0101"), ('"+74955550100":', "+74955550100:"))
    assert unquoted.people["anna"].extension == "0101"
    assert "+74955550100" in unquoted.numbers


def test_booleans_and_numbers_come_out_typed() -> None:
    changed = office(("ring_s: 15 ", "record: false\n    ring_s: 25 "))
    assert (changed.queues["sales"].ring_s, changed.queues["sales"].record) == (25, False)


CONTACT = "    contact: sip:127.0.0.2:5060\n"
SHOWN, PREFIXES = 'caller_id: "+74955550100"', 'prefixes: ["+7", "+994"]'
OUTGOING = """    outgoing:
      caller_id: "+74955550100"
      prefixes: ["+7"]
"""
OTHER = f"""  other:
    title: Other
    match: [127.0.0.9]
    contact: sip:127.0.0.9
{OUTGOING}
# Numbers callers dial"""

ONE_FAULT = [
    # text replaced, by what, where the line is found, what is said
    (
        "[anna, elena, dina]",
        "[anna, bob]",
        "queues.sales.members: names 'bob', who is not in people; known: anna, rashid",
    ),
    (
        "[anna, elena, dina]",
        "[anna, viktor]",
        "queues.sales.members: names 'viktor', who has no device to ring",
    ),
    ("[anna, elena, dina]", "[anna, anna]", "queues.sales.members: names 'anna' twice"),
    ("queue: sales", "queue: salse", "queue: names 'salse', which is not in queues; known: sales, support"),
    ("office: baku\n    queue", "office: bku\n    queue", "office: names 'bku', which is not in offices"),
    ("team: sales", "team: slaes", "people.anna.team: names 'slaes', which is not in teams"),
    ('extension: "102"', "extension: 101", "people.rashid.extension: 101 is taken by people.anna"),
    ('extension: "702"', "extension: 103", "queues.support.extension: 103 is taken by people.elena"),
    ('on_break: "*51"', 'on_break: "*50"', "state_codes.on_break: *50 is taken by state_codes.available"),
    ("Asia/Baku", "Asia/Bacu", "offices.baku.timezone: 'Asia/Bacu' is not an IANA time zone"),
    ("country: AZ", "country: ZZ", "offices.baku.country: 'ZZ' is not a country code"),
    ("country: AZ", "country: az", "offices.baku.country: 'az' is not of the form RU"),
    ("kind: sip", "kind: contact", "people.anna.devices[0].contact: is missing: kind contact needs one"),
    ("kind: sip", "kind: sip\n        contact: sip:192.0.2.1", "kind sip registers itself: remove it"),
    (
        "kind: sip",
        "kind: sup",
        "people.anna.devices[0].kind: 'sup' is not known here; known: sip, contact, browser",
    ),
    ('"0125550100"', '"84955550100"', "dialled: 84955550100 already leads to +74955550100 on the same trunk"),
    (
        "source: site",
        "source: site\n    trunks: [provder]",
        "names 'provder', which is not in trunks; known: provider",
    ),
    ("127.0.0.2]", "127.0.0.2.9]", "trunks.provider.match: '127.0.0.2.9' is not an address"),
    ("match: [127.0.0.2]", "match: []", "trunks.provider.match: is empty: name the addresses"),
    (
        "match: [127.0.0.2]",
        "match: [127.0.0.2]\n    codecs: [ulow]",
        "codecs: 'ulow' is not a codec; known: alaw",
    ),
    ("match: [127.0.0.2]", "match: [127.0.0.2]\n    codecs: []", "trunks.provider.codecs: is empty"),
    (CONTACT, "", "trunks.provider.outgoing: needs the trunk's contact"),
    (SHOWN, SHOWN.replace("100", "199"), "caller_id: names '+74955550199', which is not in numbers"),
    (SHOWN, SHOWN.replace("+", ""), "caller_id: '74955550100' is not of the form"),
    (SHOWN, "ring_s: 20", "trunks.provider.outgoing: 'caller_id' is missing"),
    (PREFIXES, "prefixes: []", "trunks.provider.outgoing.prefixes: is empty: name the beginnings"),
    (PREFIXES, 'prefixes: ["7"]', "outgoing.prefixes: '7' is not of the form +7"),
    (PREFIXES, 'prefixes: ["+7", "+7"]', "prefixes: +7 is called over trunk 'provider'"),
    (PREFIXES, f"{PREFIXES}\n      ring: 3", "outgoing: there is no 'ring' here; known: caller_id"),
    (PREFIXES, f"{PREFIXES}\n      ring_s: 3", "outgoing.ring_s: '3' is too small: 5 at least"),
    ("# Numbers callers dial", OTHER, "trunks.other.outgoing.prefixes: +7 is called over trunk 'provider'"),
    ("rtp_end: 10999", "rtp_end: 10001", "sip.rtp_end: must be at least rtp_start + 3"),
    ("port: 5060", "port: 10500", "sip.port: 10500 lies inside rtp_start..rtp_end"),
    ("bind: 127.0.0.1", "bind: 127.0.0.0.1", "sip.bind: '127.0.0.0.1' is not an address"),
    ("bind: 127.0.0.1", "bind:", "sip.bind: is empty: give it a value or remove the line"),
    ('phones: ["+74955550142"]', "phones: []", "customers[0].phones: is empty"),
    (
        '["+74955550142"]',
        '["+74955550142", "+74955550142"]',
        "customers[0].phones: +74955550142 stands twice",
    ),
    (
        '["+74955550142"]',
        '["+7495555014299"]',
        "customers[0].phones: +7495555014299 is not a possible number",
    ),
    (
        '["+74955550142"]',
        '["84955550142"]',
        "customers[0].phones: '84955550142' is not of the form +74955550100",
    ),
    ("owner: elena", "owner: helena", "customers[1].owner: names 'helena', who is not in people"),
    ('"+994125550100":', '"+9941255501000000":', "'+9941255501000000' is not of the form +74955550100"),
    ('"+994125550100":', '"+99412555010099":', "numbers.+99412555010099: is not a possible number"),
    ("  anna:\n", "  Anna:\n", "people.Anna: 'Anna' is not of the form name"),
    ("  admin:\n", "  system:\n", "people.system: this name is taken by the system"),
    ("  provider:\n", "  global:\n", "trunks.global: this name is taken by the system"),
    ("title: Anna", "titel: Anna", "people.anna: there is no 'titel' here; known: title, role"),
    ("people:\n", "peple:\n", "there is no 'peple' here; known: version, pbx, sip"),
    ("    title: Support\n    office: baku", "    office: baku", "teams.support: 'title' is missing"),
    ("ring_s: 15 ", "ring_s: soon ", "queues.sales.ring_s: 'soon' is not a whole number"),
    ("ring_s: 15 ", "ring_s: 1 ", "queues.sales.ring_s: '1' is too small: 3 at least"),
    (
        "ring_s: 15 ",
        "record: maybe\n    ring_s: 15 ",
        "queues.sales.record: 'maybe' is neither true nor false",
    ),
    ("version: 1", "version: 2", "version: '2' is too large: 1 at most"),
    ("pbx: main", "pbx: main\npbx: main", "pbx: stands here twice, first in line 11: keep one"),
    ("pbx: main", "pbx: &pbx main", "anchors and aliases"),
    ("pbx: main", "pbx: *pbx", "anchors and aliases"),
    ("pbx: main", "pbx: !!python/name:os.system main", "tags (`!`) are not allowed"),
    ("pbx: main", "pbx: main\n---\n", "one document only"),
    ("pbx: main", "pbx: " + "[" * 40 + "]" * 40, "nested deeper than 12 levels"),
    ("pbx: main", "pbx: [main", "not YAML"),
    ("pbx: main", "? [pbx]\n: main", "a key must be a plain name"),
    (
        "title: Anna Petrova",
        'title: "Anna\\nexten => _X.,1,System(id)"',
        "holds a line end or a control character",
    ),
]


def test_prefixes_lead_to_their_trunk() -> None:
    assert office().outgoing_prefixes() == {"+7": "provider", "+994": "provider"}


@pytest.mark.parametrize(
    ("old", "new", "said"), [pytest.param(*fault, id=fault[2][:50]) for fault in ONE_FAULT]
)
def test_a_fault_is_named_with_the_way_out(old: str, new: str, said: str) -> None:
    assert any(said in problem for problem in problems(edited((old, new)))), problems(edited((old, new)))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("[anna, elena, dina]", "[anna, bob]"),
        ('extension: "102"', "extension: 101"),
        ("Asia/Baku", "Asia/Bacu"),
        ("kind: sip", "kind: sup"),
        ("owner: elena", "owner: helena"),
        ("ring_s: 15 ", "ring_s: soon "),
        ("title: Anna", "titel: Anna"),
        ("  admin:\n", "  system:\n"),
    ],
)
def test_a_fault_is_at_its_line(old: str, new: str) -> None:
    text = edited((old, new))
    assert [problem.split(":")[0] for problem in problems(text)] == [f"line {line_of(new, text)}"]


def test_all_faults_are_named_at_once_in_the_order_of_the_file() -> None:
    found = problems(
        edited(("Asia/Baku", "Asia/Bacu"), ("[anna, elena, dina]", "[bob]"), ("team: sales", "team: x"))
    )
    assert [problem.split(": ")[1] for problem in found] == [
        "offices.baku.timezone",
        "people.anna.team",
        "queues.sales.members",
    ]


def test_a_very_wrong_file_says_so_in_few_lines() -> None:
    with pytest.raises(OfficeProblems) as caught:
        read_office(edited(("[anna, elena, dina]", str([f"p{n}" for n in range(50)]).replace("'", ""))))
    assert len(caught.value.problems) == 50
    assert caught.value.message.count("\n") == MAX_SHOWN
    assert caught.value.message.endswith("… and 30 more")


@pytest.mark.parametrize("text", ["", "# nothing\n", "- a list\n", "null\n", "just text\n"])
def test_what_is_no_mapping_is_refused(text: str) -> None:
    assert "the file must be a mapping" in problems(text)[0]


def test_size_is_bounded() -> None:
    assert "larger than" in problems("#" * (MAX_BYTES + 1))[0]


def test_one_address_belongs_to_one_trunk() -> None:
    text = edited(
        ("match: [127.0.0.2]", "match: [127.0.0.2]\n  second:\n    title: B\n    match: [127.0.0.0/30]")
    )
    assert "'127.0.0.0/30' belongs to trunk 'provider' too" in problems(text)[0]


def test_dialled_forms_may_repeat_on_different_trunks() -> None:
    changed = edited(
        ("match: [127.0.0.2]", "match: [127.0.0.2]\n  second:\n    title: B\n    match: [127.0.0.3]"),
        ('"0125550100"]', '"84955550100"]\n    trunks: [second]'),
        ("source: site", "source: site\n    trunks: [provider]"),
    )
    assert read_office(changed).numbers["+994125550100"].trunks == ("second",)


@settings(deadline=None)
@given(text=st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    with pytest.raises(OfficeProblems):
        read_office(text)


@settings(max_examples=30, deadline=None)
@given(
    cut=st.integers(0, len(EXAMPLE)),
    junk=st.text(max_size=12),
    length=st.integers(0, 30),
)
def test_any_edit_is_read_or_refused(cut: int, junk: str, length: int) -> None:
    try:
        read_office(EXAMPLE[:cut] + junk + EXAMPLE[cut + length :])
    except OfficeProblems as error:
        assert error.problems
        assert all(problem.line >= 1 for problem in error.problems)
