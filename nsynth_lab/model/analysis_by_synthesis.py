"""Analysis by synthesis: fit the timbre of one sound to its recording by gradient descent through the decoder.

An encoder has to foresee what the decoder will make of its timbre. Here the timbre is decoded, and what comes out is
compared with the recording as in training: spectra and attacks. Every round draws other noise, so that no noise is
learnt by heart. What is measured (level, f0, partials) stays as it is, and so does the decoder.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch
from torch import Tensor
from torch.nn import functional

from nsynth_lab.dsp.attack_distance import attack_distance
from nsynth_lab.dsp.spectral_distance import spectral_distance
from nsynth_lab.model.decoder import Decoder
from nsynth_lab.model.encoder import LIMIT
from nsynth_lab.model.state import detached
from nsynth_lab.units import HOP_SAMPLES

RATE, LAST_RATE = 0.3, 0.03
BETAS = (0.8, 0.95)
EPSILON = 3e-2  # in dB a unit and frame: what changes nothing that is heard stays where it is
REACH_FRAMES, OWN_SHARE = 2, 0.3  # gradients are averaged with those around: timbre is to move as smoothly as sounds do
CHUNK_FRAMES = 400  # decoded at a time, so that memory stays bounded; gradients end there


class AnalysisBySynthesis:
    """Rounds of Adam (Kingma and Ba 2015) on `timbre` [1, frames, 16]; `best` is the nearest so far.

    `recorded` [1, frames * 512], `loudness_db` and `f0_hz` [1, frames], `partials` [1, frames, 128], `loudest_db` [1]
    level of the loudest mel band; all where the decoder is.
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
        """Measure the distance and take a step, the smaller the more of the time is over (`through`, 0 to 1)."""
        self._optimizer.zero_grad()
        self._note(self._distance_db(1 + self.rounds, backward=True))
        for group in self._optimizer.param_groups:
            group["lr"] = LAST_RATE + (RATE - LAST_RATE) * 0.5 * (1.0 + math.cos(math.pi * min(1.0, through)))
        self._timbre.grad = _smoothed(self._timbre.grad)
        self._optimizer.step()
        with torch.no_grad():
            self._timbre.clamp_(-LIMIT, LIMIT)
        self.rounds += 1

    def finish(self) -> Tensor:
        """Measure the distance after the last round; the best timbre [1, frames, 16]."""
        with torch.no_grad():
            self._note(self._distance_db(1 + self.rounds, backward=False))
        return self.best

    def _note(self, now_db: float) -> None:
        self.first_db = now_db if math.isinf(self.first_db) else self.first_db
        if now_db < self.best_db:
            self.best, self.best_db = self._timbre.detach().clone(), now_db

    def _distance_db(self, seed: int, *, backward: bool) -> float:
        """Mean distance over all frames, as in training; `backward` adds the gradients of its sum to the timbre's."""
        total = 0.0
        for decoded, recorded, f0_hz, begins in self._chunks(seed):
            distance = spectral_distance(decoded, recorded, self._loudest_db)
            if begins:
                distance = distance + attack_distance(decoded, recorded, f0_hz.median(dim=1).values).mean()
            distance = distance * f0_hz.shape[1]
            if backward:
                distance.backward(inputs=[self._timbre])  # type: ignore[no-untyped-call]
            total += float(distance.detach())
        return total / self._timbre.shape[1]

    def _chunks(self, seed: int) -> Iterator[tuple[Tensor, Tensor, Tensor, bool]]:
        """Decoded audio, recording, f0 and whether it is the beginning of the note, up to 400 frames at a time."""
        frames, early = self._timbre.shape[1], self._decoder.delay_samples
        state = self._decoder.start(1, device=self._timbre.device, seed=seed)
        for first in range(0, frames, CHUNK_FRAMES):
            part = slice(first, first + CHUNK_FRAMES)
            level, f0, partials = (stream[:, part] for stream in self._streams)
            audio, state = self._decoder.step(self._timbre[:, part], level, f0, partials, state)
            state = detached(state)
            begin = first * HOP_SAMPLES
            recorded = self._recorded[:, begin : begin + audio.shape[1] - early]
            yield audio[:, early : early + recorded.shape[1]], recorded, f0, first == 0


def _smoothed(gradient: Tensor | None) -> Tensor | None:
    """Each frame of `gradient` [1, frames, 16] as 0.3 of its own and 0.7 of the mean over five frames."""
    if gradient is None:
        return None
    lines = functional.pad(gradient.transpose(1, 2), (REACH_FRAMES, REACH_FRAMES), mode="replicate")
    around = functional.avg_pool1d(lines, 2 * REACH_FRAMES + 1, stride=1).transpose(1, 2)
    return torch.lerp(around, gradient, OWN_SHARE)
