"""Adversarial refinement: critics that learn, that are kept with a run, and that leave the encoder as it is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from test_train import OPTIONS, assert_same, prepared, run, stop_at, write_notes
from tiny_model import tiny_model
from torch import Tensor

from nsynth_lab.dataset.prepare import PreparedNotes
from nsynth_lab.train.discriminators import SEGMENT_SAMPLES, Critics, segment
from nsynth_lab.train.initial_model import first_model
from nsynth_lab.train.optimizer import Optimizer

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


def test_critics_learn_to_tell_two_kinds_of_sound_apart() -> None:
    torch.manual_seed(0)
    critics = Critics()
    optimizer = Optimizer(critics)
    false, true = sounds(rough=False), sounds(rough=True)
    losses = []
    for _ in range(12):
        loss = critics.own_loss(false, true)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step(rate=3e-3)
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.5 * losses[0]
    with torch.no_grad():
        assert critics.decoders_loss(true, true) < 0.5 * critics.decoders_loss(false, true)


def test_the_decoder_hears_of_every_sample_and_the_critics_do_not_hear_of_the_decoder() -> None:
    torch.manual_seed(0)
    critics = Critics()
    decoded = sounds(rough=False).requires_grad_()
    critics.decoders_loss(decoded, sounds(rough=True)).backward()  # type: ignore[no-untyped-call]
    assert decoded.grad is not None
    assert (decoded.grad.abs().amax(dim=0) > 0).float().mean() > 0.99
    decoded.grad = None
    critics.own_loss(decoded, sounds(rough=True)).backward()  # type: ignore[no-untyped-call]
    assert decoded.grad is None


def test_a_segment_is_the_same_stretch_of_both_whatever_their_level() -> None:
    recorded = torch.randn(2, 40_960, generator=torch.Generator().manual_seed(0))
    quiet = recorded * torch.tensor([[1.0], [0.1]])
    first, second = segment(quiet, recorded, torch.tensor([0.0, -20.0]), seed=3)
    assert first.shape == (2, SEGMENT_SAMPLES)
    torch.testing.assert_close(first[1] * 10, second[1])
    torch.testing.assert_close(first[0], second[0])
    assert not torch.equal(
        segment(quiet, recorded, torch.zeros(2), seed=4)[1], segment(quiet, recorded, torch.zeros(2), seed=3)[1]
    )


def test_critics_are_kept_with_a_run(notes: PreparedNotes, tmp_path: Path) -> None:
    whole = run(notes, tmp_path / "whole", options=ADVERSARIAL)
    with pytest.raises(KeyboardInterrupt):
        run(notes, tmp_path / "parts", options=ADVERSARIAL, watch=stop_at(2))
    assert_same(run(notes, tmp_path / "parts", options=ADVERSARIAL), whole)
    plain = run(notes, tmp_path / "plain", options=replace(ADVERSARIAL, adversarial=0.0))
    pairs = zip(whole.parameters(), plain.parameters(), strict=True)
    assert any(not torch.equal(one, other) for one, other in pairs)


def test_adversarial_refinement_leaves_the_encoder_as_it_is(notes: PreparedNotes, tmp_path: Path) -> None:
    base = tiny_model()
    refined = run(notes, tmp_path, options=ADVERSARIAL, model=first_model("adversarial", base, seed=0))
    assert_same(refined.encoder, base.encoder)
    pairs = zip(refined.decoder.parameters(), base.decoder.parameters(), strict=True)
    assert any(not torch.equal(one, other) for one, other in pairs)
