"""Installations for the doctor to look at: folders and values, nothing running."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from callcard.doctor.finding import Finding
from callcard.doctor.ground import Ground
from callcard.settings import Listen, Settings, new_keys


def ground(data: Path, *, settings: dict[str, Any] | None = None, **more: Any) -> Ground:
    """A ground on *data* with these settings and parts."""
    values: dict[str, Any] = {
        "data": data,
        "cache": data / "cache",
        "http": Listen("127.0.0.1", 8080),
        "agi": Listen("127.0.0.1", 4573),
        "ami_port": 5038,
        "ami_listener_user": "callcard-listener",
        "ami_actor_user": "callcard-actor",
        **(settings or {}),
    }
    return Ground(settings=Settings(**values), keys=new_keys(), **more)


def lines(findings: Any) -> list[str]:
    """The findings as they are printed, blanks folded."""
    found: list[Finding] = list(findings)
    return [" ".join(str(finding).split()) for finding in found]
