"""`pop`: from the router's decision to the call on the screen of a real desk.

    pop.decision_to_dom.p50, .p95        the agent is reserved → the call stands on the desk's page
    pop.decision_to_card.p50, .p95       … → the customer's card, read from the database, stands there too
    pop.in_dom_before_alerting           share of calls that stood there before the phone said 180
    pop.in_dom_before_invite             … before the INVITE was at the phone

The desks are windows of one Chromium; their phones are SIP phones of this process, which alert the moment the
INVITE is there. The peer of the times is a program on the same agents' WebSocket, which only reads the offer.
All clocks are this machine's.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

from playwright.async_api import Page

from benchmarks.house import OURS, Bench, running_bench
from benchmarks.live_sockets import AgentSocket, SeenOffer
from benchmarks.report import line, percentile, quiet
from crm_core.clock import SystemClock
from crm_core.people.service import PeopleService
from tests.browser.chromium import Chromium, sign_in
from tests.fakes.sip_peer import IncomingCall

DESKS, RATE, WARM_UP, CALLS = 4, 2.0, 12, 120
RING_S, TALK_S = 0.6, 0.2
PASSWORD = "measured from end to end"
# When each call, and the card of its caller, came to stand on the page: milliseconds since the epoch.
STAMPS = """
window.stamps = {call: {}, card: {}};
new MutationObserver(() => {
  const now = performance.timeOrigin + performance.now();
  for (const [what, where] of [["call", "#panel [data-call]"], ["card", "#work[data-call][data-card]"]])
    for (const { dataset } of document.querySelectorAll(where)) stamps[what][dataset.call] ??= now;
}).observe(document, {
  childList: true, subtree: true, attributes: true, attributeFilter: ["data-call", "data-card"],
});
"""


@dataclass
class Phones:
    """What the agents' phones did, by the caller's number: seconds since the epoch."""

    bench: Bench
    invited: dict[str, float] = field(default_factory=dict)
    alerted: dict[str, float] = field(default_factory=dict)

    def take(self, call: IncomingCall) -> None:
        """Ring at once, answer a moment later."""
        number = "+" + call.remote_number.lstrip("+")
        self.invited.setdefault(number, time.time())
        call.ring()
        self.alerted.setdefault(number, time.time())
        self.bench.phones.spawn(_answer(call), "answer")


async def main() -> None:
    """Measure and print."""
    quiet()
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="cc-bench-"))
        bench = await stack.enter_async_context(running_bench(agents=DESKS))
        chromium = await stack.enter_async_context(Chromium.started(Path(folder)))
        agents = [name for name in bench.tokens if name != "solo"]
        phones = Phones(bench)
        bench.phones.on_invite = phones.take
        pages = [await _desk(stack, chromium, bench, name) for name in agents]
        await _calls(bench, WARM_UP)
        sockets = [await AgentSocket.open(bench.settings.http, bench.tokens[name]) for name in agents]
        numbers = await _calls(bench, CALLS)
        shown = await _stamps(pages, "call")
        cards = await _stamps(pages, "card")
        offers = {number: seen for one in sockets for number, seen in one.offers.items()}
        for one in sockets:
            one.close()
    _report(numbers, offers, shown, cards, phones)


async def _desk(stack: AsyncExitStack, chromium: Chromium, bench: Bench, name: str) -> Page:
    """The open desk of *name*."""
    people = PeopleService(bench.database, SystemClock())
    await people.add_user(name, PASSWORD, by="bench")
    windows = await stack.enter_async_context(chromium.visitor())
    await windows.context.add_init_script(STAMPS)
    page = await windows.context.new_page()
    await sign_in(page, f"http://{bench.settings.http}", name, PASSWORD, to="/desk")
    await page.wait_for_selector("body[data-live=up]")
    return page


async def _calls(bench: Bench, count: int) -> list[str]:
    """Numbers of *count* callers, each of whom was answered by somebody."""
    began = time.monotonic()
    numbers: list[str] = []
    ends: list[asyncio.Task[None]] = []
    for index in range(count):
        await asyncio.sleep(max(0.0, began + index / RATE - time.monotonic()))
        numbers.append(bench.number())
        ends.append(asyncio.create_task(_one(bench, numbers[-1]), name=f"call-{index}"))
    await asyncio.gather(*ends)
    await asyncio.sleep(1.0)
    return numbers


async def _one(bench: Bench, number: str) -> None:
    call = await bench.invite(OURS, number)
    await call.answered(15.0)
    await asyncio.sleep(TALK_S)
    await call.hangup()


async def _answer(call: IncomingCall) -> None:
    await asyncio.sleep(RING_S)
    call.answer()


async def _stamps(pages: list[Page], what: str) -> dict[str, float]:
    """Call → when it, or its card, came to stand on a page: seconds since the epoch."""
    found: dict[str, float] = {}
    for page in pages:
        stamps: dict[str, float] = await page.evaluate("(what) => window.stamps[what]", what)
        found |= {call: at / 1000 for call, at in stamps.items()}
    return found


def _report(
    numbers: list[str],
    offers: dict[str, SeenOffer],
    shown: dict[str, float],
    cards: dict[str, float],
    phones: Phones,
) -> None:
    for name, stamps in (("dom", shown), ("card", cards)):
        took = [stamps[offer.call] - offer.reserved_at for offer in offers.values() if offer.call in stamps]
        for share, part in ((0.5, "p50"), (0.95, "p95")):
            line(
                f"pop.decision_to_{name}.{part}",
                ours=percentile(took, share) * 1000,
                peer=percentile([offer.delay for offer in offers.values()], share) * 1000,
                unit="ms",
                n=len(took),
            )
    for name, moments in (("alerting", phones.alerted), ("invite", phones.invited)):
        before = sum(
            shown.get(offers[number].call, moments[number]) < moments[number]
            for number in numbers
            if number in offers
        )
        line(f"pop.in_dom_before_{name}", ours=before / len(numbers), peer=None, unit="share", n=len(numbers))


if __name__ == "__main__":
    asyncio.run(main())
