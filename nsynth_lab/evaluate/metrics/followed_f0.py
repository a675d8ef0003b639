"""f0 of the sounds of a path, by partials that are followed where they should be.

What is measured of each sound by itself says less: of free partials, as a bell has, or under a drum's noise, another
one is taken for the lowest, and f0 jumps though nothing has moved; and a sound that glides has another mean where its
level has another course. So the partials of the ends, and lines between them, say where those of each sound are
expected, and the deviation in cents is theirs, weighted by power. Where less than half of the power is near these
places, the f0 that is measured of the sound itself counts.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nsynth_lab.dsp.pitch import instantaneous_hz, track_cents, tracked_orders
from nsynth_lab.evaluate.metrics.distances import STEADY_DB
from nsynth_lab.evaluate.metrics.path_laws import deviation_from_line
from nsynth_lab.evaluate.metrics.sound import Sound
from nsynth_lab.latents import CENTS_LIMIT
from nsynth_lab.units import FloatArray, note_to_hz

LEAST_FOUND = 0.5


def f0_off_line_cents(sounds: Sequence[Sound]) -> float:
    """How far the f0 of `sounds`, at equal steps, is from the straight line between the first and the last at most."""
    positions = np.linspace(0.0, 1.0, len(sounds))
    ends = (sounds[0], sounds[-1])
    cents = [sound.f0_cents for sound in ends]
    partials = [sound.streams.partials for sound in ends]
    found = []
    for at, sound in zip(positions.tolist(), sounds, strict=True):
        expected = (1.0 - at) * cents[0] + at * cents[1]
        places = np.asarray((1.0 - at) * partials[0] + at * partials[1], np.float32)
        track = _followed(sound, cents=expected, partials=places)
        found.append(sound.f0_cents if track is None else expected + float(np.median(track[_loud([sound])])))
    return deviation_from_line(positions, found)


def f0_off_cents(sounds: Sequence[Sound]) -> float | None:
    """How far the f0 of any of `sounds` is from that of the last, the median over the frames that are loud in all.

    None if there are no such frames.
    """
    last, loud = sounds[-1], _loud(sounds)
    if not loud.any():
        return None
    partials = last.streams.partials
    tracks = [_followed(sound, cents=last.f0_cents, partials=partials) for sound in sounds]
    reference = tracks[-1]
    if reference is None:
        return None
    return max(
        abs(sound.f0_cents - last.f0_cents if track is None else float(np.median((track - reference)[loud])))
        for sound, track in zip(sounds, tracks, strict=True)
    )


def _loud(sounds: Sequence[Sound]) -> NDArray[np.bool_]:
    """Which frames are loud in all of them, [frames]."""
    levels = [sound.streams.loudness_db for sound in sounds]
    return np.asarray(np.all([level > level.max() - STEADY_DB for level in levels], axis=0))


def _followed(sound: Sound, *, cents: float, partials: FloatArray) -> FloatArray | None:
    """Deviation [frames] in cents from f0 at `cents` above its note; None if its `partials` [128] are elsewhere."""
    f0_hz = note_to_hz(sound.note + cents / 100.0)
    orders = tracked_orders(f0_hz)
    places = orders + partials[1 : len(orders) + 1]
    spacing = 0.5 if partials[0] else 1.0  # a rank sounds an octave below
    hz, power = instantaneous_hz(sound.samples, f0_hz=f0_hz, places=places, spacing=spacing)
    away = 1200.0 * np.log2(np.maximum(hz, 1.0) / (places * f0_hz))
    if float(power[np.abs(away) < CENTS_LIMIT].sum()) < LEAST_FOUND * float(power.sum()):
        return None
    return track_cents(hz, power, f0_hz=f0_hz, places=places)
