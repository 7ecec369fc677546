"""Reading of the channel block."""

from __future__ import annotations

from uuid import UUID

import pytest

from callrouter.reading.channel import PREFIXES, facts, facts_if_any

pytestmark = pytest.mark.unit

CALL = "1db60a3c-fe87-4472-88c2-a714c809a6b2"
OTHER = "5b331dbf-9cf8-4a00-b113-68b6285eec10"


def block(prefix: str = "", **changes: str) -> dict[str, str]:
    fields = {
        "Channel": "PJSIP/agent-anna-desk-0000001a",
        "ChannelState": "5",
        "CallerIDNum": "+74955550142",
        "CallerIDName": "Иван\x07",
        "AccountCode": CALL,
        "Context": "cc-route",
        "Exten": "",
        "Uniqueid": "u-2",
        "ChanVariable/CC_CALL": OTHER,
        "ChanVariable/CC_OFFER": "",
    }
    fields.update({name.replace("__", "/"): value for name, value in changes.items()})
    return {prefix + header: value for header, value in fields.items()}


@pytest.mark.parametrize("prefix", PREFIXES)
def test_a_block_is_read_under_every_prefix(prefix: str) -> None:
    read = facts(block(prefix), prefix)
    assert (read.uniqueid, read.name, read.state) == ("u-2", "PJSIP/agent-anna-desk-0000001a", 5)
    assert (read.caller_number, read.caller_name, read.offer_id) == ("+74955550142", "Иван", None)


@pytest.mark.parametrize(
    ("account", "variable", "call"),
    [
        (CALL, OTHER, CALL),
        ("", OTHER, OTHER),
        ("", "", None),
        ("billing-7", "", None),  # a foreign dialplan's account code is not a call id
        ("billing-7", OTHER, OTHER),
        (CALL.replace("-", ""), "", None),
    ],
)
def test_the_call_id_is_a_uuid_or_nothing(account: str, variable: str, call: str | None) -> None:
    read = facts(block(AccountCode=account, ChanVariable__CC_CALL=variable))
    assert read.call_id == (UUID(call) if call else None)


@pytest.mark.parametrize(
    "changes",
    [
        {"Uniqueid": ""},
        {"Channel": ""},
        {"Channel": "PJSIP/x\u202e-1"},
        {"Uniqueid": "u" * 300},
        {"ChannelState": "up"},
    ],
)
def test_a_broken_block_is_refused(changes: dict[str, str]) -> None:
    with pytest.raises(ValueError):
        facts(block(**changes))


def test_a_missing_header_is_not_an_empty_one() -> None:
    fields = block()
    del fields["AccountCode"]
    with pytest.raises(KeyError):
        facts(fields)


def test_no_channel_under_a_prefix_is_none() -> None:
    assert facts_if_any(block("Dest")) is None
    assert facts_if_any(block("Dest"), "Dest") is not None
