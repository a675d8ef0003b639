from __future__ import annotations

import os
import random
import struct
import wave
from pathlib import Path

import numpy as np
import pedalboard.io
import pytest
import soundfile

from nsynth_lab.audio import Audio, check_target, read_audio, read_clip, write_audio
from nsynth_lab.errors import AudioError, UsageError

# Largest error of a sample: half a step of 24 bits, or what a lossy encoder may do to a sine.
FORMATS = {".wav": 2**-23, ".flac": 2**-23, ".aiff": 2**-23, ".ogg": 0.05, ".mp3": 0.05}


def noise(seconds: float, *, rate: int = 48_000, channels: int = 1) -> Audio:
    rng = np.random.default_rng(0)
    return Audio(rng.uniform(-0.5, 0.5, (channels, round(seconds * rate))).astype(np.float32), rate)


@pytest.mark.parametrize("ending", FORMATS)
def test_what_is_written_is_read_back(tmp_path: Path, tone: Audio, ending: str) -> None:
    path = write_audio(tmp_path / f"tone{ending}", tone)
    back = read_audio(path)
    assert back.sample_rate == tone.sample_rate
    assert back.samples.shape == tone.samples.shape
    assert back.samples.dtype == np.float32
    np.testing.assert_allclose(back.samples, tone.samples, atol=FORMATS[ending])


@pytest.mark.parametrize("ending", FORMATS)
def test_another_reader_hears_the_same(tmp_path: Path, tone: Audio, ending: str) -> None:
    path = write_audio(tmp_path / f"tone{ending}", tone)
    with pedalboard.io.AudioFile(str(path)) as file:
        assert (file.samplerate, file.num_channels) == (48_000, 2)
        heard = file.read(file.frames)
    middle = slice(4_800, 19_200)
    if ending in (".wav", ".flac", ".aiff"):
        np.testing.assert_allclose(heard[:, middle], tone.samples[:, middle], atol=FORMATS[ending])
    else:  # this reader keeps a lossy encoder's delay, so ask for the level rather than for the samples
        level = np.sqrt(np.mean(heard[:, middle] ** 2, axis=1))
        np.testing.assert_allclose(level, 0.5 / np.sqrt(2), rtol=0.05)


def test_a_wav_is_24_bit_pcm_to_the_standard_library(tmp_path: Path, tone: Audio) -> None:
    path = write_audio(tmp_path / "tone.wav", tone)
    with wave.open(str(path)) as file:
        assert (file.getsampwidth(), file.getframerate(), file.getnchannels()) == (3, 48_000, 2)
        octets = np.frombuffer(file.readframes(file.getnframes()), np.uint8).reshape(-1, 2, 3)
    steps = np.zeros((*octets.shape[:2], 4), np.uint8)
    steps[..., 1:] = octets
    np.testing.assert_allclose(steps.view("<i4")[..., 0].T / 2.0**31, tone.samples, atol=2**-23)


@pytest.mark.parametrize("rate", [8_000, 11_025, 44_100, 96_000, 192_000])
@pytest.mark.parametrize("channels", [1, 6])
def test_any_rate_and_any_channels(tmp_path: Path, rate: int, channels: int) -> None:
    clip = noise(0.1, rate=rate, channels=channels)
    back = read_clip(write_audio(tmp_path / "clip.wav", clip))
    assert back.sample_rate == rate
    assert back.samples.shape == clip.samples.shape
    assert back.seconds == pytest.approx(0.1, abs=1 / rate)
    np.testing.assert_allclose(back.mono(), clip.samples.mean(axis=0), atol=2**-22)


def test_a_long_ogg_does_not_take_the_process_down(tmp_path: Path) -> None:
    """Libsndfile's Vorbis encoder, handed a minute at once, overflows the stack."""
    back = read_audio(write_audio(tmp_path / "long.ogg", Audio(np.zeros((2, 90 * 48_000), np.float32))))
    assert back.seconds == 90.0


def test_an_hour_is_read_as_far_as_asked(tmp_path: Path) -> None:
    path = tmp_path / "hour.wav"
    octets = 3_600 * 48_000 * 2
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, 48_000, 96_000, 2, 16)
    head = b"RIFF" + struct.pack("<I", 36 + octets) + b"WAVE" + form + b"data" + struct.pack("<I", octets)
    with path.open("wb") as file:
        file.write(head + np.full(48_000, 1_000, "<i2").tobytes())
        file.truncate(len(head) + octets)  # the rest is a hole, which takes no disk
    assert read_clip(path).seconds == 120.0
    assert read_clip(path, max_seconds=2.0).seconds == 2.0


def test_too_short_is_refused(tmp_path: Path) -> None:
    path = write_audio(tmp_path / "short.wav", noise(0.01))
    with pytest.raises(AudioError, match=r"0\.010 s long; a note needs at least 0\.05 s, silence after it counts"):
        read_clip(path)


def test_silence_is_refused(tmp_path: Path) -> None:
    path = write_audio(tmp_path / "silence.wav", Audio(np.zeros((1, 48_000), np.float32)))
    with pytest.raises(AudioError, match="silent throughout"):
        read_clip(path)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_nan_and_infinity_are_refused(tmp_path: Path, value: float) -> None:
    samples = noise(0.5).samples.copy()
    samples[0, 1_000] = value
    soundfile.write(tmp_path / "broken.wav", samples.T, 48_000, subtype="FLOAT")
    with pytest.raises(AudioError, match="NaN or infinite"):
        read_audio(tmp_path / "broken.wav")


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("empty.wav", b"", "the file is empty"),
        ("text.wav", b"this is not a sound\n" * 100, "not a sound file"),
        ("header.wav", b"RIFF", "not a sound file"),
        ("noise.flac", random.Random(0).randbytes(5_000), "not a sound file"),
        ("bare.raw", random.Random(1).randbytes(5_000), "not a sound file"),
    ],
)
def test_files_that_are_not_sound_are_refused(tmp_path: Path, name: str, content: bytes, says: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(AudioError, match=says) as caught:
        read_audio(path)
    assert str(caught.value).count(name) == 1
    assert "\n" not in str(caught.value)


def test_missing_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(AudioError, match="no such file"):
        read_audio(tmp_path / "nowhere.wav")
    with pytest.raises(AudioError, match="no such file"):
        read_audio(tmp_path / ("n" * 300 + ".wav"))
    with pytest.raises(AudioError, match="is a folder"):
        read_audio(tmp_path)


def test_an_absurd_sample_rate_is_refused(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "slow.wav", np.zeros(100), 10)
    with pytest.raises(AudioError, match="sample rate 10 Hz"):
        read_audio(tmp_path / "slow.wav")


@pytest.mark.parametrize("ending", [".wav", ".flac", ".ogg", ".aiff"])
def test_damaged_files_are_read_or_refused(tmp_path: Path, tone: Audio, ending: str) -> None:
    whole = write_audio(tmp_path / f"whole{ending}", tone).read_bytes()
    rng = random.Random(3)
    for turn in range(40):
        damaged = bytearray(whole[: rng.randrange(1, len(whole))] if turn % 2 else whole)
        for _ in range(rng.choice((0, 1, 10, 200))):
            damaged[rng.randrange(min(len(damaged), rng.choice((64, len(damaged)))))] = rng.randrange(256)
        path = tmp_path / f"damaged{ending}"
        path.write_bytes(damaged)
        try:
            clip = read_clip(path)
        except AudioError:
            continue
        assert np.isfinite(clip.samples).all()


def test_a_file_in_the_way_stays_unless_forced(tmp_path: Path, tone: Audio) -> None:
    path = tmp_path / "precious.wav"
    path.write_bytes(b"precious")
    with pytest.raises(UsageError, match="add --force to replace it"):
        write_audio(path, tone)
    assert path.read_bytes() == b"precious"
    write_audio(path, tone, force=True)
    assert read_audio(path).seconds == tone.seconds
    assert [file.name for file in tmp_path.iterdir()] == ["precious.wav"]


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("no/such/folder/a.wav", "does not exist; make it first"),
        ("a.xyz", "unknown ending '.xyz'"),
        (".", "is a folder"),
    ],
)
def test_impossible_targets_are_a_usage_error(tmp_path: Path, tone: Audio, name: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        write_audio(tmp_path / name, tone)


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write anywhere")
def test_read_only_targets_are_refused_before_the_work(tmp_path: Path) -> None:
    path = tmp_path / "locked.wav"
    path.touch(mode=0o444)
    with pytest.raises(UsageError, match="is read-only"):
        check_target(path, force=True)
    tmp_path.chmod(0o555)
    try:
        with pytest.raises(UsageError, match="is read-only"):
            check_target(tmp_path / "new.wav", force=False)
    finally:
        tmp_path.chmod(0o755)


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="needs a folder in which not even root can write")
def test_an_unwritable_place_is_reported_in_one_line(tone: Audio) -> None:
    with pytest.raises((AudioError, UsageError), match=r"cannot be written|read-only"):
        write_audio("/proc/tone.wav", tone)


def test_a_failed_write_leaves_nothing_behind(tmp_path: Path) -> None:
    path = tmp_path / "old.flac"
    path.write_bytes(b"old")
    with pytest.raises(AudioError, match="cannot be written"):  # FLAC ends at 8 channels
        write_audio(path, noise(0.1, channels=12), force=True)
    with pytest.raises(AudioError, match="there are no samples"):
        write_audio(path, Audio(np.zeros((1, 0), np.float32)), force=True)
    assert [file.name for file in tmp_path.iterdir()] == ["old.flac"]
    assert path.read_bytes() == b"old"


def test_real_recordings_are_read(shared_data: Path) -> None:
    for folder, rate in (("notes", 48_000), ("nsynth", 16_000)):
        files = sorted(path for path in (shared_data / folder).rglob("*") if path.suffix in (".wav", ".flac"))
        assert files
        for path in files[::20]:
            clip = read_clip(path)
            assert clip.sample_rate == rate
            assert 0.05 < clip.seconds <= 4.1


@pytest.mark.parametrize("ending", FORMATS)
def test_a_comment_travels_in_the_file(tmp_path: Path, tone: Audio, ending: str) -> None:
    path = write_audio(tmp_path / f"tone{ending}", tone, comment='{"made": "by hand", "seed": 3}')
    with soundfile.SoundFile(path) as file:
        assert file.comment == '{"made": "by hand", "seed": 3}'
    assert read_audio(path).samples.shape == tone.samples.shape
