"""What proves that one of our own pages asks."""

from __future__ import annotations

import pytest
from aiohttp.test_utils import make_mocked_request
from multidict import CIMultiDict

from agent_ui.auth.same_origin import from_here, is_origin_of, require_same_origin
from crm_core.errors import Forbidden

pytestmark = pytest.mark.unit

HOST = "crm.example:8443"


@pytest.mark.parametrize(
    ("headers", "proved"),
    [
        ([("Sec-Fetch-Site", "same-origin")], True),
        ([("Sec-Fetch-Site", "same-origin"), ("Origin", "null")], True),
        ([("Sec-Fetch-Site", "cross-site"), ("Origin", f"https://{HOST}")], False),
        ([("Sec-Fetch-Site", "same-site")], False),
        ([("Sec-Fetch-Site", "none")], False),
        ([("Sec-Fetch-Site", "same-origin"), ("Sec-Fetch-Site", "cross-site")], False),
        ([("Origin", f"https://{HOST}")], True),
        ([("Origin", f"http://{HOST}")], True),
        ([("Origin", f"https://{HOST}"), ("Origin", "https://evil.example")], False),
        ([("Origin", "https://crm.example")], False),
        ([("Origin", f"https://{HOST}.evil.example")], False),
        ([("Origin", f"https://user@{HOST}")], False),
        ([("Origin", "null")], False),
        ([("Referer", f"https://{HOST}/desk")], False),
        ([], False),
    ],
)
def test_the_proof(headers: list[tuple[str, str]], proved: bool) -> None:
    request = make_mocked_request("POST", "/x", headers=CIMultiDict([("Host", HOST), *headers]))
    assert from_here(request) is proved


@pytest.mark.parametrize(
    ("method", "headers", "needed"),
    [
        ("GET", {}, False),
        ("HEAD", {}, False),
        ("GET", {"Upgrade": "websocket"}, True),
        ("POST", {}, True),
        ("PUT", {}, True),
        ("DELETE", {}, True),
        ("PATCH", {}, True),
        ("ANYTHING", {}, True),
    ],
)
def test_what_needs_it(method: str, headers: dict[str, str], needed: bool) -> None:
    request = make_mocked_request(method, "/x", headers=CIMultiDict({"Host": HOST, **headers}))
    if needed:
        with pytest.raises(Forbidden):
            require_same_origin(request)
    else:
        require_same_origin(request)


@pytest.mark.parametrize(
    "origin", ["", "http://[", "file://crm.example:8443", "crm.example:8443", "//crm.example:8443"]
)
def test_what_is_no_origin(origin: str) -> None:
    assert not is_origin_of(origin, HOST)
