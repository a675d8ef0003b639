"""Whether sounds have the f0 of another one, which a drum that is blended into them must not move.

The same partials are followed in all of them, where they lie in the other, and compared at the same moments. What is
measured of each sound by itself says less: noise hides partials, so that another one is taken for the lowest, and a
sound that glides has another mean where its level has another course.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nsynth_lab.dsp.pitch import instantaneous_hz, track_cents, tracked_orders
from nsynth_lab.evaluate.metrics.distances import STEADY_DB
from nsynth_lab.evaluate.metrics.sound import Sound
from nsynth_lab.units import FloatArray, note_to_hz


def f0_off_cents(sounds: Sequence[Sound]) -> float | None:
    """How far the f0 of any of `sounds` is from that of the last, the median over the frames that are loud in all.

    None if there are no such frames.
    """
    levels = [sound.streams.loudness_db for sound in sounds]
    loud = np.all([level > level.max() - STEADY_DB for level in levels], axis=0)
    if not loud.any():
        return None
    tracks = _tracks(sounds)
    return max(abs(float(np.median((track - tracks[-1])[loud]))) for track in tracks)


def _tracks(sounds: Sequence[Sound]) -> list[FloatArray]:
    """f0 of each sound in cents, [frames], by the partials of the last one."""
    last = sounds[-1]
    f0_hz = note_to_hz(last.note + last.f0_cents / 100.0)
    partials, orders = last.streams.partials, tracked_orders(f0_hz)
    places = orders + partials[1 : len(orders) + 1]
    spacing = 0.5 if partials[0] else 1.0  # a rank sounds an octave below
    found = (instantaneous_hz(sound.samples, f0_hz=f0_hz, places=places, spacing=spacing) for sound in sounds)
    return [track_cents(hz, power, f0_hz=f0_hz, places=places) for hz, power in found]
