"""The locks satisfy pyproject, pin everything with hashes, and name no registry."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
LOCKS = {"requirements.lock": ("embedded", "audio"), "requirements-dev.lock": ("embedded", "audio", "dev")}
PIN = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^ ;\\]+)(?P<rest>.*)$")


def findings(root: Path = ROOT) -> Iterator[str]:
    """One line for each thing that is wrong."""
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]
    for lock, extras in LOCKS.items():
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
        wanted = [*project["dependencies"]]
        for extra in extras:
            wanted += project["optional-dependencies"][extra]
        for line in wanted:
            requirement = Requirement(line)
            version = pins.get(canonicalize_name(requirement.name))
            if version is None:
                yield f"{lock}: {requirement.name} is not pinned; run `make lock`"
            elif not requirement.specifier.contains(version, prereleases=True):
                yield f"{lock}: {requirement.name}=={version} does not satisfy {line}; run `make lock`"
