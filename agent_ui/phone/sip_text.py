"""What a browser may say to the switch: one whole SIP message a frame (RFC 7118), in its own name.

Strict on purpose. The switch reads messages from a stream by their Content-Length, so a frame that holds
more than one message would bring the second past this check; and it knows header forms (folded, compact,
escaped) that could name somebody else. What JsSIP sends is plain, so anything else is refused.
"""

from __future__ import annotations

import re

_START = re.compile(r"[A-Z]{1,20} sips?:\S+ SIP/2\.0")
_STATUS = re.compile(r"SIP/2\.0 [1-6][0-9]{2}( .*)?")
_HEADER = re.compile(r"([A-Za-z0-9.!%*_+`'~-]+)[ \t]*:[ \t]*(.*)")
# Whom a phone calls: an extension, a state code or a number outside. Which of them it may, the dialplan says.
_CALLED = re.compile(r"INVITE sips?:(\*?[0-9]{2,6}|\+[1-9][0-9]{6,14})@[A-Za-z0-9.-]+ SIP/2\.0")
_PARTY = re.compile(
    r"""(?:(?:"(?:[^"\\]|\\.)*"|[^"<>;:]*)\s*<sips?:(?P<inside>\+?[A-Za-z0-9._-]+)@[^<>\s]+>
        |sips?:(?P<bare>\+?[A-Za-z0-9._-]+)@[^<>\s;?]+)(?P<parameters>.*)""",
    re.VERBOSE,
)
_TAG = re.compile(r";\s*tag\s*=", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_COMPACT = {"f": "from", "t": "to", "l": "content-length"}


class NotAllowed(Exception):
    """This message must not reach the switch. Says why in one word, for the log."""


def check_message(text: str, endpoint: str) -> None:
    """Return when *text*, sent by the phone *endpoint*, may go to the switch. Raises NotAllowed."""
    if not text.strip("\r\n"):
        return  # a keep-alive
    head, end, body = text.partition("\r\n\r\n")
    first, *lines = head.split("\r\n")
    if not end or _CONTROL.search(first):
        raise NotAllowed("form")
    headers = _headers(lines)
    _check_length(headers, body)
    if _STATUS.fullmatch(first):
        return
    if not _START.fullmatch(first):
        raise NotAllowed("form")
    sender, _ = _party(headers, "from")
    target, in_dialog = _party(headers, "to")
    method = first.partition(" ")[0]
    if method == "REGISTER":
        if sender != endpoint or target != endpoint:
            raise NotAllowed("identity")
    elif not in_dialog:
        if sender != endpoint:
            raise NotAllowed("identity")
        if method == "INVITE" and not _CALLED.fullmatch(first):
            raise NotAllowed("called")


def _headers(lines: list[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in lines:
        header = _HEADER.fullmatch(line)
        if header is None or _CONTROL.search(line):
            raise NotAllowed("header")  # a folded line has no name before its colon
        name = header[1].lower()
        found.setdefault(_COMPACT.get(name, name), []).append(header[2])
    return found


def _check_length(headers: dict[str, list[str]], body: str) -> None:
    given = headers.get("content-length", [])
    if len(given) != 1 or given[0].strip() != str(len(body.encode())):
        raise NotAllowed("length")


def _party(headers: dict[str, list[str]], name: str) -> tuple[str | None, bool]:
    """The user of a From or To, None for one that is not of our form, and whether it has a tag."""
    values = headers.get(name, [])
    if len(values) != 1:
        raise NotAllowed(name)
    found = _PARTY.fullmatch(values[0])
    if found is None:
        return None, bool(_TAG.search(values[0]))
    return found["inside"] or found["bare"], bool(_TAG.search(found["parameters"]))
