"""File names of recordings: from the call id alone, below one root, never through a link.

The PBX writes into the root: `<call id>.wav` (both sides mixed), `<call id>-in.wav` (what the customer
said), `<call id>-out.wav` (what the customer heard), `<call id>-vm.wav` (voicemail). What is kept lies in
`kept/<year>-<month>/<call id>.<format>`, with `-vm` for voicemail.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path, PurePosixPath
from uuid import UUID

from crm_core.errors import NotFound
from crm_core.i18n import N_
from crm_core.recordings.model import RecordingKind

KEPT = "kept"
PROBE = ".probe"
PARTIAL = ".partial"  # suffix of files being written by us

_UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_SPOOLED = re.compile(rf"^(?P<call>{_UUID})(?P<part>|-in|-out|-vm)\.wav\Z")
_RELATIVE = re.compile(rf"^(?:{KEPT}/[0-9]{{4}}-[0-9]{{2}}/)?{_UUID}(?:-vm)?\.(?:wav|mp3)\Z")


class Part(StrEnum):
    """What one file of the PBX holds; the value is its suffix."""

    MIX = ""
    CUSTOMER = "-in"
    AGENT = "-out"
    VOICEMAIL = "-vm"


@dataclass(frozen=True, slots=True)
class Spooled:
    """A file of the PBX, known by its name."""

    call_id: UUID
    part: Part

    @property
    def kind(self) -> RecordingKind:
        return RecordingKind.VOICEMAIL if self.part is Part.VOICEMAIL else RecordingKind.CALL


def spooled_name(call_id: UUID, part: Part) -> str:
    """Name of the PBX's file."""
    return f"{call_id}{part}.wav"


def read_name(name: str) -> Spooled | None:
    """What the PBX's file *name* is; None for anything else."""
    match = _SPOOLED.match(name)
    return Spooled(UUID(match["call"]), Part(match["part"])) if match else None


def kept_name(call_id: UUID, kind: RecordingKind, started_at: datetime, format: str) -> str:
    """Path, relative to the root, where a recording is kept."""
    suffix = Part.VOICEMAIL if kind is RecordingKind.VOICEMAIL else Part.MIX
    return f"{KEPT}/{started_at:%Y-%m}/{call_id}{suffix}.{format}"


def resolve(root: Path, relative: str) -> Path:
    """The file at *relative* below *root*: a regular file, reached through no link.

    Raises NotFound for every other case, so that nothing is told about what lies elsewhere.
    """
    if not _RELATIVE.match(relative):
        raise NotFound(N_("This recording has no audio."))
    path = root.joinpath(*PurePosixPath(relative).parts)
    steps = [path, *path.relative_to(root).parents][:-1]
    if any((root / step).is_symlink() for step in steps) or not path.is_file():
        raise NotFound(N_("This recording has no audio."))
    return path


def spool(root: Path) -> Iterator[tuple[Path, Spooled]]:
    """The PBX's files that lie in *root* now; links and foreign names are left alone."""
    for path in root.iterdir():
        found = read_name(path.name)
        if found is not None and not path.is_symlink() and path.is_file():
            yield path, found
