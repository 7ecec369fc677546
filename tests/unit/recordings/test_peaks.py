"""The outline of a sound: as many points as said, each the loudest of its stretch, one line a channel."""

from __future__ import annotations

from array import array
from pathlib import Path

import pytest

from recordings.peaks import POINTS, NoOutline, outline
from recordings.wav import make_header
from tests.fakes.wav_files import RATE, silence, tone, wav

pytestmark = pytest.mark.unit


def stereo(left: bytes, right: bytes) -> bytes:
    both = array("h", bytes(2 * len(left)))
    both[0::2], both[1::2] = array("h", left), array("h", right)
    return make_header(RATE, 2, 2 * len(left)) + both.tobytes()


def test_each_channel_has_its_own_line(tmp_path: Path) -> None:
    path = tmp_path / "call.wav"
    path.write_bytes(stereo(tone(1) + silence(1), silence(1) + tone(1)))
    made = outline(path)
    customer, agent = made.channels
    assert (made.seconds, len(customer), len(agent)) == (2.0, POINTS, POINTS)
    half = POINTS // 2
    assert set(customer[: half - 1]) <= {24, 25} and set(customer[half + 1 :]) == {0}
    assert set(agent[: half - 1]) == {0} and set(agent[half + 1 :]) <= {24, 25}


def test_the_loudest_sample_of_all_is_in_its_point(tmp_path: Path) -> None:
    samples = array("h", bytes(2 * 45_000))
    samples[30_001] = -32768
    path = tmp_path / "click.wav"
    path.write_bytes(wav(samples.tobytes()))
    (line,) = outline(path).channels
    assert [point for point, peak in enumerate(line) if peak] == [30_001 * POINTS // 45_000]
    assert max(line) == 100


@pytest.mark.parametrize("frames", [0, 1, POINTS - 1, POINTS, POINTS + 1, 3 * POINTS + 7])
def test_short_sounds_have_a_point_for_each_sample_at_most(tmp_path: Path, frames: int) -> None:
    path = tmp_path / "short.wav"
    path.write_bytes(wav(array("h", [1000] * frames).tobytes()))
    (line,) = outline(path).channels
    assert len(line) == max(1, min(POINTS, frames))
    assert all(line) is (frames > 0)


def test_a_file_the_pbx_never_closed_has_its_whole_sound(tmp_path: Path) -> None:
    path = tmp_path / "open.wav"
    path.write_bytes(wav(tone(3), closed=False))
    assert outline(path).seconds == 3.0


def test_what_is_no_sound_has_no_outline(tmp_path: Path) -> None:
    for name in ("text.wav", "text.mp3"):
        (tmp_path / name).write_text("not a sound")
        with pytest.raises(NoOutline):
            outline(tmp_path / name)
