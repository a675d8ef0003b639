"""Instruments of one kind as they are heard, at keys other than those by which imagined ones are chosen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nsynth_lab.evaluate.imagination.kinds import Playable
from nsynth_lab.imagine.ear import Ear, apart, heard_keys
from nsynth_lab.imagine.neighbours import Neighbours
from nsynth_lab.note import FAMILIES, Note
from nsynth_lab.units import Doubles, FloatArray

SHARES = (0.3, 0.45, 0.7)  # of the range
FIRST_KEY = 0  # every fourth from here; imagined instruments are chosen at every fourth from 2
SOFT, LOUD = 50, 100


@dataclass(frozen=True)
class HeardInstrument:
    """One instrument as it is heard at three keys.

    Attributes:
        family: what it is meant to be.
        features: the classifier's [keys, 192].
        family_right, pitch_right: whether both are recognised, [keys] each.
        ratios: to the nearest real instrument of its family [keys] (see `imagine.neighbours`).
        keys_apart, velocities_apart: how far the families' probabilities are apart between its keys, the mean of all
            pairs, and between a soft and a loud note of one key.
    """

    family: str
    features: FloatArray
    family_right: Doubles
    pitch_right: Doubles
    ratios: Doubles
    keys_apart: float
    velocities_apart: float


def hear_one(instrument: Playable, ears: Sequence[Ear], neighbours: Neighbours) -> list[HeardInstrument]:
    """An instrument as each of `ears` hears it; the first of them decodes it."""
    keys = heard_keys(instrument.low, instrument.high, SHARES, from_key=FIRST_KEY)
    notes = [instrument.play(Note(key, LOUD)) for key in keys]
    sounds = ears[0].sounds([*notes, instrument.play(Note(keys[1], SOFT))])
    ratios = np.array(neighbours.ratios(sounds[: len(keys)], keys, without=instrument.name))
    return [_heard_by(ear, instrument.family, keys, sounds, ratios) for ear in ears]


def _heard_by(
    ear: Ear, family: str, keys: Sequence[int], sounds: Sequence[FloatArray], ratios: Doubles
) -> HeardInstrument:
    """`sounds` are the loud notes at `keys`, then a soft one at the second of these."""
    heard = ear.hear(sounds)
    loud = heard.families[: len(keys)]
    pairs = [apart(loud[[a, b]]) for a in range(len(keys)) for b in range(a)]
    return HeardInstrument(
        family,
        heard.features[: len(keys)],
        np.asarray(loud.argmax(axis=1) == FAMILIES.index(family), np.float64),
        np.asarray(heard.pitches[: len(keys)] == np.array(keys), np.float64),
        ratios,
        float(np.mean(pairs)),
        apart(heard.families[[1, len(keys)]]),
    )


def of_family(heard: Sequence[HeardInstrument], family: str) -> list[HeardInstrument]:
    """Those of one family."""
    return [one for one in heard if one.family == family]
