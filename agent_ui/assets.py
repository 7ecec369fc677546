"""The built scripts, styles, fonts and icons: which file is which, and how browsers get them.

Each file's name carries a hash of its content, so it is kept by browsers for good. They are made by
`make setup` (see `agent_ui/frontend/make.py`) and are part of the wheel. A process serves the build it began
with from memory: a new one put in its place meanwhile takes nothing from pages that are open.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec
from aiohttp import hdrs, web

from crm_core.errors import NotFound, StartRefused

STATIC = Path(__file__).with_name("static")
PREFIX = "/static/"
ROUTE = "/static/{name}"
FOREVER = "public, max-age=31536000, immutable"
TYPES = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
}


class _Manifest(msgspec.Struct, frozen=True):
    """What the build says of itself: *files* by plain name, *all* names that may be fetched."""

    files: dict[str, str]
    all: frozenset[str]
    icons: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Assets:
    """One build, read from *folder*. *contents*: every file it has and, beside most, its gzip (`<name>.gz`);
    *icons*: every symbol of `icons.svg`.
    """

    folder: Path
    files: Mapping[str, str]
    contents: Mapping[str, bytes]
    icons: frozenset[str]

    @property
    def names(self) -> frozenset[str]:
        """What pages may ask for."""
        return frozenset(name for name in self.contents if not name.endswith(".gz"))

    def url(self, name: str) -> str:
        """`desk.js` → `/static/desk.<hash>.js`. Raises KeyError for what was not built."""
        return PREFIX + self.files[name]


def load_assets(folder: Path = STATIC) -> Assets:
    """Read the manifest of a build. Raises StartRefused when there is none."""
    try:
        manifest = msgspec.json.decode((folder / "manifest.json").read_bytes(), type=_Manifest)
        contents = {name: (folder / name).read_bytes() for name in sorted(manifest.all)}
        for zipped in (folder / f"{name}.gz" for name in manifest.all):
            if zipped.is_file():
                contents[zipped.name] = zipped.read_bytes()
    except (OSError, msgspec.DecodeError) as error:
        raise StartRefused("The pages' scripts and styles are not built: run make setup") from error
    return Assets(folder=folder, files=manifest.files, contents=contents, icons=manifest.icons)


ASSETS = web.AppKey("assets", Assets)


async def static(request: web.Request) -> web.Response:
    """A file of the build, compressed when there is such a copy. Raises NotFound for any other name."""
    assets = request.app[ASSETS]
    name = request.match_info["name"]
    if name not in assets.names:
        raise NotFound
    headers = {"Cache-Control": FOREVER, hdrs.VARY: hdrs.ACCEPT_ENCODING}
    if (type_ := TYPES.get(Path(name).suffix)) is not None:
        headers[hdrs.CONTENT_TYPE] = type_
    zipped = assets.contents.get(f"{name}.gz")
    if zipped is None or "gzip" not in request.headers.get(hdrs.ACCEPT_ENCODING, ""):
        return web.Response(body=assets.contents[name], headers=headers)
    return web.Response(body=zipped, headers={**headers, hdrs.CONTENT_ENCODING: "gzip"})


def add_assets(app: web.Application, assets: Assets) -> None:
    """Mount *assets*."""
    app[ASSETS] = assets
    app.router.add_get(ROUTE, static)
