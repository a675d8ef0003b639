"""TorchClips: whole clips by `Decoder.step`, on the decoder's device."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch

from nsynth_lab.dsp.noise_table import TABLE_FRAMES
from nsynth_lab.model.decoder import Decoder
from nsynth_lab.model.state import pick_voices, put_voices
from nsynth_lab.runtime.voice_batch import FrameStreams
from nsynth_lab.units import FloatArray, Ints


class TorchClips:
    """Clips of one length, all of them in one step of the decoder; they begin at these places in the noise table."""

    def __init__(self, decoder: Decoder, noise_places: Sequence[int]) -> None:
        self._decoder, self._device = decoder, next(decoder.parameters()).device
        self._state = decoder.start(len(noise_places), device=self._device)
        self.seek_noise(range(len(noise_places)), noise_places)

    def seek_noise(self, slots: Sequence[int], places: Sequence[int]) -> None:
        """Move the noise of these clips to `places` in its table."""
        where = torch.tensor(list(slots), dtype=torch.int64, device=self._device)
        noise = torch.tensor([place % TABLE_FRAMES for place in places], dtype=torch.int64, device=self._device)
        position = self._state.noise_position.index_copy(0, where, noise)
        self._state = replace(self._state, noise_position=position)

    @torch.no_grad()
    def frames(self, slots: Ints, streams: FrameStreams) -> FloatArray:
        """The next frames of some clips: streams [slots, frames, ...] -> audio [slots, frames * 512]."""
        active = torch.from_numpy(slots).to(self._device)
        own = (streams.timbre, streams.level_db, streams.f0_hz, streams.partials)
        now = [torch.tensor(stream, device=self._device) for stream in own]
        offsets = None if streams.detail is None else torch.tensor(streams.detail, device=self._device)
        before = pick_voices(self._state, active)
        samples, after = self._decoder.step(now[0], now[1], now[2], now[3], before, detail=offsets)
        self._state = put_voices(self._state, active, after)
        return samples.cpu().numpy()
