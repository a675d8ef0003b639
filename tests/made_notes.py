"""Latents of made-up notes whose course is known: a flute, a piano, a bell, a pad, and random ones."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nsynth_lab.dsp.envelope import find_marks
from nsynth_lab.latents import Latents
from nsynth_lab.units import FRAME_RATE_HZ

Doubles = NDArray[np.float64]


def note_of(loudness_db: Doubles, *, f0_cents: Doubles | None = None, seed: int = 0) -> Latents:
    """A note of this course of loudness [frames], its marks found, its timbre a smooth random path."""
    rng = np.random.default_rng(seed)
    frames = len(loudness_db)
    steps = rng.standard_normal((frames, 16)) * 0.05
    level = np.maximum(loudness_db, -100.0)
    attack, release = find_marks(level.astype(np.float32))
    return Latents(
        timbre=(rng.standard_normal(16) + np.cumsum(steps, axis=0)).astype(np.float32),
        loudness_db=level.astype(np.float32),
        f0_cents=(np.zeros(frames) if f0_cents is None else f0_cents).astype(np.float32),
        partials=rng.uniform(-0.2, 0.2, 128).astype(np.float32),
        note=69,
        velocity=90,
        attack_frames=attack,
        release_frame=release,
        model_id="made",
    )


def line(*points: tuple[int, float]) -> Doubles:
    """A course through (frame, level) points, up to and with the last."""
    at, levels = zip(*points, strict=True)
    return np.asarray(np.interp(np.arange(at[-1] + 1), at, levels))


def flute(*, vibrato_hz: float = 5.0) -> Latents:
    """Two seconds held at -20 dB, vibrato of 20 cents and 1 dB, then a release of 0.25 s."""
    wave = np.sin(2 * np.pi * vibrato_hz * np.arange(220) / FRAME_RATE_HZ)
    level = line((0, -55), (8, -20), (195, -20), (219, -95))
    level[8:195] += wave[8:195]
    return note_of(level, f0_cents=20 * wave, seed=1)


def piano() -> Latents:
    """Two seconds that die away at 12 dB/s, then a damper that falls at 200 dB/s."""
    return note_of(line((0, -16), (1, -12), (190, -36), (220, -100)), seed=2)


def bell() -> Latents:
    """Three seconds that die away into silence; no release."""
    return note_of(line((0, -10), (230, -95), (281, -100)), seed=3)


def pad() -> Latents:
    """A second to come in, a second held, half a second to go."""
    return note_of(line((0, -70), (90, -24), (190, -24), (240, -90)), seed=4)


def organ_cut_short() -> Latents:
    """Held at one level until the recording ends."""
    return note_of(line((0, -30), (2, -15), (120, -15)), seed=5)


def random_note(rng: np.random.Generator) -> Latents:
    """Any attack, slope, ripple and release, or none; 12 to 300 frames."""
    frames = int(rng.integers(12, 300))
    attack, release = int(rng.integers(0, frames // 2)), int(rng.integers(0, frames // 3))
    peak, slope = rng.uniform(-45, -3), rng.uniform(-1.0, 0.02) * rng.integers(0, 2)
    key_up = frames - 1 - release
    held = peak + slope * max(0, key_up - attack)
    level = line((0, peak - rng.uniform(0, 60)), (attack, peak), (max(key_up, attack + 1), held))
    level = np.concatenate([level, np.linspace(held, held - rng.uniform(20, 70), frames)])[:frames]
    ripple = rng.uniform(0, 2) * np.sin(np.arange(frames) * rng.uniform(0.1, 0.6))
    return note_of(level + ripple, f0_cents=rng.uniform(-30, 30, frames), seed=int(rng.integers(1 << 30)))


def steepest_db(loudness_db: NDArray[np.float32]) -> float:
    """The greatest change of level from one frame to the next."""
    return float(np.abs(np.diff(loudness_db)).max(initial=0.0))
