"""The reviser: changes nothing untrained, is trained with the rest, and brings a note nearer to its recording."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from test_train import OPTIONS, Watch, assert_same, prepared, run, stop_at, write_notes
from tiny_model import TINY, streams, tiny_model
from torch import Tensor

from nsynth_lab.errors import UsageError
from nsynth_lab.model.autoencoder import BLOCK_FRAMES, Autoencoder
from nsynth_lab.model.checkpoint import load_checkpoint, save_weights
from nsynth_lab.model.encoder import LIMIT
from nsynth_lab.train import loop
from nsynth_lab.train.first_model import REVISER_CHANNELS, beginning, first_model
from nsynth_lab.units import HOP_SAMPLES

PITCHES = (45, 69)


def recording(frames: int) -> Tensor:
    return 0.1 * torch.randn(len(PITCHES), frames * HOP_SAMPLES, generator=torch.Generator().manual_seed(5))


def revising(*, size: float, band_channels: int = 0) -> Autoencoder:
    """A model with a reviser whose changes are about so large."""
    model = first_model("revise", tiny_model(band_channels=band_channels), seed=1).requires_grad_(False)
    assert model.reviser is not None
    torch.nn.init.normal_(model.reviser.stack.last.weight, std=size)
    return model


def test_an_untrained_one_changes_nothing() -> None:
    base = tiny_model()
    model = first_model("revise", base, seed=1)
    _, level, f0, partials = streams(PITCHES, 30)
    heard = (recording(30), level, f0, partials)
    with torch.no_grad():
        assert torch.equal(model.encode(*heard), base.encode(*heard))
        assert torch.equal(model(*heard), base(*heard))


def test_each_revision_hears_what_came_of_the_last() -> None:
    model = revising(size=0.1)
    _, level, f0, partials = streams(PITCHES, 30)
    heard = (recording(30), level, f0, partials)
    with torch.no_grad():
        first, second = (model.encode(*heard, revisions=count) for count in (1, 2))
        assert torch.equal(model.encode(*heard, revisions=0), model.encoder(*heard))
        assert not torch.equal(first, second)
        assert max(first.abs().max(), second.abs().max()) <= LIMIT
        model.decoder.controls.stack.last.bias.add_(0.5)  # another decoder: other twins, other revisions
        assert not torch.equal(model.encode(*heard, revisions=1), first)


def test_a_note_is_encoded_the_same_alone_or_among_others() -> None:
    model = revising(size=0.1)
    _, level, f0, partials = streams(PITCHES, 30)
    heard = (recording(30), level, f0, partials)
    with torch.no_grad():
        together = model.encode(*heard)[:1]
        alone = model.encode(*(part[:1] for part in heard))
    torch.testing.assert_close(alone, together, rtol=0, atol=1e-4)


@pytest.mark.parametrize("band_channels", [0, 8])
def test_in_blocks_is_as_whole(band_channels: int) -> None:
    model = tiny_model(band_channels=band_channels)
    inputs = streams(PITCHES, 2 * BLOCK_FRAMES + 7)
    with torch.no_grad():
        whole, blocks = model.decode(*inputs, seed=3), model.in_blocks(*inputs, seed=3)
    assert whole.shape == (len(PITCHES), (2 * BLOCK_FRAMES + 7) * HOP_SAMPLES)
    torch.testing.assert_close(blocks, whole, rtol=0, atol=1e-4)


def test_it_is_kept_in_checkpoints_and_those_without_still_load(tmp_path: Path) -> None:
    model = revising(size=0.1).half().float()
    save_weights(tmp_path / "with", model, about={})
    assert_same(load_checkpoint(tmp_path / "with").model, model)
    save_weights(tmp_path / "without", tiny_model(), about={})
    assert load_checkpoint(tmp_path / "without").model.reviser is None


def test_it_is_trained_with_the_rest_and_resumes_exactly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "bf16_is_faster", lambda _: False)
    notes, _ = prepared(write_notes(tmp_path / "set"), tmp_path / "cache")
    base = tmp_path / "base"
    save_weights(base, tiny_model(seed=8), about={})

    def go_on(folder: str, *, watch: Watch = lambda _: None) -> Autoencoder:
        start = beginning(tmp_path / folder, "revise", base, seed=4)
        assert start.model.config == replace(TINY, reviser_channels=REVISER_CHANNELS)
        options = replace(OPTIONS, steps=6, rate=1e-2, base=start.base)  # of every four steps one revises twice
        return run(notes, tmp_path / folder, options=options, model=start.model, watch=watch)

    whole = go_on("whole")
    with pytest.raises(KeyboardInterrupt):
        go_on("parts", watch=stop_at(3))
    assert_same(go_on("parts"), whole)
    before = beginning(tmp_path / "afresh", "revise", base, seed=4).model
    pairs = zip(whole.named_parameters(), before.parameters(), strict=True)
    assert not [name for (name, after), first in pairs if torch.equal(after, first)]
    run(notes, tmp_path / "plain", steps=1)
    with pytest.raises(UsageError, match="without a reviser"):
        beginning(tmp_path / "plain", "revise", base, seed=0)


def test_one_that_knows_another_decoder_is_left_out() -> None:
    model = revising(size=0.1)
    assert first_model("distil", model, seed=0).reviser is None
    kept = first_model("adversarial", model, seed=0)
    assert kept.reviser is not None
    assert model.reviser is not None
    assert_same(kept.reviser, model.reviser)
