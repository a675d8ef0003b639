"""Decoder: the same audio in blocks of any size and among any voices, at the level asked for; with a band stack too."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np
import pytest
import torch
from streaming import assert_streams
from tiny_model import TINY, decode, streams, tiny_model
from torch import Tensor

from nsynth_lab.dsp.bandwidth import share_above_db
from nsynth_lab.dsp.loudness import loudness_db
from nsynth_lab.model.decoder import Decoder
from nsynth_lab.model.sizes import GAINS_PER_FRAME
from nsynth_lab.research.bands import BandDecoder
from nsynth_lab.units import HOP_SAMPLES, note_to_hz

PITCHES = (40.0, 69.0, 93.0)
FRAMES = 40


def band_decoder() -> BandDecoder:
    """The tiny decoder with a band stack that is not trained, so that it adds nothing."""
    torch.manual_seed(0)
    decoder = BandDecoder(TINY, channels=8, layers=3).eval().requires_grad_(False)
    decoder.load_state_dict(tiny_model().decoder.state_dict(), strict=False)
    return decoder


@pytest.fixture(params=["excitation", "bands"])
def decoder(request: pytest.FixtureRequest) -> Decoder:
    if request.param == "excitation":
        return tiny_model().decoder
    decoder = band_decoder()
    torch.nn.init.normal_(decoder.bands.stack.last.weight, std=0.02)
    return decoder


def rows(inputs: list[Tensor], voices: list[int]) -> list[Tensor]:
    return [stream[voices] for stream in inputs]


def tensors(state: Any) -> list[Tensor]:
    """All tensors of a state, through tuples and dataclasses."""
    if isinstance(state, Tensor):
        return [state]
    if is_dataclass(state):
        state = tuple(getattr(state, item.name) for item in fields(state))
    return [tensor for part in state for tensor in tensors(part)]


def close(first: Tensor, second: Tensor) -> None:
    torch.testing.assert_close(first, second, rtol=0, atol=1e-5)


def test_streamed_is_whole(decoder: Decoder) -> None:
    inputs = streams(PITCHES, FRAMES)
    assert_streams(lambda block, state: decode(decoder, block, state), inputs, lambda: decoder.start(3), atol=1e-5)


def test_streamed_is_whole_over_a_bend_of_two_octaves(decoder: Decoder) -> None:
    """Partials leave hearing on the way up and come back on the way down, in phase."""
    inputs = streams([57.0, 33.0], FRAMES)
    inputs[2] = inputs[2] * 4.0 ** torch.sin(torch.linspace(0.0, torch.pi, FRAMES)).square()
    assert_streams(lambda block, state: decode(decoder, block, state), inputs, lambda: decoder.start(2), atol=3e-5)


def test_a_voice_begins_at_the_level_it_is_given_as_soon_as_its_gains_do() -> None:
    """With the controls that it begins with kept, the rest of its first frame is as loud as any later one."""
    decoder = tiny_model().decoder
    torch.nn.init.zeros_(decoder.controls.stack.last.weight)
    steady = [stream[:, :1].expand_as(stream) for stream in streams([69.0] * 64, 8)]
    audio, _ = decode(decoder, steady, decoder.start(64))
    blocks = audio.view(64, 8, HOP_SAMPLES)[..., HOP_SAMPLES // GAINS_PER_FRAME :]
    level_db = 10.0 * torch.log10(blocks.square().mean(dim=(0, 2)))
    assert (level_db - level_db[-1]).abs().max() < 0.6


def test_length(decoder: Decoder) -> None:
    audio, _ = decode(decoder, streams(PITCHES, 7), decoder.start(3))
    assert audio.shape == (3, 7 * HOP_SAMPLES)
    assert audio.dtype == torch.float32


def test_causal(decoder: Decoder) -> None:
    """A frame's streams are heard in its block, and nothing of them before it."""
    inputs = streams([60.0], 20)
    before, _ = decode(decoder, inputs, decoder.start(1))
    for touched in range(4):
        changed = [stream.clone() for stream in inputs]
        changed[touched][:, 12:] = changed[touched][:, 12:] * 1.1 + (0.01 if touched == 3 else 0.0)
        after, _ = decode(decoder, changed, decoder.start(1))
        first = int(torch.nonzero((after - before).abs()[0] > 1e-6)[0])
        assert 12 * HOP_SAMPLES <= first < 14 * HOP_SAMPLES


def test_voices_together_are_voices_alone(decoder: Decoder) -> None:
    inputs = streams(PITCHES, FRAMES)
    together, _ = decode(decoder, inputs, decoder.start(3, seed=5))
    for voice in range(3):
        alone, _ = decode(decoder, rows(inputs, [voice]), decoder.start(1, seed=5 + voice))
        close(together[[voice]], alone)


def test_reset_of_one_voice(decoder: Decoder) -> None:
    """The voice that is reset sounds like a new one; its neighbours do not notice."""
    first, second = streams(PITCHES, 11), streams([45.0, 52.0, 81.0], 13, seed=2)
    _, state = decode(decoder, first, decoder.start(3))
    undisturbed, _ = decode(decoder, second, state)
    fresh = decoder.start(3, seed=9)
    after, _ = decode(decoder, second, state.reset(torch.tensor([False, True, False]), fresh))
    new, _ = decode(decoder, second, fresh)
    close(after[[0, 2]], undisturbed[[0, 2]])
    close(after[1], new[1])
    assert (undisturbed[1] - new[1]).abs().max() > 1e-3


def test_reset_of_every_voice_is_a_fresh_start(decoder: Decoder) -> None:
    _, state = decode(decoder, streams(PITCHES, 5), decoder.start(3))
    fresh = decoder.start(3)
    for came, wanted in zip(tensors(state.reset(torch.ones(3, dtype=torch.bool), fresh)), tensors(fresh), strict=True):
        assert torch.equal(came, wanted)


def test_a_step_leaves_the_state_it_was_given(decoder: Decoder) -> None:
    """So that a state can be kept and gone back to."""
    inputs = streams(PITCHES, 6)
    _, state = decode(decoder, inputs, decoder.start(3))
    copies = [tensor.clone() for tensor in tensors(state)]
    first, _ = decode(decoder, inputs, state)
    second, _ = decode(decoder, inputs, state)
    assert torch.equal(first, second)
    assert all(torch.equal(now, then) for now, then in zip(tensors(state), copies, strict=True))


def test_state_is_bounded_and_one_row_a_voice(decoder: Decoder) -> None:
    _, state = decode(decoder, streams(PITCHES, 33), decoder.start(3))
    for came, wanted in zip(tensors(state), tensors(decoder.start(3)), strict=True):
        assert came.shape == wanted.shape
        assert came.dtype == wanted.dtype
        assert len(came) == 3


def test_the_same_twice() -> None:
    inputs = streams(PITCHES, 9)
    first, _ = decode(tiny_model().decoder, inputs, tiny_model().decoder.start(3, seed=4))
    second, _ = decode(tiny_model().decoder, inputs, tiny_model().decoder.start(3, seed=4))
    assert torch.equal(first, second)


def steady(pitch: float, level_db: float, *, seed: int) -> list[Tensor]:
    """Two thirds of a second of one unchanging frame."""
    timbre = torch.randn(1, 1, 16, generator=torch.Generator().manual_seed(seed)).expand(1, 62, 16)
    return [timbre, torch.full((1, 62), level_db), torch.full((1, 62), note_to_hz(pitch)), torch.zeros(1, 62, 128)]


@pytest.mark.parametrize("level_db", [-12.0, -50.0])
@pytest.mark.parametrize("pitch", range(40, 101, 6))
def test_level_is_the_loudness_asked_for(pitch: int, level_db: float) -> None:
    """Whatever the weights are to begin with: within 1 dB, A-weighted."""
    for seed in range(2):
        decoder = tiny_model(seed=seed).decoder
        audio, _ = decode(decoder, steady(float(pitch), level_db, seed=seed), decoder.start(1))
        level = loudness_db(audio[0].numpy(), f0_hz=note_to_hz(float(pitch)))[12:-4]
        assert 10 * np.log10(np.mean(10 ** (level / 10))) == pytest.approx(level_db, abs=1.0)


def test_an_untrained_band_stack_only_delays() -> None:
    inputs = streams(PITCHES, 12)
    plain, banded = tiny_model().decoder, band_decoder()
    late = banded.delay_samples
    assert late == 240
    dry, _ = decode(plain, inputs, plain.start(3))
    wet, _ = decode(banded, inputs, banded.start(3))
    close(wet[:, late:], dry[:, :-late])


@pytest.mark.parametrize("pitch", [30.0, 69.0, 100.0])
@pytest.mark.parametrize("held", [True, False], ids=["steady", "wandering"])
def test_nothing_sounds_above_20_khz_whatever_the_weights_are(decoder: Decoder, pitch: float, held: bool) -> None:
    """Partials and noise are told to lie as high as they can, where no training has ever heard them."""
    points, corrections, bands, *_ = decoder.controls.sizes
    bias = decoder.controls.stack.last.bias.zero_()
    bias[points - 4 : points] = 6.0  # 60 dB above the rest
    bias[points + corrections + bands - 4 : points + corrections + bands] = 6.0
    inputs = steady(pitch, -20.0, seed=3) if held else streams([pitch], 62)
    audio, _ = decode(decoder, inputs, decoder.start(1))
    samples = audio[0, 4 * HOP_SAMPLES :].numpy()
    assert share_above_db(samples, hz=18_000.0) > -20.0  # they do lie high
    assert share_above_db(samples) < (-55.0 if held else -40.0)  # amplitudes that move have sidebands


@pytest.mark.parametrize("pitch", [30.0, 69.0, 100.0])
def test_silence_stays_silent(decoder: Decoder, pitch: float) -> None:
    audio, _ = decode(decoder, steady(pitch, -100.0, seed=0), decoder.start(1))
    assert 20 * np.log10(float(audio.abs().max())) < -80.0


def test_a_note_that_ends_is_silent_two_blocks_later(decoder: Decoder) -> None:
    inputs = steady(60.0, -20.0, seed=0)
    inputs[1][:, 30:] = -100.0
    audio, _ = decode(decoder, inputs, decoder.start(1))
    assert audio[:, : 30 * HOP_SAMPLES].abs().max() > 0.05
    assert 20 * np.log10(float(audio[:, 33 * HOP_SAMPLES :].abs().max())) < -80.0
