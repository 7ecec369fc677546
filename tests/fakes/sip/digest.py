"""Digest access authentication for SIP, client and checker (RFC 7616, algorithms of RFC 8760)."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.fakes.sip.message import Message, Request

_HASHES = {"MD5": hashlib.md5, "SHA-256": hashlib.sha256}
STRONGEST_FIRST = ("SHA-256", "MD5")


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who we say we are; *algorithms* are those we are willing to use, in order of preference."""

    username: str
    password: str
    algorithms: tuple[str, ...] = STRONGEST_FIRST


def fields(value: str) -> dict[str, str]:
    """The name=value pairs of a Digest header value, quotes removed."""
    body = value.partition(" ")[2]
    return {
        key.lower(): quoted or plain
        for key, quoted, plain in re.findall(r'(\w+)=(?:"([^"]*)"|([^",\s]+))', body)
    }


def response_hash(
    algorithm: str,
    *,
    username: str,
    realm: str,
    password: str,
    method: str,
    uri: str,
    nonce: str,
    nc: str,
    cnonce: str,
) -> str:
    """The `response` of RFC 7616 3.4.1 with qop=auth, or of RFC 2617 without qop when *nc* is empty."""

    def digest(text: str) -> str:
        return _HASHES[algorithm](text.encode()).hexdigest()

    ha1 = digest(f"{username}:{realm}:{password}")
    ha2 = digest(f"{method}:{uri}")
    middle = f"{nonce}:{nc}:{cnonce}:auth" if nc else nonce
    return digest(f"{ha1}:{middle}:{ha2}")


def authorize(request: Request, challenge: Message, credentials: Credentials) -> bool:
    """Add the answer to *challenge* (a 401 or 407) to *request*. False when no algorithm suits."""
    for kind, answer in (
        ("WWW-Authenticate", "Authorization"),
        ("Proxy-Authenticate", "Proxy-Authorization"),
    ):
        offered = {f.get("algorithm", "MD5").upper(): f for f in map(fields, challenge.all(kind))}
        for algorithm in credentials.algorithms:
            if algorithm in offered:
                request.replace(answer, _answer(request, offered[algorithm], algorithm, credentials))
                return True
    return False


def _answer(request: Request, offer: dict[str, str], algorithm: str, credentials: Credentials) -> str:
    with_qop = "auth" in offer.get("qop", "").split(",")
    nc, cnonce = ("00000001", secrets.token_hex(8)) if with_qop else ("", "")
    realm, nonce = offer.get("realm", ""), offer.get("nonce", "")
    value = response_hash(
        algorithm,
        username=credentials.username,
        realm=realm,
        password=credentials.password,
        method=request.method,
        uri=request.uri,
        nonce=nonce,
        nc=nc,
        cnonce=cnonce,
    )
    text = (
        f'Digest username="{credentials.username}", realm="{realm}", nonce="{nonce}", uri="{request.uri}", '
        f'response="{value}", algorithm={algorithm}'
    )
    if "opaque" in offer:
        text += f', opaque="{offer["opaque"]}"'
    return text + (f', qop=auth, nc={nc}, cnonce="{cnonce}"' if with_qop else "")


@dataclass(slots=True)
class DigestGuard:
    """The asking side, for peers that play a registrar: who may come in, by which algorithms."""

    passwords: Mapping[str, str]
    algorithms: tuple[str, ...] = STRONGEST_FIRST
    realm: str = "asterisk"
    nonce: str = field(default_factory=lambda: secrets.token_hex(12))

    def challenges(self) -> list[tuple[str, str]]:
        """WWW-Authenticate headers, strongest algorithm first."""
        return [
            (
                "WWW-Authenticate",
                f'Digest realm="{self.realm}", nonce="{self.nonce}", algorithm={name}, qop="auth"',
            )
            for name in self.algorithms
        ]

    def admits(self, request: Request) -> bool:
        """True when *request* carries a right answer to one of our challenges."""
        given = fields(request.get("Authorization"))
        algorithm = given.get("algorithm", "MD5")
        password = self.passwords.get(given.get("username", ""))
        if password is None or algorithm not in self.algorithms or given.get("nonce") != self.nonce:
            return False
        return given.get("response") == response_hash(
            algorithm,
            username=given["username"],
            realm=self.realm,
            password=password,
            method=request.method,
            uri=given.get("uri", ""),
            nonce=self.nonce,
            nc=given.get("nc", ""),
            cnonce=given.get("cnonce", ""),
        )
