"""The little SDP an audio phone needs (RFC 4566, RFC 3264)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import IntEnum, StrEnum

from tests.fakes.sip.message import Address


class Codec(IntEnum):
    """RTP payload types we speak (RFC 3551)."""

    PCMU = 0
    PCMA = 8


class Media(StrEnum):
    """Direction attribute: what the speaker of the SDP does."""

    SENDRECV = "sendrecv"
    SENDONLY = "sendonly"
    RECVONLY = "recvonly"
    INACTIVE = "inactive"


_MIRROR = {Media.SENDONLY: Media.RECVONLY, Media.RECVONLY: Media.SENDONLY}


@dataclass(frozen=True, slots=True)
class Sdp:
    """One audio stream: where its speaker wants RTP, what he can decode, and the direction."""

    address: Address
    codecs: tuple[Codec, ...] = (Codec.PCMA, Codec.PCMU)
    media: Media = Media.SENDRECV
    version: int = 1

    def to_bytes(self) -> bytes:
        """The body."""
        host, port = self.address
        payloads = " ".join(str(int(codec)) for codec in self.codecs)
        lines = [
            "v=0",
            f"o=- 20260302 {self.version} IN IP4 {host}",
            "s=-",
            f"c=IN IP4 {host}",
            "t=0 0",
            f"m=audio {port} RTP/AVP {payloads} 101",
            *(f"a=rtpmap:{int(codec)} {codec.name}/8000" for codec in self.codecs),
            "a=rtpmap:101 telephone-event/8000",
            "a=fmtp:101 0-16",
            "a=ptime:20",
            f"a={self.media}",
            "",
        ]
        return "\r\n".join(lines).encode()


def parse_sdp(body: bytes) -> Sdp | None:
    """The audio stream of *body*; None when there is none we can use."""
    text = body.decode("utf-8", "replace")
    host = re.search(r"^c=IN IP4 (\S+)", text, re.MULTILINE)
    audio = re.search(r"^m=audio (\d+) \S+ ([\d ]+)", text, re.MULTILINE)
    if host is None or audio is None:
        return None
    known = {int(codec) for codec in Codec}
    codecs = tuple(Codec(int(number)) for number in audio[2].split() if int(number) in known)
    media = re.search(r"^a=(sendrecv|sendonly|recvonly|inactive)\s*$", text, re.MULTILINE)
    return (
        Sdp((host[1], int(audio[1])), codecs, Media(media[1]) if media else Media.SENDRECV)
        if codecs
        else None
    )


def answer_media(offer: Media) -> Media:
    """What we say to *offer* (RFC 3264 6.1): a held phone listens only."""
    return _MIRROR.get(offer, offer)
