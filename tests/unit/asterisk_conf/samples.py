"""An office with one of everything, and settings for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from asterisk_conf.render import endpoints_of
from asterisk_conf.settings import Asterisk, PbxSettings
from crm_core.office.model import OfficeFile
from tests.fakes.offices import decode_office


def sample_raw() -> dict[str, Any]:
    """Plain data of `sample_office`, to change in a test."""
    return {
        "offices": {
            "moscow": {"title": "Москва", "country": "RU", "timezone": "Europe/Moscow", "language": "ru"},
            "baku": {"title": "Bakı", "country": "AZ", "timezone": "Asia/Baku", "language": "az"},
        },
        "people": {
            "anna": {
                "title": "Анна Мюллер",
                "office": "moscow",
                "extension": "101",
                "devices": [{"kind": "contact", "contact": "sip:anna@127.0.0.3:6000;transport=udp"}],
            },
            "boris": {
                "title": "Boris",
                "office": "baku",
                "extension": "102",
                "devices": [{}, {"name": "web", "kind": "browser"}],
            },
            "clara": {"title": "Clara", "office": "baku"},
        },
        "trunks": {
            "carrier": {
                "title": "Carrier",
                "match": ["127.0.0.2"],
                "contact": "sip:127.0.0.2:6000",
                "outgoing": {"caller_id": "+74955550100", "prefixes": ["+7", "+994"], "ring_s": 40},
            },
            "second": {
                "title": "Second",
                "match": ["127.0.0.4", "127.0.0.8/30"],
                "contact": "sip:127.0.0.4:6000",
                "outgoing": {"caller_id": "+994125550100", "prefixes": ["+7495"]},
            },
        },
        "queues": {
            "sales": {"title": "Sales", "extension": "600", "members": ["anna", "boris"]},
            "quiet": {
                "title": "Quiet",
                "members": ["boris"],
                "record": False,
                "overflow": "hangup",
                "music": "piano",
            },
        },
        "numbers": {
            "+74955550100": {"title": "Main", "office": "moscow", "queue": "sales", "dialled": ["5550100"]},
            "+994125550100": {
                "title": "Bakı",
                "office": "baku",
                "queue": "quiet",
                "trunks": ["second"],
                "answer": False,
            },
        },
    }


def sample_office() -> OfficeFile:
    """Two offices, three people, two trunks, two queues, two numbers."""
    return decode_office(sample_raw())


def sample_settings(office: OfficeFile, home: Path = Path("/srv/pbx")) -> PbxSettings:
    """Settings with readable secrets."""
    return PbxSettings(
        home=home,
        run_dir=home / "run",
        recordings=home / "recordings",
        system_name="cc0123456789abcdef",
        listener_secret="listener-secret-0001",
        actor_secret="actor-secret-0000001",
        agi_token="agi-token-0000000001",
        ari_secret="ari-secret-000000001",
        device_secrets={endpoint: f"secret-of-{endpoint}" for endpoint in endpoints_of(office)},
    )


def sample_asterisk() -> Asterisk:
    """An installation that exists on paper: enough to render for."""
    root = Path("/opt/asterisk")
    return Asterisk(
        command=(str(root / "asterisk"),),
        version=(22, 10, 1),
        modules=root / "modules",
        data=root / "data",
        music=root / "data/moh",
    )
