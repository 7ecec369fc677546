"""Two that want the same port are named before anything is started."""

from __future__ import annotations

import pytest

from callcard.ports import UDP, Port, require_apart
from crm_core.errors import StartRefused

pytestmark = pytest.mark.unit

WEB = Port("CALLCARD_HTTP", "127.0.0.1", 8080)


def test_one_port_is_for_one() -> None:
    require_apart((WEB, Port("CALLCARD_AGI", "127.0.0.1", 4573), Port("sip", "127.0.0.1", 8080, UDP)))
    require_apart((WEB, Port("CALLCARD_AGI", "10.0.0.1", 8080)))


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
def test_both_are_named(host: str) -> None:
    with pytest.raises(StartRefused) as refused:
        require_apart((Port("CALLCARD_HTTP", host, 5038), Port("CALLCARD_AMI_PORT", "127.0.0.1", 5038)))
    assert refused.value.message.startswith("CALLCARD_AMI_PORT: port 5038 is that of CALLCARD_HTTP")
