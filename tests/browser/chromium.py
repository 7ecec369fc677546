"""Debian's Chromium under Playwright: one process an agent, because the fake microphone is per process."""

from __future__ import annotations

import math
import shutil
import struct
import tempfile
import wave
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.async_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Playwright,
    async_playwright,
    expect,
)

START_MS = 60_000
WAIT_MS = 30_000  # for one thing to be seen on a page: on a busy machine too
expect.set_options(timeout=WAIT_MS)
# No network but loopback, no question that a person would have to answer. BEYOND is this machine as others
# reach it without https: browsers trust loopback's own names.
BEYOND = "callcard.test"
FLAGS = (
    f"--host-resolver-rules=MAP {BEYOND} 127.0.0.1",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
)
# Said of answers that a test asked for, and not of something that is broken.
EXPECTED = ("Failed to load resource",)


@dataclass
class Windows:
    """Windows of one browser process, and what went wrong in them."""

    context: BrowserContext
    said: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.context.set_default_timeout(WAIT_MS)
        self.context.on("weberror", lambda error: self.said.append(str(error.error)))
        self.context.on("console", self._heard)

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not message.text.startswith(EXPECTED):
            self.said.append(message.text)


class Chromium:
    """`async with Chromium.started(folder)`. *folder*: for profiles and tones."""

    def __init__(self, playwright: Playwright, program: str, folder: Path) -> None:
        self._playwright = playwright
        self._program = program
        self._folder = folder
        self._shared: Browser | None = None

    @classmethod
    @asynccontextmanager
    async def started(cls, folder: Path) -> AsyncIterator[Chromium]:
        """Playwright, and browsers as they are asked for; all end with it."""
        program = shutil.which("chromium")
        assert program is not None, "chromium is missing: sudo apt-get install chromium"
        async with async_playwright() as playwright:
            chromium = cls(playwright, program, folder)
            try:
                yield chromium
            finally:
                if chromium._shared is not None:
                    await chromium._shared.close()

    @asynccontextmanager
    async def agent(self, *, tone: int, **options: Any) -> AsyncIterator[Windows]:
        """A browser of somebody's own, whose microphone hears a tone of so many Hz.

        *options* as of `Browser.new_context`.
        """
        folder = Path(tempfile.mkdtemp(dir=self._folder))  # who was signed in before is not known
        sound = folder / "tone.wav"
        write_tone(sound, tone)
        context = await self._playwright.chromium.launch_persistent_context(
            folder / "profile",
            executable_path=self._program,
            headless=False,  # `--headless=new` is given below; True would add the old one
            args=["--headless=new", *FLAGS, f"--use-file-for-fake-audio-capture={sound}"],
            timeout=START_MS,
            **options,
        )
        try:
            yield Windows(context)
        finally:
            await context.close()

    @asynccontextmanager
    async def visitor(self, **options: Any) -> AsyncIterator[Windows]:
        """A fresh context in a process that all visitors share; *options* as of `Browser.new_context`."""
        if self._shared is None:
            self._shared = await self._playwright.chromium.launch(
                executable_path=self._program,
                headless=False,
                args=["--headless=new", *FLAGS],
                timeout=START_MS,
            )
        context = await self._shared.new_context(**options)
        try:
            yield Windows(context)
        finally:
            await context.close()


def write_tone(path: Path, frequency: int, seconds: float = 1.0) -> None:
    """A sine at half volume, 48 kHz mono, whole periods so that its repetition has no seam."""
    rate = 48_000
    samples = range(int(rate * seconds))
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes(
            b"".join(
                struct.pack("<h", round(16_000 * math.sin(2 * math.pi * frequency * n / rate)))
                for n in samples
            )
        )


async def sign_in(page: Page, url: str, name: str, password: str, *, to: str = "/") -> None:
    """Through the page, as people do; ends at *to*."""
    await page.goto(f"{url}{to}")
    await page.locator("input[name=name]").fill(name)
    await page.locator("input[name=password]").fill(password)
    await page.locator("button[type=submit]").click()
    await page.wait_for_url(f"{url}{to}")
