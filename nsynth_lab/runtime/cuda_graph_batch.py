"""CudaGraphBatch: the voice batch of a CUDA device, which plays a frame of any slots by replaying one CUDA graph.

    active slots, streams -> one pinned buffer -> [ gather state, Decoder.step, scatter state ] -> audio, pinned
                                                            one graph

State never leaves the device. A graph takes a fixed number of voices, so there is one for 1, 2, 4, 8 .. voices; where
fewer are active a spare slot fills up. All graphs are captured at the start, in one pool of memory. On a CPU the same
step runs without a graph, and so the tests hold it to `Decoder.step`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch

from nsynth_lab.dsp.noise_table import noise_places
from nsynth_lab.latents import PARTIAL_SLOTS, SILENCE_DB, TIMBRE_DIMS
from nsynth_lab.model.decoder import Decoder
from nsynth_lab.model.state import pick_voices, write_voices
from nsynth_lab.units import HOP_SAMPLES, FloatArray, Ints

SLOT, LEVEL, HZ = 0, 1, 2  # columns of what is sent; slot numbers are exact in float32
TIMBRE = slice(3, 3 + TIMBRE_DIMS)
PARTIALS = slice(3 + TIMBRE_DIMS, 3 + TIMBRE_DIMS + PARTIAL_SLOTS)
WIDTH = PARTIALS.stop
WARM_STEPS = 3
SPARE_HZ = 110.0


class CudaGraphBatch:
    """A `VoiceBatch` on a CUDA device; each slot at most once a step.

    Raises:
        RuntimeError: the graphs cannot be captured.
    """

    def __init__(self, decoder: Decoder, slots: int, *, seed: int = 0) -> None:
        self.decoder, self.seed, self.spare = decoder, seed, slots
        self.device = next(decoder.parameters()).device
        on_gpu = self.device.type == "cuda"
        self.state = decoder.start(slots + 1, device=self.device, seed=seed)
        self.fresh = decoder.start(1, device=self.device)
        self.sizes = sizes(slots)
        self.sent = torch.zeros(slots, WIDTH, pin_memory=on_gpu)
        self.sent[:, SLOT], self.sent[:, LEVEL], self.sent[:, HZ] = slots, SILENCE_DB, SPARE_HZ
        self.received = torch.zeros(slots, HOP_SAMPLES, pin_memory=on_gpu)
        self.packed, self.audio = self.sent.to(self.device), self.received.to(self.device)
        self.graphs = self._capture() if on_gpu else {}

    @torch.no_grad()
    def reset(self, slots: Sequence[int], seeds: Sequence[int]) -> None:
        """See `VoiceBatch.reset`."""
        index = torch.tensor(list(slots), dtype=torch.int64, device=self.device)
        places = torch.from_numpy(noise_places(self.seed + np.array(seeds, np.int64)))
        fresh = replace(pick_voices(self.fresh, torch.zeros_like(index)), noise_position=places.to(self.device))
        write_voices(self.state, index, fresh)

    @torch.no_grad()
    def step(
        self, slots: Ints, timbre: FloatArray, level_db: FloatArray, f0_hz: FloatArray, partials: FloatArray
    ) -> FloatArray:
        """See `VoiceBatch.step`."""
        active, sent = len(slots), self.sent
        size = next(size for size in self.sizes if size >= active)
        for where, stream in ((SLOT, slots), (LEVEL, level_db), (HZ, f0_hz), (TIMBRE, timbre), (PARTIALS, partials)):
            sent[:active, where] = torch.from_numpy(stream)
        sent[active:size, SLOT] = self.spare
        if self.graphs:
            self.packed[:size].copy_(sent[:size], non_blocking=True)
            self.graphs[size].replay()
            self.received[:active].copy_(self.audio[:active], non_blocking=True)
            torch.cuda.current_stream(self.device).synchronize()
        else:
            self._frame(size)
        return self.received[:active].numpy().copy()

    def _frame(self, size: int) -> None:
        """The next frame of the slots in `packed[:size]`: the same operations on the same memory every time.

        The spare slot may come several times; which of them writes its state last does not matter.
        """
        packed = self.packed[:size]
        index = packed[:, SLOT].long()
        timbre, partials = packed[:, None, TIMBRE], packed[:, None, PARTIALS]
        level, hz = packed[:, LEVEL, None], packed[:, HZ, None]
        audio, after = self.decoder.step(timbre, level, hz, partials, pick_voices(self.state, index), every=True)
        write_voices(self.state, index, after)
        self.audio[:size].copy_(audio)

    @torch.no_grad()
    def _capture(self) -> dict[int, torch.cuda.CUDAGraph]:
        """One graph for each size, the largest first: the memory it takes then serves the others.

        Each size first runs on a side stream (https://docs.pytorch.org/docs/stable/notes/cuda.html#cuda-graphs): what
        is made on first use (tables, FFT plans, kernels) must exist before the capture. Nothing is kept from one replay
        to the next but the tensors of this object, which lie outside the pool, so graphs may be replayed in any order.
        """
        graphs = {}
        with torch.cuda.device(self.device):
            pool, side = torch.cuda.graph_pool_handle(), torch.cuda.Stream()  # type: ignore[no-untyped-call]
            for size in reversed(self.sizes):
                side.wait_stream(torch.cuda.current_stream())
                with torch.cuda.stream(side):
                    for _ in range(WARM_STEPS):
                        self._frame(size)
                torch.cuda.current_stream().wait_stream(side)
                graphs[size] = torch.cuda.CUDAGraph()
                with torch.cuda.graph(graphs[size], pool=pool):
                    self._frame(size)
        return graphs


def sizes(slots: int) -> list[int]:
    """Numbers of voices for which a graph is captured.

    >>> sizes(1), sizes(12)
    ([1], [1, 2, 4, 8, 12])
    """
    return [*(2**power for power in range(math.ceil(math.log2(slots)))), slots]
