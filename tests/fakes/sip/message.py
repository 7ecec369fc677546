"""SIP messages: bytes in, bytes out. Lenient in what it reads: the peer under test may be wrong."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

Address = tuple[str, int]

_COMPACT = {
    "v": "Via",
    "f": "From",
    "t": "To",
    "i": "Call-ID",
    "m": "Contact",
    "l": "Content-Length",
    "c": "Content-Type",
    "k": "Supported",
    "r": "Refer-To",
    "b": "Referred-By",
    "o": "Event",
}
_REASONS = {
    100: "Trying",
    180: "Ringing",
    183: "Session Progress",
    200: "OK",
    202: "Accepted",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    480: "Temporarily Unavailable",
    481: "Call/Transaction Does Not Exist",
    486: "Busy Here",
    487: "Request Terminated",
    488: "Not Acceptable Here",
    503: "Service Unavailable",
    603: "Decline",
}
_URI_HOST = re.compile(r"^sips?:(?:[^@]*@)?(?P<host>[^;:?>]+)(?::(?P<port>\d+))?")


class BadMessage(ValueError):
    """The datagram is not a SIP message."""


@dataclass(slots=True, kw_only=True)
class Message:
    """Headers in wire order (names as on the wire, compact ones spelled out) and the body."""

    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""

    def get(self, name: str) -> str:
        """First value of header *name*, empty when absent."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), "")

    def all(self, name: str) -> list[str]:
        """Every value of header *name*, in order."""
        wanted = name.lower()
        return [value for key, value in self.headers if key.lower() == wanted]

    def replace(self, name: str, value: str) -> None:
        """Set header *name* where it stands, else append it."""
        wanted = name.lower()
        for index, (key, _) in enumerate(self.headers):
            if key.lower() == wanted:
                self.headers[index] = (key, value)
                return
        self.headers.append((name, value))

    def first_line(self) -> str:
        """Request line or status line."""
        raise NotImplementedError

    @property
    def call_id(self) -> str:
        return self.get("Call-ID")

    @property
    def cseq(self) -> tuple[int, str]:
        """Number and method; (0, "") when unreadable."""
        number, _, method = self.get("CSeq").partition(" ")
        return (int(number), method.strip()) if number.isdigit() else (0, "")

    @property
    def branch(self) -> str:
        return parameter(self.get("Via"), "branch")

    def to_bytes(self) -> bytes:
        """The datagram."""
        lines = [self.first_line()]
        lines += [f"{name}: {value}" for name, value in self.headers if name.lower() != "content-length"]
        lines += [f"Content-Length: {len(self.body)}", "", ""]
        return "\r\n".join(lines).encode("utf-8", "surrogateescape") + self.body


@dataclass(slots=True, kw_only=True)
class Request(Message):
    """A SIP request."""

    method: str
    uri: str

    def again(self, via: str, sequence: int) -> Request:
        """The same request for a new transaction."""
        copy = Request(method=self.method, uri=self.uri, headers=[*self.headers], body=self.body)
        copy.replace("Via", via)
        copy.replace("CSeq", f"{sequence} {self.method}")
        return copy

    def first_line(self) -> str:
        return f"{self.method} {self.uri} SIP/2.0"


@dataclass(slots=True, kw_only=True)
class Response(Message):
    """A SIP response."""

    status: int
    reason: str = ""

    def first_line(self) -> str:
        return f"SIP/2.0 {self.status} {self.reason or _REASONS.get(self.status, 'Other')}"


def parse(data: bytes) -> Request | Response:
    """Read one datagram. Raises BadMessage."""
    head, _, body = data.partition(b"\r\n\r\n")
    text = head.decode("utf-8", "surrogateescape")
    first, *rest = re.sub(r"\r\n[ \t]+", " ", text).split("\r\n")
    headers: list[tuple[str, str]] = []
    for line in rest:
        name, colon, value = line.partition(":")
        if not colon:
            raise BadMessage(f"header without a colon: {line[:60]!r}")
        name = name.strip()
        headers.append((_COMPACT.get(name.lower(), name), value.strip()))
    parts = first.split(" ", 2)
    if len(parts) == 3 and parts[0] == "SIP/2.0" and parts[1].isdigit():
        return Response(status=int(parts[1]), reason=parts[2], headers=headers, body=body)
    if len(parts) == 3 and parts[2] == "SIP/2.0":
        return Request(method=parts[0], uri=parts[1], headers=headers, body=body)
    raise BadMessage(f"not a start line: {first[:60]!r}")


def reply(request: Request, status: int, *, tag: str = "") -> Response:
    """A response to *request* with the headers RFC 3261 8.2.6 copies; *tag* goes to To if it has none."""
    copied = [(k, v) for k, v in request.headers if k.lower() in {"via", "from", "call-id", "cseq"}]
    to = request.get("To")
    if tag and not parameter(to, "tag"):
        to += f";tag={tag}"
    copied.append(("To", to))
    if request.method == "INVITE" and status < 300:
        copied += [("Record-Route", value) for value in request.all("Record-Route")]
    return Response(status=status, headers=copied)


def parameter(value: str, name: str) -> str:
    """Parameter *name* of a header value (after the `>` when there is one), empty when absent."""
    outside = value.rpartition(">")[2]
    for piece in outside.split(";"):
        key, _, content = piece.partition("=")
        if key.strip().lower() == name:
            return content.strip().strip('"')
    return ""


def uri_of(value: str) -> str:
    """The URI of a From, To, Contact or Refer-To value."""
    inside = re.search(r"<([^>]*)>", value)
    return inside.group(1) if inside else value.partition(";")[0].strip()


def display_name(value: str) -> str:
    """The display name of a From, To or P-Asserted-Identity value."""
    return value.partition("<")[0].strip().strip('"') if "<" in value else ""


def user_of(uri: str) -> str:
    """The user part of a SIP URI, empty when it has none."""
    rest = uri.partition(":")[2]
    return rest.rpartition("@")[0] if "@" in rest else ""


def address_of(uri: str) -> Address:
    """Host and port of a SIP URI with a literal address. Raises BadMessage."""
    match = _URI_HOST.match(uri)
    if match is None:
        raise BadMessage(f"no host in {uri[:60]!r}")
    return match["host"], int(match["port"] or 5060)
