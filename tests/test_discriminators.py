"""Discriminators: they learn to tell sounds apart, and their losses have the gradients that they should."""

from __future__ import annotations

import torch
from torch import Tensor

from nsynth_lab.research.discriminators import SEGMENT_SAMPLES, Discriminators, segment
from nsynth_lab.train.optimizer import Optimizer


def sounds(*, rough: bool) -> Tensor:
    """Four tones [4, 12288], smooth or with a click every 10 ms."""
    at = torch.arange(SEGMENT_SAMPLES) / 48_000
    tones = torch.sin(2 * torch.pi * torch.tensor([220.0, 330.0, 440.0, 550.0])[:, None] * at)
    return tones + (torch.arange(SEGMENT_SAMPLES) % 480 == 0) * float(rough)


def test_discriminators_learn_to_tell_two_kinds_of_sound_apart() -> None:
    torch.manual_seed(0)
    discriminators = Discriminators()
    optimizer = Optimizer(discriminators)
    fake, real = sounds(rough=False), sounds(rough=True)
    losses = []
    for _ in range(12):
        loss = discriminators.discriminator_loss(fake, real)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step(rate=3e-3)
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.5 * losses[0]
    with torch.no_grad():
        assert discriminators.generator_loss(real, real) < 0.5 * discriminators.generator_loss(fake, real)


def test_the_generator_loss_has_a_gradient_at_every_sample_and_the_discriminator_loss_at_none() -> None:
    torch.manual_seed(0)
    discriminators = Discriminators()
    decoded = sounds(rough=False).requires_grad_()
    discriminators.generator_loss(decoded, sounds(rough=True)).backward()  # type: ignore[no-untyped-call]
    assert decoded.grad is not None
    assert (decoded.grad.abs().amax(dim=0) > 0).float().mean() > 0.99
    decoded.grad = None
    discriminators.discriminator_loss(decoded, sounds(rough=True)).backward()  # type: ignore[no-untyped-call]
    assert decoded.grad is None


def test_a_segment_is_the_same_part_of_both_sounds_scaled_to_one_level() -> None:
    recorded = torch.randn(2, 40_960, generator=torch.Generator().manual_seed(0))
    quiet = recorded * torch.tensor([[1.0], [0.1]])
    first, second = segment(quiet, recorded, torch.tensor([0.0, -20.0]), seed=3)
    assert first.shape == (2, SEGMENT_SAMPLES)
    torch.testing.assert_close(first[1] * 10, second[1])
    torch.testing.assert_close(first[0], second[0])
    assert not torch.equal(
        segment(quiet, recorded, torch.zeros(2), seed=4)[1], segment(quiet, recorded, torch.zeros(2), seed=3)[1]
    )
