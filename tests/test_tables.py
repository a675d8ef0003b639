"""Tables of what plays: made in NumPy, equal to what torch makes of the same law."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import torch

from nsynth_lab.dsp.noise import white_table
from nsynth_lab.dsp.noise_table import BINS, FFT_SAMPLES, TABLE_FRAMES, normal_numbers, white_spectra
from nsynth_lab.dsp.on_device import on_device
from nsynth_lab.model.controls import partial_ratios
from nsynth_lab.model.distribution import centres_hz
from nsynth_lab.model.scales import noise_audible, noise_lines, oscillator_orders, start_turns
from nsynth_lab.units import SAMPLE_RATE


@pytest.mark.parametrize("count", [16, 17, 31, 32, 1000, 32_768, 32_773, 70_000])
def test_normal_numbers_are_those_that_torch_draws(count: int) -> None:
    drawn = torch.randn(count, generator=torch.Generator().manual_seed(7)).numpy()
    np.testing.assert_allclose(normal_numbers(count, seed=7), drawn, rtol=0, atol=1e-6)


def test_the_table_of_noise_is_the_one_that_sounds_were_made_with() -> None:
    pairs = torch.randn(TABLE_FRAMES, BINS, 2, generator=torch.Generator().manual_seed(2017))
    drawn = torch.view_as_complex(pairs * (FFT_SAMPLES / 2) ** 0.5).numpy()
    spectra = white_spectra()
    assert spectra.dtype == np.complex64
    np.testing.assert_allclose(spectra[:, 1:-1], drawn[:, 1:-1], rtol=0, atol=3e-5)  # of 16, its usual magnitude
    assert not spectra[:, [0, -1]].any()
    waves = np.fft.irfft(spectra, axis=1)
    assert np.square(waves).mean() == pytest.approx(1.0, abs=0.01)
    assert white_table().data_ptr() == spectra.ctypes.data, "one table, not two"


def test_oscillators_without_offsets_are_at_their_orders() -> None:
    assert np.array_equal(oscillator_orders(40), partial_ratios(torch.zeros(1, 128), 40)[0].numpy())


def test_starting_phases_keep_the_peak_low() -> None:
    """Sixty equal cosines in phase peak at 60; with these phases below a third of it."""
    time = np.arange(4096) / 4096
    order = np.arange(60)
    wave = np.cos(2 * np.pi * (time[:, None] * order + start_turns(60))).sum(axis=1)
    assert np.abs(wave).max() < 20.0


@pytest.mark.parametrize("bands", [2, 16, 80])
def test_a_bin_between_two_bands_has_a_share_of_each(bands: int) -> None:
    """A bin at a band's centre takes that band alone, and the shares of every bin come to 1."""
    lines, centres = noise_lines(bands), centres_hz(bands).numpy()
    np.testing.assert_allclose(lines.sum(axis=0), 1.0, rtol=0, atol=1e-6)
    assert ((lines > 0).sum(axis=0) <= 2).all()
    hz = np.arange(BINS) * SAMPLE_RATE / FFT_SAMPLES
    inside = (hz >= centres[0]) & (hz <= centres[-1])
    # read back where each bin is on the mel scale, linear below 700 Hz and logarithmic above
    position = np.log1p(centres / 700.0) @ lines
    np.testing.assert_allclose(position[inside], np.log1p(hz[inside] / 700.0), rtol=0, atol=1e-5)


def test_noise_ends_at_20_khz() -> None:
    hz = np.arange(BINS) * SAMPLE_RATE / FFT_SAMPLES
    assert (noise_audible()[hz <= 19_500] == 1.0).all()
    assert not noise_audible()[hz >= 20_000].any()


def test_a_table_first_asked_for_without_gradients_serves_them_later() -> None:
    on_device.cache_clear()
    with torch.inference_mode():
        table = on_device(oscillator_orders, 20, device="cpu")
    x = torch.ones(20, requires_grad=True)
    (gradient,) = torch.autograd.grad((x * table).sum(), x)
    assert torch.equal(gradient, table)


@pytest.mark.parametrize("module", ["runtime.numba_batch", "runtime.numpy_decoder", "model.weights"])
def test_what_plays_does_not_import_torch(module: str) -> None:
    run = f"import sys, nsynth_lab.{module}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", run]).returncode == 0
