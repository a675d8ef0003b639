"""Rows on a GPU that have shown that they play what the decoder plays, or none.

Graphs and kernels depend on a driver, a compiler and a card that nobody here has seen: each way is tried at the start
against `Decoder.step` on the same device, before anything is heard.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from nsynth_lab.latents import PARTIAL_SLOTS, TIMBRE_DIMS
from nsynth_lab.model.decoder import Decoder
from nsynth_lab.runtime.cuda_graph_batch import GraphedRows
from nsynth_lab.units import note_to_hz

CHECK_FRAMES = 3
FURTHEST_DB = -60.0
LEVEL_DB = -20.0
SMALLEST = 1e-20

Way = tuple[str, Callable[[Decoder], Decoder]]


def _through_kernels(decoder: Decoder) -> Decoder:
    from nsynth_lab.runtime.triton_stack import fused

    return fused(decoder)


def _as_it_is(decoder: Decoder) -> Decoder:
    return decoder


WAYS: tuple[Way, ...] = (("Triton's kernels", _through_kernels), ("CUDA graphs", _as_it_is))


def trusted_rows(
    decoder: Decoder, rows: int, *, seed: int, warn: Callable[[str], None], ways: Sequence[Way] = WAYS
) -> GraphedRows | None:
    """Rows by the first of `ways` that works here and plays what `decoder` plays; None if there is none.

    A way is its name and what it makes of the decoder. `warn` hears a line of each that fails, in whatever manner a
    driver or a compiler finds.
    """
    for name, made_of in ways:
        try:
            made = GraphedRows(made_of(decoder), rows, seed=seed)
            away_db = furthest_db(made, decoder)
        except Exception as error:
            reason = f"{type(error).__name__}: {error}"
        else:
            if away_db <= FURTHEST_DB:
                return made
            reason = f"what they play is {away_db:.0f} dB from what it should be, expected {FURTHEST_DB:.0f} or less"
        warn(f"{name} cannot be used on this GPU, decoding goes a slower way ({' '.join(reason.split())[:200]})")
    return None


@torch.no_grad()
def furthest_db(rows: GraphedRows, decoder: Decoder) -> float:
    """A few frames of `rows` in every size against `Decoder.step`: the worst row's error, in dB of its level.

    NaN if something is not finite. The rows start anew after it.
    """
    errors = [_errors(rows, decoder, due=_most_with_a_spare(size, rows.sizes)) for size in rows.sizes]
    everyone = range(rows.spare)
    rows.reset(everyone, everyone)
    return float(10.0 * torch.cat(errors).max().clamp(min=SMALLEST).log10())


def _most_with_a_spare(size: int, sizes: Sequence[int]) -> int:
    """Rows that take a step of `size` and leave one place empty; all, where fewer take a smaller step."""
    return size if size - 1 in (0, *sizes) else size - 1


def _errors(rows: GraphedRows, decoder: Decoder, *, due: int) -> Tensor:
    """Power of the error in units of the signal's, [due]."""
    seeds = list(range(due))
    streams = _streams(due)
    rows.reset(seeds, seeds)
    now = [[stream[:, at].contiguous().numpy() for stream in streams] for at in range(CHECK_FRAMES)]
    frames = [torch.from_numpy(rows.step(np.arange(due), *streams_now)) for streams_now in now]
    timbre, level, f0_hz, partials = (stream.to(rows.device) for stream in streams)
    state = decoder.start(due, device=rows.device, seed=rows.seed)
    whole = decoder.step(timbre, level, f0_hz, partials, state)[0].cpu()
    return (torch.cat(frames, dim=1) - whole).square().sum(dim=1) / whole.square().sum(dim=1)


def _streams(due: int) -> list[Tensor]:
    """timbre, loudness, f0 and partials [due, 3, ...]: every timbre another, over seven octaves."""
    generator = torch.Generator().manual_seed(0)
    hz = torch.tensor([note_to_hz(24.0 + 7 * row % 84) for row in range(due)])
    partials = 0.02 * torch.randn(due, 1, PARTIAL_SLOTS, generator=generator)
    return [
        torch.randn(due, CHECK_FRAMES, TIMBRE_DIMS, generator=generator),
        torch.full((due, CHECK_FRAMES), LEVEL_DB),
        hz[:, None].expand(-1, CHECK_FRAMES),
        partials.expand(-1, CHECK_FRAMES, -1),
    ]
