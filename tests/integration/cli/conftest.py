"""Command lines on a folder and, where one is needed, a database of their own."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.cli.command_line import CommandLine


@pytest.fixture
def callcard(short_tmp: Path) -> CommandLine:
    """A command line whose data folder does not exist yet."""
    return CommandLine(short_tmp / "data")


@pytest.fixture
def with_database(short_tmp: Path, database_dsn: str) -> CommandLine:
    """A command line with a database that has its tables and nothing else."""
    return CommandLine(short_tmp / "data", {"DATABASE_URL": database_dsn})
