"""How bright, airy, hollow, nasal and percussive a sound is, measured on the beginning of a decoded note.

brighter     centroid of the mel spectrum along its bands, in octaves
airy         power of the noise relative to that of the partials, in dB
hollow       power of the odd partials above the first relative to the even ones, in dB
nasal        power between 1 and 2 kHz relative to that of the octaves on either side, in dB
percussive   how far the level has fallen half a second after its peak, in dB

`STEPS` says how much of each is meant by 1. The first four change with the timbre, along directions that were learnt
(`directions`), percussive with the controls.

Sources: Peeters et al. 2011, The Timbre Toolbox, for centroid, noise and odd to even; Winckel 1967, Die Akustik der
Geige, for the nasal formant at 1.5 to 2 kHz, here an octave relative to its neighbours; percussive is ours.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence

import numpy as np

from nsynth_lab.dsp.harmonics import lines_of, noise_to_harmonic_db, odd_to_even_db, steady
from nsynth_lab.dsp.loudness import loudness_db
from nsynth_lab.dsp.measure import Measured
from nsynth_lab.dsp.mel_spectrum import band_edges_hz, mel_db
from nsynth_lab.imagine.candidate import Controls
from nsynth_lab.latents import Latents
from nsynth_lab.units import Doubles, FloatArray, seconds_to_frames

OF_TIMBRE = ("brighter", "airy", "hollow", "nasal")
PERCUSSIVE = "percussive"
NAMES = (*OF_TIMBRE, PERCUSSIVE)
STEPS = {"brighter": 0.4, "airy": 6.0, "hollow": 5.0, "nasal": 6.0, "percussive": 8.0}
RANGE_DB = 60.0
NASAL_HZ = 1_000.0  # the lower end of the octave
DEFINITION = 2  # raised when a measure changes: what was measured before is measured anew
LATER_FRAMES = seconds_to_frames(0.5)
QUICKER_OCTAVES, FALL_DB_PER_SECOND = -1.0, -16.0  # a step of percussive
QUIETEST_DB = -60.0


def describe(sound: FloatArray, note: Latents) -> Doubles:
    """The five descriptors, in the order of `NAMES`, of a `sound` [samples] decoded from the beginning of `note`."""
    level = mel_db(sound).astype(np.float64)
    heard = level.max(axis=1) > level.max() - RANGE_DB
    amplitudes = 10 ** (level[heard] / 20.0)
    weight = amplitudes.mean(axis=0)
    frames = len(level)
    streams = Measured(note.loudness_db[:frames], note.f0_cents[:frames], _first(note.partials))
    lines = lines_of(sound, streams, note=note.note)
    hollow = odd_to_even_db(lines)
    return np.array(
        [
            float(np.average(_octaves(), weights=weight)),
            noise_to_harmonic_db(lines, steady(lines)),
            0.0 if hollow is None else hollow,
            _nasal_db(np.square(amplitudes).mean(axis=0)),
            _fall_db(loudness_db(sound)),
        ]
    )


def steps_of(amounts: Mapping[str, float]) -> Doubles:
    """How far each of the four descriptors of the timbre is to move, in its own unit [4]."""
    return np.array([amounts.get(name, 0.0) * STEPS[name] for name in OF_TIMBRE])


def percussive_controls(amount: float) -> Controls:
    """The controls of so many steps of percussive; negative ones make notes swell and last."""
    return Controls(attack=QUICKER_OCTAVES * amount, decay=FALL_DB_PER_SECOND * amount)


def _nasal_db(power: Doubles) -> float:
    above = np.floor(_octaves() - np.log2(NASAL_HZ))  # octaves
    formant, beside = (max(float(power[where].sum()), 1e-20) for where in (above == 0, np.abs(above) == 1))
    return float(np.clip(10.0 * np.log10(formant / beside), -RANGE_DB, RANGE_DB))


def _fall_db(level_db: FloatArray) -> float:
    early = level_db[: max(1, len(level_db) - LATER_FRAMES)]
    peak = int(early.argmax())
    later = level_db[min(peak + LATER_FRAMES, len(level_db) - 1)]
    return min(-QUIETEST_DB, float(level_db[peak] - later))


def _first(partials: FloatArray) -> FloatArray:
    return partials if partials.ndim == 1 else partials[len(partials) // 2]


@functools.cache
def _octaves() -> Doubles:
    """The centres of the mel bands, in octaves above 1 Hz."""
    return np.asarray(np.log2(band_edges_hz()[1:-1]))


def means(sounds: Sequence[FloatArray], notes: Sequence[Latents]) -> Doubles:
    """The mean descriptors [5] of an instrument's notes."""
    return np.asarray(np.mean([describe(sound, note) for sound, note in zip(sounds, notes, strict=True)], axis=0))
