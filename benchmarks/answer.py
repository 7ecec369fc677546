"""`answer`: how long after pressing Answer the voices are there, beside JsSIP straight on the same Asterisk.

    phone.answer_to_audio.p50, .p95           the button is pressed → the caller is heard in the browser
    phone.answer_to_audio.caller.p50, .p95    … → the agent is heard at the caller (to within 20 ms)

Both phones are pages of one browser with one fake microphone, called in turn. Who is heard is told by the
tone: the caller's 440 Hz, the microphone's 1500 Hz. All clocks are this machine's.
"""

from __future__ import annotations

import asyncio
import random
import tempfile
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from playwright.async_api import Locator, Page

from benchmarks.bare_phone import NUMBER, bare_phone, beside
from benchmarks.desks import BELLA_LINE, open_bella, with_bella
from benchmarks.house import Bench, running_bench
from benchmarks.report import quiet, spread
from tests.browser.chromium import Chromium
from tests.browser.voice import require_address
from tests.fakes.sip import tone
from tests.fakes.sip.sdp import Codec

WARM_UP, CALLS = 3, 20
CALLER, AGENT = 440, 1500  # Hz
# Browsers clean voices of steady tones, so here they must not. When Answer was pressed, and when a voice was
# first there in what the connection brings: milliseconds since the epoch. A worker listens, so that a page
# that has something else to do is not taken for a silent one.
LISTEN = """
const ask = navigator.mediaDevices?.getUserMedia.bind(navigator.mediaDevices);
if (ask) navigator.mediaDevices.getUserMedia = (wish) => ask({
  ...wish, audio: {echoCancellation: false, noiseSuppression: false, autoGainControl: false},
});
window.moments = {};
addEventListener("click", ({ timeStamp }) => (moments.pressed = performance.timeOrigin + timeStamp), true);
const listener = new Worker(URL.createObjectURL(new Blob([`onmessage = async ({ data }) => {
  const sounds = data.getReader();
  for (;;) {
    const { value, done } = await sounds.read();
    if (done) return;
    const samples = new Float32Array(value.numberOfFrames);
    value.copyTo(samples, { planeIndex: 0, format: "f32-planar" });
    value.close();
    if (!samples.some((sample) => Math.abs(sample) > 0.05)) continue;
    postMessage(performance.timeOrigin + performance.now());
    return sounds.cancel();
  }
}`])));
listener.onmessage = ({ data }) => (moments.heard = data);
window.RTCPeerConnection = class extends RTCPeerConnection {
  constructor(...args) {
    super(...args);
    this.addEventListener("track", ({ track }) => {
      const { readable } = new MediaStreamTrackProcessor({ track: track.clone() });
      listener.postMessage(readable, [readable]);
    });
  }
};
"""


@dataclass(frozen=True, slots=True)
class BrowserPhone:
    """A phone on a page: the number that rings it, and its button."""

    page: Page
    number: str
    button: Locator


@dataclass(frozen=True, slots=True)
class Took:
    """Milliseconds from the press until each heard the other."""

    browser: float
    caller: float


async def main() -> None:
    """Measure and print."""
    quiet()
    require_address()
    random.seed(7)
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="cc-bench-")))
        bench = await stack.enter_async_context(running_bench(agents=1, more=with_bella, beside=beside))
        chromium = await stack.enter_async_context(Chromium.started(folder))
        windows = await stack.enter_async_context(chromium.agent(tone=AGENT, bypass_csp=True))
        await windows.context.add_init_script(LISTEN)
        phones = (
            await _ours(await windows.context.new_page(), bench),
            await _bare(stack, await windows.context.new_page(), bench),
        )
        times: tuple[list[Took], list[Took]] = ([], [])
        for index in range(WARM_UP + CALLS):
            for phone, taken in zip(phones, times, strict=True):
                took = await _call(bench, phone)
                if index >= WARM_UP:
                    taken.append(took)
    spread("phone.answer_to_audio", *([one.browser for one in each] for each in times))
    spread("phone.answer_to_audio.caller", *([one.caller for one in each] for each in times))


async def _ours(page: Page, bench: Bench) -> BrowserPhone:
    """The desk's phone."""
    await open_bella(bench, page)
    return BrowserPhone(page, BELLA_LINE, page.locator("#panel [data-phone=answer]"))


async def _bare(stack: AsyncExitStack, page: Page, bench: Bench) -> BrowserPhone:
    """The page with nothing but JsSIP."""
    await page.goto(await stack.enter_async_context(bare_phone(bench.settings.pbx_http_port)))
    await page.wait_for_selector("body[data-phone-is=ready]", state="attached")
    return BrowserPhone(page, NUMBER, page.locator("#answer"))


async def _call(bench: Bench, phone: BrowserPhone) -> Took:
    """Call, let it ring for a moment, answer, listen at both ends, hang up."""
    await phone.page.bring_to_front()
    await phone.page.evaluate("window.moments = {}")
    call = await bench.invite(phone.number, bench.number())
    heard: asyncio.Future[float] = asyncio.get_running_loop().create_future()
    call.rtp.on_sound = _first(heard, call.rtp.codec)
    await phone.button.wait_for(state="visible")
    await asyncio.sleep(random.uniform(0.3, 0.6))
    await phone.button.click()
    async with asyncio.timeout(10):
        at_caller = await heard
    await phone.page.wait_for_function("() => moments.heard !== undefined")
    moments: dict[str, float] = await phone.page.evaluate("moments")
    await asyncio.sleep(0.3)
    await call.hangup()
    await phone.button.wait_for(state="hidden")
    await asyncio.sleep(0.7)
    pressed = moments["pressed"]
    return Took(browser=moments["heard"] - pressed, caller=at_caller * 1000 - pressed)


def _first(heard: asyncio.Future[float], codec: Codec) -> Callable[[bytes], None]:
    """Resolves *heard* with the moment (seconds since the epoch) of the first sound of the agent's tone."""

    def listen(payload: bytes) -> None:
        if not heard.done() and tone.loudest(tone.decode(codec, payload), (CALLER, AGENT)) == AGENT:
            heard.set_result(time.time())

    return listen


if __name__ == "__main__":
    asyncio.run(main())
