"""route.invite_to_invite, route.free_to_invite, offer.decision_to_socket: beside app_queue, in one run."""

from __future__ import annotations

import asyncio
import time

from benchmarks.house import OURS, OURS_ONE, PEER, PEER_ONE, Bench, running_bench
from benchmarks.live_sockets import AgentSocket
from benchmarks.report import line, quiet, spread


async def main() -> None:
    """Measure and print."""
    quiet()
    async with running_bench() as bench:
        await _load(bench, OURS, rate=10, calls=20, talk=0.3)  # warm both ways up
        await _load(bench, PEER, rate=10, calls=20, talk=0.3)
        for rate, calls, talk in ((20, 160, 0.8), (80, 320, 0.25)):
            ours: list[float] = []
            peer: list[float] = []
            for _ in range(2):  # turn and turn about: what disturbs the machine disturbs both
                ours += await _load(bench, OURS, rate=rate, calls=calls // 2, talk=talk)
                peer += await _load(bench, PEER, rate=rate, calls=calls // 2, talk=talk)
            spread(f"route.invite_to_invite.{rate}", ours, peer)
        await _offers(bench)
        spread("route.free_to_invite", await _freed(bench, OURS_ONE), await _freed(bench, PEER_ONE))


async def _load(bench: Bench, did: str, *, rate: float, calls: int, talk: float) -> list[float]:
    """Milliseconds from each caller's INVITE to the agent's; what never arrived is told, not dropped."""
    began = time.monotonic()
    sent: dict[str, float] = {}
    ends: list[asyncio.Task[None]] = []
    for index in range(calls):
        await asyncio.sleep(max(0.0, began + index / rate - time.monotonic()))
        number = bench.number()
        sent[number] = time.monotonic()
        ends.append(asyncio.create_task(_one_call(bench, did, number, talk), name=f"call-{number}"))
    await asyncio.gather(*ends)
    took = [(bench.invites[number] - at) * 1000 for number, at in sent.items() if number in bench.invites]
    if len(took) < calls:
        line(f"route.lost.{did}", ours=calls - len(took), peer=None, unit="calls", n=calls)
    await asyncio.sleep(1.0)
    return took


async def _one_call(bench: Bench, did: str, number: str, talk: float) -> None:
    call = await bench.invite(did, number)
    try:
        await call.answered(15.0)
        await asyncio.sleep(talk)
    except TimeoutError:
        pass  # counted as lost by the caller of this
    await call.hangup()


async def _freed(bench: Bench, did: str, rounds: int = 12) -> list[float]:
    """Milliseconds from the agent's hang-up to the waiting caller's INVITE at the agent's phone."""
    took: list[float] = []
    for _ in range(rounds):
        first, second = bench.number(), bench.number()
        talking = await bench.invite(did, first)
        await talking.answered(10.0)
        waiting = await bench.invite(did, second)
        await asyncio.sleep(1.6 + 0.13 * len(took))  # meets app_queue's retry at all its phases
        freed = time.monotonic()
        await bench.answered[first].hangup()
        for _ in range(3000):
            if second in bench.invites:
                break
            await asyncio.sleep(0.002)
        took.append((bench.invites.get(second, time.monotonic()) - freed) * 1000)
        await asyncio.sleep(0.5)
        await waiting.hangup()
        await talking.hangup()
        await asyncio.sleep(0.5)
    return took


async def _offers(bench: Bench, calls: int = 60) -> None:
    """From the decision to the agent's socket; and how often it was there when the phone's INVITE came."""
    sockets = {
        name: await AgentSocket.open(bench.settings.http, token)
        for name, token in bench.tokens.items()
        if name != "solo"
    }
    before: dict[str, bool] = {}

    def invited(agent: str, number: str) -> None:
        sockets[agent].read()
        before.setdefault(number, number in sockets[agent].offers)

    bench.on_invite = invited
    await _load(bench, OURS, rate=10, calls=calls, talk=0.3)
    bench.on_invite = None
    delays = [seen.delay * 1000 for one in sockets.values() for seen in one.offers.values()]
    for one in sockets.values():
        one.close()
    spread("offer.decision_to_socket", delays, shares=(0.95,))
    line("offer.on_socket_before_invite", ours=sum(before.values()) / calls, peer=None, unit="share", n=calls)


if __name__ == "__main__":
    asyncio.run(main())
