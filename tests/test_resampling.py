"""Resampling: what both rates can carry stays as it is, what the lower one cannot is gone."""

from __future__ import annotations

import numpy as np
import pytest

from nsynth_lab.dsp.recording_resampling import resample_recording
from nsynth_lab.dsp.resampling import StreamResampler, resample
from nsynth_lab.units import FloatArray

RATES = [(96_000, 48_000), (44_100, 48_000), (48_000, 16_000), (192_000, 48_000), (48_000, 44_100)]


def tone(hz: float, sample_rate: int) -> FloatArray:
    """One second at full scale [1, samples]."""
    return np.sin(2 * np.pi * hz * np.arange(sample_rate) / sample_rate).astype(np.float32)[None]


def away_from_ends(samples: FloatArray) -> FloatArray:
    return samples[:, 2_000:-2_000]


@pytest.mark.parametrize(("rate", "target"), RATES)
@pytest.mark.parametrize("share", [0.02, 0.5, 0.9])
def test_below_the_lower_half_rate_a_tone_is_the_same_tone(rate: int, target: int, share: float) -> None:
    hz = share * min(rate, target) / 2
    made = resample(tone(hz, rate), rate, target)
    assert made.shape == (1, target)
    furthest = np.abs(away_from_ends(made - tone(hz, target))).max()
    assert furthest < 2e-3, "0.013 dB at nine tenths"


@pytest.mark.parametrize(
    ("rate", "target", "share"),
    [(*pair, share) for pair in RATES for share in (1.08, 1.5, 1.9) if share * pair[1] < pair[0]],
)
def test_above_it_nothing_is_folded_back(rate: int, target: int, share: float) -> None:
    hz = share * target / 2
    made = away_from_ends(resample(tone(hz, rate), rate, target))
    assert 20 * np.log10(np.abs(made).max()) < -100.0


@pytest.mark.parametrize("rate", [8_000, 44_100, 96_000])
def test_recordings_and_what_is_written_are_resampled_alike(rate: int) -> None:
    """The former by torchaudio, whose filters are computed in float32."""
    sound = np.random.default_rng(0).uniform(-1.0, 1.0, (2, rate // 3 + 7)).astype(np.float32)
    made, recorded = resample(sound, rate), resample_recording(sound, rate)
    assert made.shape == recorded.shape
    assert np.abs(made - recorded).max() < 2e-5


@pytest.mark.parametrize("prompt", [False, True])
@pytest.mark.parametrize(("rate", "target"), RATES)
def test_in_blocks_of_any_size_it_is_the_same(rate: int, target: int, prompt: bool) -> None:
    sound = np.random.default_rng(0).uniform(-1.0, 1.0, (2, 3_001)).astype(np.float32)
    stream, made, done = StreamResampler(rate, target, channels=2, prompt=prompt), [], 0
    for size in (1, 64, 511, 3, 1_024, 1_398):
        made.append(stream.process(sound[:, done : done + size]))
        done += size
        here = sum(block.shape[1] for block in made)
        assert not prompt or here * rate / target > done - 80 * max(1.0, rate / target), "what is settled is returned"
    whole = np.concatenate([*made, stream.finish()], axis=1)
    assert whole.shape == (wanted := resample(sound, rate, target)).shape
    assert np.abs(whole - wanted).max() < 2e-6
