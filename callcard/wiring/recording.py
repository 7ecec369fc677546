"""The recorder as a part: taking in finished files, and their retention."""

from __future__ import annotations

from contextlib import AsyncExitStack

from callcard.pbx import pbx_settings
from callcard.wiring.ground import Ground
from crm_core.calls.service import CallService
from crm_core.recordings.service import RecordingService
from recordings.archive import Archive
from recordings.intake import Recorder
from recordings.retention import Retention


async def start_recorder(stack: AsyncExitStack, ground: Ground) -> Recorder:
    """The recorder, started; ended with *stack*."""
    service = RecordingService(ground.database, ground.clock)
    root = pbx_settings(ground.settings, ground.keys, ground.office).recordings
    recorder = Recorder(
        service=service,
        calls=CallService(ground.database, ground.clock),
        bus=ground.bus,
        root=root,
        clock=ground.clock,
        health=ground.health,
        archive=Archive(service=service, root=root, pbx=ground.pbx, path=ground.path),
        pbx=ground.pbx,
        path=ground.path,
    )
    await recorder.start()
    stack.push_async_callback(recorder.stop)
    retention = Retention(service=service, root=root, clock=ground.clock, pbx=ground.pbx)
    await retention.start()
    stack.push_async_callback(retention.stop)
    return recorder
