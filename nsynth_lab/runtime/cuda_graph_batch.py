"""GraphedRows: rows on a CUDA device, a frame of any of them in one replay of a CUDA graph.

    rows due, streams -> one pinned buffer -> [ gather state, Decoder.step, scatter state ] -> audio, pinned
                                                        one graph

State never leaves the device. A graph takes a fixed number of rows, so there is one for 1, 2, 4, 8 .. rows; what is
not due is filled up with a spare row. All are captured at the start, in one pool of memory. On a CPU the same step
runs without a graph, and so the tests hold it to `Decoder.step`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import torch

from nsynth_lab.latents import PARTIAL_SLOTS, SILENCE_DB, TIMBRE_DIMS
from nsynth_lab.model.decoder import Decoder, noise_places
from nsynth_lab.model.state import pick_rows, write_rows
from nsynth_lab.units import HOP_SAMPLES, FloatArray, Ints

ROW, LEVEL, HZ = 0, 1, 2  # columns of what is sent; row numbers are exact in float32
TIMBRE = slice(3, 3 + TIMBRE_DIMS)
PARTIALS = slice(3 + TIMBRE_DIMS, 3 + TIMBRE_DIMS + PARTIAL_SLOTS)
WIDTH = PARTIALS.stop
WARM_STEPS = 3
SPARE_HZ = 110.0


class GraphedRows:
    """`reset(rows)`, `step(rows, streams) -> audio [due, 512]`, as `RowDecoder`; each row at most once a step.

    Raises:
        RuntimeError: its graphs cannot be captured.
    """

    def __init__(self, decoder: Decoder, rows: int, *, seed: int = 0) -> None:
        self.decoder, self.seed, self.spare = decoder, seed, rows
        self.delay_samples = decoder.delay_samples
        self.device = next(decoder.parameters()).device
        on_gpu = self.device.type == "cuda"
        self.state = decoder.start(rows + 1, device=self.device, seed=seed)
        self.fresh = decoder.start(1, device=self.device)
        self.sizes = sizes(rows)
        self.sent = torch.zeros(rows, WIDTH, pin_memory=on_gpu)
        self.sent[:, ROW], self.sent[:, LEVEL], self.sent[:, HZ] = rows, SILENCE_DB, SPARE_HZ
        self.heard = torch.zeros(rows, HOP_SAMPLES, pin_memory=on_gpu)
        self.packed, self.audio = self.sent.to(self.device), self.heard.to(self.device)
        self.graphs = self._capture() if on_gpu else {}

    @torch.no_grad()
    def reset(self, rows: Sequence[int], seeds: Sequence[int]) -> None:
        """As `Rows.reset`."""
        index = torch.tensor(list(rows), dtype=torch.int64, device=self.device)
        places = noise_places(self.seed + torch.tensor(list(seeds), dtype=torch.int64, device=self.device))
        write_rows(self.state, index, replace(pick_rows(self.fresh, torch.zeros_like(index)), noise_position=places))

    @torch.no_grad()
    def step(
        self, rows: Ints, timbre: FloatArray, level_db: FloatArray, f0_hz: FloatArray, partials: FloatArray
    ) -> FloatArray:
        """As `Rows.step`."""
        due, sent = len(rows), self.sent
        size = next(size for size in self.sizes if size >= due)
        for where, stream in ((ROW, rows), (LEVEL, level_db), (HZ, f0_hz), (TIMBRE, timbre), (PARTIALS, partials)):
            sent[:due, where] = torch.from_numpy(stream)
        sent[due:size, ROW] = self.spare
        if self.graphs:
            self.packed[:size].copy_(sent[:size], non_blocking=True)
            self.graphs[size].replay()
            self.heard[:due].copy_(self.audio[:due], non_blocking=True)
            torch.cuda.current_stream(self.device).synchronize()
        else:
            self._frame(size)
        return self.heard[:due].numpy().copy()

    def _frame(self, size: int) -> None:
        """The next frame of the rows in `packed[:size]`: the same operations on the same memory every time.

        The spare row may be there several times. It matters to nobody which of them its state is left by.
        """
        packed = self.packed[:size]
        index = packed[:, ROW].long()
        timbre, partials = packed[:, None, TIMBRE], packed[:, None, PARTIALS]
        level, hz = packed[:, LEVEL, None], packed[:, HZ, None]
        audio, after = self.decoder.step(timbre, level, hz, partials, pick_rows(self.state, index), every=True)
        write_rows(self.state, index, after)
        self.audio[:size].copy_(audio)

    @torch.no_grad()
    def _capture(self) -> dict[int, torch.cuda.CUDAGraph]:
        """A graph a size, the largest first, whose memory then serves the others.

        Each is tried on a side stream before (https://docs.pytorch.org/docs/stable/notes/cuda.html#cuda-graphs): what
        is made at its first use - tables, FFT plans, kernels - must be there. Nothing but the tensors of this object,
        which lie outside the pool, lasts from one replay to the next, so graphs may follow each other in any order.
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


def sizes(rows: int) -> list[int]:
    """Numbers of rows that a step is made for.

    >>> sizes(1), sizes(12)
    ([1], [1, 2, 4, 8, 12])
    """
    return [*(2**power for power in range(math.ceil(math.log2(rows)))), rows]
