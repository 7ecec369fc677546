"""Where the sample office is: in the checkout, or inside the installed package (pyproject puts it there)."""

from __future__ import annotations

from pathlib import Path


def sample_office() -> Path:
    """`examples/office.yaml`."""
    checkout = Path(__file__).parents[2] / "examples" / "office.yaml"
    return checkout if checkout.exists() else Path(__file__).with_name("office.yaml")
