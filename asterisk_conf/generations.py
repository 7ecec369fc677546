"""Configuration on disk: each apply is a folder of its own, `current` is a link that moves in one step.

<home>/etc/0000007/…    a generation, never changed after it was written
<home>/etc/current      -> 0000007
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from asterisk_conf.render import Rendered, write_files
from asterisk_conf.settings import PbxSettings
from crm_core.child_user import ChildUser

_KEPT = 5


def write(rendered: Rendered, settings: PbxSettings, runs_as: ChildUser) -> Path:
    """Write a new generation, whole and synced, without using it yet; its folder.

    Asterisk's user may read it and not write it (when it is another user than ours).
    """
    settings.etc.mkdir(parents=True, exist_ok=True)
    number = max((int(folder.name) for folder in _generations(settings)), default=0) + 1
    folder = settings.etc / f"{number:07d}"
    fresh = settings.etc / f".{folder.name}.new"
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(mode=0o750)
    write_files(rendered, fresh)
    for entry in (*fresh.iterdir(), fresh):
        if runs_as.drop is not None:
            os.chown(entry, 0, runs_as.gid)
        _sync(entry)
    fresh.rename(folder)
    return folder


def current(settings: PbxSettings) -> Path | None:
    """The generation in use; None before the first."""
    try:
        return settings.etc / settings.current.readlink()
    except FileNotFoundError:
        return None


def use(settings: PbxSettings, folder: Path) -> None:
    """Make *folder* the current generation: one rename, so a reader sees the old or the new."""
    link = settings.etc / ".current.new"
    link.unlink(missing_ok=True)
    link.symlink_to(folder.name)
    link.rename(settings.current)
    _sync(settings.etc)


def prune(settings: PbxSettings) -> None:
    """Remove all but the last few generations; never the current one."""
    used = current(settings)
    for folder in _generations(settings)[:-_KEPT]:
        if folder != used:
            shutil.rmtree(folder)


def _generations(settings: PbxSettings) -> list[Path]:
    return sorted(folder for folder in settings.etc.iterdir() if folder.name.isdigit())


def _sync(entry: Path) -> None:
    descriptor = os.open(entry, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
