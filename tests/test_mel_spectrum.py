"""The mel spectrum in NumPy: that of torch, with which the model is trained."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from nsynth_lab.dsp.mel import mel
from nsynth_lab.dsp.mel_spectrum import HIGHEST_HZ, WHOLE_HZ, band_edges_hz, mel_db
from nsynth_lab.units import SAMPLE_RATE


@pytest.mark.parametrize("highest_hz", [HIGHEST_HZ, WHOLE_HZ])
@pytest.mark.parametrize("samples", [512 * 60, 512 * 60 + 100, 5000])
def test_it_is_that_of_torch(samples: int, highest_hz: float) -> None:
    """Where it is within 100 dB of full scale; a sine in noise, then the noise alone."""
    sound = np.random.default_rng(0).normal(0.0, 1e-3, samples)
    sound[: samples // 2] += np.sin(0.05 * np.arange(samples // 2))
    came = mel_db(sound.astype(np.float32), highest_hz=highest_hz)
    bands = mel(torch.tensor(sound, dtype=torch.float32)[None], bands=128, highest_hz=highest_hz)[0]
    wanted = 20.0 * np.log10(bands.numpy())
    assert came.shape == (samples // 512, 128) == wanted.shape
    np.testing.assert_allclose(came[wanted > -100], wanted[wanted > -100], rtol=0, atol=0.02)


def test_a_sine_is_loudest_in_the_band_around_it() -> None:
    for hz in (100.0, 440.0, 3000.0, 15_000.0):
        level = mel_db(np.asarray(np.sin(2 * np.pi * hz / SAMPLE_RATE * np.arange(SAMPLE_RATE)), np.float32))
        band = int(level[40].argmax())
        assert band_edges_hz()[band] < hz < band_edges_hz()[band + 2]
