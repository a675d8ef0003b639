"""One voice in NumPy plays what `Decoder.step` plays, at every pitch, in blocks of any size."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
import torch
from tiny_model import TINY, decode, streams, tiny_model
from torch import Tensor

from nsynth_lab.model.autoencoder import Autoencoder
from nsynth_lab.model.weights import ModelWeights, weights_of
from nsynth_lab.runtime.numpy_decoder import NumpyDecoder
from nsynth_lab.units import HOP_SAMPLES, FloatArray

FRAMES = 97
PITCHES = (21.0, 40.0, 69.0, 93.0, 110.0, 127.0)
STEADY = torch.ones(FRAMES)
# up two octaves and back: partials leave hearing and return
BEND = 4.0 ** torch.sin(torch.linspace(0.0, torch.pi, FRAMES)).square()
GLIDE = torch.linspace(1.0, 0.25, FRAMES)


def played(model: Autoencoder, inputs: Sequence[Tensor], *, block: int, place: int = 0) -> FloatArray:
    decoder = NumpyDecoder(weights_of(model))
    state, blocks = decoder.start(noise_place=place), []
    for first in range(0, inputs[1].shape[1], block):
        timbre, level_db, f0_hz, partials = (stream[0, first : first + block].numpy() for stream in inputs)
        audio, state = decoder.step(timbre, level_db, f0_hz, partials, state)
        assert audio.dtype == np.float32
        blocks.append(audio)
    return np.concatenate(blocks)


def reference(model: Autoencoder, inputs: Sequence[Tensor], *, seed: int = 0) -> FloatArray:
    audio, _ = decode(model.decoder, inputs, model.decoder.start(1, seed=seed))
    return audio[0].numpy()


def assert_same(came: FloatArray, wanted: FloatArray) -> None:
    assert came.shape == wanted.shape
    assert np.abs(wanted).max() > 0.01, "nothing to compare"
    np.testing.assert_allclose(came, wanted, rtol=0, atol=2e-5)


@pytest.mark.parametrize("pitch", PITCHES)
@pytest.mark.parametrize("block", [1, 7, 94])
def test_it_plays_what_the_decoder_plays(pitch: float, block: int) -> None:
    model, inputs = tiny_model(), streams([pitch], FRAMES)
    assert_same(played(model, inputs, block=block), reference(model, inputs))


@pytest.mark.parametrize("bend", [BEND, GLIDE], ids=["bend", "glide"])
@pytest.mark.parametrize("block", [7, 94])
def test_partials_leave_hearing_and_come_back(bend: Tensor, block: int) -> None:
    model, inputs = tiny_model(), streams([57.0], FRAMES)
    inputs[2] = inputs[2] * bend
    assert_same(played(model, inputs, block=block), reference(model, inputs))


def test_the_partials_of_a_morph_move() -> None:
    model, inputs = tiny_model(), streams([50.0], FRAMES)
    share = torch.linspace(0.0, 1.0, FRAMES)[None, :, None]
    inputs[3] = (1.0 - share) * inputs[3] + share * streams([50.0], FRAMES, seed=2)[3]
    assert (inputs[3][0, 0] - inputs[3][0, -1]).abs().max() > 0.02
    assert_same(played(model, inputs, block=7), reference(model, inputs))


def test_noise_begins_where_it_is_told_to() -> None:
    model, inputs = tiny_model(), streams([64.0], 20)
    assert_same(played(model, inputs, block=20, place=397 * 3 % 1021), reference(model, inputs, seed=3))
    assert np.abs(played(model, inputs, block=20) - reference(model, inputs, seed=3)).max() > 1e-3


def test_silence_is_as_silent() -> None:
    model, inputs = tiny_model(), streams([64.0], 20, level_db=-100.0)
    np.testing.assert_allclose(played(model, inputs, block=20), reference(model, inputs), rtol=0, atol=1e-9)


def test_weights_as_a_checkpoint_keeps_them_play_the_same() -> None:
    weights = weights_of(tiny_model())
    timbre, level_db, f0_hz, partials = (stream[0].numpy() for stream in streams([64.0], 20))
    halves = ModelWeights(TINY, {name: array.astype(np.float16) for name, array in weights.arrays.items()})
    decoders = [NumpyDecoder(each) for each in (weights, halves)]
    full, kept = (one.step(timbre, level_db, f0_hz, partials, one.start())[0] for one in decoders)
    assert np.array_equal(full, kept)


@pytest.mark.parametrize("stream", range(4))
def test_what_is_out_of_range_is_silence_or_no_number_and_no_warning(stream: int) -> None:
    """Latents that no encoder gave: whoever decodes looks at the samples, and nothing else may happen."""
    decoder = NumpyDecoder(weights_of(tiny_model()))
    for odd in (1e30, -1e30, np.inf, np.nan):
        inputs = [given[0].numpy().copy() for given in streams([64.0], 8)]
        inputs[stream][3:] = odd
        timbre, level_db, f0_hz, partials = inputs
        audio, _ = decoder.step(timbre, level_db, f0_hz, partials, decoder.start())
        assert audio.shape == (8 * HOP_SAMPLES,)
