"""The locks satisfy pyproject and package.json, pin everything with hashes, and name no registry."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
LOCKS = {"requirements.lock": ("embedded", "audio"), "requirements-dev.lock": ("embedded", "audio", "dev")}
BUILD_LOCK = "requirements-build.lock"
PACKAGES = Path("agent_ui", "frontend")
PIN = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^ ;\\]+)(?P<rest>.*)$")


def findings(root: Path = ROOT) -> Iterator[str]:
    """One line for each thing that is wrong."""
    document = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))
    project = document["project"]
    for lock, extras in LOCKS.items():
        wanted = [*project["dependencies"]]
        for extra in extras:
            wanted += project["optional-dependencies"][extra]
        yield from _python(root, lock, wanted)
    yield from _python(root, BUILD_LOCK, document["dependency-groups"]["node"])
    for finding in _npm(root / PACKAGES):
        yield f"{PACKAGES / 'package-lock.json'}: {finding}"


def _python(root: Path, lock: str, wanted: list[str]) -> Iterator[str]:
    text = (root / lock).read_text("utf-8")
    if re.search(r"https?://|--(extra-)?index-url|--find-links", text):
        yield f"{lock}: names a registry address"
    blocks = [block for block in re.split(r"\n(?=[A-Za-z0-9])", text.strip()) if block]
    pins: dict[str, str] = {}
    for block in blocks:
        pin = PIN.match(block.split("\n", 1)[0])
        if pin is None:
            yield f"{lock}: not a pin: {block.splitlines()[0]}"
            continue
        pins[canonicalize_name(pin["name"])] = pin["version"]
        if "--hash=sha256:" not in block:
            yield f"{lock}: {pin['name']} has no hash"
    for line in wanted:
        requirement = Requirement(line)
        version = pins.get(canonicalize_name(requirement.name))
        if version is None:
            yield f"{lock}: {requirement.name} is not pinned; run `make lock`"
        elif not requirement.specifier.contains(version, prereleases=True):
            yield f"{lock}: {requirement.name}=={version} does not satisfy {line}; run `make lock`"


def _npm(folder: Path) -> Iterator[str]:
    lock = json.loads((folder / "package-lock.json").read_text("utf-8"))
    named = json.loads((folder / "package.json").read_text("utf-8"))
    packages: dict[str, dict[str, object]] = lock["packages"]
    for path, package in packages.items():
        if "resolved" in package:
            yield f"{path}: names a registry address"
        if path and "integrity" not in package:
            yield f"{path}: has no hash"
    for kind in ("dependencies", "devDependencies"):
        for name, version in named[kind].items():
            locked = packages.get(f"node_modules/{name}", {}).get("version")
            if locked != version:
                yield f"{name} is {locked}, package.json says {version}; run `npm install` there"
