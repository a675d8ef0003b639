"""Analysis by synthesis: fit the timbre of one sound to its recording by gradient descent through the decoder.

The encoder can only predict how the decoder will render its timbre. Here the timbre is decoded, the result is compared
with the recording by the distances used in training (spectra and attacks), and the timbre is corrected. Each round uses
a different stretch of noise, so that the timbre cannot fit one particular noise signal. The measured streams (level,
f0, partials) and the decoder's weights stay fixed.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch
from torch import Tensor
from torch.nn import functional

from nsynth_lab.dsp.attack_distance import attack_distance
from nsynth_lab.dsp.spectral_distance import spectral_distance
from nsynth_lab.latents import TIMBRE_LIMIT
from nsynth_lab.model.decoder import Decoder
from nsynth_lab.model.state import detached
from nsynth_lab.units import HOP_SAMPLES

LEARNING_RATE, FINAL_LEARNING_RATE = 0.3, 0.03
BETAS = (0.8, 0.95)
EPSILON = 3e-2  # dB per unit and frame; large, so that timbre without audible effect is left as it is
# gradients are averaged with those of neighbouring frames, so that timbre changes as smoothly as sounds do
NEIGHBOUR_FRAMES, OWN_WEIGHT = 2, 0.3
CHUNK_FRAMES = 400  # decoded at a time, to bound memory; gradients do not cross chunks


class AnalysisBySynthesis:
    """Optimizes `timbre` [1, frames, 16] with Adam (Kingma and Ba 2015); `best` is the closest timbre so far.

    `recorded` is the recording [1, frames * 512]; `loudness_db` and `f0_hz` [1, frames] and `partials`
    [1, frames, 128] are its measured streams; `loudest_db` [1] is the level of its loudest mel band. All tensors are on
    the decoder's device. `first_db` and `best_db` are the distances in dB before fitting and of `best`.
    """

    def __init__(
        self, decoder: Decoder, timbre: Tensor, recorded: Tensor, loudness_db: Tensor, f0_hz: Tensor, partials: Tensor,
        *, loudest_db: Tensor,
    ) -> None:  # fmt: skip
        self._decoder, self._recorded, self._loudest_db = decoder, recorded, loudest_db
        self._streams = loudness_db, f0_hz, partials
        self._timbre = timbre.detach().clone().requires_grad_()
        self._optimizer = torch.optim.Adam([self._timbre], betas=BETAS, eps=EPSILON)
        self.rounds, self.best, self.best_db, self.first_db = 0, timbre, math.inf, math.inf

    def round(self, through: float) -> None:
        """Measure the distance and take one step; the learning rate falls as `through` goes from 0 to 1."""
        self._optimizer.zero_grad()
        self._keep_best(self._distance_db(1 + self.rounds, backward=True))
        for group in self._optimizer.param_groups:
            falling = 0.5 * (1.0 + math.cos(math.pi * min(1.0, through)))
            group["lr"] = FINAL_LEARNING_RATE + (LEARNING_RATE - FINAL_LEARNING_RATE) * falling
        self._timbre.grad = _smoothed(self._timbre.grad)
        self._optimizer.step()
        with torch.no_grad():
            self._timbre.clamp_(-TIMBRE_LIMIT, TIMBRE_LIMIT)
        self.rounds += 1

    def finish(self) -> Tensor:
        """Measure the distance after the last round and return the best timbre [1, frames, 16]."""
        with torch.no_grad():
            self._keep_best(self._distance_db(1 + self.rounds, backward=False))
        return self.best

    def _keep_best(self, now_db: float) -> None:
        self.first_db = now_db if math.isinf(self.first_db) else self.first_db
        if now_db < self.best_db:
            self.best, self.best_db = self._timbre.detach().clone(), now_db

    def _distance_db(self, seed: int, *, backward: bool) -> float:
        """Mean distance over all frames, as in training; `backward` also computes the gradient of its sum."""
        total = 0.0
        for decoded, recorded, f0_hz, is_start in self._chunks(seed):
            distance = spectral_distance(decoded, recorded, self._loudest_db)
            if is_start:
                distance = distance + attack_distance(decoded, recorded, f0_hz.median(dim=1).values).mean()
            distance = distance * f0_hz.shape[1]
            if backward:
                distance.backward(inputs=[self._timbre])  # type: ignore[no-untyped-call]
            total += float(distance.detach())
        return total / self._timbre.shape[1]

    def _chunks(self, seed: int) -> Iterator[tuple[Tensor, Tensor, Tensor, bool]]:
        """(decoded audio, recording, f0, whether this is the start of the note), up to 400 frames at a time."""
        state = self._decoder.start(1, device=self._timbre.device, seed=seed)
        for first in range(0, self._timbre.shape[1], CHUNK_FRAMES):
            part = slice(first, first + CHUNK_FRAMES)
            level, f0, partials = (stream[:, part] for stream in self._streams)
            audio, state = self._decoder.step(self._timbre[:, part], level, f0, partials, state)
            state = detached(state)
            begin = first * HOP_SAMPLES
            yield audio, self._recorded[:, begin : begin + audio.shape[1]], f0, first == 0


def _smoothed(gradient: Tensor | None) -> Tensor | None:
    """`gradient` [1, frames, 16] smoothed in time: 0.3 of each frame plus 0.7 of the mean of the five around it."""
    if gradient is None:
        return None
    padded = functional.pad(gradient.transpose(1, 2), (NEIGHBOUR_FRAMES, NEIGHBOUR_FRAMES), mode="replicate")
    around = functional.avg_pool1d(padded, 2 * NEIGHBOUR_FRAMES + 1, stride=1).transpose(1, 2)
    return torch.lerp(around, gradient, OWN_WEIGHT)
