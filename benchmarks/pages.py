"""`page.card` and `search.type_ahead` at 1,000,000 cards and 1,000,000 calls, through the worker's own web.

    python -m benchmarks.pages [cards]

    page.card, page.card.busy         any card; one with 5,000 calls
    search.type_ahead                 beginnings of names, digits from anywhere in numbers
    search.type_ahead.hard            texts that nearly all, very many or no cards have, typed by somebody
                                      of the same team who has no card of their own

One person asks, one request after another, as a desk does; the time is that of the whole answer over HTTP.
The peer is the same web's smallest page over the same connection (`/healthz`), in turn with ours.
"""

from __future__ import annotations

import asyncio
import random
import sys
import time
from collections.abc import Callable
from urllib.parse import quote
from uuid import UUID

import aiohttp
import asyncpg

from benchmarks.house import Bench, running_bench
from benchmarks.million import fill, number, title
from benchmarks.report import quiet, spread

CARDS, WARM_UP, PAGES = 1_000_000, 30, 400
BUSY = 5000  # calls of one card
LEAST = "/healthz"
# What very many cards have, three digits from anywhere, what nobody has.
HARD = (
    *("a", "m", "5", "55", "maria", "maria sok 5", "o 9 m", "zzz", "maria zzz"),
    *("495", "505", "000", "777", "7495055", "8495123", "+7495", "+74951234567", "0000000"),
)


async def main(cards: int = CARDS) -> None:
    """Fill, ask, print."""
    quiet()
    random.seed(3)
    async with running_bench(agents=3, more=_with_team) as bench:
        ids = await fill(bench.supervisor.database_url, cards, calls=cards, owner="agent00", office="moscow")
        await _give_calls(bench.supervisor.database_url, ids[0])
        async with _reader(bench, "agent00") as owner, _reader(bench, "agent01") as other:
            await _measure("page.card", owner, lambda: f"/customers/{random.choice(ids)}")
            await _measure("page.card.busy", owner, lambda: f"/customers/{ids[0]}")
            await _measure("search.type_ahead", owner, lambda: f"/search?q={quote(typed(cards))}")
            await _measure("search.type_ahead.hard", other, lambda: f"/search?q={quote(random.choice(HARD))}")


def _with_team(text: str) -> str:
    """The office *text* with its agents in a team: what they may see is more than one thing."""
    text = text.replace("people:", "teams:\n  sales: {title: Sales, office: moscow}\npeople:", 1)
    return text.replace("office: moscow\n    extension", "office: moscow\n    team: sales\n    extension")


def _reader(bench: Bench, name: str) -> aiohttp.ClientSession:
    headers = {"Authorization": f"Bearer {bench.tokens[name]}", "Accept": "text/html"}
    return aiohttp.ClientSession(f"http://{bench.settings.http}", headers=headers)


async def _give_calls(dsn: str, card: UUID) -> None:
    """Let the newest calls be of *card*."""
    connection = await asyncpg.connect(dsn)
    await connection.execute(
        "UPDATE calls SET customer_id = $1 "
        "WHERE id IN (SELECT id FROM calls ORDER BY started_at DESC LIMIT $2)",
        card,
        BUSY,
    )
    await connection.execute("VACUUM ANALYZE calls")
    await connection.close()


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
    spread(name, ours, peer)


async def _ask(session: aiohttp.ClientSession, path: str) -> float:
    """Milliseconds to the end of the answer."""
    began = time.monotonic()
    async with session.get(path) as answer:
        await answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{path}: {answer.status}")
    return (time.monotonic() - began) * 1000


if __name__ == "__main__":
    asyncio.run(main(*map(int, sys.argv[1:2])))
