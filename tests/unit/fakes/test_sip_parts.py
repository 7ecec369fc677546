"""The pure parts of the SIP peer: messages, digest, SDP, tones."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.sip import digest, message, sdp, tone
from tests.fakes.sip.sdp import Codec, Media

pytestmark = pytest.mark.unit

INVITE = (
    b"INVITE sip:100@127.0.0.1:5060 SIP/2.0\r\n"
    b"v: SIP/2.0/UDP 127.0.0.2:5070;branch=z9hG4bK1;rport\r\n"
    b'f: "Anna, Q" <sip:%2B7495@127.0.0.2;user=phone>;tag=abc\r\n'
    b"t: <sip:100@127.0.0.1>\r\ni: id-1\r\nCSeq: 7 INVITE\r\nSubject: long\r\n  line\r\n"
    b"Content-Length: 4\r\n\r\nbody"
)


def test_reads_compact_and_folded_headers() -> None:
    request = message.parse(INVITE)
    assert isinstance(request, message.Request)
    assert (request.method, request.uri, request.cseq) == ("INVITE", "sip:100@127.0.0.1:5060", (7, "INVITE"))
    assert (request.branch, request.call_id, request.body) == ("z9hG4bK1", "id-1", b"body")
    assert request.get("subject") == "long line"
    caller = request.get("From")
    assert message.parameter(caller, "tag") == "abc"
    assert message.uri_of(caller) == "sip:%2B7495@127.0.0.2;user=phone"
    assert message.user_of(message.uri_of(caller)) == "%2B7495"
    assert message.display_name(caller) == "Anna, Q"


def test_what_is_written_can_be_read() -> None:
    request = message.parse(INVITE)
    response = message.reply(request, 180, tag="mine") if isinstance(request, message.Request) else None
    assert response is not None
    back = message.parse(response.to_bytes())
    assert isinstance(back, message.Response)
    assert (back.status, back.reason, back.branch) == (180, "Ringing", "z9hG4bK1")
    assert message.parameter(back.get("To"), "tag") == "mine"


@given(st.binary(max_size=200))
def test_any_datagram_is_a_message_or_refused(data: bytes) -> None:
    try:
        read = message.parse(data)
    except message.BadMessage:
        return
    assert read.first_line()


def test_digest_is_that_of_the_rfc() -> None:
    """RFC 7616 section 3.9.1, both algorithms."""
    shared = {
        "username": "Mufasa",
        "realm": "http-auth@example.org",
        "password": "Circle of Life",
        "method": "GET",
        "uri": "/dir/index.html",
        "nonce": "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
        "nc": "00000001",
        "cnonce": "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
    }
    assert digest.response_hash("MD5", **shared) == "8ca523f5e9506fed4657c9700eebdbec"
    assert (
        digest.response_hash("SHA-256", **shared)
        == "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"
    )


@pytest.mark.parametrize(
    ("willing", "expected"), [(("SHA-256", "MD5"), "SHA-256"), (("MD5",), "MD5"), (("SHA-512-256",), None)]
)
def test_digest_takes_the_preferred_of_the_offered(willing: tuple[str, ...], expected: str | None) -> None:
    guard = digest.DigestGuard({"anna": "secret"})
    request = message.Request(method="REGISTER", uri="sip:127.0.0.1")
    challenge = message.Response(status=401, headers=guard.challenges())
    answered = digest.authorize(request, challenge, digest.Credentials("anna", "secret", willing))
    assert answered is (expected is not None)
    assert guard.admits(request) is answered
    assert digest.fields(request.get("Authorization")).get("algorithm") == expected


def test_digest_refuses_a_wrong_password() -> None:
    guard = digest.DigestGuard({"anna": "secret"})
    request = message.Request(method="REGISTER", uri="sip:127.0.0.1")
    challenge = message.Response(status=401, headers=guard.challenges())
    digest.authorize(request, challenge, digest.Credentials("anna", "wrong"))
    assert not guard.admits(request)


def test_sdp_round_trip() -> None:
    ours = sdp.Sdp(("127.0.0.2", 4000), (Codec.PCMU,), Media.SENDONLY)
    assert sdp.parse_sdp(ours.to_bytes()) == ours
    assert sdp.parse_sdp(b"") is None
    assert sdp.answer_media(Media.SENDONLY) is Media.RECVONLY
    assert sdp.answer_media(Media.INACTIVE) is Media.INACTIVE


@pytest.mark.parametrize("codec", list(Codec))
@pytest.mark.parametrize("frequency", [440, 600, 1000])
def test_a_tone_is_found_again(codec: Codec, frequency: int) -> None:
    samples = tone.decode(codec, b"".join(tone.frames(codec, frequency)[:25]))
    assert tone.loudest(samples, (440, 600, 1000)) == frequency
    assert tone.loudest(samples, {440, 600, 1000} - {frequency}) is None


def test_silence_is_no_tone() -> None:
    samples = tone.decode(Codec.PCMA, b"".join(tone.frames(Codec.PCMA, 0)))
    assert max(map(abs, samples)) < 16
    assert tone.loudest([0] * 800, (440, 600)) is None
