"""The front door: command line, settings, wiring, supervisor, demo, doctor."""

from __future__ import annotations

__version__ = "0.1.0"
