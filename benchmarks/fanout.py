"""`live.fanout`: 200 open desks while 20 calls a second are routed.

    live.fanout.event_to_socket.p50, .p95   from what happened to the frame read from a desk's socket
    live.fanout.cpu_per_call                the worker's processor time for a call; peer: with no desk open

The desks are read by a process of their own, so that reading them costs the callers and phones nothing. When
an event happened is what a supervisor's JSON feed says of the same id.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from websockets.asyncio.client import ClientConnection, connect

from benchmarks.house import OURS, Bench, running_bench
from benchmarks.report import line, quiet, spread

DESKS, RATE, CALLS = 200, 20, 400
EACH = 4  # desks of one agent: other tabs, other machines
TICKS = os.sysconf("SC_CLK_TCK")


async def main() -> None:
    """Measure without desks, then with them."""
    quiet()
    async with running_bench() as bench:
        await _calls(bench, 60)  # warm up
        without = await _calls(bench, CALLS)
        happened: dict[str, float] = {}
        async with connect(
            f"ws://{bench.settings.http}/live",
            additional_headers=_who(bench.admin_token),
            max_size=2**24,
        ) as feed:
            noting = asyncio.create_task(_note(feed, happened), name="feed")
            desks = await _open_desks(bench)
            with_desks = await _calls(bench, CALLS)
            arrived = await _close_desks(desks)
            noting.cancel()
            await asyncio.wait({noting})
    delays = [(at - happened[id_]) * 1000 for id_, at in arrived if id_ in happened]
    spread("live.fanout.event_to_socket", delays)
    line("live.fanout.cpu_per_call", ours=with_desks, peer=without, unit="ms", n=CALLS)


async def _calls(bench: Bench, count: int) -> float:
    """Milliseconds of the worker's processor time for each of *count* calls."""
    before, began = _cpu(bench), time.monotonic()
    ends: list[asyncio.Task[None]] = []
    for index in range(count):
        await asyncio.sleep(max(0.0, began + index / RATE - time.monotonic()))
        ends.append(asyncio.create_task(_one(bench), name=f"call-{index}"))
    await asyncio.gather(*ends)
    await asyncio.sleep(1.0)
    return (_cpu(bench) - before) * 1000 / count


async def _one(bench: Bench) -> None:
    call = await bench.invite(OURS, bench.number())
    try:
        await call.answered(15.0)
        await asyncio.sleep(0.8)
    except TimeoutError:
        pass
    await call.hangup()


def _cpu(bench: Bench) -> float:
    worker = bench.supervisor.worker
    assert worker is not None and worker.child is not None
    fields = Path(f"/proc/{worker.child.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


async def _note(feed: ClientConnection, happened: dict[str, float]) -> None:
    async for message in feed:
        frame = msgspec.json.decode(message)
        if frame["event"] in ("call.offered", "call.answered", "call.ended"):
            happened[frame["id"]] = datetime.fromisoformat(frame["data"]["state_since"]).timestamp()


async def _open_desks(bench: Bench) -> asyncio.subprocess.Process:
    names = [name for name in bench.tokens if name != "solo"]
    tokens = [bench.tokens[name] for name in names for _ in range(EACH)][:DESKS]
    desks = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "benchmarks.fanout",
        str(bench.settings.http),
        *tokens,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=1 << 26,
    )
    assert desks.stdout is not None
    async with asyncio.timeout(60):
        await desks.stdout.readline()  # all are open
    return desks


async def _close_desks(desks: asyncio.subprocess.Process) -> list[tuple[str, float]]:
    async with asyncio.timeout(60):
        said, _ = await desks.communicate(b"\n")
    return [(id_, at) for id_, at in json.loads(said)]


async def read_desks(address: str, tokens: list[str]) -> None:
    """The other process: open, say so, read until told, print what came when."""
    arrived: list[tuple[str, float]] = []

    async def read(desk: ClientConnection) -> None:
        async for message in desk:
            at = datetime.now(UTC).timestamp()
            arrived.append((msgspec.json.decode(message, type=_Numbered).id, at))

    desks = [
        await connect(
            f"ws://{address}/live?as=html&screen=desk", additional_headers=_who(token), max_size=2**24
        )
        for token in tokens
    ]
    readers = [asyncio.create_task(read(desk), name="desk") for desk in desks]
    sys.stdout.write("open\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.readline)
    for reader in readers:
        reader.cancel()
    await asyncio.wait(readers)
    sys.stdout.write(json.dumps(arrived))
    sys.stdout.flush()


class _Numbered(msgspec.Struct):
    id: str


def _who(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


if __name__ == "__main__":
    asyncio.run(read_desks(sys.argv[1], sys.argv[2:]) if len(sys.argv) > 1 else main())
