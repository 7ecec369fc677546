"""apt's own configuration in both of its forms."""

from __future__ import annotations

from pathlib import Path

import pytest

from asterisk_conf.apt_sources import AptSource, choose, parse_deb822, parse_one_line, read_sources

pytestmark = pytest.mark.unit

DEB822 = """Types: deb
# a comment between fields
URIs: http://mirror.example/debian/
Suites: trixie trixie-updates
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
Enabled: no
URIs: http://off.example/debian
Suites: trixie
Components: main

Types: deb-src
URIs: http://src.example/debian
Suites: trixie
Components: main

Types: deb
URIs: http://security.example/debian-security
Suites: trixie-security
Components: main
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 mQINBF
"""
ONE_LINE = """# deb http://off.example/debian bookworm main
deb [arch=amd64 signed-by=/usr/share/keyrings/x.gpg] https://mirror.example/debian bookworm main contrib # x
deb-src http://mirror.example/debian bookworm main
deb cdrom:[Debian]/ bookworm main
deb http://mirror.example/debian bookworm-updates main
nonsense
"""


def test_deb822() -> None:
    first, second = parse_deb822(DEB822)
    assert first == AptSource(
        uri="http://mirror.example/debian",
        suites=("trixie", "trixie-updates"),
        components=("main",),
        signed_by="/usr/share/keyrings/debian-archive-keyring.gpg",
    )
    assert second.signed_by is None  # the key is in the file itself


def test_one_line() -> None:
    first, second = parse_one_line(ONE_LINE)
    assert first == AptSource(
        uri="https://mirror.example/debian",
        suites=("bookworm",),
        components=("main", "contrib"),
        signed_by="/usr/share/keyrings/x.gpg",
    )
    assert second.suites == ("bookworm-updates",)


def test_the_release_itself_is_chosen_not_its_updates() -> None:
    sources = list(parse_one_line(ONE_LINE))
    found = choose(reversed(sources), "bookworm", "main")
    assert found is not None and found.suites == ("bookworm",)
    assert choose(sources, "trixie", "main") is None
    assert choose(sources, "bookworm", "universe") is None


def test_both_places_are_read_in_order(tmp_path: Path) -> None:
    parts = tmp_path / "parts"
    parts.mkdir()
    (tmp_path / "sources.list").write_text("deb http://a.example/debian bookworm main\n")
    (parts / "b.list").write_text("deb http://b.example/debian bookworm main\n")
    (parts / "c.sources").write_text(
        "Types: deb\nURIs: http://c.example/debian\nSuites: s\nComponents: main\n"
    )
    (parts / "d.list.bak").write_text("deb http://d.example/debian bookworm main\n")
    found = [source.uri for source in read_sources(tmp_path / "sources.list", parts)]
    assert found == ["http://a.example/debian", "http://b.example/debian", "http://c.example/debian"]
    assert read_sources(tmp_path / "none", tmp_path / "none") == []
