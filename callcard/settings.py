"""Every setting in one place: environment over `<data>/callcard.toml` over the default.

A wrong one stops the start with one line that names it. Secrets that nobody set are made at the
first start and kept in `<data>/keys.toml` (0600). docs/settings.md is tested against SETTINGS.
"""

from __future__ import annotations

import ipaddress
import os
import secrets
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from callcard.fit import require_fit
from callcard.layout import Layout
from crm_core.errors import StartRefused
from crm_core.private_file import write_private

PREFIX = "CALLCARD_"


@dataclass(frozen=True, slots=True)
class Listen:
    """An address and a port to listen on."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: its field, how its text is read, its default, and what it is for."""

    field: str
    read: Callable[[str], Any]
    default: str | None
    purpose: str

    @property
    def variable(self) -> str:
        """The environment's name for it."""
        return PREFIX + self.field.upper()


def _text(value: str) -> str:
    if not value.strip() or any(ord(c) < 32 for c in value):
        raise ValueError("is empty or holds control characters")
    return value.strip()


def _path(value: str) -> Path:
    return Path(_text(value)).expanduser().absolute()


def _port(value: str) -> int:
    if not value.isdigit() or not 0 < int(value) < 65536:
        raise ValueError("is not a port (1-65535)")
    return int(value)


def _address(value: str) -> str:
    try:
        return str(ipaddress.ip_address(_text(value)))
    except ValueError:
        raise ValueError("is not an IP address") from None


def _listen(value: str) -> Listen:
    host, colon, port = _text(value).rpartition(":")
    host = host.strip("[]")
    if not colon or not host:
        raise ValueError("is not of the form address:port, such as 127.0.0.1:8080")
    try:
        ipaddress.ip_address(host)
    except ValueError:
        raise ValueError("has no IP address before the colon") from None
    return Listen(host, _port(port))


def _inner_listen(value: str) -> Listen:
    listen = _listen(value)
    address = ipaddress.ip_address(listen.host)
    if not address.is_private or address.is_unspecified:  # 0.0.0.0 counts as private, and is every network
        raise ValueError("must be a loopback address or one of the PBX's own private network")
    if address.version != 4:
        raise ValueError("must be an IPv4 address: the dialplan asks there")
    return listen


def _database_url(value: str) -> str:
    value = _text(value)
    if not value.startswith(("postgresql://", "postgres://")):
        raise ValueError("is not of the form postgresql://user:password@host/database")
    return value


def _redis_url(value: str) -> str:
    value = _text(value)
    if not value.startswith(("redis://", "rediss://", "unix://")):
        raise ValueError("is not of the form redis://host:6379/0")
    return value


SETTINGS: tuple[Setting, ...] = (
    Setting("data", _path, None, "Folder for everything Callcard keeps: database, spool, recordings, keys."),
    Setting(
        "database_url", _database_url, None, "Your own PostgreSQL (15 or newer) instead of the embedded one."
    ),
    Setting("redis_url", _redis_url, None, "Redis for the bus; needed only when parts are started apart."),
    Setting("http", _listen, "127.0.0.1:8080", "Where the web answers: API, live feed, health, metrics."),
    Setting(
        "proxy", _address, None, "Address of a proxy before the web, whose `X-Forwarded-For` is believed."
    ),
    Setting("agi", _inner_listen, "127.0.0.1:4573", "Where the router answers the dialplan (FastAGI)."),
    Setting("ami_host", _text, None, "Your own Asterisk's manager; unset: a private Asterisk is run."),
    Setting("ami_port", _port, "5038", "The manager's port."),
    Setting(
        "pbx_http_port",
        _port,
        "8088",
        "The private Asterisk's own web server on loopback, for phones in the browser.",
    ),
    Setting("ami_listener_user", _text, "callcard-listener", "Manager account that listens."),
    Setting("ami_listener_secret", _text, None, "Its secret; made at first start for the private Asterisk."),
    Setting("ami_actor_user", _text, "callcard-actor", "Manager account that acts."),
    Setting("ami_actor_secret", _text, None, "Its secret; made at first start for the private Asterisk."),
    Setting("asterisk", _path, None, "An Asterisk binary for the private PBX, instead of the one found."),
    Setting(
        "cache", _path, None, "Folder for the private Asterisk's programs; may be shared by installations."
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings as read. See SETTINGS for what each is for."""

    data: Path
    cache: Path
    http: Listen
    agi: Listen
    ami_port: int
    pbx_http_port: int = 8088
    ami_listener_user: str
    ami_actor_user: str
    database_url: str | None = None
    redis_url: str | None = None
    proxy: str | None = None
    ami_host: str | None = None
    ami_listener_secret: str | None = None
    ami_actor_secret: str | None = None
    asterisk: Path | None = None

    @property
    def private_pbx(self) -> bool:
        """Whether Callcard runs its own Asterisk."""
        return self.ami_host is None


def _default_data() -> Path:
    if os.geteuid() == 0:
        return Path("/var/lib/callcard")
    return Path(os.environ.get("XDG_DATA_HOME", "~/.local/share")).expanduser() / "callcard"


def _default_cache() -> Path:
    # Root's home is closed to the ordinary user that the private Asterisk runs as.
    if os.geteuid() == 0:
        return Path("/var/cache/callcard")
    return Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser() / "callcard"


def _read_toml(path: Path) -> dict[str, str]:
    try:
        raw = tomllib.loads(path.read_text("utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return {}  # a data folder that cannot be one is refused by who makes it
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise StartRefused(f"{path}: cannot be read: {error}") from None
    known = {setting.field for setting in SETTINGS}
    for key in raw:
        if key not in known:
            raise StartRefused(f"{path}: {key}: no such setting; known are {', '.join(sorted(known))}")
    return {key: str(value) for key, value in raw.items()}


def read_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """Read all settings. Raises StartRefused with one line that names the wrong one and the way out."""
    environment = os.environ if environment is None else environment
    known = {setting.variable for setting in SETTINGS}
    for name in environment:
        if name.startswith(PREFIX) and name not in known:
            raise StartRefused(f"{name}: no such setting; see docs/settings.md")
    data_text = environment.get(PREFIX + "DATA")
    data = _path(data_text) if data_text else _default_data()
    toml_path = data / "callcard.toml"
    from_file = _read_toml(toml_path)
    values: dict[str, Any] = {"data": data, "cache": _default_cache()}
    for setting in SETTINGS:
        text = environment.get(setting.variable)
        where = setting.variable
        if text is None and setting.field in from_file:
            text, where = from_file[setting.field], f"{toml_path}: {setting.field}"
        if text is None:
            text = setting.default
        if text is None or (setting.field == "data" and data_text is None):
            continue
        try:
            values[setting.field] = setting.read(text)
        except ValueError as error:
            raise StartRefused(f"{where}: {_shown(setting, text)} {error}") from None
    settings = Settings(**values)
    require_fit(settings)
    return settings


def environment_of(settings: Settings) -> dict[str, str]:
    """The environment that `read_settings` reads *settings* from."""
    values = {setting.variable: getattr(settings, setting.field) for setting in SETTINGS}
    return {variable: str(value) for variable, value in values.items() if value is not None}


def _shown(setting: Setting, text: str) -> str:
    """The value for an error line; never a secret or a URL that may hold one."""
    if setting.field.endswith(("secret", "url")):
        return "its value"
    return repr(text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """Secrets of this installation, made at its first start."""

    agi_token: str
    ami_listener_secret: str
    ami_actor_secret: str
    system_name: str  # random: a forged AMI event cannot know it
    device_secret_seed: str  # agents' SIP passwords are derived from it, per endpoint


def read_keys(data: Path) -> Keys | None:
    """Read `<data>/keys.toml`; None when it is not there yet.

    Raises StartRefused when the file is there and cannot be understood: making new secrets then would
    silently lock phones and managers out.
    """
    path = data / "keys.toml"
    try:
        raw = tomllib.loads(path.read_text("utf-8"))
        return Keys(**{name: str(raw[name]) for name in Keys.__dataclass_fields__})
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, KeyError) as error:
        raise StartRefused(f"{path}: cannot be read ({error}); restore it from a backup") from None


def new_keys() -> Keys:
    """Fresh secrets of 128 bits."""
    return Keys(**{name: secrets.token_hex(16) for name in Keys.__dataclass_fields__})


def load_keys(data: Path) -> Keys:
    """Read `<data>/keys.toml`, making it (0600) when it is not there. Raises StartRefused as `read_keys`."""
    kept = read_keys(data)
    if kept is not None:
        return kept
    keys = new_keys()
    text = "".join(f'{name} = "{getattr(keys, name)}"\n' for name in Keys.__dataclass_fields__)
    Layout(data).make()
    try:
        write_private(data / "keys.toml", text.encode())
    except OSError as error:
        raise StartRefused(f"CALLCARD_DATA: {data} cannot be used: {error.strerror}") from None
    return keys
