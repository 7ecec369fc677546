"""The commands that need no telephone: office, user, token, db, pbx render and devices, doctor."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import asyncpg
import pytest

from tests.integration.cli.command_line import SAMPLE, CommandLine
from tests.servers import free_port

pytestmark = pytest.mark.integration


def changed(folder: Path, name: str, old: str, new: str) -> Path:
    """The sample office with one text in the place of another."""
    text = SAMPLE.read_text("utf-8")
    assert old in text
    path = folder / name
    path.write_text(text.replace(old, new), "utf-8")
    return path


def test_check_says_that_a_file_is_right(callcard: CommandLine) -> None:
    said = callcard("office", "check", SAMPLE)
    assert (said.code, said.err) == (0, "")
    assert said.lines == [f"{SAMPLE}: right; people: 6, numbers: 2, queues: 2"]


def test_check_names_the_line_of_every_problem(callcard: CommandLine, short_tmp: Path) -> None:
    bad = changed(short_tmp, "bad.yaml", "members: [anna, elena, dina]", "members: [anna, olga]")
    bad.write_text(bad.read_text("utf-8").replace("country: RU", "country: XX"), "utf-8")
    said = callcard("office", "check", bad)
    lines = bad.read_text("utf-8").splitlines()
    country, members = lines.index("    country: XX") + 1, lines.index("    members: [anna, olga]") + 1
    assert said.code == 1
    assert [line.split(":")[1].strip() for line in said.lines] == [f"line {country}", f"line {members}"]
    assert "'olga', who is not in people" in said.lines[1]


def test_waiting_music_needs_sound(with_database: CommandLine, short_tmp: Path) -> None:
    named = changed(short_tmp, "named.yaml", "ring_s: 15      #", "music: piano\n    ring_s: 15      #")
    music = with_database.data / "pbx" / "music" / "piano"
    silent = f"sales.music: there is no sound in {music}: put WAV files there"
    said = with_database("office", "check", named)
    assert said.code == 1 and said.lines == [f"{named}: queues.{silent}"]
    assert silent in with_database("office", "apply", named).refused()
    music.mkdir(parents=True)
    (music / "one.wav").write_bytes(b"")
    assert with_database("office", "check", named).code == 0
    rendered = short_tmp / "conf"
    assert with_database("pbx", "render", "--office", named, "--to", rendered).code == 0
    assert f"[piano]\nmode = files\ndirectory = {music}\n" in (rendered / "musiconhold.conf").read_text()


def test_an_office_is_applied_shown_changed_and_guarded(with_database: CommandLine, short_tmp: Path) -> None:
    assert "There is no applied office yet" in with_database("office", "export").refused()
    first = with_database("office", "apply", SAMPLE)
    assert first.code == 0 and first.lines[-1] == "version 1"
    assert with_database("office", "export").out == SAMPLE.read_text("utf-8")

    longer = changed(short_tmp, "longer.yaml", "ring_s: 15      #", "ring_s: 25      #")
    diff = with_database("office", "diff", longer)
    assert len(diff.lines) == 1 and "15" in diff.lines[0] and "25" in diff.lines[0]
    assert with_database("office", "apply", "--base", "1", longer).lines[-1] == "version 2"
    assert with_database("office", "apply", longer).lines == ["Nothing changes.", "version 2 (unchanged)"]

    late = with_database("office", "apply", "--base", "1", SAMPLE)
    assert late.code == 2 and "version 2" in late.err and "ring_s" in late.err
    assert "ring_s: 25" in with_database("office", "export").out


def test_a_bad_office_is_not_applied(with_database: CommandLine, short_tmp: Path) -> None:
    bad = changed(short_tmp, "bad.yaml", "queue: sales", "queue: nowhere")
    for command in ("apply", "diff"):
        refused = with_database("office", command, bad).refused()
        assert refused.startswith(f"{bad}: line ") and "'nowhere', which is not in queues" in refused
    assert with_database("office", "export").code == 2


def test_people_get_passwords_and_tokens(with_database: CommandLine) -> None:
    assert "Nobody has this name" in with_database("token", "new", "viktor").refused()
    with_database("office", "apply", SAMPLE)
    token = with_database("token", "new", "viktor")
    assert re.fullmatch(r"cc_\S{40,}\n", token.out) and token.err == ""
    [listed] = with_database("token", "list", "viktor").lines
    id, label = listed.split()[0], listed.split("  ")[2]
    assert label == "command line"
    assert "no such token" in with_database("token", "revoke", token.out.strip()).refused()
    assert with_database("token", "revoke", id).out == "The token has ended.\n"
    assert "no such token" in with_database("token", "revoke", id).refused()
    assert with_database("token", "list", "viktor").out == ""
    assert "8 to 256" in with_database("user", "add", "anna", stdin="short\n").refused()
    added = with_database("user", "add", "anna", stdin="a long enough one\n")
    assert (added.code, added.out) == (0, "anna has a password now.\n")


def test_configuration_is_rendered_into_a_folder(callcard: CommandLine, short_tmp: Path) -> None:
    to = short_tmp / "etc"
    said = callcard("pbx", "render", "--office", SAMPLE, "--to", to)
    assert said.code == 0, said
    assert "agent-anna-desk" in (to / "pjsip.conf").read_text("utf-8")
    assert all(file.stat().st_mode & 0o007 == 0 for file in to.iterdir())  # they hold secrets


def test_devices_are_printed_with_what_is_typed_into_phones(with_database: CommandLine) -> None:
    with_database("office", "apply", SAMPLE)
    said = with_database("pbx", "devices")
    assert re.fullmatch(r"agent-anna-desk  127\.0\.0\.1:5060  [0-9a-f]{32}  Anna Petrova", said.lines[0])
    assert with_database("pbx", "devices").out == said.out  # the same passwords each time


def test_upgrade_makes_the_tables_of_an_embedded_database(callcard: CommandLine) -> None:
    assert callcard("db", "upgrade").lines == ["The database has this version's tables."]
    assert callcard("db", "upgrade").code == 0
    assert "There is no applied office yet" in callcard("office", "export").refused()
    assert not (callcard.data / "postgres" / "data" / "postmaster.pid").exists()  # it does not run on


def test_the_doctor_changes_nothing_and_says_what_is_missing(callcard: CommandLine) -> None:
    http, agi, ami = (free_port("127.0.0.1") for _ in range(3))
    said = callcard("doctor", HTTP=f"127.0.0.1:{http}", AGI=f"127.0.0.1:{agi}", AMI_PORT=str(ami))
    assert (said.code, said.err) == (0, ""), said
    assert "warning  office: none is applied yet → callcard office apply FILE" in said.lines
    assert not callcard.data.exists()


async def test_the_doctor_finds_tables_that_are_not_upgraded(with_database: CommandLine) -> None:
    connection = await asyncpg.connect(with_database.settings["DATABASE_URL"])
    await connection.execute("UPDATE alembic_version SET version_num = '0000'")
    await connection.close()
    said = await asyncio.to_thread(with_database, "doctor")
    assert said.code == 1
    assert any(
        line.startswith("wrong    tables: version 0000") and line.endswith("→ callcard db upgrade")
        for line in said.lines
    )
