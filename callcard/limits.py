"""What the system allows one process."""

from __future__ import annotations

import resource

MANY_FILES = 65_536  # more than any part of us opens


def raise_open_files() -> None:
    """Take as many open files as we may have: the usual 1024 is short of sockets on a busy day.

    Children (PostgreSQL, Asterisk, the worker) inherit it.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MANY_FILES if hard == resource.RLIM_INFINITY else min(hard, MANY_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
