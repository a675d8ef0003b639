"""What the fused kernels make, run by Triton's interpreter on the CPU.

A process of its own, because Triton reads at its import whether it is to interpret. Prints, as JSON, the error of the
worst voice against `Decoder.step` in dB.
"""

from __future__ import annotations

import json

import torch
from streaming import in_turns
from tiny_model import decode, streams, tiny_model

from nsynth_lab.detail import DIMS
from nsynth_lab.runtime.cuda_graph_batch import CudaGraphBatch
from nsynth_lab.runtime.fused.step import FusedStep
from nsynth_lab.runtime.slot_step import PlainStep
from nsynth_lab.runtime.verify import past_frames

VOICES, SEED = (33.0, 52.5, 69.0, 101.0), 3


def errors_db() -> dict[str, float]:
    """Voices in turns; then whole notes, all together, which begin where others have sounded."""
    decoder = tiny_model().decoder
    frames = past_frames(decoder) + 5
    gains = 1.0 + torch.rand(len(VOICES), frames, generator=torch.Generator().manual_seed(5))  # of the noise
    detail = 3.0 * torch.randn(len(VOICES), frames, DIMS, generator=torch.Generator().manual_seed(6))
    inputs = [*streams(VOICES, frames), gains, detail]
    whole, _ = decode(decoder, inputs, decoder.start(len(VOICES), seed=SEED))
    found = {}
    everyone = list(range(len(VOICES)))
    for name, step in (("fused", FusedStep), ("plain", PlainStep)):
        batch = CudaGraphBatch(decoder, len(VOICES), make_step=step, seed=SEED)
        for way, order in (("in turns", [[0, 2], [1], [3, 0, 1], [2, 3]]), ("together", [everyone])):
            batch.reset(everyone, everyone)
            heard = in_turns(batch, inputs, order)
            error = (heard - whole).square().sum(dim=1) / whole.square().sum(dim=1)
            found[f"{name} {way}"] = float(10.0 * error.max().log10())
    return found


if __name__ == "__main__":
    torch.set_num_threads(1)
    print(json.dumps(errors_db()))
