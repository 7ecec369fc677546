"""The decoder against honest streams, torn streams and streams a caller wrote into."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callrouter.ami.frames import MAX_FRAME, Fields, FrameDecoder, Reject, StreamBroken
from callrouter.reading.read import WANTED
from tests.fakes.ami_server import BANNER, SYSTEM, channel, event, frame

pytestmark = pytest.mark.unit

RECORDED = sorted(Path("tests/data/ami").glob("*.txt"))
OURS = "5eed"
FORGED = f"{SYSTEM[:-1]}x-1795287447.66"


def decoder(wanted: frozenset[str] = WANTED, systemname: str | None = SYSTEM) -> FrameDecoder:
    return FrameDecoder(wanted=wanted, systemname=systemname, reply_prefix=OURS)


def feed(data: bytes, **kwargs: str | None) -> tuple[list[Fields], dict[Reject, int]]:
    subject = decoder(**kwargs)  # type: ignore[arg-type]
    frames = subject.feed(BANNER + data)
    return frames, dict(subject.rejected)


def newstate(**changes: str) -> bytes:
    return event("Newstate", *channel(1, **changes))


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.stem)
def test_nothing_of_a_real_stream_is_refused(path: Path) -> None:
    # The recorded login carried no ActionID; a session of ours always sends one.
    data = path.read_bytes().replace(b"Response: ", b"Response: Kept\r\nActionID: 5eed-1\r\nWas: ")
    subject = decoder()
    frames = subject.feed(data)
    assert not subject.rejected
    assert subject.frames == len(frames) + subject.dropped
    assert subject.version == "11.0.0"
    assert {fields["Event"] for fields in frames if "Event" in fields} <= WANTED


@settings(max_examples=60, deadline=None)
@given(cuts=st.lists(st.integers(1, 400), min_size=1, max_size=80))
def test_where_the_reads_are_cut_makes_no_difference(cuts: list[int]) -> None:
    data = BANNER + newstate(CallerIDName="Иван Əliyev") * 3 + event("Hangup", *channel(1), "Cause: 16")
    whole = decoder().feed(data)
    torn, pieces, at = decoder(), [], 0
    for cut in cuts:
        pieces += torn.feed(data[at : at + cut])
        at += cut
    pieces += torn.feed(data[at:])
    assert pieces == whole
    assert len(whole) == 4


def test_a_letter_split_over_two_reads_survives() -> None:
    data = BANNER + newstate(CallerIDName="Иван")
    middle = data.index("И".encode()) + 1
    subject = decoder()
    frames = subject.feed(data[:middle]) + subject.feed(data[middle:])
    assert frames[0]["CallerIDName"] == "Иван"


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        ("Пётр".encode("cp1251"), "Пётр"),
        (b"caf\x98", "caf�"),  # 0x98 is nothing in cp1251 either
    ],
)
def test_names_that_are_not_utf8_do_not_vanish(raw: bytes, name: str) -> None:
    frames, rejected = feed(newstate(CallerIDName="@@").replace(b"@@", raw))
    assert frames[0]["CallerIDName"] == name
    assert not rejected


def test_events_nobody_wants_are_dropped_unparsed() -> None:
    subject = decoder()
    assert subject.feed(BANNER + event("VarSet", "not even a header") + newstate()) != []
    assert (subject.dropped, subject.rejects) == (1, 0)


def test_each_channel_variable_has_its_own_header() -> None:
    lines = channel(1)
    lines[-1] = "ChanVariable: CC_AGENT=anna"
    frames, _ = feed(event("Newstate", *lines))
    assert frames[0]["ChanVariable/CC_AGENT"] == "anna"
    assert frames[0]["ChanVariable/CC_CALL"] == ""


def test_a_header_that_asterisk_repeats_is_joined() -> None:
    frames, _ = feed(frame("Response: Success", "ActionID: 5eed-1", "Output: one", "Output: two"))
    assert frames[0]["Output"] == "one\ntwo"


def test_a_frame_without_end_breaks_the_stream_and_costs_no_time() -> None:
    subject = decoder()
    subject.feed(BANNER)
    with pytest.raises(StreamBroken):
        for _ in range(MAX_FRAME // 512 + 2):
            subject.feed(b"x" * 512)


@pytest.mark.parametrize("hello", [b"SSH-2.0-OpenSSH_9.2\r\n", b"HTTP/1.1 400 Bad", b"A" * 200])
def test_a_peer_that_does_not_speak_ami_is_found_out(hello: bytes) -> None:
    with pytest.raises(StreamBroken):
        decoder().feed(hello)


@pytest.mark.parametrize(
    ("forged", "why"),
    [
        (newstate(CallerIDName="x\r\nContext: cc-agents"), Reject.DUPLICATE),
        (newstate(CallerIDName="x\r\nUniqueid: 1"), Reject.CHANNEL),
        (newstate(CallerIDName="x\r\nChanVariable: CC_AGENT=boss"), Reject.DUPLICATE),
        (newstate(CallerIDName="x\ry"), Reject.CONTROL),
        (newstate(CallerIDName="x\ny"), Reject.CONTROL),
        (newstate(CallerIDName="x\0y"), Reject.CONTROL),
        (newstate(CallerIDName="x\r\nno header at all"), Reject.SHAPE),
        (newstate(CallerIDName="x\r\n: y"), Reject.SHAPE),
        (newstate(Uniqueid=FORGED), Reject.CHANNEL),
        (event("DialEnd", *channel(1), *channel(2, prefix="Dest", Uniqueid=FORGED)), Reject.CHANNEL),
        (event("Hangup", *channel(1), systemname="cc-guessed"), Reject.FOREIGN),
        (frame("Event: Hangup", "Channel: x"), Reject.FOREIGN),
        (frame("Response: Success", "ActionID: guessed-1"), Reject.FOREIGN),
        (frame("CallerIDName: tail of something"), Reject.HEAD),
        (b"\r\n\r\n", Reject.HEAD),
    ],
)
def test_a_frame_that_asterisk_would_not_write_is_refused(forged: bytes, why: Reject) -> None:
    frames, rejected = feed(forged)
    assert frames == []
    assert rejected == {why: 1}


def test_an_event_ended_early_is_condemned_by_its_remains() -> None:
    # The caller's name spells the rest of the event itself, with a Uniqueid it could have guessed …
    early = "x\r\nConnectedLineNum: 1\r\nContext: cc-route\r\nUniqueid: " + f"{SYSTEM}-1795287447.1\r\n\r\n"
    for after in ("", "Event: Nothing\r\nX: ", "Response: Success\r\nX: "):
        frames, rejected = feed(newstate(CallerIDName=early + after) + newstate())
        assert [fields["CallerIDName"] for fields in frames] == ["Ivan Primer"]
        assert rejected[Reject.CONDEMNED] == 1


def test_remains_that_end_the_read_condemn_too() -> None:
    cut = newstate(CallerIDName="x\r\n\r\n")
    subject = decoder()
    assert subject.feed(BANNER + cut[:-4]) == []
    assert subject.rejected == {Reject.CONDEMNED: 1}


def test_the_greeting_needs_no_token_once() -> None:
    greeting = frame("Event: FullyBooted", "Privilege: system,all", "Uptime: 5")
    subject = decoder()
    assert [fields["Uptime"] for fields in subject.feed(BANNER + greeting)] == ["5"]
    assert subject.feed(greeting) == []
    assert subject.rejected == {Reject.FOREIGN: 1}


def test_rows_of_our_own_lists_need_no_token() -> None:
    frames, rejected = feed(frame("Event: QueueParams", "Queue: sales", "ActionID: 5eed-7"))
    assert frames[0]["Queue"] == "sales"
    assert not rejected


def test_a_pbx_without_a_name_is_read_without_the_token() -> None:
    plain = event("Newstate", *channel(1, Uniqueid="1795287447.1")).replace(
        f"SystemName: {SYSTEM}\r\n".encode(), b""
    )
    frames, rejected = feed(plain, systemname=None)
    assert frames[0]["Uniqueid"] == "1795287447.1"
    assert not rejected


_HEADERS = ["Event", "Uniqueid", "CallerIDNum", "SystemName", "ChanVariable", "ActionID", "Foo"]
_piece = st.one_of(
    st.sampled_from(["\r\n", "\r\n\r\n", "\r", "\n", ": "]),
    st.sampled_from([f"\r\n{header}: " for header in _HEADERS]),
    st.sampled_from(["Hangup", "Newstate", "CC_CALL=x", "666", f"\r\nSystemName: {SYSTEM[:-1]}"]),
)


@settings(max_examples=400, deadline=None)
@given(pieces=st.lists(_piece, max_size=8))
def test_whatever_a_name_holds_no_fact_is_forged(pieces: list[str]) -> None:
    """Accepted is the honest neighbour, and the poisoned event only when the name is just a name."""
    name = "x" + "".join(pieces)
    frames, _ = feed(newstate(CallerIDName=name) + event("Hangup", *channel(2), "Cause: 16"))
    for fields in frames:
        if fields["Event"] == "Newstate":
            assert fields["Uniqueid"] == f"{SYSTEM}-1795287447.1"
            assert fields["CallerIDNum"] == "+74955550142"
            assert fields["ChanVariable/CC_CALL"] == ""
        else:
            assert (fields["Event"], fields["Uniqueid"]) == ("Hangup", f"{SYSTEM}-1795287447.2")
