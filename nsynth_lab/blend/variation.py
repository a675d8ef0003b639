"""Round robin variations of a note: what changes when a player plays the same note again.

Timbre, level and pitch each drift a little during the note, by sums of a few slow random sine waves. Variation 0 is the
note itself.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from nsynth_lab.latents import CENTS_LIMIT, LOUDEST_DB, SILENCE_DB, TIMBRE_DIMS, Latents
from nsynth_lab.units import FRAME_RATE_HZ, FloatArray

TIMBRE_STEP, LEVEL_DB, PITCH_CENTS = 0.12, 0.4, 1.5  # RMS of each drift
WAVES = 4
SLOWEST_HZ, FASTEST_HZ = 0.1, 2.0


def variation(latents: Latents, *, number: int, seed: int) -> Latents:
    """Variation `number`, from 0, of a note; the same seed always gives the same variations."""
    if number == 0:
        return latents
    rng = np.random.default_rng([seed, number])
    drift = _drift(rng, latents.frames, TIMBRE_DIMS + 2)
    level = latents.loudness_db + np.float32(LEVEL_DB) * drift[:, TIMBRE_DIMS]
    cents = latents.f0_cents + np.float32(PITCH_CENTS) * drift[:, TIMBRE_DIMS + 1]
    return replace(
        latents,
        timbre=np.asarray(latents.timbre + np.float32(TIMBRE_STEP) * drift[:, :TIMBRE_DIMS], np.float32),
        loudness_db=np.asarray(level.clip(SILENCE_DB, LOUDEST_DB), np.float32),
        f0_cents=np.asarray(cents.clip(-CENTS_LIMIT, CENTS_LIMIT), np.float32),
    )


def _drift(rng: np.random.Generator, frames: int, dims: int) -> FloatArray:
    """[frames, dims] slow random curves with an RMS of 1."""
    seconds = np.arange(frames) / FRAME_RATE_HZ
    hz = np.geomspace(SLOWEST_HZ, FASTEST_HZ, WAVES) * rng.uniform(0.8, 1.25, (dims, WAVES))
    turns: NDArray[np.float64] = seconds[:, None, None] * hz + rng.uniform(0.0, 1.0, (dims, WAVES))
    return np.asarray(np.sqrt(2.0 / WAVES) * np.sin(2.0 * np.pi * turns).sum(axis=-1), np.float32)
