"""What the gallery shows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class GalleryView:
    """Samples."""

    now: datetime


def gallery_view(now: datetime) -> GalleryView:
    """Samples at *now*."""
    return GalleryView(now=now)
