"""What is written out by hand for fitting agrees with its readable twin: distance, bank and noise, with gradients."""

from __future__ import annotations

import torch
from torch import Tensor

from nsynth_lab.dsp.compiled_bank import compiled_bank
from nsynth_lab.dsp.fixed_bank import fixed_bank
from nsynth_lab.dsp.noise import coloured, white_table
from nsynth_lab.dsp.oscillators import bank, carriers, phases, span_hz
from nsynth_lab.dsp.spectral_distance import spectral_distance
from nsynth_lab.dsp.spectral_target import SpectralTarget

FRAMES, PARTIALS = 41, 12


def noise(*shape: int, seed: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def test_distance_and_gradient_are_those_of_the_loss() -> None:
    fading = torch.linspace(1.0, 0.0, FRAMES * 512) ** 2
    recorded, decoded = noise(FRAMES * 512, seed=0) * fading, (noise(FRAMES * 512, seed=1) * fading).requires_grad_()
    loudest_db = torch.tensor([-20.0])
    slow = spectral_distance(decoded[None], recorded[None], loudest_db)
    fast = SpectralTarget(recorded, loudest_db).distance(decoded)
    wanted, came = (torch.autograd.grad(distance, decoded)[0] for distance in (slow, fast))
    assert abs(float((slow - fast).detach())) < 1e-4
    assert float((came - wanted).norm() / wanted.norm()) < 1e-4


def test_a_bank_of_fixed_frequencies_is_60_db_from_the_exact_one() -> None:
    f0_hz = 200.0 + noise(1, FRAMES, seed=0)
    partial_hz = span_hz(f0_hz, f0_hz[:, 0])[..., None] * (torch.arange(PARTIALS) + 1.0)
    starts, _ = phases(partial_hz, torch.zeros(1, PARTIALS, dtype=torch.float64))
    moving = torch.linspace(0.2, 1.0, FRAMES)[:, None] / (torch.arange(PARTIALS) + 1.0)
    amplitudes = moving[None].clone().requires_grad_()
    exact = bank(amplitudes, amplitudes[:, 0].detach(), partial_hz, starts)
    fast = fixed_bank(amplitudes, amplitudes[:, 0].detach(), carriers(partial_hz, starts))
    assert float((fast - exact).detach().norm() / exact.detach().norm()) < 1e-3
    wanted, came = (torch.autograd.grad((sound * exact.detach()).sum(), amplitudes)[0] for sound in (exact, fast))
    assert float((came - wanted).norm() / wanted.norm()) < 3e-3


def test_the_compiled_bank_is_the_exact_one_and_leaves_out_what_is_not_heard() -> None:
    f0_hz = 200.0 + noise(1, FRAMES, seed=0)
    ratios = (torch.arange(PARTIALS + 4) + 1.0).expand(1, FRAMES, PARTIALS + 4)
    turns = torch.linspace(0.0, 0.9, PARTIALS + 4, dtype=torch.float64)[None]
    partial_hz = span_hz(f0_hz, f0_hz[:, 0])[..., None] * ratios.repeat_interleave(2, dim=1)
    starts, ends = phases(partial_hz, turns)
    moving = torch.linspace(0.2, 1.0, FRAMES)[:, None] / (torch.arange(PARTIALS) + 1.0)
    amplitudes = moving[None].clone().requires_grad_()
    before = amplitudes[:, 0].detach()
    exact = bank(amplitudes, before, partial_hz[..., :PARTIALS], starts[..., :PARTIALS])
    loud = torch.ones(1, FRAMES)
    given = (amplitudes, before, f0_hz, f0_hz[:, 0], ratios, turns)
    fast, after = compiled_bank(*given, loudest=loud)
    torch.testing.assert_close(fast, exact, rtol=0, atol=2e-5)
    torch.testing.assert_close(after, ends, rtol=0, atol=1e-7)
    wanted, came = (torch.autograd.grad((sound * exact.detach()).sum(), amplitudes)[0] for sound in (exact, fast))
    assert float((came - wanted).norm() / wanted.norm()) < 3e-3
    assert not compiled_bank(*given, loudest=1e-9 * loud)[0].any()


def test_gradient_of_noise() -> None:
    magnitudes = torch.ones(1, 3, 513, requires_grad=True)
    position, tail, weight = torch.zeros(1, dtype=torch.int64), torch.zeros(1, 512), noise(1, 1536, seed=2)
    ((coloured(magnitudes, position, tail, white_table())[0] * weight).sum()).backward()  # type: ignore[no-untyped-call]
    step = 0.1 * noise(1, 3, 513, seed=3)
    moved = (
        coloured(magnitudes.detach() + step, position, tail, white_table())[0]
        - coloured(magnitudes.detach(), position, tail, white_table())[0]
    )
    assert magnitudes.grad is not None
    torch.testing.assert_close((magnitudes.grad * step).sum(), (moved * weight).sum(), rtol=1e-3, atol=1e-3)
