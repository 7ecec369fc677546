"""Checks of the machine: Python, programs, disk, limits, clock."""

from __future__ import annotations

import asyncio
import os
import resource
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from callcard.doctor.finding import Finding, Findings, ok, warning, wrong
from callcard.doctor.ground import Ground
from crm_core import child_user
from crm_core.db import binaries
from crm_core.errors import StartRefused
from recordings.disk import Space, space

MINIMUM_PYTHON = (3, 11)
FILES_WANTED = 4096  # a socket for each reader and phone, a file for each recording
INSTALL_AUDIO = "pip install 'callcard[audio]'"


async def python(_ground: Ground) -> Findings:
    """The interpreter."""
    text = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info[:2] < MINIMUM_PYTHON:
        least = ".".join(map(str, MINIMUM_PYTHON))
        return [wrong("Python", f"{text} is too old", f"install Python {least} or newer")]
    return [ok("Python", text)]


async def postgresql_programs(ground: Ground) -> Findings:
    """The programs of the embedded database; nothing is looked for when another one is configured."""
    if ground.settings.database_url is not None:
        return []
    try:
        found = await asyncio.to_thread(binaries.choose, ground.layout.postgres / "data")
    except StartRefused as error:
        return [wrong("PostgreSQL programs", error.message)]
    return [ok("PostgreSQL programs", f"{found.version} in {found.directory}")]


async def disk(ground: Ground) -> Findings:
    """Room for recordings, which fill a disk first."""
    folder = _nearest(ground.layout.recordings)
    return [fullness(folder, space(folder))]


def fullness(folder: Path, room: Space) -> Finding:
    """What is said of a disk with this *room*: the recorder warns from the same mark on."""
    text = f"{room.used_share:.0%} full, {room.free / 1e9:.1f} GB free at {folder}"
    if room.is_low:
        return wrong("disk", text, "free some room or move CALLCARD_DATA: recordings stop when it is full")
    return ok("disk", text)


async def open_files(_ground: Ground) -> Findings:
    """How many files and sockets a process may have open; `callcard up` takes all it may have."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most == resource.RLIM_INFINITY:
        return [ok("open files", "no limit")]
    if most < FILES_WANTED:
        way_out = f"set nofile to {FILES_WANTED} in /etc/security/limits.conf"
        return [warning("open files", f"{most} at most", way_out)]
    return [ok("open files", f"{most} at most")]


async def clock(_ground: Ground) -> Findings:
    """Whether something keeps the clock right: calls, tokens and recordings are told by it."""
    program = shutil.which("timedatectl")
    if program is None:
        return []
    command = [program, "show", "--property=NTPSynchronized", "--value"]
    try:
        done = await asyncio.to_thread(
            subprocess.run, command, capture_output=True, text=True, timeout=5, check=False
        )
    except (OSError, subprocess.SubprocessError):
        return []
    if done.stdout.strip() == "no":
        return [warning("clock", "is not kept right by the network", "sudo timedatectl set-ntp true")]
    return [ok("clock", "kept right by the network")] if done.stdout.strip() == "yes" else []


async def audio(_ground: Ground) -> Findings:
    """The extra that compresses recordings."""
    if find_spec("soundfile") is None:
        return [warning("audio", "recordings stay uncompressed: the extra is missing", INSTALL_AUDIO)]
    return [ok("audio", "recordings are compressed")]


def _nearest(folder: Path) -> Path:
    """*folder*, or what will hold it."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return folder


async def data_folder(ground: Ground) -> Findings:
    """Writable for us, and open for the ordinary user that root's PostgreSQL and Asterisk become."""
    data = ground.settings.data
    place = _nearest(data)
    if not os.access(place, os.W_OK | os.X_OK):
        text = f"{place} may not be written by this user"
        return [wrong("data folder", text, "give it to this user, or name another in CALLCARD_DATA")]
    try:
        runs_as = child_user.of(place)
    except StartRefused as error:
        return [wrong("data folder", error.message, "make an ordinary user: useradd --system callcard")]
    if not await asyncio.to_thread(runs_as.may_enter, place):
        text = f"{place} may not be entered by {runs_as.drop}, as whom PostgreSQL and Asterisk run"
        way_out = "let others enter (chmod o+x) each folder on the way, or choose /var/lib/callcard"
        return [wrong("data folder", text, way_out)]
    there = "" if data.exists() else " (made at the first start)"
    return [ok("data folder", f"{data}{there}")]


async def keys_file(ground: Ground) -> Findings:
    """The secrets' file must be its owner's alone."""
    path = ground.settings.data / "keys.toml"
    try:
        found = path.stat()
    except FileNotFoundError:
        return []
    if found.st_mode & 0o077:
        return [wrong("keys.toml", "others may read this installation's secrets", f"chmod 600 {path}")]
    if found.st_uid != os.geteuid():
        return [warning("keys.toml", "belongs to another user", f"chown {os.geteuid()} {path}")]
    return [ok("keys.toml", "readable by its owner only")]
