"""A CEL record is read strictly, whatever a caller put into it."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asterisk_conf.render import CEL_COLUMNS
from callrouter.ledger.rows import COLUMNS, MAX_RECORD, BadRow, CelEvent, read_row
from tests.unit.callrouter.ledger.records import CALL, NAMES, record, recorded, row

pytestmark = pytest.mark.unit


def test_the_columns_are_those_the_configuration_writes() -> None:
    names = {
        "CALLERID(name)": "cid_name",
        "CALLERID(num)": "cid_num",
        "CALLERID(ANI)": "cid_ani",
        "CALLERID(RDNIS)": "cid_rdnis",
        "CALLERID(DNID)": "cid_dnid",
        "BRIDGEPEER": "peer",
    }
    written = [column[2:-1] for column in CEL_COLUMNS]
    assert tuple(names.get(one, one.removeprefix("CHANNEL(").removesuffix(")")) for one in written) == COLUMNS


def test_a_row_has_its_time_to_the_microsecond_its_call_and_its_extra_data() -> None:
    read = row(
        "HANGUP",
        1_795_288_882.248103,
        accountcode=CALL,
        eventextra='{"hangupcause":16,"hangupsource":"PJSIP/trunk-carrier-00000001","dialstatus":""}',
    )
    assert read.event is CelEvent.HANGUP
    assert read.at == datetime(2026, 11, 21, 19, 21, 22, 248103, tzinfo=UTC)
    assert read.call_id == UUID(CALL)
    assert (read.extra["hangupcause"], read.text("hangupsource")) == (16, "PJSIP/trunk-carrier-00000001")
    assert (read.text("dialstatus"), read.text("not there")) == ("", "")


def test_asterisks_not_applicable_is_no_channel() -> None:
    extra = '{"transfer_target_channel_uniqueid":"N/A","channel2_uniqueid":"cc-1.2"}'
    read = row("ATTENDEDTRANSFER", eventextra=extra)
    assert (read.text("transfer_target_channel_uniqueid"), read.text("channel2_uniqueid")) == ("", "cc-1.2")


@pytest.mark.parametrize("event", ["LINKEDID_END", "STREAM_BEGIN", "APP_END", "USER_DEFINED"])
def test_what_settles_nothing_is_no_row(event: str) -> None:
    assert read_row(record(event, eventextra="{not json")) is None


@pytest.mark.parametrize(
    ("reason", "data"),
    [
        ("event type", record("DTMF_END")),
        ("event time", record(eventtime="1795000000")),
        ("event time", record(eventtime="1795000000.12345")),
        ("event time", record(eventtime="٣795000000.123456")),
        ("event time", record(eventtime="179500000012.123456")),
        ("event time", record(eventtime="0.000000")),
        ("number of columns", record()[:-4] + b"\n"),
        ("number of columns", record()[:-1] + b',"more"\n'),
        ("not one CSV record", b"\n"),
        ("not one CSV record", record() + record()),
        ("not one CSV record", record()[:-2] + b"\n"),
        ("not one CSV record", b'"CHAN_ST' + record()),
        ("an id", record(uniqueid="")),
        ("an id", record(linkedid="x" * 257)),
        ("an id", record(channame="PJSIP/a\nb-1")),
        ("extra data", record("HANGUP", eventextra="{")),
        ("extra data", record("HANGUP", eventextra="[1]")),
        ("extra data", record("HANGUP", eventextra='{"hangupsource":{"a":1}}')),
        ("extra data", record("HANGUP", eventextra='{"hangupsource":"a\\nb"}')),
        ("size", record(cid_name="x" * MAX_RECORD)),
    ],
)
def test_what_the_configuration_does_not_write_is_refused(reason: str, data: bytes) -> None:
    with pytest.raises(BadRow, match=reason):
        read_row(data)


def test_a_refusal_never_repeats_what_the_caller_sent() -> None:
    with pytest.raises(BadRow) as refused:
        read_row(record(uniqueid="", cid_num="+79161234567"))
    assert "7916" not in str(refused.value)


@given(st.text(max_size=200), st.text(max_size=200))
def test_hostile_names_and_numbers_come_out_clean_and_move_no_column(name: str, number: str) -> None:
    read = row(cid_name=name, cid_num=number)
    for text in (read.caller_name, read.caller_number):
        assert len(text) <= 80
        assert all(letter.isprintable() or letter in "\u200c\u200d" for letter in text)
    assert read.exten == "+74955550100"


def test_a_call_id_that_is_no_uuid_is_none_of_ours() -> None:
    assert row(accountcode="sales-dept").call_id is None


@pytest.mark.parametrize("name", NAMES)
def test_every_recorded_record_is_read(name: str) -> None:
    for line in recorded(name).splitlines(keepends=True):
        read_row(line)
