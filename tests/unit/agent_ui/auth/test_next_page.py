"""Where signing in may lead."""

from __future__ import annotations

import pytest

from agent_ui.auth.next_page import LONGEST, local_path

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    "path", ["/", "/customers", "/calls?phone=%2B7495&limit=5", "/customers/1#notes", "/a//b"]
)
def test_a_page_of_ours(path: str) -> None:
    assert local_path(path) == path


@pytest.mark.parametrize(
    "path",
    [
        "",
        "desk",
        "https://evil.example/",
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "/a\\b",
        "\\\\evil.example",
        "/\t/evil.example",
        "/\n/evil.example",
        " /desk",
        "/кириллица",
        "/login",
        "/login?next=/",
        "/" + "x" * LONGEST,
    ],
)
def test_anything_else_is_nowhere(path: str) -> None:
    assert local_path(path) is None
