"""`pop`: from the router's decision to the call on the screen of a real desk.

    pop.decision_to_dom.p50, .p95     the agent is reserved → the call stands on the desk's page
    pop.decision_to_card.p50, .p95    … → the customer's card, read from the database, stands there too
    pop.in_dom_before_alerting        share of calls that stood there before the phone in that browser rang
    pop.in_dom_before_alerting.sip    … before a SIP phone said 180: this one does with the INVITE in hand
    pop.in_dom_before_invite          … before the INVITE was at the SIP phone
    pop.invite_to_dom.p50, .p95       how long after the INVITE it stood there; negative: before
    pop.lost, pop.never.<what>        calls that reached nobody, or never stood there, if there are any

Calls come in turn to two desks in one Chromium: one has a SIP phone, which is in this process, one has its
phone in the browser. The peer of the first times is a program on the same agents' WebSocket, which only reads
the offer. All clocks are this machine's.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Collection
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

from playwright.async_api import Page

from benchmarks.desks import BELLA, BELLA_LINE, open_bella, open_desk, with_bella
from benchmarks.house import OURS, Bench, running_bench
from benchmarks.live_sockets import AgentSocket, SeenOffer
from benchmarks.report import line, quiet, spread
from tests.browser.chromium import Chromium
from tests.fakes.sip_peer import IncomingCall

WARM_UP, CALLS, PACE_S = 20, 120, 1.0
RING_S, TALK_S = 0.6, 0.2
AGENT = "agent00"
# When each call, and the card of its caller, came to stand on the page, by the call; when the phone in the
# browser rang, by the caller's number. Milliseconds since the epoch.
STAMPS = """
window.stamps = {call: {}, card: {}, rang: {}};
const now = () => performance.timeOrigin + performance.now();
new MutationObserver(() => {
  for (const [what, where] of [["call", "#panel [data-call]"], ["card", "#work[data-call][data-card]"]])
    for (const { dataset } of document.querySelectorAll(where)) stamps[what][dataset.call] ??= now();
}).observe(document, {
  childList: true, subtree: true, attributes: true, attributeFilter: ["data-call", "data-card"],
});
const send = WebSocket.prototype.send;
WebSocket.prototype.send = function (text) {
  if (text.startsWith("SIP/2.0 180")) stamps.rang["+" + /^From:.*sip:[+]?(\\d+)@/m.exec(text)[1]] ??= now();
  return send.call(this, text);
};
"""


@dataclass(kw_only=True)
class Seen:
    """What was seen of the calls, by the caller's number. All moments are seconds since the epoch."""

    offers: dict[str, SeenOffer] = field(default_factory=dict)
    invited: dict[str, float] = field(default_factory=dict)  # the SIP phone only
    rang: dict[str, float] = field(default_factory=dict)
    shown: dict[str, float] = field(default_factory=dict)
    cards: dict[str, float] = field(default_factory=dict)


async def main() -> None:
    """Measure and print."""
    quiet()
    seen = Seen()
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="cc-bench-"))
        bench = await stack.enter_async_context(running_bench(agents=1, more=with_bella))
        bench.phones.on_invite = lambda call: _ring(bench, seen, call)
        chromium = await stack.enter_async_context(Chromium.started(Path(folder)))
        pages = [await _window(stack, chromium), await _window(stack, chromium)]
        await open_desk(bench, pages[0], AGENT)
        await open_bella(bench, pages[1])
        await _calls(bench, WARM_UP)
        tokens = [bench.tokens[AGENT], await bench.token(BELLA)]
        sockets = [await AgentSocket.open(bench.settings.http, token) for token in tokens]
        numbers = await _calls(bench, CALLS)
        for one in sockets:
            seen.offers |= one.offers
            one.close()
        for page in pages:
            await _gather(page, seen)
    _report(seen, numbers)


async def _window(stack: AsyncExitStack, chromium: Chromium) -> Page:
    windows = await stack.enter_async_context(chromium.visitor())
    await windows.context.add_init_script(STAMPS)
    return await windows.context.new_page()


def _ring(bench: Bench, seen: Seen, call: IncomingCall) -> None:
    """The SIP phone: ring at once, answer a moment later."""
    number = "+" + call.remote_number.lstrip("+")
    seen.invited.setdefault(number, time.time())
    call.ring()
    seen.rang.setdefault(number, time.time())
    bench.phones.spawn(_answer(call), "answer")


async def _answer(call: IncomingCall) -> None:
    await asyncio.sleep(RING_S)
    call.answer()


async def _calls(bench: Bench, count: int) -> list[str]:
    """Numbers of *count* callers, to the two desks in turn."""
    began = time.monotonic()
    numbers = [bench.number() for _ in range(count)]
    ends: list[asyncio.Task[None]] = []
    for index, number in enumerate(numbers):
        await asyncio.sleep(max(0.0, began + index * PACE_S - time.monotonic()))
        act = _to_browser if index % 2 else _to_sip
        ends.append(asyncio.create_task(act(bench, number), name=f"call-{index}"))
    await asyncio.gather(*ends)
    await asyncio.sleep(1.0)
    return numbers


async def _to_sip(bench: Bench, number: str) -> None:
    call = await bench.invite(OURS, number)
    try:
        await call.answered(15.0)
        await asyncio.sleep(TALK_S)
    except TimeoutError:
        pass  # counted as lost when nobody was reserved
    await call.hangup()


async def _to_browser(bench: Bench, number: str) -> None:
    """Nobody answers there: the caller lets it ring for as long."""
    call = await bench.invite(BELLA_LINE, number)
    await asyncio.sleep(RING_S + TALK_S)
    await call.hangup()


async def _gather(page: Page, seen: Seen) -> None:
    """What *page* noted, by the caller's number and in seconds."""
    stamps: dict[str, dict[str, float]] = await page.evaluate("stamps")
    of_call = {offer.call: number for number, offer in seen.offers.items()}
    for what, kept in (("call", seen.shown), ("card", seen.cards)):
        kept |= {of_call[call]: at / 1000 for call, at in stamps[what].items() if call in of_call}
    seen.rang |= {number: at / 1000 for number, at in stamps["rang"].items()}


def _report(seen: Seen, numbers: list[str]) -> None:
    taken = [number for number in numbers if number in seen.offers]
    _missing("lost", numbers, seen.offers)
    decided = {number: seen.offers[number].reserved_at for number in taken}
    program = [seen.offers[number].delay * 1000 for number in taken]
    for name, what in (("dom", seen.shown), ("card", seen.cards)):
        _missing(f"never.{name}", taken, what)
        spread(f"pop.decision_to_{name}", _late(decided, what), program)
    sip = {number: at for number, at in seen.rang.items() if number in decided and number in seen.invited}
    browser = {number: at for number, at in seen.rang.items() if number in decided and number not in sip}
    invited = {number: seen.invited[number] for number in sip}
    for name, moments in (("alerting", browser), ("alerting.sip", sip), ("invite", invited)):
        before = sum(late < 0 for late in _late(moments, seen.shown))
        share = before / len(moments)
        line(f"pop.in_dom_before_{name}", ours=share, peer=None, unit="share", n=len(moments))
    spread("pop.invite_to_dom", _late(invited, seen.shown))


def _late(moments: dict[str, float], what: dict[str, float]) -> list[float]:
    """Milliseconds from each of *moments* until *what* stood on the page, of calls of which it did."""
    return [(what[number] - at) * 1000 for number, at in moments.items() if number in what]


def _missing(name: str, numbers: list[str], there: Collection[str]) -> None:
    missing = sum(number not in there for number in numbers)
    if missing:
        line(f"pop.{name}", ours=missing, peer=None, unit="calls", n=len(numbers))


if __name__ == "__main__":
    asyncio.run(main())
