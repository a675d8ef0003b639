"""Sound written at other rates, with fewer bits, in other channels, and into a pipe."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import soundfile

from nsynth_lab.audio import Audio, read_audio, write_audio
from nsynth_lab.dsp.dither import STEPS, Dither
from nsynth_lab.dsp.resampling import StreamResampler, resample
from nsynth_lab.errors import UsageError
from nsynth_lab.sinks.file import FileSink, write_sound
from nsynth_lab.sound_format import RATES, SoundFormat
from nsynth_lab.units import SAMPLE_RATE, FloatArray

SECONDS = 1.0


def tone(*hz: float, seconds: float = SECONDS, level: float = 0.25) -> FloatArray:
    t = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    return np.asarray([level * np.sin(2 * np.pi * one * t) for one in hz], np.float32)


def level_db(samples: FloatArray, hz: float, rate: int) -> float:
    """Of one partial, in dBFS, in the middle of the sound."""
    middle = samples[len(samples) // 4 : -len(samples) // 4]
    window = np.hanning(len(middle))
    t = np.arange(len(middle)) / rate
    found = 2 * abs(np.sum(window * middle * np.exp(-2j * np.pi * hz * t))) / window.sum()
    return 20 * float(np.log10(found + 1e-12))


@pytest.mark.parametrize("rate", [rate for rate in RATES if rate != SAMPLE_RATE])
def test_a_resampled_stream_is_the_whole_resampled(rate: int) -> None:
    """Whatever the blocks are, to -120 dB, and as long as the whole."""
    sound = np.random.default_rng(1).uniform(-0.5, 0.5, (2, 50_001)).astype(np.float32)
    whole = resample(sound, SAMPLE_RATE, rate)
    for block in (256, 20_000, 50_001):
        stream = StreamResampler(SAMPLE_RATE, rate, channels=2)
        parts = [stream.process(sound[:, start : start + block]) for start in range(0, sound.shape[1], block)]
        found = np.concatenate([*parts, stream.finish()], axis=1)
        assert found.shape == whole.shape == (2, -(-50_001 * rate // SAMPLE_RATE))
        assert np.abs(found - whole).max() < 1e-6


@pytest.mark.parametrize("rate", [22_050, 44_100, 96_000])
def test_a_tone_keeps_its_pitch_and_level_at_another_rate(rate: int, tmp_path: Path) -> None:
    path = write_sound(tmp_path / "x.wav", Audio(tone(1000.0)), SoundFormat(rate, "32f"), comment="", force=False)
    audio = read_audio(path)
    assert audio.sample_rate == rate
    assert audio.seconds == pytest.approx(SECONDS, abs=1 / rate)
    assert level_db(audio.samples[0], 1000.0, rate) == pytest.approx(20 * np.log10(0.25), abs=0.01)


def test_what_a_lower_rate_cannot_hold_does_not_fold_back(tmp_path: Path) -> None:
    """15 kHz at 22,050 Hz would be heard at 7,050 Hz."""
    path = write_sound(tmp_path / "x.wav", Audio(tone(15_000.0)), SoundFormat(22_050, "32f"), comment="", force=False)
    assert level_db(read_audio(path).samples[0], 22_050 - 15_000.0, 22_050) < -90


def test_dither_makes_noise_of_what_is_lost() -> None:
    """Triangular dither: the error's mean is 0 and its RMS half a step, whatever the sound; and so a tone of less
    than half a step is still there, where rounding alone leaves nothing of it.
    """
    for level in (0.0, 0.3, 0.4 / STEPS):
        sound = tone(997.0, level=level)
        error = Dither().rounded(sound) - sound.astype(np.float64) * STEPS
        assert abs(error.mean()) < 0.01
        assert np.sqrt(np.mean(error**2)) == pytest.approx(0.5, abs=0.01)
        assert abs(np.corrcoef(error[0], tone(997.0, level=0.1)[0])[0, 1]) < 0.02
    quiet = tone(997.0, level=0.4 / STEPS)
    assert not np.rint(quiet * STEPS).any()
    kept = np.asarray(Dither().rounded(quiet)[0] / STEPS, np.float32)
    assert level_db(kept, 997.0, SAMPLE_RATE) == pytest.approx(20 * np.log10(0.4 / STEPS), abs=1.0)


def test_dither_is_the_same_each_time_and_clips() -> None:
    sound = tone(440.0)
    assert np.array_equal(Dither(seed=3).rounded(sound), Dither(seed=3).rounded(sound))
    assert not np.array_equal(Dither(seed=3).rounded(sound), Dither(seed=4).rounded(sound))
    assert set(Dither().rounded(np.asarray([[2.0, -2.0]], np.float32))[0]) == {32_767, -32_768}


@pytest.mark.parametrize(
    ("name", "sound_format", "subtype", "rate", "channels"),
    [
        ("x.wav", SoundFormat(), "PCM_24", 48_000, 2),
        ("x.wav", SoundFormat(44_100, "16"), "PCM_16", 44_100, 2),
        ("x.wav", SoundFormat(bits="32f", channels="mono"), "FLOAT", 48_000, 1),
        ("x.flac", SoundFormat(96_000, "24"), "PCM_24", 96_000, 2),
        ("x.aiff", SoundFormat(bits="16"), "PCM_16", 48_000, 2),
        ("x.ogg", SoundFormat(44_100, channels="mono"), "VORBIS", 44_100, 1),
        ("x.mp3", SoundFormat(44_100), "MPEG_LAYER_III", 44_100, 2),
    ],
    ids=str,
)
def test_files_are_as_asked(
    name: str, sound_format: SoundFormat, subtype: str, rate: int, channels: int, tmp_path: Path
) -> None:
    sound = tone(440.0, 660.0)
    path = write_sound(tmp_path / name, Audio(sound), sound_format, comment="", force=False)
    info = soundfile.info(str(path))
    assert (info.subtype, info.samplerate, info.channels) == (subtype, rate, channels)
    heard = read_audio(path).samples
    for channel, hz in zip(heard, (440.0, 660.0), strict=False):
        lost = 6.02 if channels == 1 else 0.0  # half of each
        assert level_db(channel, hz, rate) == pytest.approx(20 * np.log10(0.25) - lost, abs=0.5)


def test_the_usual_file_is_the_one_that_it_was(tmp_path: Path) -> None:
    audio = Audio(tone(440.0, 660.0))
    for ending in ("wav", "flac", "aiff", "mp3"):
        new = write_sound(tmp_path / f"new.{ending}", audio, SoundFormat(), comment="as it was", force=False)
        old = write_audio(tmp_path / f"old.{ending}", audio, comment="as it was")
        assert new.read_bytes() == old.read_bytes()


def test_mono_in_stereo_is_the_same_twice(tmp_path: Path) -> None:
    path = write_sound(
        tmp_path / "x.wav", Audio(tone(440.0)), SoundFormat(bits="32f", channels="stereo"), comment="", force=False
    )
    samples = read_audio(path).samples
    assert np.array_equal(samples, np.repeat(tone(440.0), 2, axis=0))


def test_the_blocks_do_not_matter(tmp_path: Path) -> None:
    sound, sizes = tone(440.0, 660.0), {}
    for block in (256, 48_000):
        path = tmp_path / f"{block}.wav"
        with FileSink(path, sound_format=SoundFormat(44_100, "16")) as sink:
            for start in range(0, sound.shape[1], block):
                sink.write(sound[:, start : start + block])
        sizes[block] = read_audio(path).samples
    assert sizes[256].shape == sizes[48_000].shape
    assert np.abs(sizes[256] - sizes[48_000]).max() < 5 / STEPS  # only the dither differs


@pytest.mark.parametrize("ending", ["ogg", "mp3"])
def test_more_quality_is_a_larger_file(ending: str, tmp_path: Path) -> None:
    noise = np.random.default_rng(0).uniform(-0.3, 0.3, (2, 96_000)).astype(np.float32)
    sizes = [
        write_sound(
            tmp_path / f"{quality}.{ending}", Audio(noise), SoundFormat(quality=quality), comment="", force=False
        )
        .stat()
        .st_size
        for quality in (0, 5, 10)
    ]
    assert sizes == sorted(set(sizes)), sizes
    assert sizes[2] > 1.5 * sizes[0]


@pytest.mark.parametrize(
    ("values", "ending", "says"),
    [
        ({"sample_rate": 44_099}, ".wav", "--rate 44099; expected one of 8000"),
        ({"bits": "12"}, ".wav", "--bits 12; expected 16, 24 or 32f"),
        ({"channels": "5"}, ".wav", "--channels 5; expected mono or stereo"),
        ({"quality": 11.0}, ".ogg", "--quality 11; expected 0 to 10"),
        ({"quality": float("nan")}, ".ogg", "--quality nan"),
        ({"quality": 5.0}, ".flac", "a .flac file loses nothing"),
        ({"bits": "32f"}, ".flac", "a .flac file has 16 or 24"),
        ({"bits": "16"}, ".mp3", "a .mp3 file has none to choose"),
        ({"sample_rate": 96_000}, ".mp3", "48000 Hz at most"),
    ],
    ids=str,
)
def test_what_a_file_cannot_be_is_told(values: dict[str, object], ending: str, says: str) -> None:
    with pytest.raises(UsageError, match=says.replace("(", r"\(")):
        SoundFormat(**values).subtype(ending)  # type: ignore[arg-type]


def test_a_song_in_another_rate_survives_sox(tmp_path: Path) -> None:
    """Another program reads what is written."""
    if shutil.which("sox") is None:
        pytest.skip("sox is not installed")
    path = write_sound(tmp_path / "x.wav", Audio(tone(440.0)), SoundFormat(44_100, "16"), comment="", force=False)
    said = subprocess.run(["sox", "--i", str(path)], capture_output=True, text=True, check=True).stdout
    assert "44100" in said
    assert "16-bit" in said
