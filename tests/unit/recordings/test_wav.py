"""WAV headers: read, repaired, two sides joined."""

from __future__ import annotations

import io
import struct
import wave
from array import array
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from recordings import wav
from tests.fakes import wav_files as files

pytestmark = pytest.mark.unit

FORMATS = st.tuples(st.sampled_from([8000, 16000, 48000]), st.sampled_from([1, 2]))


@given(FORMATS, st.integers(0, 5000))
def test_header_of_a_whole_file_is_complete(form: tuple[int, int], frames: int) -> None:
    rate, channels = form
    size = frames * channels * 2
    header = wav.read_header(wav.make_header(rate, channels, size))
    assert (header.rate, header.channels, header.declared, header.data_at) == (rate, channels, size, 44)
    assert header.is_complete(44 + size)
    assert header.duration_s(44 + size) == frames / rate


@given(FORMATS, st.integers(0, 5000), st.integers(0, 3))
@example((8000, 1), 0, 1)
def test_repair_gives_back_what_a_crash_took(form: tuple[int, int], frames: int, torn: int) -> None:
    """Sizes 0, and a last frame cut in the middle, as a killed PBX leaves them."""
    rate, channels = form
    torn %= 2 * channels
    size = frames * channels * 2
    whole = wav.make_header(rate, channels, size)
    broken = bytearray(whole)
    struct.pack_into("<I", broken, 4, 0)
    struct.pack_into("<I", broken, 40, 0)
    length = 44 + size + torn
    assert not wav.read_header(bytes(broken)).is_complete(length)
    header = wav.read_header(wav.repaired(bytes(broken), length))
    assert header.is_complete(length)
    assert (header.declared, header.duration_s(length)) == (size, frames / rate)
    assert torn or wav.repaired(bytes(broken), length) == whole


@given(st.binary(max_size=300))
def test_any_bytes_are_a_header_or_refused(data: bytes) -> None:
    for head in (data, b"RIFF\0\0\0\0WAVE" + data):
        try:
            header = wav.read_header(head)
        except wav.NotWav:
            continue
        assert header.channels in (1, 2) and 0 < header.data_at <= len(head)


@pytest.mark.parametrize(("kind", "bits", "channels"), [(6, 8, 1), (1, 8, 1), (1, 16, 3), (1, 16, 0)])
def test_other_than_16_bit_pcm_is_refused(kind: int, bits: int, channels: int) -> None:
    head = bytearray(wav.make_header(8000, 1, 0))
    struct.pack_into("<HH", head, 20, kind, channels)
    struct.pack_into("<H", head, 34, bits)
    with pytest.raises(wav.NotWav):
        wav.read_header(bytes(head))


def test_chunks_of_other_programs_are_passed_over() -> None:
    plain = wav.make_header(8000, 1, 4)
    extra = b"LIST" + struct.pack("<I", 3) + b"abc\0"
    size = struct.pack("<I", 36 + 4 + len(extra))
    head = plain[:4] + size + plain[8:12] + extra + plain[12:]
    header = wav.read_header(head)
    assert header.data_at == 44 + len(extra) and header.is_complete(len(head) + 4)


def test_repair_of_a_file_happens_once(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(files.wav(files.tone(0.5), closed=False))
    assert wav.repair(path) is True
    assert wav.repair(path) is False
    with wave.open(str(path)) as read:
        assert read.getnframes() == 4000
    assert path.read_bytes() == files.wav(files.tone(0.5))


def test_silence_is_only_what_is_all_zero(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(files.wav(files.silence(40)))
    assert wav.is_silent(path)
    path.write_bytes(files.wav(files.silence(40) + b"\1\0"))
    assert not wav.is_silent(path)


@pytest.mark.parametrize(("left_s", "right_s"), [(40.0, 40.0), (40.0, 12.5), (0.0, 1.0), (0.0, 0.0)])
def test_join_puts_each_side_on_its_own_channel(tmp_path: Path, left_s: float, right_s: float) -> None:
    left, right = files.tone(left_s, 440), files.tone(right_s, 600)
    (tmp_path / "l.wav").write_bytes(files.wav(left))
    (tmp_path / "r.wav").write_bytes(files.wav(right))
    out = io.BytesIO()
    assert wav.join(tmp_path / "l.wav", tmp_path / "r.wav", out) == max(left_s, right_s)
    out.seek(0)
    with wave.open(out) as read:
        assert (read.getnchannels(), read.getframerate()) == (2, 8000)
        stereo = array("h", read.readframes(read.getnframes()))
    length = max(len(left), len(right))
    assert stereo[0::2].tobytes() == left.ljust(length, b"\0")
    assert stereo[1::2].tobytes() == right.ljust(length, b"\0")


def test_join_refuses_sides_that_do_not_fit(tmp_path: Path) -> None:
    (tmp_path / "l.wav").write_bytes(files.wav(b"\0\0"))
    (tmp_path / "r.wav").write_bytes(wav.make_header(16000, 1, 2) + b"\0\0")
    with pytest.raises(wav.NotWav):
        wav.join(tmp_path / "l.wav", tmp_path / "r.wav", io.BytesIO())
