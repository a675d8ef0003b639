"""Every voice batch plays each voice as `Decoder.step` alone does, whichever others are active at the same time."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from streaming import in_turns, step_batch
from tiny_model import decode, streams, tiny_model
from torch import Tensor

from nsynth_lab.model.autoencoder import Autoencoder
from nsynth_lab.model.checkpoint import Checkpoint
from nsynth_lab.model.weights import weights_of
from nsynth_lab.runtime.choose import choose_voice_batch
from nsynth_lab.runtime.cuda_graph_batch import CudaGraphBatch
from nsynth_lab.runtime.numba_batch import NumbaBatch
from nsynth_lab.runtime.slot_step import PlainStep
from nsynth_lab.runtime.torch_batch import TorchBatch
from nsynth_lab.runtime.voice_batch import VoiceBatch
from nsynth_lab.units import HOP_SAMPLES

PITCHES = (33.0, 52.0, 69.0, 93.0, 110.0)
FRAMES = 30
# bends of an octave and more, so that partials leave hearing and come back
BEND = 1.0 + 1.5 * torch.sin(torch.linspace(0.0, torch.pi, FRAMES)).square()


def played() -> list[Tensor]:
    inputs = streams(PITCHES, FRAMES)
    inputs[2] = inputs[2] * BEND
    return inputs


Kind = Callable[[Autoencoder, int], VoiceBatch]


def compiled_loops(model: Autoencoder, slots: int) -> NumbaBatch:
    return NumbaBatch(weights_of(model), slots)


def in_torch(model: Autoencoder, slots: int) -> TorchBatch:
    return TorchBatch(model.decoder, slots)


def as_in_a_graph(model: Autoencoder, slots: int) -> CudaGraphBatch:
    return CudaGraphBatch(model.decoder, slots, make_step=PlainStep)


@pytest.fixture(params=[compiled_loops, in_torch, as_in_a_graph], ids=lambda kind: kind.__name__)
def kind(request: pytest.FixtureRequest) -> Kind:
    """What makes a voice batch."""
    made: Kind = request.param
    return made


@pytest.mark.parametrize("order", [[[0, 1, 2, 3, 4]], [[3, 0], [4, 1, 2]], [[0], [1], [4, 2, 3]]])
def test_a_batch_plays_what_the_decoder_plays(kind: Kind, order: list[list[int]]) -> None:
    model = tiny_model()
    decoder = model.decoder
    inputs = played()
    batch = kind(model, len(PITCHES))
    batch.reset(range(len(PITCHES)), range(len(PITCHES)))
    whole, _ = decode(decoder, inputs, decoder.start(len(PITCHES)))
    assert whole.abs().max() > 0.01
    torch.testing.assert_close(in_turns(batch, inputs, order), whole, rtol=0, atol=2e-5)


@pytest.mark.parametrize("kind", [compiled_loops, in_torch])
@pytest.mark.parametrize("sizes", [(4,), (7, 1, 3), (FRAMES,)])
@pytest.mark.parametrize("frame_by_frame", [True, False])
def test_a_slot_may_come_with_several_frames(kind: Kind, sizes: tuple[int, ...], frame_by_frame: bool) -> None:
    model = tiny_model()
    decoder = model.decoder
    inputs, everyone = played(), torch.arange(len(PITCHES))
    batch = kind(model, len(PITCHES))
    batch.reset(range(len(PITCHES)), range(len(PITCHES)))
    parts, first = list[Tensor](), 0
    while first < FRAMES:
        end = min(first + sizes[len(parts) % len(sizes)], FRAMES)
        active, frames = torch.meshgrid(everyone, torch.arange(first, end), indexing="ij")
        order = torch.arange(active.numel()).view(active.shape)
        order = (order.T if frame_by_frame else order).flatten()
        active, frames = active.flatten()[order], frames.flatten()[order]
        audio = step_batch(batch, active, [stream[active, frames] for stream in inputs])
        parts.append(audio[order.argsort()].view(len(PITCHES), -1))
        first = end
    whole, _ = decode(decoder, inputs, decoder.start(len(PITCHES)))
    torch.testing.assert_close(torch.cat(parts, dim=1), whole, rtol=0, atol=2e-5)


def test_a_slot_may_come_with_more_frames_than_others_and_than_the_stack_remembers() -> None:
    model = tiny_model()
    decoder = model.decoder
    inputs, frames = played(), [FRAMES, 1, 12]
    batch = compiled_loops(model, len(PITCHES))
    batch.reset(range(3), range(3))
    assert batch.net.stack.ring < FRAMES
    active = torch.repeat_interleave(torch.arange(3), torch.tensor(frames))
    given = [torch.cat([stream[slot, :count] for slot, count in enumerate(frames)]) for stream in inputs]
    audio = step_batch(batch, active, given)
    whole, _ = decode(decoder, inputs, decoder.start(len(PITCHES)))
    for slot, part in enumerate(torch.split(audio, frames)):
        torch.testing.assert_close(part.flatten(), whole[slot, : frames[slot] * HOP_SAMPLES], rtol=0, atol=2e-5)


def test_the_noise_alone_is_turned_up_and_not_at_all_by_1(kind: Kind) -> None:
    model, inputs, order = tiny_model(), played(), [[3, 0], [4, 1, 2]]
    decoder, neutral = model.decoder, torch.ones(len(PITCHES), FRAMES)

    def batch_of(*gains: Tensor) -> Tensor:
        batch = kind(model, len(PITCHES))
        batch.reset(range(len(PITCHES)), range(len(PITCHES)))
        return in_turns(batch, [*inputs, *gains], order)

    torch.testing.assert_close(batch_of(neutral), batch_of(), rtol=0, atol=0)
    gains = 1.0 + 3.0 * torch.rand(len(PITCHES), FRAMES, generator=torch.Generator().manual_seed(5))
    louder, _ = decode(decoder, [*inputs, gains], decoder.start(len(PITCHES)))
    torch.testing.assert_close(batch_of(gains), louder, rtol=0, atol=5e-5)
    with torch.no_grad():
        state = decoder.start(len(PITCHES))
        tones, noise, _, _ = decoder.excite(inputs[0], inputs[1], inputs[2], inputs[3], state, every=False)
        twice, _ = decode(decoder, [*inputs, 2.0 * neutral], state)
    assert noise.abs().max() > 0.01
    torch.testing.assert_close(twice, tones + 2.0 * noise, rtol=0, atol=1e-5)


def test_a_slot_is_used_again_without_touching_the_others(kind: Kind) -> None:
    model = tiny_model()
    decoder = model.decoder
    inputs = played()
    batch = kind(model, len(PITCHES))
    batch.reset(range(5), range(5))
    everyone = torch.arange(5)
    first = [step_batch(batch, everyone, [stream[:, frame] for stream in inputs]) for frame in range(12)]
    batch.reset([1, 3], [1, 3])
    anew, going_on = torch.tensor([1, 3]), torch.tensor([0, 2])
    again = [step_batch(batch, anew, [stream[anew, frame] for stream in inputs]) for frame in range(12)]
    later = [step_batch(batch, going_on, [stream[going_on, frame] for stream in inputs]) for frame in range(12, 20)]
    torch.testing.assert_close(torch.cat(again, dim=1), torch.cat(first, dim=1)[[1, 3]], rtol=0, atol=1e-5)
    whole, _ = decode(decoder, [stream[:, :20] for stream in inputs], decoder.start(5))
    torch.testing.assert_close(torch.cat(later, dim=1), whole[[0, 2], 12 * 512 :], rtol=0, atol=2e-5)


def test_on_the_cpu_compiled_loops_play() -> None:
    assert isinstance(choose_voice_batch(Checkpoint.of(tiny_model()), 2), NumbaBatch)
