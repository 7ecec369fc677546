"""Waiting music: a class is a folder of sound files below the PBX's music folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from crm_core.office.model import OfficeFile

DEFAULT = "default"  # Asterisk's own
# Linear sound only: what Asterisk has to translate on its way to a caller who is recorded can cost the
# recording the voice that follows (docs/architecture.md, Recording).
SOUNDS = frozenset({".wav", ".sln", ".sln16"})


def music_folder(home: Path) -> Path:
    """Where the classes of the PBX in *home* lie."""
    return home / "music"


def music_classes(folder: Path) -> frozenset[str]:
    """Names of the folders in *folder* that hold sound."""
    if not folder.is_dir():
        return frozenset()
    return frozenset(inner.name for inner in folder.iterdir() if inner.is_dir() and _has_sound(inner))


def without_sound(office: OfficeFile, folder: Path) -> Iterator[tuple[str, Path]]:
    """Queues whose class of music has no sound in *folder*: name, and the folder where it belongs."""
    there = music_classes(folder) | {DEFAULT}
    for queue in office.queue_list():
        if queue.music not in there:
            yield queue.name, folder / queue.music


def _has_sound(folder: Path) -> bool:
    return any(path.suffix.lower() in SOUNDS and path.is_file() for path in folder.iterdir())
