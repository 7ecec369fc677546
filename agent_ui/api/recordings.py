"""`/api/v1/recordings`: rows as JSON, and the audio itself."""

from __future__ import annotations

from aiohttp import web

from agent_ui.api.audio import send_audio
from agent_ui.api.questions import Nothing, RecordingQuestion
from agent_ui.api.reading import e164, utc
from agent_ui.api.route import Ask, Route
from agent_ui.api.shapes import ApiRecording, RecordingPage, RecordingPeaks
from agent_ui.api.shaping import recording_shape
from agent_ui.services import READER, SERVICES
from crm_core.errors import NotFound
from crm_core.ids import parse_id
from crm_core.permissions import Action


async def list_recordings(ask: Ask[RecordingQuestion, None]) -> RecordingPage:
    """A page of recordings."""
    query = ask.query
    recordings, next_ = await ask.services.recordings.list(
        ask.reader,
        phone=e164(query.phone, ask),
        since=utc(query.since),
        agent=query.agent,
        state=query.state,
        limit=query.limit,
        cursor=query.cursor,
    )
    return RecordingPage(items=tuple(map(recording_shape, recordings)), next=next_)


async def get_recording(ask: Ask[Nothing, None]) -> ApiRecording:
    """One recording."""
    return recording_shape(await ask.services.recordings.get(ask.reader, ask.id))


async def play(request: web.Request) -> web.StreamResponse:
    """The audio: the door behind `playback` checks the right and writes down who listened."""
    recording_id = parse_id(request.match_info["id"])
    if recording_id is None:
        raise NotFound
    audio = await request.app[SERVICES].playback.open(recording_id, request[READER])
    return await send_audio(request, audio)


async def peaks(request: web.Request) -> web.StreamResponse:
    """The outline of the sound, for a player to draw."""
    recording_id = parse_id(request.match_info["id"])
    if recording_id is None:
        raise NotFound
    made = await request.app[SERVICES].peaks.of(recording_id, request[READER])
    # What ended will not change: the one who asked may keep it.
    headers = {"Cache-Control": "private, max-age=3600"}
    return web.Response(body=made, content_type="application/json", headers=headers)


ROUTES = (
    Route(
        method="GET",
        path="/api/v1/recordings",
        summary="Recordings, newest first",
        action=Action.RECORDINGS_READ,
        query=RecordingQuestion,
        handle=list_recordings,
        answer=RecordingPage,
    ),
    Route(
        method="GET",
        path="/api/v1/recordings/{id}",
        summary="One recording",
        action=Action.RECORDINGS_READ,
        query=Nothing,
        handle=get_recording,
        answer=ApiRecording,
        problems=(404,),
    ),
    Route(
        method="GET",
        path="/api/v1/recordings/{id}/audio",
        summary="The audio, whole or a range of bytes (RFC 9110 section 14)",
        action=Action.RECORDINGS_PLAY,
        query=Nothing,
        respond=play,
        problems=(404, 416),
    ),
    Route(
        method="GET",
        path="/api/v1/recordings/{id}/peaks",
        summary="The outline of the sound: the loudest of each stretch in percent, for each channel",
        action=Action.RECORDINGS_PLAY,
        query=Nothing,
        respond=peaks,
        answer=RecordingPeaks,
        problems=(404, 503),
    ),
)
