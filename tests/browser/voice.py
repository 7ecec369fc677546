"""Voice in a browser: what its page needs for tests, and which tone it hears."""

from __future__ import annotations

import socket

import pytest
from playwright.async_api import Page

from tests.journeys.front import until

# Browsers clean voices of steady tones, so for tests they must not (what was wished is kept: `wishes`).
# `connections` and phone `lines` are kept, newest last; `states`: what connections were, and whether other
# ways were still looked for. To be set: `servers` that are asked for new connections; `barred`, and no new
# line comes about.
IN_EVERY_PAGE = r"""
const devices = navigator.mediaDevices;  // an empty page has none
const ask = devices?.getUserMedia.bind(devices);
window.wishes = [];
if (devices) devices.getUserMedia = (wish) => {
  window.wishes.push(wish);
  return ask({...wish, audio: {echoCancellation: false, noiseSuppression: false, autoGainControl: false}});
};
window.connections = [];
window.states = [];
window.servers = [];
window.RTCPeerConnection = class extends RTCPeerConnection {
  constructor(settings) {
    super({...settings, iceServers: [...(settings?.iceServers ?? []), ...window.servers]});
    window.connections.push(this);
    this.addEventListener("connectionstatechange", () => {
      window.states.push([this.connectionState, this.iceGatheringState]);
    });
  }
};
window.lines = [];
window.barred = false;
window.WebSocket = class extends WebSocket {
  constructor(url, ...more) {
    if (window.barred && url.includes("/phone/ws")) {
      const away = {close: () => undefined, send: () => undefined};
      setTimeout(() => away.onclose?.({code: 1006}), 20);
      return away;
    }
    super(url, ...more);
    if (url.includes("/phone/ws")) window.lines.push(this);
  }
  send(text) {
    if (/^SIP\/2.0 200 [^]*^CSeq: \d+ INVITE/m.test(text)) {
      window.states.push(["answered", window.connections.at(-1)?.iceGatheringState]);
    }
    super.send(text);
  }
};
"""
# The loudest pitch (Hz) of what the newest call brings.
HEARD = """async () => {
  const [receiver] = window.connections.at(-1).getReceivers();
  const context = new AudioContext();
  const analyser = context.createAnalyser();
  analyser.fftSize = 8192;
  context.createMediaStreamSource(new MediaStream([receiver.track])).connect(analyser);
  await new Promise((done) => setTimeout(done, 600));
  const bins = new Float32Array(analyser.frequencyBinCount);
  analyser.getFloatFrequencyData(bins);
  const rate = context.sampleRate;
  await context.close();
  return bins.indexOf(Math.max(...bins)) * rate / analyser.fftSize;
}"""

# The largest sample (0 to 1) of what the newest call brings, within half a second.
LOUDEST = """async () => {
  const [receiver] = window.connections.at(-1).getReceivers();
  const context = new AudioContext();
  const analyser = context.createAnalyser();
  analyser.fftSize = 32768;
  context.createMediaStreamSource(new MediaStream([receiver.track])).connect(analyser);
  await new Promise((done) => setTimeout(done, 600));
  const samples = new Float32Array(analyser.fftSize);
  analyser.getFloatTimeDomainData(samples);
  await context.close();
  return samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
}"""


def require_address() -> str:
    """An address of this machine: browsers offer none of loopback for voice. Nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
            return str(probe.getsockname()[0])
        except OSError:
            pytest.fail(
                "This machine has only loopback addresses. A browser needs another one for voice: "
                "sudo ip link add voice0 type dummy && sudo ip addr add 192.0.2.10/24 dev voice0 && "
                "sudo ip link set voice0 up"
            )


# Where the voice of the newest call is exchanged with: the other end of the pair that ICE chose.
PEER = """async () => {
  const stats = await window.connections.at(-1).getStats();
  const { selectedCandidatePairId: chosen } = [...stats.values()].find(({ type }) => type === "transport");
  const { address, candidateType } = stats.get(stats.get(chosen).remoteCandidateId);
  return [address, candidateType];
}"""


async def browser_hears(page: Page, tone: int) -> None:
    """Wait until the newest call of *page* brings this tone (Hz)."""

    async def there() -> bool:
        heard: float = await page.evaluate(HEARD)
        return abs(heard - tone) < 30

    await until(there, timeout=30, what=f"the browser to hear {tone} Hz")


async def browser_hears_somebody(page: Page) -> None:
    """Wait until the newest call of *page* brings a voice, whoever's: more than the silence of a line."""

    async def there() -> bool:
        loudest: float = await page.evaluate(LOUDEST)
        return loudest > 0.02

    await until(there, timeout=30, what="the browser to hear a voice")
