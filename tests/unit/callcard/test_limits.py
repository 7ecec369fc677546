"""The limit of open files is raised as far as it goes, and never lowered."""

from __future__ import annotations

import resource

import pytest

from callcard.limits import MANY_FILES, raise_open_files

pytestmark = pytest.mark.unit


def test_it_is_raised_as_far_as_it_goes() -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (256, before[1]))
        raise_open_files()
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        assert hard == before[1]
        assert soft == (MANY_FILES if hard == resource.RLIM_INFINITY else min(hard, MANY_FILES))
        raise_open_files()
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (soft, hard)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
