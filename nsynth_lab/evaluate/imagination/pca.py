"""A rival: instruments as points in 24 principal components, drawn from a Gaussian about each family.

An instrument is its notes at three keys, each as the timbre and level of 12 moments, evenly spaced in its first 1.8 s.
A drawn one is played by what its nearest key has, with the partials and the pitch of a real member of its family.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from nsynth_lab.imagine.ear import HEARD_FRAMES, first_frames, heard_keys
from nsynth_lab.latents import LOUDEST_DB, SILENCE_DB, TIMBRE_DIMS, TIMBRE_LIMIT, Latents
from nsynth_lab.model.bank import Bank
from nsynth_lab.note import Note, nearest_note
from nsynth_lab.units import Doubles, FloatArray

COMPONENTS, MOMENTS = 24, 12
QUIETEST_DB, DB_PER_UNIT = -90.0, 20.0
STREAMS = TIMBRE_DIMS + 1
_AT = np.linspace(0, HEARD_FRAMES - 1, MOMENTS).round().astype(int)


class PcaInstruments:
    """The principal components of a bank's instruments; `members` are their names by family."""

    def __init__(self, bank: Bank, members: Mapping[str, Sequence[str]]) -> None:
        self._bank, self._members = bank, members
        names = [name for own in members.values() for name in own]
        points = np.stack([self._point(name) for name in names])
        self._mean = points.mean(axis=0)
        self._components = np.linalg.svd(points - self._mean, full_matrices=False)[2][:COMPONENTS]
        codes = dict(zip(names, (points - self._mean) @ self._components.T, strict=True))
        self._centres = {
            family: np.mean([codes[name] for name in own], axis=0) for family, own in members.items() if own
        }
        within = np.stack([codes[name] - self._centres[family] for family, own in members.items() for name in own])
        self._root = np.linalg.cholesky(np.cov(within.T) + 1e-6 * np.eye(within.shape[1]))

    def drawn(self, family: str, rng: np.random.Generator) -> tuple[int, int, Callable[[Note], Latents]]:
        """The lowest and highest key of an instrument that is drawn, and its notes."""
        code = self._centres[family] + self._root @ rng.standard_normal(len(self._root))
        values = (self._mean + code @ self._components).reshape(-1, MOMENTS, STREAMS)
        name = str(rng.choice(self._members[family]))
        low, high = self._range(name)
        keys = heard_keys(low, high)

        def play(note: Note) -> Latents:
            real = first_frames(self._bank.latents(name, note))
            slots = values[keys.index(nearest_note(keys, note.number))]
            return replace(real, timbre=timbre_of(slots), loudness_db=level_of(slots))

        return low, high, play

    def _point(self, name: str) -> Doubles:
        notes = [self._bank.latents(name, Note(key)) for key in heard_keys(*self._range(name))]
        return np.concatenate([moments_of(note) for note in notes]).ravel()

    def _range(self, name: str) -> tuple[int, int]:
        numbers = [self._bank.notes[index].number for index in self._bank.entries[name].zones]
        return min(numbers), max(numbers)


def moments_of(note: Latents) -> Doubles:
    """Timbre and level of a note at twelve moments of its first 1.8 s, [12, 17]; 20 dB are 1."""
    heard = first_frames(note)
    level = np.maximum(heard.loudness_db[_AT], QUIETEST_DB) / DB_PER_UNIT
    return np.concatenate([heard.timbre[_AT], level[:, None]], axis=1).astype(np.float64)


def timbre_of(moments: Doubles) -> FloatArray:
    """The timbre [170, 16] on the lines between moments [12, 17]."""
    frames = np.arange(HEARD_FRAMES)
    columns = [np.interp(frames, _AT, moments[:, dim]) for dim in range(TIMBRE_DIMS)]
    return np.stack(columns, axis=1).clip(-TIMBRE_LIMIT, TIMBRE_LIMIT).astype(np.float32)


def level_of(moments: Doubles) -> FloatArray:
    """The level in dB [170] on the lines between moments [12, 17]."""
    level = np.interp(np.arange(HEARD_FRAMES), _AT, moments[:, -1] * DB_PER_UNIT)
    return np.where(level <= QUIETEST_DB, SILENCE_DB, level).clip(SILENCE_DB, LOUDEST_DB).astype(np.float32)
