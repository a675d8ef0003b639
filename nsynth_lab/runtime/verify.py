"""A batch for the GPU that has proved on this machine that it plays what the decoder plays, or none.

Kernels and graphs depend on a driver, a compiler and a card that no test has seen: each way is compared with
`Decoder.step` on the same device at start-up, before anything is heard.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from nsynth_lab.detail import DIMS
from nsynth_lab.latents import PARTIAL_SLOTS, TIMBRE_DIMS
from nsynth_lab.model.decoder import Decoder
from nsynth_lab.model.sizes import TAPS
from nsynth_lab.runtime.cuda_graph_batch import CudaGraphBatch
from nsynth_lab.runtime.slot_step import PlainStep, SlotStep
from nsynth_lab.runtime.voice_batch import FrameStreams
from nsynth_lab.units import note_to_hz

CHECK_FRAMES = 3
LARGEST_ERROR_DB = -60.0
LEVEL_DB, DETAIL_DB = -20.0, 3.0
SMALLEST = 1e-20
TOGETHER = 256  # voices of the reference at a time: it takes a MiB for each

Way = tuple[str, Callable[[Decoder, int], SlotStep]]


def _fused(decoder: Decoder, slots: int) -> SlotStep:
    from nsynth_lab.runtime.fused.step import FusedStep  # imports Triton, which not every system has

    return FusedStep(decoder, slots)


WAYS: tuple[Way, ...] = (("fused kernels", _fused), ("CUDA graphs", PlainStep))


def verified_batch(
    decoder: Decoder, slots: int, *, seed: int, warn: Callable[[str], None], ways: Sequence[Way] = WAYS
) -> CudaGraphBatch | None:
    """A batch by the first of `ways` that runs here and plays what `decoder` plays; None if there is none.

    A way is a name and what makes its `SlotStep`. `warn` is told in one line of each that fails, however a driver or
    a compiler manages to.
    """
    for name, make_step in ways:
        try:
            made = CudaGraphBatch(decoder, slots, make_step=make_step, seed=seed)
            error_db = largest_error_db(made, decoder)
        except Exception as error:
            reason = f"{type(error).__name__}: {error}"
        else:
            if error_db <= LARGEST_ERROR_DB:
                return made
            reason = f"its error is {error_db:.0f} dB, expected {LARGEST_ERROR_DB:.0f} dB or less"
        warn(f"{name} cannot be used on this GPU, decoding is slower ({' '.join(reason.split())[:200]})")
    return None


@torch.no_grad()
def largest_error_db(batch: CudaGraphBatch, decoder: Decoder) -> float:
    """Error of the worst voice against `Decoder.step`, in dB relative to its level, a few frames in every size.

    In the smallest size as many frames as the net remembers, and more. NaN if a sample is not finite. All slots are
    reset afterwards.
    """
    frames = {batch.sizes[0]: past_frames(decoder) + CHECK_FRAMES}
    errors = [
        _errors(batch, decoder, active=_most_with_a_spare(size, batch.sizes), frames=frames.get(size, CHECK_FRAMES))
        for size in batch.sizes
    ]
    everyone = range(batch.spare)
    batch.reset(everyone, everyone)
    return float(10.0 * torch.cat(errors).max().clamp(min=SMALLEST).log10())


def _most_with_a_spare(size: int, sizes: Sequence[int]) -> int:
    """Voices in a step of `size` that leave one place to the spare slot; all, where fewer take a smaller step."""
    return size if size - 1 in (0, *sizes) else size - 1


def past_frames(decoder: Decoder) -> int:
    """How many frames back the layer with the longest memory reaches."""
    return max((TAPS - 1) * layer.dilation for layer in decoder.controls.stack.gated_layers())


def _errors(batch: CudaGraphBatch, decoder: Decoder, *, active: int, frames: int) -> Tensor:
    """Power of the error relative to the signal's, [active]."""
    seeds = list(range(active))
    streams = _streams(active, frames)
    batch.reset(seeds, seeds)
    now = [[stream[:, at].contiguous().numpy() for stream in streams] for at in range(frames)]
    heard = [
        torch.from_numpy(batch.step(np.arange(active), FrameStreams(timbre, level, f0_hz, partials, None, detail)))
        for timbre, level, f0_hz, partials, detail in now
    ]
    whole = torch.cat([
        _decoded(decoder, [stream[first : first + TOGETHER].to(batch.device) for stream in streams], batch.seed + first)
        for first in range(0, active, TOGETHER)
    ])  # fmt: skip
    return (torch.cat(heard, dim=1) - whole).square().sum(dim=1) / whole.square().sum(dim=1)


def _decoded(decoder: Decoder, streams: Sequence[Tensor], seed: int) -> Tensor:
    timbre, level, f0_hz, partials, detail = streams
    state = decoder.start(len(timbre), device=timbre.device, seed=seed)
    return decoder.step(timbre, level, f0_hz, partials, state, detail=detail)[0].cpu()


def _streams(active: int, frames: int) -> list[Tensor]:
    """Timbre, loudness, f0, partials and detail [active, frames, ...]: all kinds of timbre, over seven octaves."""
    generator = torch.Generator().manual_seed(0)
    hz = torch.tensor([note_to_hz(24.0 + 7 * voice % 84) for voice in range(active)])
    partials = 0.02 * torch.randn(active, 1, PARTIAL_SLOTS, generator=generator)
    return [
        torch.randn(active, frames, TIMBRE_DIMS, generator=generator),
        torch.full((active, frames), LEVEL_DB),
        hz[:, None].expand(-1, frames),
        partials.expand(-1, frames, -1),
        DETAIL_DB * torch.randn(active, frames, DIMS, generator=generator),
    ]
