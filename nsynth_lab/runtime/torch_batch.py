"""TorchBatch: a voice batch in plain torch. It plays any model on any device, and is the slowest."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from nsynth_lab.model.decoder import Decoder
from nsynth_lab.model.state import pick_voices, put_voices
from nsynth_lab.runtime.voice_batch import FrameStreams, by_frames
from nsynth_lab.units import HOP_SAMPLES, FloatArray, Ints


class TorchBatch:
    """A `VoiceBatch` by `Decoder.step`, on the active voices picked out of the state of all."""

    def __init__(self, decoder: Decoder, slots: int, *, seed: int = 0) -> None:
        self.decoder, self.seed = decoder, seed
        self.device = next(decoder.parameters()).device
        self.state = decoder.start(slots, device=self.device)

    @torch.inference_mode()
    def reset(self, slots: Sequence[int], seeds: Sequence[int]) -> None:
        """See `VoiceBatch.reset`."""
        for slot, seed in zip(slots, seeds, strict=True):
            fresh = self.decoder.start(1, device=self.device, seed=self.seed + seed)
            self.state = put_voices(self.state, torch.tensor([slot], device=self.device), fresh)

    @torch.inference_mode()
    def step(self, slots: Ints, streams: FrameStreams) -> FloatArray:
        """See `VoiceBatch.step`."""
        audio = np.empty((len(slots), HOP_SAMPLES), np.float32)
        for alike, places in by_frames(slots.tolist()):
            active, order = torch.tensor(alike, device=self.device), np.array(places)
            own, before = streams.at(order), pick_voices(self.state, active)
            now = [torch.from_numpy(stream).to(self.device) for stream in own[:4]]
            gain, detail = (
                None if stream is None else torch.from_numpy(stream).to(self.device)
                for stream in (own.noise_gain, own.detail)
            )
            out, state = self.decoder.step(now[0], now[1], now[2], now[3], before, noise_gain=gain, detail=detail)
            self.state = put_voices(self.state, active, state)
            audio[order.ravel()] = out.cpu().reshape(-1, HOP_SAMPLES).numpy()
        return audio
