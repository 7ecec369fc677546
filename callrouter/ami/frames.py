"""The AMI byte stream, cut into frames and distrusted before anything reads them.

A caller can put raw CR LF into header values (Asterisk decodes `%0d%0a` of a SIP URI), so the stream is
hostile input: a value can add headers, end its own event early, or spell out whole events. What is
accepted carries something the caller cannot know: pushed events our `SystemName` token and Uniqueids
that begin with it, replies the random prefix of our ActionIDs. What is left over of a cut event has
neither, and condemns the frame before it too. Every refusal is counted and asks for a resync.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from enum import StrEnum
from typing import Final

from callrouter.reading.text import decode_text

Fields = dict[str, str]
"""One frame: header → value. `ChanVariable: NAME=x` is kept under `ChanVariable/NAME`."""

MAX_FRAME: Final = 1 << 20
_MAX_LINES: Final = 16384
_LONG_LINE: Final = 256
_MAX_HEADS: Final = 256
_MAX_BANNER: Final = 128
_END: Final = b"\r\n\r\n"
_BANNER: Final = b"Asterisk Call Manager/"
_HEADS: Final = (b"Event: ", b"Response: ")
# Sent to the one session that logs in, past the code that adds SystemName: allowed once a session.
_GREETING: Final = b"FullyBooted"
# Headers that Asterisk itself repeats within a frame; any other repetition is a forgery.
_REPEATED: Final = frozenset({"Output", "Variable"})
# Headers that hold a Uniqueid which this PBX itself made; those of bridges are UUIDs.
_CHANNEL_IDS: Final = frozenset(
    prefix + b"Uniqueid"
    for prefix in (
        b"",
        b"Dest",
        b"Transferer",
        b"Transferee",
        b"OrigTransferer",
        b"SecondTransferer",
        b"TransferTarget",
    )
)


class Reject(StrEnum):
    """Why a frame was refused: the label of its counter."""

    HEAD = "head"  # begins with neither Event nor Response: the remains of a cut frame
    FOREIGN = "foreign"  # lacks our token: an event without SystemName, a reply to nobody
    SHAPE = "shape"  # a line is not `Header: value`
    CONTROL = "control"  # a bare CR, LF or NUL within a value
    DUPLICATE = "duplicate"  # a header appears twice
    CHANNEL = "channel"  # a Uniqueid that this PBX did not make
    CONDEMNED = "condemned"  # well-formed, but followed by remains: it was cut by forged line ends


class StreamBroken(Exception):
    """The peer does not speak AMI, or sends a frame without end: the session must be dropped."""


class _BadLine(Exception):
    def __init__(self, reject: Reject) -> None:
        self.reject = reject


class _Lines(dict[bytes, tuple[str, str]]):
    """Line → (header, value), remembered: most lines of a frame stood in the frame before it.

    Looking a line up costs a third of splitting and decoding it. Bounded (about 5 MB).
    """

    def __init__(self, id_prefix: bytes) -> None:
        self.id_prefix = id_prefix

    def __missing__(self, line: bytes) -> tuple[str, str]:
        header, colon, value = line.partition(b": ")
        if not colon or not header:
            raise _BadLine(Reject.SHAPE)
        if b"\r" in line or b"\n" in line or b"\0" in line:
            raise _BadLine(Reject.CONTROL)
        if header in _CHANNEL_IDS and not value.startswith(self.id_prefix):
            raise _BadLine(Reject.CHANNEL)
        if header.endswith(b"ChanVariable"):
            # Repeated on purpose, once a variable: its own header each, so that a dict can hold them.
            name, _, value = value.partition(b"=")
            header += b"/" + name
        pair = (decode_text(header), decode_text(value))
        if len(line) <= _LONG_LINE:
            if len(self) >= _MAX_LINES:
                self.clear()
            self[line] = pair
        return pair


class FrameDecoder:
    """Bytes in, accepted frames out. Sans I/O: one per session.

    *wanted*: names of the events to parse; others are dropped after the checks that need no parsing.
    *systemname*: the token of asterisk.conf, None when that PBX has none (then forgery is not detected).
    *reply_prefix*: how each ActionID of this session begins.
    """

    def __init__(
        self,
        *,
        wanted: Collection[str],
        systemname: str | None,
        reply_prefix: str,
        limit: int = MAX_FRAME,
    ) -> None:
        self.version: str | None = None
        self.frames = 0
        self.dropped = 0
        self.rejected: Counter[Reject] = Counter()
        self._wanted = frozenset(name.encode() for name in wanted)
        self._token = f"\r\nSystemName: {systemname}\r\n".encode() if systemname else b"\r\n"
        self._named = systemname is not None
        self._reply = f"\r\nActionID: {reply_prefix}".encode()
        self._lines = _Lines(f"{systemname}-".encode() if systemname else b"")
        self._verdicts: dict[bytes, bool] = {}  # head of a frame → wanted or not
        self._limit = limit
        self._greeted = False
        self._tail = bytearray()

    def feed(self, data: bytes) -> list[Fields]:
        """Return the frames that *data* completes. Raises StreamBroken."""
        tail = self._tail
        seam = max(0, len(tail) - len(_END) + 1)  # the end mark may be split over two reads
        tail += data
        if self.version is None:
            if not self._read_banner():
                return []
            seam = 0
        if tail.find(_END, seam) < 0:
            if len(tail) > self._limit:
                raise StreamBroken(f"no end of frame within {self._limit} bytes")
            return []
        *frames, rest = bytes(tail).split(_END)
        self._tail = bytearray(rest)
        return self._accept(frames, rest)

    @property
    def rejects(self) -> int:
        """How many frames were refused so far."""
        return self.rejected.total()

    def _read_banner(self) -> bool:
        head, end, _ = self._tail.partition(b"\r\n")
        told = head.startswith(_BANNER) if end else _BANNER.startswith(head[: len(_BANNER)])
        if not told or len(head) > _MAX_BANNER:
            raise StreamBroken("the peer does not speak AMI")
        if end:
            self.version = head[len(_BANNER) :].decode("ascii", "replace")
            del self._tail[: len(head) + 2]
        return bool(end)

    def _accept(self, frames: list[bytes], rest: bytes) -> list[Fields]:
        accepted: list[Fields] = []
        before = False  # whether the frame just before this one stands in *accepted*
        self.frames += len(frames)
        for frame in frames:
            verdict = self._inspect(frame)
            if verdict is True:
                parsed = self._parse(frame)
                before = isinstance(parsed, dict)
                if isinstance(parsed, dict):
                    accepted.append(parsed)
                else:
                    self.rejected[parsed] += 1
                continue
            if verdict is False:
                self.dropped += 1
            else:
                self.rejected[verdict] += 1
                if before:
                    self._condemn(accepted)
            before = False
        if before and rest and not any(head.startswith(rest[: len(head)]) for head in _HEADS):
            self._condemn(accepted)
        return accepted

    def _condemn(self, accepted: list[Fields]) -> None:
        accepted.pop()
        self.rejected[Reject.CONDEMNED] += 1

    def _inspect(self, frame: bytes) -> bool | Reject:
        """True: parse it. False: sound, but nobody wants it. Looks at bytes only: most frames end here."""
        # All that stands before SystemName is one of a few dozen heads: judged once each.
        head = frame[: frame.find(self._token)] if self._named else frame.partition(b"\r\n")[0]
        verdict = self._verdicts.get(head)
        return self._inspect_new(frame, head) if verdict is None else verdict

    def _inspect_new(self, frame: bytes, head: bytes) -> bool | Reject:
        if frame.startswith(b"Response: "):
            return True if self._reply in frame else Reject.FOREIGN
        if not frame.startswith(b"Event: "):
            return Reject.HEAD
        name = frame[7:].partition(b"\r\n")[0]
        if self._reply in frame:
            return True
        if self._named and self._token not in frame:
            if name != _GREETING or self._greeted:
                return Reject.FOREIGN
            self._greeted = True
            return True
        if len(self._verdicts) < _MAX_HEADS:
            self._verdicts[head] = name in self._wanted
        return name in self._wanted

    def _parse(self, frame: bytes) -> Fields | Reject:
        lines = frame.split(b"\r\n")
        try:
            fields = dict(map(self._lines.__getitem__, lines))
        except _BadLine as bad:
            return bad.reject
        if len(fields) != len(lines):
            merged = _merge_repeated([self._lines[line] for line in lines])
            return Reject.DUPLICATE if merged is None else merged
        return fields


def _merge_repeated(pairs: list[tuple[str, str]]) -> Fields | None:
    """Fold the headers that may repeat; None when any other does."""
    fields: Fields = {}
    for header, value in pairs:
        if header not in fields:
            fields[header] = value
        elif header in _REPEATED:
            fields[header] += "\n" + value
        else:
            return None
    return fields
