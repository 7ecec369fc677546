"""What is wrong is said in one line that names it; nothing is left half done."""

from __future__ import annotations

import resource
import socket
from pathlib import Path

import pytest

from callcard import __version__
from tests.integration.cli.command_line import SAMPLE, CommandLine

pytestmark = pytest.mark.integration

NOBODY = "postgresql://nobody:secret@127.0.0.1:1/none"


def test_help_and_version_answer_at_once(callcard: CommandLine) -> None:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    helped, version = callcard("--help"), callcard("--version")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert helped.code == 0 and "doctor" in helped.out
    assert version.out == f"{__version__}\n"
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    assert used < 2.0, f"{used:.1f} s of processor for two answers"


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("TYPO", "1", "CALLCARD_TYPO: no such setting"),
        ("AMI_HOST", "192.0.2.1", "CALLCARD_AMI_LISTENER_SECRET and CALLCARD_AMI_ACTOR_SECRET: needed"),
        ("DATABASE_URL", "mysql://me:secret@db", "CALLCARD_DATABASE_URL: its value is not of the form"),
    ],
)
def test_a_wrong_setting_stops_the_start(callcard: CommandLine, name: str, value: str, says: str) -> None:
    refused = callcard("up", **{name: value}).refused()
    assert refused.startswith(says) and "secret@" not in refused
    assert not callcard.data.exists()


def test_up_without_an_office_is_refused_before_anything_is_made(callcard: CommandLine) -> None:
    refused = callcard("up").refused()
    assert refused.startswith("There is no office yet: callcard up --office FILE")
    assert str(SAMPLE) in refused
    assert not callcard.data.exists()


def test_up_with_a_bad_office_names_file_and_lines(callcard: CommandLine, short_tmp: Path) -> None:
    bad = short_tmp / "bad.yaml"
    bad.write_text(SAMPLE.read_text("utf-8").replace("members: [anna, elena, dina]", "members: [anna, olga]"))
    refused = callcard("up", "--office", bad).refused()
    assert refused.startswith(f"{bad}: line ") and "'olga'" in refused
    assert callcard("up", "--office", short_tmp / "none.yaml").refused() == (
        f"{short_tmp}/none.yaml: cannot be read: No such file or directory"
    )
    assert not callcard.data.exists()


@pytest.mark.parametrize("command", ["up", "office export"])
def test_a_database_that_is_away_is_named_by_its_setting(callcard: CommandLine, command: str) -> None:
    refused = callcard(*command.split(), DATABASE_URL=NOBODY).refused()
    assert refused.startswith("CALLCARD_DATABASE_URL: The database is away.")
    assert "Connect" in refused and "secret" not in refused


def test_a_database_that_is_not_there_is_refused(with_database: CommandLine) -> None:
    url = with_database.settings["DATABASE_URL"].replace("/t_", "/no_")
    refused = with_database("db", "upgrade", DATABASE_URL=url).refused()
    assert refused.startswith("CALLCARD_DATABASE_URL: database ") and "does not exist" in refused


def test_a_folder_that_cannot_be_used_is_named(callcard: CommandLine, short_tmp: Path) -> None:
    (short_tmp / "file").write_text("")
    folder = str(short_tmp / "file" / "data")
    for command in (("up", "--office", str(SAMPLE)), ("office", "export")):
        assert callcard(*command, DATA=folder).refused().startswith(f"CALLCARD_DATA: {folder}")


def test_a_taken_port_is_named_by_its_setting(with_database: CommandLine) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = f"127.0.0.1:{other.getsockname()[1]}"
        said = with_database("up", "--office", SAMPLE, HTTP=taken)
    assert said.code == 2
    last = said.err.splitlines()[-1]
    assert last.startswith(f"callcard: CALLCARD_HTTP: {taken}: Address already in use")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["nonsense"], 'Unknown command "nonsense"'),
        (["office", "check"], "requires an argument"),
        (["watch", "--lang", "xx"], "--lang: 'xx' is not one of en, ru, az"),
        (["watch"], "No Callcard runs on"),
        (["pbx", "render", "--office", "/nowhere.yaml", "--to", "/nowhere"], "/nowhere.yaml: cannot be read"),
    ],
)
def test_mistakes_are_one_line(callcard: CommandLine, arguments: list[str], says: str) -> None:
    assert says in callcard(*arguments).refused()
