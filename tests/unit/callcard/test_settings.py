"""Settings: each is read, refused by name when wrong, and secrets are made once."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from callcard.settings import SETTINGS, Listen, environment_of, load_keys, read_settings
from crm_core.errors import StartRefused

pytestmark = pytest.mark.unit


def environment(tmp_path: Path, **more: str) -> dict[str, str]:
    return {"CALLCARD_DATA": str(tmp_path), **{f"CALLCARD_{name}": value for name, value in more.items()}}


def test_defaults_are_loopback_and_a_private_pbx(tmp_path: Path) -> None:
    settings = read_settings(environment(tmp_path))
    assert settings.http == Listen("127.0.0.1", 8080)
    assert settings.agi == Listen("127.0.0.1", 4573)
    assert settings.private_pbx


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("HTTP", "8080", "form address:port"),
        ("HTTP", "localhost:8080", "no IP address"),
        ("HTTP", "127.0.0.1:99999", "not a port"),
        ("AGI", "8.8.8.8:4573", "loopback"),
        ("AGI", "0.0.0.0:4573", "loopback"),
        ("AGI", "[::]:4573", "loopback"),
        ("AGI", "[::1]:4573", "IPv4"),
        ("PROXY", "proxy.example", "not an IP address"),
        ("AMI_PORT", "five", "not a port"),
        ("DATABASE_URL", "mysql://db", "postgresql://"),
        ("REDIS_URL", "localhost", "redis://"),
        ("AMI_HOST", "   ", "empty"),
        ("AMI_LISTENER_USER", "a\nb", "control characters"),
        ("AMI_LISTENER_USER", "a b]", "letters"),
        ("AMI_LISTENER_SECRET", "short", "16 to 128"),
        ("AMI_ACTOR_USER", "callcard-listener", "another account"),
        ("DATA", "/tmp/a;b", "characters Asterisk cannot take"),
        ("TYPO", "x", "no such setting"),
    ],
)
def test_a_wrong_setting_is_one_line_that_names_it(tmp_path: Path, name: str, value: str, says: str) -> None:
    with pytest.raises(StartRefused) as refused:
        read_settings(environment(tmp_path, **{name: value}))
    assert f"CALLCARD_{name}" in refused.value.message
    assert says in refused.value.message
    assert "\n" not in refused.value.message


def test_urls_and_secrets_are_not_repeated_in_the_error(tmp_path: Path) -> None:
    with pytest.raises(StartRefused) as refused:
        read_settings(environment(tmp_path, DATABASE_URL="mysql://user:hunter2@db"))
    assert "hunter2" not in refused.value.message


def test_environment_wins_over_the_file(tmp_path: Path) -> None:
    (tmp_path / "callcard.toml").write_text('http = "127.0.0.1:9000"\nagi = "127.0.0.1:9001"\n')
    settings = read_settings(environment(tmp_path, HTTP="127.0.0.1:9002"))
    assert (settings.http.port, settings.agi.port) == (9002, 9001)


@pytest.mark.parametrize("text", ['htpp = "x"', "http = ", "\x00"])
def test_a_wrong_file_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "callcard.toml").write_text(text)
    with pytest.raises(StartRefused, match=r"callcard\.toml"):
        read_settings(environment(tmp_path))


def test_an_own_pbx_needs_both_secrets(tmp_path: Path) -> None:
    with pytest.raises(StartRefused, match="CALLCARD_AMI_LISTENER_SECRET"):
        read_settings(environment(tmp_path, AMI_HOST="127.0.0.1"))


def test_every_setting_has_a_field(tmp_path: Path) -> None:
    settings = read_settings(environment(tmp_path))
    assert all(hasattr(settings, setting.field) for setting in SETTINGS)


def test_keys_are_made_once_and_closed_to_others(tmp_path: Path) -> None:
    first = load_keys(tmp_path / "data")
    assert load_keys(tmp_path / "data") == first
    assert len({first.agi_token, first.ami_actor_secret, first.ami_listener_secret, first.system_name}) == 4
    assert stat.S_IMODE((tmp_path / "data" / "keys.toml").stat().st_mode) == 0o600


def test_damaged_keys_are_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "keys.toml").write_text('agi_token = "only this"\n')
    with pytest.raises(StartRefused, match=r"keys\.toml"):
        load_keys(tmp_path)


def test_settings_are_read_back_from_the_environment_they_make(tmp_path: Path) -> None:
    given = environment(
        tmp_path,
        HTTP="[::1]:9090",
        AGI="10.0.0.1:4574",
        DATABASE_URL="postgresql://me@/db",
        ASTERISK="/opt/a",
    )
    settings = read_settings(given)
    assert read_settings(environment_of(settings)) == settings
