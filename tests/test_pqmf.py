"""Pqmf: what goes in comes out, a known number of samples later, and its bands keep to themselves."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
import torch
from streaming import assert_streams
from torch import Tensor

from nsynth_lab.research.pqmf import Pqmf, prototype, slow_analyse, slow_synthesise
from nsynth_lab.units import SAMPLE_RATE

BANDS, TAPS = 16, 256


@pytest.fixture
def noise() -> Tensor:
    return torch.randn(2, 24_000, generator=torch.Generator().manual_seed(1))


def through(pqmf: Pqmf, x: Tensor) -> Tensor:
    bands, _ = pqmf.analyse(x, pqmf.start(len(x)))
    return pqmf.synthesise(bands, pqmf.start(len(x)))[0]


def level_db(x: Tensor) -> float:
    return 10.0 * float(torch.log10(x.double().square().mean()))


def sine(hz: float, samples: int = 24_000) -> Tensor:
    return torch.sin(2 * torch.pi * hz * torch.arange(samples, dtype=torch.float64) / SAMPLE_RATE).float()[None]


@pytest.mark.parametrize(("bands", "taps", "error_db"), [(16, 256, -95), (16, 192, -73), (4, 64, -90), (16, 320, -105)])
def test_reconstruction(noise: Tensor, bands: int, taps: int, error_db: float) -> None:
    pqmf = Pqmf(bands, taps)
    delay = pqmf.delay_samples
    error = through(pqmf, noise)[:, delay:] - noise[:, :-delay]
    assert level_db(error) - level_db(noise) < error_db


def test_an_impulse_comes_out_alone_after_the_delay() -> None:
    pqmf = Pqmf()
    for at in (0, 1, 7, 15, 1000):
        x = torch.zeros(1, 2048)
        x[0, at] = 1.0
        y = through(pqmf, x)[0]
        assert int(y.argmax()) == at + pqmf.delay_samples
        assert y[at + pqmf.delay_samples] == pytest.approx(1.0, abs=1e-4)
        assert torch.cat([y[: at + pqmf.delay_samples], y[at + pqmf.delay_samples + 1 :]]).abs().max() < 1e-4


@pytest.mark.parametrize("hz", [40.0, 1500.0, 1499.0, 2250.0, 3000.0, 11_111.0, 22_480.0, 23_990.0])
def test_a_tone_gains_no_aliases(hz: float) -> None:
    y = through(Pqmf(), sine(hz))[0, 1024 : 1024 + 16_384].double().numpy()
    spectrum_db = 20 * np.log10(np.abs(np.fft.rfft(y * np.blackman(len(y)) ** 2)) + 1e-12)
    bins = np.arange(len(spectrum_db))
    far = np.abs(bins - hz * len(y) / SAMPLE_RATE) > 8
    assert spectrum_db[far].max() - spectrum_db.max() < -85


def test_stop_band() -> None:
    low_pass = prototype(BANDS, TAPS)
    response_db = 20 * np.log10(np.abs(np.fft.rfft(low_pass, 1 << 16)) / low_pass.sum() + 1e-12)
    hz = np.fft.rfftfreq(1 << 16, 1 / SAMPLE_RATE)
    assert response_db[hz >= 1500].max() < -79  # a band is 1500 Hz wide: half of it, and half of the next
    assert response_db[hz == 750][0] == pytest.approx(-3.01, abs=0.1)


@pytest.mark.parametrize(("hz", "band"), [(700.0, 0), (2250.0, 1), (9800.0, 6), (23_300.0, 15)])
def test_a_tone_sounds_in_its_band(hz: float, band: int) -> None:
    bands, _ = Pqmf().analyse(sine(hz), Pqmf().start(1))
    level = 10 * torch.log10(bands[0, :, 64:].square().mean(dim=-1) + 1e-20)
    assert int(level.argmax()) == band
    far = [other for other in range(BANDS) if abs(other - band) > 1]
    assert float((level[far] - level[band]).max()) < -79
    assert float(level.max()) == pytest.approx(level_db(sine(hz)), abs=0.1)  # a band keeps the level


def test_slow_twins(noise: Tensor) -> None:
    pqmf = Pqmf()
    bands, _ = pqmf.analyse(noise, pqmf.start(2))
    wanted = slow_analyse(noise.double(), bands=BANDS, taps=TAPS)
    torch.testing.assert_close(bands.double(), wanted, rtol=0, atol=1e-5)
    audio, _ = pqmf.synthesise(bands, pqmf.start(2))
    torch.testing.assert_close(audio.double(), slow_synthesise(bands.double(), taps=TAPS), rtol=0, atol=1e-5)


def test_streamed_is_whole(noise: Tensor) -> None:
    pqmf = Pqmf()
    blocks = noise[:, : 16 * 101]

    def analyse(inputs: Sequence[Tensor], state: Tensor) -> tuple[Tensor, Tensor]:
        return pqmf.analyse(inputs[0], state)

    def synthesise(inputs: Sequence[Tensor], state: Tensor) -> tuple[Tensor, Tensor]:
        return pqmf.synthesise(inputs[0], state)

    assert_streams(analyse, [blocks], lambda: pqmf.start(2), unit=16, out_dim=2)
    bands, _ = pqmf.analyse(blocks, pqmf.start(2))
    assert_streams(synthesise, [bands], lambda: pqmf.start(2), dim=2)


def test_a_row_of_the_state_is_a_voice(noise: Tensor) -> None:
    pqmf = Pqmf()
    _, state = pqmf.analyse(noise[:, :1600], pqmf.start(2))
    state = torch.cat([state[:1], pqmf.start(1)])
    bands, _ = pqmf.analyse(noise[:, 1600:3200], state)
    fresh, _ = pqmf.analyse(noise[1:, 1600:3200], pqmf.start(1))
    whole, _ = pqmf.analyse(noise[:1, :3200], pqmf.start(1))
    torch.testing.assert_close(bands[1:], fresh, rtol=0, atol=1e-6)
    torch.testing.assert_close(bands[:1], whole[..., 100:], rtol=0, atol=1e-6)


def test_gradients_pass_both_ways(noise: Tensor) -> None:
    x = noise[:, :4096].clone().requires_grad_()
    wanted = torch.randn(2, 4096, generator=torch.Generator().manual_seed(2))
    (through(Pqmf(), x) * wanted).sum().backward()  # type: ignore[no-untyped-call]
    assert x.grad is not None
    assert x.grad.dtype == torch.float32
    # a delay's transpose is an advance
    delay = Pqmf().delay_samples
    torch.testing.assert_close(x.grad[:, : 4096 - 512], wanted[:, delay : 4096 - 512 + delay], rtol=0, atol=1e-3)


@pytest.mark.parametrize(("bands", "taps"), [(16, 250), (16, 64), (16, 240)])
def test_lengths_that_cannot_be(bands: int, taps: int) -> None:
    with pytest.raises(ValueError, match="multiple of 32"):
        Pqmf(bands, taps)
