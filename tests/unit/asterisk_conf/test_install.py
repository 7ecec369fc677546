"""Installing, as far as it needs no network; the journeys run what was installed."""

from __future__ import annotations

from pathlib import Path

import pytest

from asterisk_conf.install import (
    Distribution,
    InstallFailed,
    _with_retries,
    install,
    link_sounds,
    read_distribution,
)

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ('ID=debian\nVERSION_CODENAME=bookworm\nVERSION_ID="12"\n', Distribution("debian", "bookworm")),
        ('ID=ubuntu\nID_LIKE=debian\nVERSION_CODENAME="noble"\n', Distribution("ubuntu", "noble")),
        (
            'ID=linuxmint\nID_LIKE="ubuntu debian"\nVERSION_CODENAME=zara\nUBUNTU_CODENAME=noble\n',
            Distribution("ubuntu", "noble"),
        ),
    ],
)
def test_whose_packages(text: str, wanted: Distribution) -> None:
    assert read_distribution(text) == wanted


@pytest.mark.parametrize("text", ["ID=fedora\nVERSION_ID=43\n", "", "ID=debian\n"])
def test_other_systems_are_told_what_to_do(text: str) -> None:
    with pytest.raises(InstallFailed, match="CALLCARD_ASTERISK"):
        read_distribution(text)


def test_debian_takes_unstable_and_ubuntu_its_own_release_with_universe() -> None:
    debian, ubuntu = Distribution("debian", "bookworm"), Distribution("ubuntu", "noble")
    assert (debian.suite, debian.components) == ("sid", ("main",))
    assert (ubuntu.suite, ubuntu.components) == ("noble", ("main", "universe"))
    assert ubuntu.keyring.endswith("/ubuntu-archive-keyring.gpg")


def test_what_fails_for_a_moment_is_done_again(tmp_path: Path) -> None:
    tries, program = tmp_path / "tries", tmp_path / "apt-get"
    program.write_text(
        f'#!/bin/sh\necho x >> "{tries}"\necho "no route" >&2\n[ $(wc -l < "{tries}") -ge $1 ]\n'
    )
    program.chmod(0o700)
    _with_retries([str(program), "3"], 10.0, pause_s=0.01)
    assert tries.read_text() == "x\n" * 3
    tries.unlink()
    with pytest.raises(InstallFailed, match="no route"):
        _with_retries([str(program), "9"], 10.0, pause_s=0.01)
    assert tries.read_text() == "x\n" * 4


def test_a_cache_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InstallFailed, match=r"^CALLCARD_CACHE: "):
        install(tmp_path / "file")


def test_prompts_get_their_language_and_links_out_of_the_root_go(tmp_path: Path) -> None:
    for voice in ("en_US_f_Allison", "ru_RU_f_IvrvoiceRU"):
        (tmp_path / voice).mkdir()
        (tmp_path / voice / "beep.wav").touch()
    (tmp_path / "custom").symlink_to("../../../local/share/asterisk/sounds")
    (tmp_path / "recordings").symlink_to("/nonexistent/asterisk")
    link_sounds(tmp_path)
    assert (tmp_path / "en" / "beep.wav").exists() and (tmp_path / "ru" / "beep.wav").exists()
    assert (tmp_path / "custom").is_dir() and not (tmp_path / "custom").is_symlink()
    assert not (tmp_path / "recordings").is_symlink()
    link_sounds(tmp_path)  # again: nothing breaks
