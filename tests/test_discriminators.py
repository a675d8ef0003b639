"""Adversarial refinement: discriminators learn, are saved with a run, and leave the encoder as it is."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from test_train import OPTIONS, assert_same, prepared, run, stop_at, write_notes
from tiny_model import tiny_model
from torch import Tensor

from nsynth_lab.dataset.prepare import PreparedNotes
from nsynth_lab.train.discriminators import SEGMENT_SAMPLES, Discriminators, segment
from nsynth_lab.train.initial_model import build_model
from nsynth_lab.train.optimizer import Optimizer
from nsynth_lab.train.run_state import FILE

ADVERSARIAL = replace(OPTIONS, steps=4, adversarial=0.5, rate=1e-3)


@pytest.fixture(scope="module")
def notes(tmp_path_factory: pytest.TempPathFactory) -> PreparedNotes:
    folder = tmp_path_factory.mktemp("data")
    return prepared(write_notes(folder / "set"), folder / "cache")[0]


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


def test_discriminators_are_saved_with_a_run_also_under_their_names_of_version_0_1(
    notes: PreparedNotes, tmp_path: Path
) -> None:
    whole = run(notes, tmp_path / "whole", options=ADVERSARIAL)
    with pytest.raises(KeyboardInterrupt):
        run(notes, tmp_path / "parts", options=ADVERSARIAL, watch=stop_at(2))
    shutil.copytree(tmp_path / "parts", tmp_path / "old")
    with safe_open(tmp_path / "old" / FILE, "pt") as file:
        header = file.metadata()
        tensors = {name.replace("discriminators.", "critics."): file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    assert any(name.startswith("critics.model.critics.0.") for name in tensors)
    save_file(tensors, tmp_path / "old" / FILE, metadata=header)
    assert_same(run(notes, tmp_path / "parts", options=ADVERSARIAL), whole)
    assert_same(run(notes, tmp_path / "old", options=ADVERSARIAL), whole)
    plain = run(notes, tmp_path / "plain", options=replace(ADVERSARIAL, adversarial=0.0))
    pairs = zip(whole.parameters(), plain.parameters(), strict=True)
    assert any(not torch.equal(one, other) for one, other in pairs)


def test_adversarial_refinement_leaves_the_encoder_as_it_is(notes: PreparedNotes, tmp_path: Path) -> None:
    base = tiny_model()
    refined = run(notes, tmp_path, options=ADVERSARIAL, model=build_model("adversarial", base, seed=0))
    assert_same(refined.encoder, base.encoder)
    pairs = zip(refined.decoder.parameters(), base.decoder.parameters(), strict=True)
    assert any(not torch.equal(one, other) for one, other in pairs)
