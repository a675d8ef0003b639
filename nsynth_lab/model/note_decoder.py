"""One note decoded again and again, with other timbre or detail: what follows from its other streams is computed once.

These are the phases and carriers of the partials. The control net, which costs as much as all the rest, runs once for
each timbre; details are added to what it gives. The last timbre's sound without detail is kept, because fitting, the
end of the note and the measurement of details all begin with it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from nsynth_lab.latents import Latents
from nsynth_lab.model.checkpoint import Checkpoint
from nsynth_lab.model.controls import stack_inputs
from nsynth_lab.model.decoder import DecoderState, KeptCarriers
from nsynth_lab.units import FloatArray, track_hz

CHUNK_FRAMES = 400  # decoded at a time, to bound memory
KEPT_FRAMES = 800  # the carriers of longer notes are computed every time


class Decoded(NamedTuple):
    """Tones and noise of a sound, [samples] each, and the spectra of the noise [frames, 513]."""

    tones: Tensor
    noise: Tensor
    spectra: Tensor

    @property
    def samples(self) -> FloatArray:
        """The whole sound [samples]."""
        return np.asarray((self.tones + self.noise).cpu().numpy(), np.float32)


class NoteDecoder:
    """Decodes the note of `latents`, with their level, f0 and partials."""

    def __init__(self, latents: Latents, checkpoint: Checkpoint) -> None:
        self.decoder = checkpoint.model.decoder
        self.device = checkpoint.device
        f0_hz = track_hz(latents.note, latents.f0_cents)
        streams = (latents.loudness_db, f0_hz, latents.partials_per_frame())
        self.level, self.f0_hz, self.partials = (torch.tensor(one, device=self.device)[None] for one in streams)
        self.parts = [
            slice(first, min(first + CHUNK_FRAMES, latents.frames)) for first in range(0, latents.frames, CHUNK_FRAMES)
        ]
        self._kept = [KeptCarriers() for _ in self.parts]
        self._last: tuple[FloatArray, list[Tensor], Decoded] | None = None

    def start(self, *, seed: int) -> DecoderState:
        """The decoder's state before the note."""
        return self.decoder.start(1, device=self.device, seed=seed)

    def kept(self, number: int) -> KeptCarriers:
        """The carriers of a part; those of a long note would fill the memory."""
        return self._kept[number] if self.f0_hz.shape[1] <= KEPT_FRAMES else KeptCarriers()

    def bare(self, timbre: FloatArray) -> tuple[list[Tensor], Decoded]:
        """What the control net gives for `timbre` [frames, 16], part by part, and the sound of it without detail."""
        if self._last is None or not np.array_equal(self._last[0], timbre):
            outputs = self._outputs(torch.tensor(timbre, device=self.device)[None])
            self._last = timbre, outputs, self.sound(outputs, seed=0)
        return self._last[1:]

    @torch.no_grad()
    def _outputs(self, timbre: Tensor) -> list[Tensor]:
        net, outputs = self.decoder.controls, []
        state = net.start(1, device=self.device)
        for part in self.parts:
            streams = (stream[:, part] for stream in (timbre, self.level, self.f0_hz, self.partials))
            out, state = net.stack.step(stack_inputs(*streams), state)
            outputs.append(out)
        return outputs

    @torch.no_grad()
    def sound(self, outputs: list[Tensor], *, seed: int, detail: FloatArray | None = None) -> Decoded:
        """The sound of `outputs` from `bare`, with `detail` [frames, 129]; the noise begins where `seed` says."""
        net, state, parts = self.decoder.controls, self.start(seed=seed), []
        offsets = None if detail is None else torch.tensor(detail, device=self.device)[None]
        for number, (part, bare) in enumerate(zip(self.parts, outputs, strict=True)):
            out = bare if offsets is None else net.with_detail(bare, offsets[:, part])
            level, f0_hz, partials = (stream[:, part] for stream in (self.level, self.f0_hz, self.partials))
            controls = net.read(out, level, f0_hz, partials)
            tones, noise, state = self.decoder.sound(
                controls, f0_hz, partials, state, every=False, kept=self.kept(number)
            )
            parts.append((tones[0], noise[0], controls.noise[0]))
        return Decoded(*(torch.cat(column) for column in zip(*parts, strict=True)))
