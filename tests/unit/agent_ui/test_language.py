"""Accept-Language, as browsers and as fools send it."""

from __future__ import annotations

import pytest

from agent_ui.language import best_language

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "en"),
        ("ru", "ru"),
        ("az-Latn-AZ", "az"),
        ("ru-RU,ru;q=0.9,en;q=0.8", "ru"),
        ("en;q=0.5, az", "az"),
        ("fr, de;q=0.9, az;q=0.1", "az"),
        ("ru;q=0, en;q=0.1", "en"),
        ("az;q=0.5, ru;q=0.5", "az"),
        ("*", "en"),
        ("RU", "ru"),
        ("ru;q=nan", "en"),
        ("ru;q=9", "en"),
        ("ru;level=1", "en"),
        (";;;q=,,ru;q=x", "en"),
        ("fr," * 10_000 + "ru", "en"),
    ],
)
def test_the_preferred_of_our_languages(header: str, language: str) -> None:
    assert best_language(header) == language
