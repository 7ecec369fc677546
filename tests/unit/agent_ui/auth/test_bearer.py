"""Where a token is read from, and where it is not."""

from __future__ import annotations

import pytest
from aiohttp.test_utils import make_mocked_request
from multidict import CIMultiDict

from agent_ui.auth.bearer import bearer_token

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("headers", "token"),
    [
        ([], None),
        ([("Authorization", "Bearer cc_x")], "cc_x"),
        ([("Authorization", "bearer   cc_x ")], "cc_x"),
        ([("Authorization", "Basic cc_x")], None),
        ([("Authorization", "Bearer")], None),
        ([("Authorization", "Bearer " + "x" * 201)], None),
        ([("Authorization", "Bearer a"), ("Authorization", "Bearer b")], None),
        ([("Sec-WebSocket-Protocol", "callcard.live, callcard.token.cc_x")], "cc_x"),
        (
            [("Sec-WebSocket-Protocol", "callcard.live"), ("Sec-WebSocket-Protocol", "callcard.token.cc_x")],
            "cc_x",
        ),
        ([("Sec-WebSocket-Protocol", "callcard.token.cc_x")], None),
        ([("Sec-WebSocket-Protocol", "callcard.live, callcard.token.")], None),
        ([("Sec-WebSocket-Protocol", "callcard.live, callcard.token.a, callcard.token.b")], None),
        ([("Authorization", "Basic x"), ("Sec-WebSocket-Protocol", "callcard.live,callcard.token.a")], None),
    ],
)
def test_the_token_of_a_request(headers: list[tuple[str, str]], token: str | None) -> None:
    request = make_mocked_request("GET", "/live?token=cc_y", headers=CIMultiDict(headers))
    assert bearer_token(request) == token
