"""Presets and instruments as listeners hear them: features of their sounds."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from nsynth_lab.dsp.loudness import loudness_db
from nsynth_lab.dsp.mel_spectrum import band_edges_hz, mel_db
from nsynth_lab.imagine.candidate import Candidate
from nsynth_lab.imagine.descriptors import means
from nsynth_lab.imagine.ear import Ear, Recognition, candidate_notes, recognition
from nsynth_lab.model.bank import Bank
from nsynth_lab.units import FRAME_RATE_HZ, Doubles, FloatArray

RANGE_DB, QUIET_DB = 60.0, 40.0


def sound_features(samples: FloatArray) -> list[float]:
    """Six features of a stereo note [2, samples].

    Centroid in octaves, how far it wanders in octaves, flatness of the mean spectrum in dB, seconds until the level is
    within 3 dB of its highest, seconds that it is within 40 dB of it, and the level of the sides in dB.
    """
    mono = samples.mean(axis=0)
    level = mel_db(mono).astype(np.float64)
    heard = level.max(axis=1) > level.max() - RANGE_DB
    amplitudes = 10 ** (level[heard] / 20.0)
    octaves = np.log2(band_edges_hz()[1:-1])
    centroids = amplitudes @ octaves / amplitudes.sum(axis=1)
    mean = amplitudes.mean(axis=0) + 1e-9
    flatness = 20.0 * float(np.log10(np.exp(np.log(mean).mean()) / mean.mean()))
    loud = loudness_db(mono)
    rises = float(np.argmax(loud > loud.max() - 3.0)) / FRAME_RATE_HZ
    lasts = float((loud > loud.max() - QUIET_DB).sum()) / FRAME_RATE_HZ
    sides = samples[0] - samples[1]
    wide = 10.0 * float(np.log10((np.square(sides).mean() + 1e-9) / (np.square(mono).mean() + 1e-9)))
    return [float(np.average(centroids)), float(centroids.std()), flatness, rises, lasts, wide]


@dataclass
class HeardInstruments:
    """Instruments of a family heard at three keys, each once.

    Attributes:
        bank: of their parents.
        ear: hears them.
        family: that they are of.
    """

    bank: Bank
    ear: Ear
    family: str
    _heard: dict[Candidate, tuple[Doubles, Recognition]] = field(default_factory=dict)

    def passes(self, candidate: Candidate) -> bool:
        """Whether it is heard as one instrument of the family, at its pitch."""
        return self.recognised(candidate).passes

    def recognised(self, candidate: Candidate) -> Recognition:
        """How it is."""
        return self._listened(candidate)[1]

    def described(self, candidate: Candidate) -> Doubles:
        """The five descriptors of `imagine`."""
        return self._listened(candidate)[0]

    def _listened(self, candidate: Candidate) -> tuple[Doubles, Recognition]:
        if candidate not in self._heard:
            notes = candidate_notes(self.bank, candidate)
            sounds = self.ear.sounds(notes)
            found = recognition(self.ear.hear(sounds), [note.note for note in notes], self.family)
            self._heard[candidate] = means(sounds, notes), found
        return self._heard[candidate]
