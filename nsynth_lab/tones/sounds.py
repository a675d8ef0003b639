"""Tones as sound: sines, and the sum of what sounds together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nsynth_lab.tones.asked import Tones
from nsynth_lab.units import SAMPLE_RATE, FloatArray, seconds_to_samples

LOUDEST = 0.9  # peak of the sum
SINE_PEAK = 0.25
FADE_SECONDS = 0.01


def sines(asked: Tones) -> list[FloatArray]:
    """A sine for each tone, [1, samples] at 48 kHz, all at the same level and faded in and out over 10 ms."""
    samples = seconds_to_samples(asked.seconds)
    fade = min(seconds_to_samples(FADE_SECONDS), samples // 2)
    gains = np.ones(samples)
    gains[:fade] = 0.5 - 0.5 * np.cos(np.pi * np.arange(fade) / fade)
    gains[samples - fade :] = gains[:fade][::-1]
    times = np.arange(samples) / SAMPLE_RATE
    return [
        np.asarray(SINE_PEAK * gains * np.sin(2 * np.pi * tone.hz * times), np.float32)[None] for tone in asked.tones
    ]


def summed(asked: Tones, sounds: Sequence[FloatArray]) -> tuple[FloatArray, float]:
    """(sum of the sounds [channels, samples], each from where its tone begins; the gain that kept it below 0.9)."""
    begins = [round(tone.begins * SAMPLE_RATE) for tone in asked.tones]
    end = max(begin + sound.shape[1] for begin, sound in zip(begins, sounds, strict=True))
    total = np.zeros((sounds[0].shape[0], end))
    for begin, sound in zip(begins, sounds, strict=True):
        total[:, begin : begin + sound.shape[1]] += sound
    gain = min(1.0, LOUDEST / max(float(np.abs(total).max()), 1e-9))
    return np.asarray(gain * total, np.float32), gain
