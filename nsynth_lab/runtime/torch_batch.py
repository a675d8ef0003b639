"""TorchBatch: the readable way, on any device and for any model, and the slowest."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from nsynth_lab.model.decoder import Decoder
from nsynth_lab.model.state import pick_rows, put_rows
from nsynth_lab.runtime.voice_batch import by_frames
from nsynth_lab.units import HOP_SAMPLES, FloatArray, Ints


class SlowRows:
    """The same for any model on any device, by `Decoder.step` on the rows picked out of one state."""

    def __init__(self, decoder: Decoder, rows: int, *, seed: int = 0) -> None:
        self.decoder, self.seed = decoder, seed
        self.device = next(decoder.parameters()).device
        self.state = decoder.start(rows, device=self.device)
        self.delay_samples = decoder.delay_samples

    @torch.inference_mode()
    def reset(self, rows: Sequence[int], seeds: Sequence[int]) -> None:
        """As `Rows.reset`."""
        for row, seed in zip(rows, seeds, strict=True):
            fresh = self.decoder.start(1, device=self.device, seed=self.seed + seed)
            self.state = put_rows(self.state, torch.tensor([row], device=self.device), fresh)

    @torch.inference_mode()
    def step(
        self, rows: Ints, timbre: FloatArray, level_db: FloatArray, f0_hz: FloatArray, partials: FloatArray
    ) -> FloatArray:
        """As `Rows.step`."""
        audio = np.empty((len(rows), HOP_SAMPLES), np.float32)
        for alike, places in by_frames(rows.tolist()):
            due, order = torch.tensor(alike, device=self.device), np.array(places)
            now = [torch.from_numpy(stream[order]).to(self.device) for stream in (timbre, level_db, f0_hz, partials)]
            out, state = self.decoder.step(now[0], now[1], now[2], now[3], pick_rows(self.state, due))
            self.state = put_rows(self.state, due, state)
            audio[order.ravel()] = out.cpu().reshape(-1, HOP_SAMPLES).numpy()
        return audio
