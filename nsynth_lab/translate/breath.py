"""Measures the breath in a voice or a flute, so that the instrument that plays the tune becomes breathier with it.

The ratio of noise to tone follows from how periodic the sound is: where the height of the normalised autocorrelation is
r, the tone has the share r of the power and the noise 1 - r (Boersma, "Accurate short-term analysis of the fundamental
frequency and the harmonics-to-noise ratio of a sampled sound", 1993). Some voices are always breathier than others, and
the room adds noise of its own, so what counts is the difference from the average of the phrase so far.
"""

from __future__ import annotations

import math

from nsynth_lab.analysis.follower import HOP_SECONDS, Heard

CLEAREST, NOISIEST = 0.995, 0.4  # strengths beyond which differences are those of measuring
USUAL_DB = -15.0  # of noise to tone, until it is learnt
LEARNT_SECONDS, SMOOTHED_SECONDS = 3.0, 0.03
LEAST_DB, MOST_DB = -12.0, 18.0  # of the noise that is played


class Breath:
    """Compares the noise of each hop with the average so far; call `turned_up_db` once for each hop with a tone."""

    def __init__(self) -> None:
        self._usual_db = self._now_db = USUAL_DB

    def turned_up_db(self, heard: Heard) -> float:
        """By how many dB the noise now exceeds the average, smoothed over 30 ms: -12 to 18."""
        noise_db = noise_to_tone_db(heard.strength)
        self._now_db += HOP_SECONDS / SMOOTHED_SECONDS * (noise_db - self._now_db)
        self._usual_db += HOP_SECONDS / LEARNT_SECONDS * (noise_db - self._usual_db)
        return min(max(self._now_db - self._usual_db, LEAST_DB), MOST_DB)


def noise_to_tone_db(strength: float) -> float:
    """The level of a sound's noise relative to its tone, in dB.

    `strength` is the height of the normalised autocorrelation; below 0.4 and above 0.995 it makes no difference.

    >>> round(noise_to_tone_db(0.5), 1), round(noise_to_tone_db(0.99), 1)
    (0.0, -20.0)
    """
    share = min(max(strength, NOISIEST), CLEAREST)
    return 10.0 * math.log10((1.0 - share) / share)
