"""CudaGraphBatch: the voice batch of a CUDA device, which plays a frame of any slots by replaying one CUDA graph.

    active slots, streams -> pinned -> [ to the device, SlotStep, back to the host ] -> pinned -> audio
                                                       one graph

State never leaves the device, and a slot that starts anew is told so in what is sent: a note begins without a kernel
more. A graph takes a fixed number of voices, so there are graphs for 1, 2, 4, 8 .. voices and some sizes between; where
fewer are active a spare slot fills up. All are captured at the start, in one pool of memory. A step may be split into
two phases, as on the CPU: between them the device works and the caller does something else. On a CPU the same step runs
without a graph, and so the tests hold it to `Decoder.step`.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence

import numpy as np
import torch

from nsynth_lab.dsp.noise_table import noise_places
from nsynth_lab.latents import SILENCE_DB
from nsynth_lab.model.decoder import Decoder
from nsynth_lab.runtime.slot_step import DETAIL, FRESH, HZ, LEVEL, NOISE, PARTIALS, PLACE, SLOT, TIMBRE, WIDTH, SlotStep
from nsynth_lab.runtime.voice_batch import FrameStreams
from nsynth_lab.units import HOP_SAMPLES, FloatArray, Ints

WARM_STEPS = 3
SPARE_HZ = 110.0
FINE_FROM = 16  # up to here sizes double; from here on a step takes at most a quarter more voices than are active


class Pending:
    """A step that the device has been told to take; `audio()` waits for it."""

    def __init__(self, fetch: Callable[[], FloatArray]) -> None:
        self._fetch = fetch
        self._audio: FloatArray | None = None

    def audio(self) -> FloatArray:
        """[active, 512]."""
        if self._audio is None:
            self._audio = self._fetch()
        return self._audio


class CudaGraphBatch:
    """A `TwoPhase` voice batch on a CUDA device; each slot at most once a step.

    `make_step(decoder, slots)` makes what a step does.

    Raises:
        RuntimeError: the graphs cannot be captured.
    """

    def __init__(
        self, decoder: Decoder, slots: int, *, make_step: Callable[[Decoder, int], SlotStep], seed: int = 0
    ) -> None:
        self.seed, self.spare = seed, slots
        self.device = next(decoder.parameters()).device
        self.sizes = sizes(slots)
        on_gpu = self.device.type == "cuda"
        sent = torch.zeros(slots, WIDTH, pin_memory=on_gpu)
        self._received = torch.zeros(slots, HOP_SAMPLES, pin_memory=on_gpu)
        self._sent, self._host = sent.numpy(), sent
        self._heard = self._received.numpy()
        self._sent[:, SLOT], self._sent[:, LEVEL], self._sent[:, HZ] = slots, SILENCE_DB, SPARE_HZ
        self._sent[:, NOISE] = 1.0
        self._packed, self._audio = sent.to(self.device), self._received.to(self.device)
        self._fresh, self._place = np.zeros(slots, np.bool_), np.zeros(slots, np.int64)
        self._pending: Pending | None = None
        self._step = make_step(decoder, slots + 1)
        self.graphs = self._capture() if on_gpu else {}

    def reset(self, slots: Sequence[int], seeds: Sequence[int]) -> None:
        """See `VoiceBatch.reset`."""
        where = np.array(slots, np.int64)
        self._fresh[where], self._place[where] = True, noise_places(self.seed + np.array(seeds, np.int64))

    def step(self, slots: Ints, streams: FrameStreams) -> FloatArray:
        """See `VoiceBatch.step`."""
        return self.excite(self.controls(slots, streams))

    def controls(self, slots: Ints, streams: FrameStreams) -> Pending:
        """Tell the device to take the step, and do not wait."""
        if self._pending is not None:
            self._pending.audio()  # before its place in memory is needed for this one
        active, sent = len(slots), self._sent
        size = next(size for size in self.sizes if size >= active)
        sent[:active, SLOT] = slots
        sent[:active, TIMBRE], sent[:active, PARTIALS] = streams.timbre, streams.partials
        sent[:active, LEVEL], sent[:active, HZ] = streams.level_db, streams.f0_hz
        sent[:active, NOISE] = 1.0 if streams.noise_gain is None else streams.noise_gain
        sent[:active, DETAIL] = 0.0 if streams.detail is None else streams.detail
        sent[active:size, SLOT] = self.spare
        sent[:active, FRESH], sent[:active, PLACE] = self._fresh[slots], self._place[slots]
        self._fresh[slots] = False
        if self.graphs:
            self.graphs[size].replay()
        else:
            self._frame(size)
        self._pending = Pending(functools.partial(self._fetch, active))
        return self._pending

    def excite(self, driven: Pending) -> FloatArray:
        """Wait for the step, and give what it made: audio [active, 512]."""
        return driven.audio()

    def _fetch(self, active: int) -> FloatArray:
        self._pending = None
        if self.graphs:
            torch.cuda.current_stream(self.device).synchronize()
        return self._heard[:active].copy()

    @torch.no_grad()
    def _frame(self, size: int) -> None:
        """The next frame of the first `size` of what is sent."""
        self._packed[:size].copy_(self._host[:size], non_blocking=True)
        self._step(self._packed[:size], self._audio[:size])
        self._received[:size].copy_(self._audio[:size], non_blocking=True)

    def _capture(self) -> dict[int, torch.cuda.CUDAGraph]:
        """One graph for each size, the largest first: the memory it takes then serves the others.

        Each size first runs on a side stream (https://docs.pytorch.org/docs/stable/notes/cuda.html#cuda-graphs): what
        is made on first use (tables, FFT plans, kernels) must exist before the capture. Nothing is kept from one replay
        to the next but the tensors of this object and of its step, which lie outside the pool, so graphs may be
        replayed in any order.
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

    >>> sizes(1), sizes(12), sizes(50)
    ([1], [1, 2, 4, 8, 12], [1, 2, 4, 8, 16, 20, 24, 28, 32, 40, 48, 50])
    """
    found, size = [], 1
    while size < slots:
        found.append(size)
        size += size if size < FINE_FROM else (1 << (size.bit_length() - 1)) // 4
    return [*found, slots]
