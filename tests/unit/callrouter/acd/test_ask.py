"""Questions of the dialplan: strict in every field."""

from __future__ import annotations

from uuid import UUID

import pytest

from callrouter.acd.ask import Answer, DialStatus, Reason, parse_ask
from crm_core.calls.model import Direction
from crm_core.errors import BadInput
from crm_core.routing.model import Action, Decision

pytestmark = pytest.mark.unit

CALL = "1db60a3c-fe87-4472-88c2-a714c809a6b2"
OFFER = "0199a3c0-0000-7000-8000-000000000001"
GOOD = [CALL, "+74955550100", "sales", "2", "dialled", "NOANSWER", "allowed", OFFER, "in", ""]


def read(args: list[str], **given: str) -> object:
    return parse_ask(args, uniqueid=given.pop("uniqueid", "cc-1.33"), channel_name="PJSIP/city-0a", **given)


def test_every_field_is_read() -> None:
    ask = parse_ask(
        GOOD, uniqueid="cc-1.33", channel_name="PJSIP/city-0a", caller_raw="+1", caller_name="Ivan"
    )
    assert (ask.call_id, ask.offer_id) == (UUID(CALL), UUID(OFFER))
    assert (ask.did, ask.queue, ask.attempt) == ("+74955550100", "sales", 2)
    assert (ask.reason, ask.dial_status) == (Reason.DIALLED, DialStatus.NOANSWER)
    assert (ask.direction, ask.from_agent) == (Direction.IN, None)


def test_a_stale_dialstatus_belongs_to_no_other_reason() -> None:
    ask = parse_ask(
        [*GOOD[:4], "waiting", "NOANSWER", *GOOD[6:]], uniqueid="cc-1.33", channel_name="PJSIP/city-0a"
    )
    assert ask.dial_status is None


@pytest.mark.parametrize(
    ("position", "bad"),
    [
        (0, ""),
        (0, CALL[:-1]),
        (0, "{" + CALL + "}"),
        (1, "+7495555&Local"),
        (1, "1" * 40),
        (2, ""),
        (2, "Sales"),
        (2, "sales\n"),
        (3, "-1"),
        (3, "1e3"),
        (4, "because"),
        (5, "MAYBE"),
        (6, "Allowed; x"),
        (7, "not-an-offer"),
        (8, "sideways"),
        (9, "anna|x"),
    ],
)
def test_one_field_out_of_form_is_no_question(position: int, bad: str) -> None:
    args = [*GOOD]
    args[position] = bad
    with pytest.raises(BadInput):
        read(args)


def test_the_number_of_arguments_and_the_channel_are_checked() -> None:
    with pytest.raises(BadInput):
        read(GOOD[:4])
    with pytest.raises(BadInput):
        read([*GOOD, "more"])
    with pytest.raises(BadInput):
        read(GOOD, uniqueid="cc 1;2")


def test_texts_of_the_caller_are_capped_and_cleaned() -> None:
    ask = parse_ask(
        GOOD,
        uniqueid="cc-1.33",
        channel_name="PJSIP/city-0a",
        caller_raw="1" * 500,
        caller_name="I\x00v\r\nan\u202e<script>",
    )
    assert len(ask.caller_raw) == 80
    assert ask.caller_name == "Iv  an<script>"


def test_an_answer_without_a_dial_has_empty_fields() -> None:
    ask = parse_ask(GOOD, uniqueid="cc-1.33", channel_name="PJSIP/city-0a")
    answer = Answer(ask=ask, call_id=ask.call_id, turn=1, term=7, decision=Decision(action=Action.WAIT))
    assert answer.variables() == (("CC_DECISION", "wait|||||"), ("ROUTE", "ok:cc-1.33:7:2"))
