"""What the doctor says of an attached PBX's accounts, of Redis, of a database that is away or at rest."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from callcard.doctor import stores, switch
from callcard.doctor.ground import opened_ground
from callcard.layout import Layout
from callcard.office_commands import apply_first
from crm_core.db.embedded import EmbeddedPostgres
from crm_core.db.migrate import upgrade
from tests.fakes.ami_server import AmiServer, Headers, frame
from tests.integration.cli.command_line import SAMPLE
from tests.journeys.pbx import cache_folder
from tests.unit.callcard.doctor.grounds import ground, lines

pytestmark = pytest.mark.integration


@pytest.fixture
def data(short_tmp: Path) -> Iterator[Path]:
    """A data folder that PostgreSQL's user may enter."""
    folder = short_tmp / "data"
    Layout(folder).make()
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def attached(data: Path, server: AmiServer, **more: Any) -> Any:
    """An installation with a PBX of its own, reached at *server*."""
    settings = {
        "ami_host": "127.0.0.1",
        "ami_port": server.port,
        "ami_listener_secret": "s3cret",
        "ami_actor_secret": "s3cret",
        **more,
    }
    return ground(data, settings=settings)


def tells(version: str) -> Any:
    """An answer to CoreSettings."""

    def answer(asked: Headers) -> bytes:
        return frame("Response: Success", f"ActionID: {asked['ActionID']}", f"AsteriskVersion: {version}")

    return answer


async def test_both_accounts_log_in_and_the_version_is_told(data: Path) -> None:
    async with AmiServer() as server:
        server.answers["CoreSettings"] = tells("22.10.1")
        assert lines(await switch.accounts(attached(data, server))) == [
            "ok manager account callcard-listener: logs in",
            "ok Asterisk: 22.10.1 at 127.0.0.1",
            "ok manager account callcard-actor: logs in",
        ]


async def test_an_attached_pbx_that_is_old_is_a_warning(data: Path) -> None:
    async with AmiServer() as server:
        server.answers["CoreSettings"] = tells("18.9.0")
        found = lines(await switch.accounts(attached(data, server)))
    assert found[1] == "warning Asterisk: 18.9.0 is older than what is tested → Asterisk 20 or newer"


async def test_a_wrong_secret_is_named_by_its_setting(data: Path) -> None:
    async with AmiServer() as server:
        found = lines(await switch.accounts(attached(data, server, ami_actor_secret="wrong")))
    assert found[-1] == (
        "wrong manager account callcard-actor: refused: Authentication failed"
        " → see CALLCARD_AMI_ACTOR_SECRET and the PBX's manager.conf"
    )


async def test_an_account_somebody_else_uses_is_wrong(data: Path) -> None:
    async with AmiServer() as server:
        server.refusal = ("Error", "Login Already In Use")
        found = lines(await switch.accounts(attached(data, server)))
    assert found[-1].startswith("wrong manager account callcard-actor: somebody else is logged in with it")


async def test_a_pbx_that_is_not_there_is_wrong(data: Path) -> None:
    async with AmiServer() as server:
        gone = attached(data, server)
    found = lines(await switch.accounts(gone))
    assert len(found) == 2 and all(line.endswith("→ see CALLCARD_AMI_HOST") for line in found), found


async def test_redis_is_asked_for_its_version(data: Path, redis_url: str) -> None:
    (line,) = lines(await stores.redis(ground(data, settings={"redis_url": redis_url})))
    assert line.startswith("ok Redis: ")
    (line,) = lines(await stores.redis(ground(data, settings={"redis_url": "redis://127.0.0.1:1/0"})))
    assert line.startswith("wrong Redis: does not answer") and line.endswith("→ see CALLCARD_REDIS_URL")
    assert lines(await stores.redis(ground(data))) == []


async def test_a_database_that_is_away_is_wrong_and_says_why(data: Path) -> None:
    settings = ground(data, settings={"database_url": "postgresql://me:secret@127.0.0.1:1/none"}).settings
    async with opened_ground(settings) as here:
        (line,) = lines(await stores.database(here))
    assert line.startswith("wrong database: The database is away.") and "Connect" in line
    assert line.endswith("→ see CALLCARD_DATABASE_URL") and "secret" not in line


async def test_an_installation_at_rest_is_looked_at_and_left_at_rest(data: Path) -> None:
    server = EmbeddedPostgres(Layout(data).postgres)
    url = await server.start()
    await upgrade(url)
    await apply_first(url, SAMPLE.read_text("utf-8"))
    await server.stop()
    settings = ground(data, settings={"cache": cache_folder()}).settings
    async with opened_ground(settings) as here:
        assert here.office is not None and "anna" in here.office.people
        found = lines(await stores.database(here))
        rendered = lines(await switch.configuration(here))
    assert [line.partition(":")[0] for line in found] == ["ok database", "ok tables"], found
    assert rendered == ["ok configuration: 24 files for Asterisk pass the lint"]
    assert not (Layout(data).postgres / "data" / "postmaster.pid").exists()
    assert not (data / "keys.toml").exists()
