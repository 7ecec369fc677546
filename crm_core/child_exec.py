"""What runs between fork and a child program; started by `crm_core.child` as a script, never imported.

    python -I -S child_exec.py <parent pid> <death signal> <user or -> <program> [arguments …]

A script of its own, and not a `preexec_fn`, because Python code between fork and exec may deadlock in a
process with threads. The order matters: changing the user clears the death signal (prctl(2)), so it
comes after; the look at the parent comes last, because a parent that died before it would be missed.
"""

from __future__ import annotations

import ctypes
import os
import pwd
import signal
import sys

PR_SET_PDEATHSIG = 1


def main(arguments: list[str]) -> None:
    """Become the program. Exits with 126 (may not) or 127 (not there) as shells do."""
    parent, death_signal, user, *program = arguments
    if user != "-":
        entry = pwd.getpwnam(user)
        os.setgroups(os.getgrouplist(user, entry.pw_gid))
        os.setgid(entry.pw_gid)
        os.setuid(entry.pw_uid)
        os.environ["HOME"] = entry.pw_dir
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)
    for ignored in (signal.SIGPIPE, signal.SIGXFSZ):  # Python ignores them; the program must not inherit that
        signal.signal(ignored, signal.SIG_DFL)
    if os.getppid() != int(parent):
        sys.exit(0)
    try:
        os.execvp(program[0], program)  # noqa: S606  the argument list is the caller's, no shell
    except FileNotFoundError:
        _fail(127, f"{program[0]} is not there")
    except OSError as error:
        _fail(126, f"{program[0]}: {error.strerror}")


def _fail(code: int, message: str) -> None:
    sys.stderr.write(message + "\n")
    sys.exit(code)


if __name__ == "__main__":
    main(sys.argv[1:])
