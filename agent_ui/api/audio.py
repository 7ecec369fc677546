"""Sending a recording: whole or one range of bytes, without holding it in memory."""

from __future__ import annotations

import asyncio
from typing import BinaryIO

from aiohttp import web

from agent_ui.api.ranges import ByteRange, Unsatisfiable, parse_range, tag_matches
from agent_ui.services import AudioFile
from crm_core.errors import NotFound

CHUNK = 1 << 18  # bytes
WRITE_TIMEOUT_S = 30.0


async def send_audio(request: web.Request, audio: AudioFile) -> web.StreamResponse:
    """200, 206, 304 or 416. Raises NotFound when the file has gone meanwhile."""
    etag = f'"{audio.etag}"'
    headers = {
        "ETag": etag,
        "Accept-Ranges": "bytes",
        "Content-Disposition": "inline",
        # Private: it may be kept by the one who listens, and is asked about each time.
        "Cache-Control": "private, no-cache",
    }
    if tag_matches(request.headers.get("If-None-Match"), etag):
        return web.Response(status=304, headers=headers)
    # If-Range with anything but our tag: what the client has is of another file, so all of it.
    same = request.headers.get("If-Range", etag).strip() == etag
    try:
        wanted = parse_range(request.headers.get("Range") if same else None, audio.size)
    except Unsatisfiable:
        headers["Content-Range"] = f"bytes */{audio.size}"
        return web.Response(status=416, headers=headers)
    part = wanted or ByteRange(0, audio.size)
    if wanted is not None:
        headers["Content-Range"] = wanted.content_range(audio.size)
    response = web.StreamResponse(status=200 if wanted is None else 206, headers=headers)
    response.content_type = audio.mime
    response.content_length = part.length
    try:
        file = await asyncio.to_thread(audio.path.open, "rb")
    except OSError as error:
        raise NotFound from error
    try:
        await response.prepare(request)
        if request.method != "HEAD":
            await _copy(file, part, response)
    finally:
        file.close()
    return response


async def _copy(file: BinaryIO, part: ByteRange, response: web.StreamResponse) -> None:
    """Send *part*; a listener who stops reading for 30 s is let go, as one who hung up is."""
    await asyncio.to_thread(file.seek, part.start)
    left = part.length
    while left > 0:
        piece = await asyncio.to_thread(file.read, min(CHUNK, left))
        if not piece:
            break
        try:
            async with asyncio.timeout(WRITE_TIMEOUT_S):
                await response.write(piece)
        except (TimeoutError, ConnectionError):
            response.force_close()
            return
        left -= len(piece)
    if left > 0:
        response.force_close()  # shorter than said: the client must not take it for whole
        return
    await response.write_eof()
