"""The least a phone in the browser can be: a page with JsSIP on Asterisk's own WebSocket, and one button.

It is what `phone.answer_to_audio` is measured beside: the same library, codec and constraints as the desk's
phone, and nothing of ours between it and the switch.
"""

from __future__ import annotations

import secrets
import subprocess
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp import web

from agent_ui.frontend import make
from benchmarks.house import monitor
from tests.servers import free_port

NUMBER = "74955550197"
_USER, _PASSWORD = "bare", secrets.token_hex(16)
_PAGE = """<!doctype html><meta charset="utf-8"><title>JsSIP</title>
<button id="answer" hidden>Answer</button><audio id="voice"></audio>
<script src="/jssip.js"></script>
<script>
  const button = document.getElementById("answer"), voice = document.getElementById("voice");
  const ua = new JsSIP.UA({
    sockets: [new JsSIP.WebSocketInterface("ws://127.0.0.1:%(port)d/ws")],
    uri: "sip:%(user)s@pbx.invalid", password: "%(password)s", register_expires: 120, session_timers: false,
  });
  ua.on("registered", () => (document.body.dataset.phoneIs = "ready"));
  ua.on("newRTCSession", ({ session }) => {
    session.on("icecandidate", ({ ready }) => ready());
    session.on("peerconnection", ({ peerconnection: connection }) => {
      connection.addEventListener("track", ({ track }) => {
        voice.srcObject = new MediaStream([track]);
        voice.play();
      });
    });
    session.on("ended", () => (button.hidden = true));
    session.on("failed", () => (button.hidden = true));
    button.onclick = () =>
      session.answer({ mediaConstraints: { audio: true, video: false }, pcConfig: { iceServers: [] } });
    button.hidden = false;
  });
  ua.start();
</script>
"""


def beside(recordings: Path) -> Mapping[str, str]:
    """What Asterisk needs: the phone, set up as those of our browsers, and a number that rings it."""
    return {
        "extensions.conf": f"""
[cc-in-provider](+)
exten => {NUMBER},1,Ringing()
 same => n,{monitor(recordings)}
 same => n,Dial(PJSIP/{_USER},30)
""",
        "pjsip.conf": f"""
[{_USER}](browser-base)
auth = {_USER}
aors = {_USER}

[{_USER}]
type = auth
auth_type = userpass
username = {_USER}
password = {_PASSWORD}

[{_USER}]
type = aor
max_contacts = 1
remove_existing = yes
""",
    }


@asynccontextmanager
async def bare_phone(pbx_http_port: int) -> AsyncIterator[str]:
    """The address of the page, served until the end."""
    html = _PAGE % {"port": pbx_http_port, "user": _USER, "password": _PASSWORD}
    script = _bundle()

    async def page(_request: web.Request) -> web.Response:
        return web.Response(text=html, content_type="text/html")

    async def jssip(_request: web.Request) -> web.Response:
        return web.Response(text=script, content_type="text/javascript")

    app = web.Application()
    app.router.add_get("/", page)
    app.router.add_get("/jssip.js", jssip)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        port = free_port("127.0.0.1")
        await web.TCPSite(runner, "127.0.0.1", port).start()
        yield f"http://127.0.0.1:{port}/"
    finally:
        await runner.cleanup()


def _bundle() -> str:
    """JsSIP as one script, from the packages that the pages are built with."""
    node, _ = make.need_node()
    modules = make.HERE / "node_modules"
    with tempfile.TemporaryDirectory(prefix="cc-bench-") as folder:
        out = Path(folder) / "jssip.js"
        subprocess.run(
            [
                node,
                str(modules / "esbuild" / "bin" / "esbuild"),
                str(modules / "jssip" / "lib" / "JsSIP.js"),
                "--bundle",
                "--minify",
                "--format=iife",
                "--global-name=JsSIP",
                "--log-level=error",
                f"--outfile={out}",
            ],
            check=True,
            timeout=60,
        )
        return out.read_text()
