"""The built scripts, styles, fonts and icons: which file is which, and how browsers get them.

Each file's name carries a hash of its content, so it is kept by browsers for good. They are made by
`make setup` (see `agent_ui/frontend/make.py`) and are part of the wheel.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec
from aiohttp import web

from crm_core.errors import NotFound, StartRefused

STATIC = Path(__file__).with_name("static")
PREFIX = "/static/"
ROUTE = "/static/{name}"
FOREVER = "public, max-age=31536000, immutable"


class _Manifest(msgspec.Struct, frozen=True):
    """What the build says of itself: *files* by plain name, *all* names that may be fetched."""

    files: dict[str, str]
    all: frozenset[str]
    icons: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Assets:
    """One build. *names*: every file it has; *icons*: every symbol of `icons.svg`."""

    folder: Path
    files: Mapping[str, str]
    names: frozenset[str]
    icons: frozenset[str]

    def url(self, name: str) -> str:
        """`desk.js` → `/static/desk.<hash>.js`. Raises KeyError for what was not built."""
        return PREFIX + self.files[name]


def load_assets(folder: Path = STATIC) -> Assets:
    """Read the manifest of a build. Raises StartRefused when there is none."""
    try:
        manifest = msgspec.json.decode((folder / "manifest.json").read_bytes(), type=_Manifest)
    except (OSError, msgspec.DecodeError) as error:
        raise StartRefused("The pages' scripts and styles are not built: run make setup") from error
    return Assets(folder=folder, files=manifest.files, names=manifest.all, icons=manifest.icons)


ASSETS = web.AppKey("assets", Assets)


async def static(request: web.Request) -> web.FileResponse:
    """A file of the build, compressed when there is such a copy. Raises NotFound for any other name."""
    assets = request.app[ASSETS]
    name = request.match_info["name"]
    if name not in assets.names:
        raise NotFound
    return web.FileResponse(assets.folder / name, headers={"Cache-Control": FOREVER})


def add_assets(app: web.Application, assets: Assets) -> None:
    """Mount *assets*."""
    app[ASSETS] = assets
    app.router.add_get(ROUTE, static)
