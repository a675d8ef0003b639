"""Analysis by synthesis: fit the timbre of one sound to its recording by gradient descent through the decoder.

The encoder can only predict how the decoder will render its timbre. Here the timbre is decoded, the result is compared
with the recording by the distances used in training (spectra and attacks), and the timbre is corrected. Each round uses
a different stretch of noise, so that the timbre cannot fit one particular noise signal. The measured streams (level,
f0, partials) and the decoder's weights stay fixed.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

from nsynth_lab.dsp.attack_distance import AttackTarget
from nsynth_lab.dsp.spectral_target import SpectralTarget
from nsynth_lab.latents import TIMBRE_LIMIT
from nsynth_lab.model.note_decoder import NoteDecoder
from nsynth_lab.model.state import detached
from nsynth_lab.units import HOP_SAMPLES

RATES = 0.6, 0.06  # learning rates of the first round and of the last
BETAS = (0.3, 0.9)  # in a few rounds there is no time for momentum to build up
EPSILON = 3e-2  # dB per unit and frame; large, so that timbre without audible effect is left as it is
# gradients are averaged with those of neighbouring frames, so that timbre changes as smoothly as sounds do
NEIGHBOUR_FRAMES, OWN_WEIGHT = 2, 0.5


class AnalysisBySynthesis:
    """Optimizes `timbre` [1, frames, 16] with Adam (Kingma and Ba 2015); `best` is the closest timbre so far.

    These are the first frames of a note, or all, whose measured streams `decoder` has; `recorded` [1, frames * 512] is
    that part of the recording, `loudest_db` [1] the level of the loudest mel band of the whole, and `detail` [frames,
    129] is added to what the control net gives. All tensors are on the decoder's device. `first_db` and `best_db` are
    the distances in dB before fitting and of `best`.
    """

    def __init__(
        self,
        decoder: NoteDecoder,
        timbre: Tensor,
        recorded: Tensor,
        *,
        loudest_db: Tensor,
        detail: Tensor | None = None,
        rates: tuple[float, float] = RATES,
        attack_weight: float = 1.0,
    ) -> None:
        self._decoder, self._timbre, self._detail = decoder, timbre.detach().clone(), detail
        self._rates, self._attack_weight = rates, attack_weight
        self._parts = [slice(part.start, min(part.stop, timbre.shape[1])) for part in decoder.parts]
        self._parts = [part for part in self._parts if part.start < part.stop]
        wanted = [recorded[:, part.start * HOP_SAMPLES : part.stop * HOP_SAMPLES] for part in self._parts]
        self._targets = [SpectralTarget(part[0], loudest_db) for part in wanted]
        self._attack = AttackTarget(wanted[0], decoder.f0_hz[:, self._parts[0]].median(dim=1).values)
        self._slope, self._square = torch.zeros_like(timbre), torch.zeros_like(timbre)
        self.rounds, self.best, self.best_db, self.first_db = 0, timbre, math.inf, math.inf

    def round(self, through: float) -> None:
        """Measure the distance and take one step; the learning rate falls as `through` goes from 0 to 1."""
        now_db, gradient = self._distance_db(1 + self.rounds, slope=True)
        self._keep_best(now_db)
        falling = 0.5 * (1.0 + math.cos(math.pi * min(1.0, through)))
        rate = self._rates[1] + (self._rates[0] - self._rates[1]) * falling
        gradient = _smoothed(gradient)
        self.rounds += 1
        self._slope = torch.lerp(gradient, self._slope, BETAS[0])
        self._square = torch.lerp(gradient.square(), self._square, BETAS[1])
        slope, square = (
            average / (1.0 - beta**self.rounds)
            for average, beta in zip((self._slope, self._square), BETAS, strict=True)
        )
        self._timbre = (self._timbre - rate * slope / (square.sqrt() + EPSILON)).clamp(-TIMBRE_LIMIT, TIMBRE_LIMIT)

    def finish(self) -> Tensor:
        """Measure the distance after the last round and return the best timbre [1, frames, 16]."""
        self._keep_best(self._distance_db(1 + self.rounds, slope=False)[0])
        return self.best

    def _keep_best(self, now_db: float) -> None:
        self.first_db = now_db if math.isinf(self.first_db) else self.first_db
        if now_db < self.best_db:
            self.best, self.best_db = self._timbre, now_db

    def _distance_db(self, seed: int, *, slope: bool) -> tuple[float, Tensor]:
        """Mean distance over all frames, as in training; with `slope`, also the gradient of its sum.

        Gradients do not cross parts.
        """
        total, gradient, own = 0.0, torch.zeros_like(self._timbre), self._decoder
        state = own.start(seed=seed)
        for number, part in enumerate(self._parts):
            timbre = self._timbre[:, part].detach().requires_grad_(slope)
            with torch.set_grad_enabled(slope):
                level, f0_hz, partials = (stream[:, part] for stream in (own.level, own.f0_hz, own.partials))
                detail = None if self._detail is None else self._detail[None, part]
                tones, noise, _, state = own.decoder.excite(
                    timbre, level, f0_hz, partials, state, every=False, detail=detail, kept=own.kept(number)
                )
                state = detached(state)
                distance = self._distance(tones + noise, number) * timbre.shape[1]
                if slope:
                    gradient[:, part] = torch.autograd.grad(distance, timbre)[0]
            total += float(distance.detach())
        return total / self._timbre.shape[1], gradient

    def _distance(self, audio: Tensor, number: int) -> Tensor:
        """Distance of `audio` [1, samples] from that part of the recording."""
        distance = self._targets[number].distance(audio[0])
        return distance if number else distance + self._attack_weight * self._attack.distance(audio).mean()


def _smoothed(gradient: Tensor) -> Tensor:
    """`gradient` [1, frames, 16] smoothed in time: half of each frame plus half of the mean of the five around it."""
    padded = functional.pad(gradient.transpose(1, 2), (NEIGHBOUR_FRAMES, NEIGHBOUR_FRAMES), mode="replicate")
    around = functional.avg_pool1d(padded, 2 * NEIGHBOUR_FRAMES + 1, stride=1).transpose(1, 2)
    return torch.lerp(around, gradient, OWN_WEIGHT)
