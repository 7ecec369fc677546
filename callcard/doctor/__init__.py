"""`callcard doctor`: what is wrong or will be, each in one line with the way out. It changes nothing."""

from __future__ import annotations

from callcard.doctor.run import run_doctor

__all__ = ["run_doctor"]
