"""Audio with ranges (RFC 9110 section 14), only to those who may, each playback written down."""

from __future__ import annotations

import aiohttp
import pytest

from tests.fakes.house import call_id
from tests.fakes.web import House
from tests.integration.web.conftest import AUDIO

pytestmark = pytest.mark.integration

PATH = f"/api/v1/recordings/{call_id(100)}/audio"
SIZE = len(AUDIO)


@pytest.mark.parametrize(
    ("asked", "status", "body"),
    [
        (None, 200, AUDIO),
        ("bytes=0-", 206, AUDIO),
        ("bytes=0-0", 206, AUDIO[:1]),
        ("bytes=100-199", 206, AUDIO[100:200]),
        ("bytes=100-999999999", 206, AUDIO[100:]),
        ("bytes=-10", 206, AUDIO[-10:]),
        ("bytes=-999999999", 206, AUDIO),
        ("bytes=5-2", 200, AUDIO),
        ("bytes=0-1,4-5", 200, AUDIO),
        ("lines=1-2", 200, AUDIO),
        (f"bytes={SIZE}-", 416, b""),
        ("bytes=-0", 416, b""),
    ],
)
async def test_ranges(house: House, asked: str | None, status: int, body: bytes) -> None:
    headers = {"Range": asked} if asked else {}
    async with house.ask("GET", PATH, who="anna", headers=headers) as answer:
        assert answer.status == status
        assert await answer.read() == body
        assert answer.headers["Accept-Ranges"] == "bytes"
        if status == 206:
            first, last = answer.headers["Content-Range"].removeprefix("bytes ").split("/")[0].split("-")
            assert AUDIO[int(first) : int(last) + 1] == body
            assert answer.headers["Content-Range"].endswith(f"/{SIZE}")
            assert int(answer.headers["Content-Length"]) == len(body)
        if status == 416:
            assert answer.headers["Content-Range"] == f"bytes */{SIZE}"


async def test_what_the_client_has_is_not_sent_again(house: House) -> None:
    async with house.ask("GET", PATH, who="anna", headers={"If-None-Match": '"abc123"'}) as answer:
        assert answer.status == 304
        assert await answer.read() == b""
    headers = {"If-Range": '"of another file"', "Range": "bytes=0-9"}
    async with house.ask("GET", PATH, who="anna", headers=headers) as answer:
        assert answer.status == 200 and await answer.read() == AUDIO
    headers = {"If-Range": '"abc123"', "Range": "bytes=0-9"}
    async with house.ask("GET", PATH, who="anna", headers=headers) as answer:
        assert answer.status == 206 and await answer.read() == AUDIO[:10]


async def test_head_tells_the_size(house: House) -> None:
    async with house.ask("HEAD", PATH, who="anna") as answer:
        assert answer.status == 200
        assert answer.headers["Content-Length"] == str(SIZE)


async def test_each_playback_is_written_down(house: House) -> None:
    for who in ("anna", "oleg"):
        async with house.ask("GET", PATH, who=who) as answer:
            assert answer.status == 200
            await answer.read()
    assert house.playback.audit == [("anna", call_id(100)), ("oleg", call_id(100))]


async def test_a_file_that_has_gone_is_not_there(house: House) -> None:
    recording = house.recordings.rows[0]
    audio = await house.playback.open(recording.id, house.tokens.readers["token-anna"])

    class Gone:
        path, size, mime, etag = audio.path.with_name("gone.wav"), audio.size, audio.mime, audio.etag

    async def open_gone(*_: object) -> Gone:
        return Gone()

    house.playback.open = open_gone  # type: ignore[assignment,method-assign]
    async with house.ask("GET", PATH, who="anna") as answer:
        assert answer.status == 404


async def test_a_file_cut_while_it_is_sent_is_not_taken_for_whole(house: House) -> None:
    recording = house.recordings.rows[0]
    audio = await house.playback.open(recording.id, house.tokens.readers["token-anna"])

    class Longer:
        path, size, mime, etag = audio.path, audio.size + 100, audio.mime, audio.etag

    async def open_longer(*_: object) -> Longer:
        return Longer()

    house.playback.open = open_longer  # type: ignore[assignment,method-assign]
    with pytest.raises(aiohttp.ClientPayloadError):
        async with house.ask("GET", PATH, who="anna") as answer:
            await answer.read()
