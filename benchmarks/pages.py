"""`page.card` and `search.type_ahead` at 1,000,000 cards and 1,000,000 calls, through the worker's own web.

    python -m benchmarks.pages [cards]

One person asks, one request after another, as a desk does; the time is that of the whole answer over HTTP.
The peer is the same web's smallest page over the same connection (`/healthz`), in turn with ours.
"""

from __future__ import annotations

import asyncio
import random
import sys
import time
from collections.abc import Callable

import aiohttp

from benchmarks.house import running_bench
from benchmarks.million import fill, number, title
from benchmarks.report import line, percentile, quiet

CARDS, WARM_UP, PAGES = 1_000_000, 30, 400
LEAST = "/healthz"


async def main(cards: int = CARDS) -> None:
    """Fill, ask, print."""
    quiet()
    random.seed(3)
    async with running_bench(agents=3) as bench:
        ids = await fill(bench.supervisor.database_url, cards, calls=cards, owner="agent00", office="moscow")
        headers = {"Authorization": f"Bearer {bench.tokens['agent00']}", "Accept": "text/html"}
        async with aiohttp.ClientSession(f"http://{bench.settings.http}", headers=headers) as session:
            await _measure("page.card", session, lambda: f"/customers/{random.choice(ids)}")
            await _measure("search.type_ahead", session, lambda: f"/search?q={typed(cards)}")


def typed(cards: int) -> str:
    """What somebody has typed so far: the beginning of a name, or digits from anywhere in a number."""
    index = random.randrange(cards)
    if random.random() < 0.5:
        digits = number(index).removeprefix("+")
        begin = random.randrange(0, len(digits) - 4)
        return digits[begin : begin + random.randint(3, len(digits) - begin)]
    name = title(index)
    return name[: random.randint(2, len(name))]


async def _measure(name: str, session: aiohttp.ClientSession, path: Callable[[], str]) -> None:
    ours: list[float] = []
    peer: list[float] = []
    for index in range(WARM_UP + PAGES):
        for where, times in ((path(), ours), (LEAST, peer)):
            took = await _ask(session, where)
            if index >= WARM_UP:
                times.append(took)
    for share, part in ((0.5, "p50"), (0.95, "p95")):
        line(
            f"{name}.{part}",
            ours=percentile(ours, share) * 1000,
            peer=percentile(peer, share) * 1000,
            unit="ms",
            n=PAGES,
        )


async def _ask(session: aiohttp.ClientSession, path: str) -> float:
    began = time.monotonic()
    async with session.get(path) as answer:
        await answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{path}: {answer.status}")
    return time.monotonic() - began


if __name__ == "__main__":
    asyncio.run(main(*map(int, sys.argv[1:2])))
