"""Voice in a browser: what its page needs for tests, and which tone it hears."""

from __future__ import annotations

import socket

import pytest
from playwright.async_api import Page

from tests.journeys.front import until

# Browsers clean voices of steady tones, so for tests they must not; connections are kept to listen to them.
IN_EVERY_PAGE = """
const devices = navigator.mediaDevices;  // an empty page has none
const ask = devices?.getUserMedia.bind(devices);
if (devices) devices.getUserMedia = (wish) => ask({
  ...wish, audio: {echoCancellation: false, noiseSuppression: false, autoGainControl: false},
});
window.connections = [];
window.RTCPeerConnection = class extends RTCPeerConnection {
  constructor(...args) { super(...args); window.connections.push(this); }
};
window.lines = [];
window.WebSocket = class extends WebSocket {
  constructor(url, ...more) { super(url, ...more); if (url.includes("/phone/ws")) window.lines.push(this); }
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


def require_address() -> None:
    """Browsers offer no loopback address for voice, so this machine needs another one. Nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            pytest.fail(
                "This machine has only loopback addresses. A browser needs another one for voice: "
                "sudo ip link add voice0 type dummy && sudo ip addr add 192.0.2.10/24 dev voice0 && "
                "sudo ip link set voice0 up"
            )


async def browser_hears(page: Page, tone: int) -> None:
    """Wait until the newest call of *page* brings this tone (Hz)."""

    async def there() -> bool:
        heard: float = await page.evaluate(HEARD)
        return abs(heard - tone) < 30

    await until(there, timeout=30, what=f"the browser to hear {tone} Hz")
