"""Sound files that are odd, as recorders, streams and strangers write them: read as what they hold, or refused.

Each is made here, byte by byte or from a file that libsndfile has written.
"""

from __future__ import annotations

import os
import struct
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from nsynth_lab import messages
from nsynth_lab.audio import Audio, read_audio, read_clip, write_audio
from nsynth_lab.errors import AudioError
from nsynth_lab.units import SAMPLE_RATE, FloatArray

SAMPLES = 12_001
SINE = (0.5 * np.sin(2 * np.pi * 220 * np.arange(SAMPLES) / SAMPLE_RATE)).astype(np.float32)
EVEN = SINE[:-1]  # of odd lengths some of libsndfile's writers count the pad byte as a sample
STEPS = np.round(SINE * 2**15).astype("<i2")
PCM, FLOAT, EXTENSIBLE = 1, 3, 0xFFFE
SUBFORMAT = bytes.fromhex("000000001000800000aa00389b71")
NONE, ALL = 0, 0xFFFFFFFF
ID3 = b"ID3\3\0\0\0\0\1\0" + bytes(128)


def chunk(name: bytes, content: bytes, *, says: int | None = None, pad: bool = True) -> bytes:
    length = len(content) if says is None else says
    return name + struct.pack("<I", length) + content + (b"\0" if pad and len(content) % 2 else b"")


def form(tag: int = PCM, bits: int = 16, *, align: int | None = None, rest: bytes = b"") -> bytes:
    align = bits // 8 if align is None else align
    return struct.pack("<HHIIHH", tag, 1, SAMPLE_RATE, SAMPLE_RATE * align, align, bits) + rest


def riff(*chunks: bytes, head: bytes = b"RIFF", says: int | None = None) -> bytes:
    body = b"WAVE" + b"".join(chunks)
    return head + struct.pack("<I", len(body) if says is None else says) + body


def bits_24(values: FloatArray) -> bytes:
    whole = np.round(values * 2.0**23).astype("<i4")
    return np.ascontiguousarray(whole.view(np.uint8).reshape(-1, 4)[:, :3]).tobytes()


def rf64(length: int, *, head: bytes = b"RF64", lengths: bool = True) -> bytes:
    ds64 = chunk(b"ds64", struct.pack("<QQQI", length + 72, length, SAMPLES, 0))
    return riff(ds64 if lengths else b"", FORM, chunk(b"data", DATA, says=ALL), head=head, says=ALL)


FORM, DATA = chunk(b"fmt ", form()), STEPS.tobytes()
WAV = chunk(b"data", DATA)
BITS_8 = np.round(SINE * 127 + 128).astype(np.uint8).tobytes()
BITS_32 = np.round(SINE.astype(np.float64) * 2**31).astype("<i4").tobytes()
LIST = b"INFOIART\x05\0\0\0Bach\0"
WAVS = {
    "data of length 0, to the end": riff(FORM, chunk(b"data", DATA, says=NONE), says=NONE),
    "data of length 0 in a RIFF that has its own": riff(FORM, chunk(b"data", DATA, says=NONE)),
    "as ffmpeg writes to a pipe": riff(FORM, chunk(b"LIST", LIST), chunk(b"data", DATA, says=ALL), says=ALL),
    "as sox writes to a pipe": riff(FORM, chunk(b"data", DATA, says=0x7FFFF000), says=0x7FFFF024),
    "RIFF of length 0": riff(FORM, WAV, says=NONE),
    "data longer than the file": riff(FORM, chunk(b"data", DATA, says=3 * len(DATA))),
    "floats of length 0": riff(chunk(b"fmt ", form(FLOAT, 32)), chunk(b"data", SINE.tobytes(), says=NONE), says=NONE),
    "24 bits of length 0": riff(chunk(b"fmt ", form(bits=24)), chunk(b"data", bits_24(SINE), says=NONE)),
    "an odd chunk with its pad byte": riff(FORM, chunk(b"LIST", LIST), WAV),
    "an odd chunk without its pad byte": riff(FORM, chunk(b"LIST", LIST, pad=False), WAV),
    "odd junk without its pad byte in front": riff(chunk(b"junk", b"abc", pad=False), FORM, WAV),
    "junk and a broadcast chunk in front": riff(chunk(b"JUNK", bytes(28)), chunk(b"bext", bytes(602)), FORM, WAV),
    "a list behind": riff(FORM, WAV, chunk(b"LIST", LIST)),
    "rubbish behind": riff(FORM, WAV) + bytes(range(7, 256)),
    "an ID3 tag in front": ID3 + riff(FORM, WAV),
    "zeros in front": bytes(512) + riff(FORM, WAV),
    "fmt behind": riff(WAV, FORM),
    "fmt without its bits": riff(chunk(b"fmt ", form()[:14]), WAV),
    "fmt with an empty extension": riff(chunk(b"fmt ", form(rest=b"\0\0")), WAV),
    "no alignment": riff(chunk(b"fmt ", form(align=0)), WAV),
    "RF64": rf64(len(DATA)),
    "RF64 whose lengths were never filled in": rf64(0),
    "RF64 that claims 2^60 samples": rf64(2**60),
    "RF64 of length -1": rf64(2**64 - 100),
    "RF64 without ds64": rf64(0, lengths=False),
    "BW64": rf64(len(DATA), head=b"BW64"),
    "BW64 whose lengths were never filled in": rf64(0, head=b"BW64"),
    "8 bits": riff(chunk(b"fmt ", form(bits=8)), chunk(b"data", BITS_8)),
    "8 bits, odd, not padded, a list behind": riff(
        chunk(b"fmt ", form(bits=8)), chunk(b"data", BITS_8, pad=False), chunk(b"LIST", LIST)
    ),
    "24 bits": riff(chunk(b"fmt ", form(bits=24)), chunk(b"data", bits_24(SINE))),
    "24 bits in 4 bytes": riff(chunk(b"fmt ", form(bits=24, align=4)), chunk(b"data", BITS_32)),
    "32 bits": riff(chunk(b"fmt ", form(bits=32)), chunk(b"data", BITS_32)),
    "doubles": riff(chunk(b"fmt ", form(FLOAT, 64)), chunk(b"data", SINE.astype("<f8").tobytes())),
    "extensible, 20 of 24 bits": riff(
        chunk(b"fmt ", form(EXTENSIBLE, 24, rest=struct.pack("<HHIH", 22, 20, 4, PCM) + SUBFORMAT)),
        chunk(b"data", bits_24(SINE)),
    ),
    "extensible, floats": riff(
        chunk(b"fmt ", form(EXTENSIBLE, 32, rest=struct.pack("<HHIH", 22, 32, 4, FLOAT) + SUBFORMAT)),
        chunk(b"data", SINE.tobytes()),
    ),
    "extensible without its extension": riff(chunk(b"fmt ", form(EXTENSIBLE, rest=b"\0\0")), WAV),
    "extensible with an unknown subformat": riff(
        chunk(b"fmt ", form(EXTENSIBLE, rest=struct.pack("<HHI", 22, 16, 4) + bytes(16))), WAV
    ),
}


@pytest.mark.parametrize("content", WAVS.values(), ids=WAVS)
def test_an_odd_wav_holds_the_same_sound(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "odd.wav"
    path.write_bytes(content)
    clip = read_clip(path)
    assert clip.sample_rate == SAMPLE_RATE
    assert clip.samples.shape == (1, SAMPLES)
    np.testing.assert_allclose(clip.samples[0], SINE, atol=2**-6 if BITS_8 in content else 2**-15)


@pytest.mark.parametrize(
    "name", ["data of length 0, to the end", "RF64 whose lengths were never filled in", "fmt behind"]
)
def test_a_repaired_wav_is_read_as_far_as_asked(tmp_path: Path, name: str) -> None:
    path = tmp_path / "odd.wav"
    path.write_bytes(WAVS[name])
    np.testing.assert_array_equal(read_audio(path, max_seconds=0.1).samples[0], STEPS[:4_800] / np.float32(2**15))


@pytest.mark.parametrize("subtype", ["ULAW", "ALAW", "IMA_ADPCM", "MS_ADPCM"])
def test_a_streams_length_does_not_matter_in_any_encoding(tmp_path: Path, subtype: str) -> None:
    path = tmp_path / "coded.wav"
    soundfile.write(path, EVEN, SAMPLE_RATE, subtype=subtype)
    whole = read_audio(path).samples
    assert len(EVEN) <= whole.shape[1] < len(EVEN) + 2_048
    np.testing.assert_allclose(whole[0, 20 : len(EVEN) - 20], EVEN[20:-20], atol=0.02)
    content = bytearray(path.read_bytes())
    place = content.index(b"data") + 4
    content[place : place + 4] = content[4:8] = bytes(4)
    path.write_bytes(content)
    np.testing.assert_array_equal(read_audio(path).samples, whole)


def test_an_empty_wav_stays_empty(tmp_path: Path) -> None:
    path = tmp_path / "empty.wav"
    for content in (riff(FORM, chunk(b"data", b"")), riff(FORM, chunk(b"data", b""), chunk(b"LIST", LIST + b"\0"))):
        path.write_bytes(content)
        assert read_audio(path).samples.shape == (1, 0)
        with pytest.raises(AudioError, match=r"0\.000 s long"):
            read_clip(path)
    path.write_bytes(riff(FORM, chunk(b"data", DATA[:2])))
    assert read_audio(path).samples.shape == (1, 1)


@pytest.mark.parametrize(
    "content",
    [
        riff(FORM),
        riff(chunk(b"fmt ", form(bits=0, align=2)), WAV),
        riff(chunk(b"fmt ", form()[:2] + b"\0\0" + form()[4:]), WAV),
        riff(chunk(b"fmt ", form()[:2] + b"\xff\xff" + form()[4:]), WAV),
        riff(chunk(b"fmt ", form()[:4] + b"\0\0\0\0" + form()[8:]), WAV),
        riff(chunk(b"fmt ", form()[:4] + b"\xff\xff\xff\xff" + form()[8:]), WAV),
        b"RIFF\xff\xff\xff\xffWAVE" + b"fmt \xff\xff\xff\xff" + bytes(100),
        b"RF64\xff\xff\xff\xffWAVE",
        riff(*[chunk(b"junk", b"")] * 30_000),
    ],
)
def test_a_wav_without_sound_is_refused_in_one_line(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "none.wav"
    path.write_bytes(content)
    with pytest.raises(AudioError, match=r"none\.wav: (not a sound file that can be read|sample rate)"):
        read_audio(path)


def flac(tmp_path: Path, total: int) -> Path:
    """A FLAC file whose header claims so many samples: 36 bits of STREAMINFO, whose first byte is the 22nd."""
    path = write_audio(tmp_path / "made.flac", Audio(SINE[None]), force=True)
    content = bytearray(path.read_bytes())
    content[21] = content[21] & 0xF0 | total >> 32
    content[22:26] = struct.pack(">I", total & ALL)
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("total", [0, 2**36 - 1])
@pytest.mark.parametrize("tag", [b"", ID3], ids=["", "ID3"])
def test_a_flac_of_unknown_or_wrong_length_is_read_to_its_end(tmp_path: Path, total: int, tag: bytes) -> None:
    """Zero is what encoders write that cannot go back to the beginning: ffmpeg and VLC into a stream."""
    path = flac(tmp_path, total)
    path.write_bytes(tag + path.read_bytes())
    clip = read_clip(path)
    np.testing.assert_allclose(clip.samples[0], SINE, atol=2**-22)
    assert clip.samples.shape == (1, SAMPLES)
    assert read_audio(path, max_seconds=0.1).samples.shape == (1, 4_800)


def test_the_intact_part_of_a_truncated_flac_is_used_and_reported(tmp_path: Path) -> None:
    path = flac(tmp_path, 0)
    content = path.read_bytes()
    path.write_bytes(content[: -len(content) // 3])
    told: list[str] = []
    messages.subscribe(told.append)
    clip = read_clip(path)
    assert 4_096 <= clip.samples.shape[1] < SAMPLES
    np.testing.assert_allclose(clip.samples[0], SINE[: clip.samples.shape[1]], atol=2**-22)
    assert any("made.flac: damaged after 0.1 s" in line or "damaged after 0.2 s" in line for line in told)


@pytest.mark.parametrize("make", [lambda _: rf64(2**60), lambda folder: flac(folder, 2**36 - 1).read_bytes()])
def test_no_memory_is_allocated_for_lengths_a_header_claims(tmp_path: Path, make: Callable[[Path], bytes]) -> None:
    path = tmp_path / "claims.wav"
    path.write_bytes(make(tmp_path))
    read_audio(path)
    tracemalloc.start()
    try:
        read_audio(path)
        assert tracemalloc.get_traced_memory()[1] < 8 * 2**20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("name", ["AIFF", "CAF", "W64", "AU", "RF64", "WAVEX"])
@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24", "FLOAT", "ULAW"])
def test_what_libsndfile_writes_is_read(tmp_path: Path, name: str, subtype: str) -> None:
    if not soundfile.check_format(name, subtype):
        pytest.skip("libsndfile does not write this")
    path = tmp_path / f"x.{name.lower()}"
    soundfile.write(path, EVEN, SAMPLE_RATE, format=name, subtype=subtype)
    np.testing.assert_allclose(read_clip(path).samples[0], EVEN, atol=0.02 if subtype == "ULAW" else 2**-15)


def test_little_endian_aiff_is_read(tmp_path: Path) -> None:
    rate = struct.pack(">HQ", 16383 + 15, SAMPLE_RATE << 48)
    comm = struct.pack(">hIh", 1, SAMPLES, 16) + rate + b"sowt\0\0"
    body = b"AIFCCOMM" + struct.pack(">I", len(comm)) + comm + b"SSND" + struct.pack(">III", 8 + len(DATA), 0, 0) + DATA
    path = tmp_path / "x.aifc"
    path.write_bytes(b"FORM" + struct.pack(">I", len(body)) + body)
    np.testing.assert_array_equal(read_clip(path).samples[0], STEPS / np.float32(2**15))


@pytest.fixture
def mp3(tmp_path: Path) -> Path:
    """Three seconds at a bitrate that varies, whose first frame says how many there are."""
    rng = np.random.default_rng(0)
    fading = np.linspace(0.0, 0.3, 3 * SAMPLE_RATE) * rng.standard_normal(3 * SAMPLE_RATE)
    path = tmp_path / "x.mp3"
    soundfile.write(path, fading, SAMPLE_RATE)
    assert path.read_bytes().count(b"Xing") == 1
    return path


def test_an_mp3_is_read_to_its_end_whatever_its_first_frame_says(mp3: Path, capfd: pytest.CaptureFixture[str]) -> None:
    whole = read_audio(mp3).samples
    assert whole.shape == (1, 3 * SAMPLE_RATE)
    content = mp3.read_bytes()
    place = content.index(b"Xing") + 8
    mp3.write_bytes(content[:place] + struct.pack(">I", 3) + content[place + 4 :])
    np.testing.assert_array_equal(read_audio(mp3).samples, whole)
    mp3.write_bytes(content[:place] + struct.pack(">I", 10**8) + content[place + 4 :])
    np.testing.assert_array_equal(read_audio(mp3).samples[:, : whole.shape[1]], whole)
    mp3.write_bytes(ID3 + ID3 + content + b"TAG" + bytes(125))
    np.testing.assert_array_equal(read_audio(mp3).samples, whole)
    assert capfd.readouterr().err == ""  # the decoder's own remarks are for nobody


def test_an_mp3_of_varying_bitrate_without_a_length_is_read_to_its_end(mp3: Path) -> None:
    """Decoders guess from the first frame, here a small one, and end early or late; a joined file has one too few."""
    whole = read_audio(mp3).samples
    content = mp3.read_bytes()
    place = content.index(b"Xing")
    second = content.index(content[:2], place)  # the next frame begins as the first one did
    mp3.write_bytes(content[second:])
    bare = read_audio(mp3).samples
    assert bare.shape[1] == pytest.approx(whole.shape[1], abs=3 * 1_152)
    mp3.write_bytes(content + content)
    assert read_audio(mp3).samples.shape[1] == pytest.approx(2 * whole.shape[1], abs=3 * 1_152)


@pytest.mark.skipif(os.name == "nt", reason="names are UTF-16 there")
@pytest.mark.parametrize("ending", [".wav", ".flac", ".ogg", ".mp3", ".aiff"])
def test_a_file_whose_name_is_no_utf_8_is_written_and_read(tmp_path: Path, ending: str) -> None:
    path = tmp_path / (os.fsdecode(b"Fl\xf6te_C4") + ending)
    write_audio(path, Audio(SINE[None]), comment="made")
    assert os.listdir(os.fsencode(tmp_path)) == [b"Fl\xf6te_C4" + ending.encode()]
    assert read_clip(path).samples.shape == (1, SAMPLES)


def test_many_channels_are_mixed_to_their_mean(tmp_path: Path) -> None:
    path = tmp_path / "surround.wav"
    soundfile.write(path, np.stack([SINE * gain for gain in (1, 0, 0.5, 0, 0, 0.3)], axis=1), SAMPLE_RATE)
    np.testing.assert_allclose(read_clip(path).mono(), SINE * 0.3, atol=2**-15)


@pytest.mark.parametrize("ending", [".wav", ".mp3"])
def test_damaged_headers_are_read_or_refused(tmp_path: Path, mp3: Path, ending: str) -> None:
    rng = np.random.default_rng(1)
    wholes = [mp3.read_bytes()[:9_000]] if ending == ".mp3" else [*WAVS.values()]
    path = tmp_path / f"damaged{ending}"
    for turn in range(240):
        whole = bytearray(wholes[turn % len(wholes)])
        for place in rng.integers(0, 120, rng.integers(1, 6)):
            whole[place] = (0, 1, 2, 127, 128, 254, 255, rng.integers(256))[rng.integers(8)]
        path.write_bytes(whole[: rng.integers(20, len(whole))] if turn % 3 else whole)
        try:
            clip = read_audio(path)
        except AudioError:
            continue
        assert clip.samples.dtype == np.float32
