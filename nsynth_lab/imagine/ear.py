"""Ear: notes decoded and heard by the classifier of family and pitch, and how well they are recognised.

A note is judged by its first 1.8 s, as the classifier hears them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from nsynth_lab.dsp.noise_table import noise_places
from nsynth_lab.imagine.candidate import Candidate, key_range, note_of
from nsynth_lab.latents import Latents, beginning, with_silence
from nsynth_lab.model.bank import Bank
from nsynth_lab.model.checkpoint import Checkpoint
from nsynth_lab.note import FAMILIES, Note
from nsynth_lab.runtime.clips import Clip, decode_blocks
from nsynth_lab.units import Doubles, FloatArray, track_hz

if TYPE_CHECKING:
    from nsynth_lab.model.classifier import Classifier, Heard

HEARD_FRAMES = 170
PORTRAIT_FRAMES = 24  # of the classifier's input
AT_ONCE = 24  # notes decoded together
KEYS = (0.2, 0.5, 0.8)  # of the range, at which an instrument is heard
FIRST_KEY, GRID = 2, 4
MOST_APART = 0.4  # between keys of one instrument


@dataclass(frozen=True)
class Recognition:
    """How an instrument is heard at several keys.

    Attributes:
        family: mean probability of its family, 0 to 1.
        families_right: the share of keys at which its family is the likeliest.
        pitches_right: the share of keys at which its pitch is heard.
        apart: how far the probabilities of families are apart between keys, 0 to 1: half the sum of differences, of
            the two keys that differ most.
    """

    family: float
    families_right: float
    pitches_right: float
    apart: float

    @property
    def passes(self) -> bool:
        """Whether it is heard as one instrument of its family, at its pitch, at every key."""
        return self.families_right == self.pitches_right == 1.0 and self.apart <= MOST_APART


class Ear:
    """Decodes notes with `checkpoint` and hears them with the classifier, by default that of the default checkpoint."""

    def __init__(self, checkpoint: Checkpoint, classifier: Path | None = None) -> None:
        self.checkpoint = checkpoint
        self._path = classifier

    @cached_property
    def _classifier(self) -> Classifier:
        from nsynth_lab.model.classifier import CLASSIFIER, load_classifier  # torch takes two seconds to import

        return load_classifier(self._path or CLASSIFIER)[0]

    def sounds(self, notes: Sequence[Latents]) -> list[FloatArray]:
        """The first 1.8 s of notes, each [samples]."""
        found: list[FloatArray] = []
        for first in range(0, len(notes), AT_ONCE):
            clips = [_clip(note) for note in notes[first : first + AT_ONCE]]
            found += list(np.concatenate(list(decode_blocks(clips, self.checkpoint)), axis=1))
        return found

    def hear(self, sounds: Sequence[FloatArray]) -> Heard:
        """What the classifier makes of sounds."""
        from nsynth_lab.model.classifier import hear

        return hear(sounds, self._classifier)

    def portrait(self, sound: FloatArray) -> FloatArray:
        """A sound as values that are near to those of sounds alike, [24 * 256]: its first second in mel bands."""
        from nsynth_lab.model.classifier import classifier_input

        return classifier_input(sound)[:PORTRAIT_FRAMES].ravel()

    def recognised(self, notes: Sequence[Latents], family: str) -> Recognition:
        """How well notes of one instrument are recognised as such of `family`, at their pitches."""
        return recognition(self.hear(self.sounds(notes)), [note.note for note in notes], family)


def recognition(heard: Heard, pitches: Sequence[int], family: str) -> Recognition:
    """How well sounds that were heard are recognised as of `family`; `pitches` are the MIDI notes played."""
    number = FAMILIES.index(family)
    return Recognition(
        float(heard.families[:, number].mean()),
        float((heard.families.argmax(axis=1) == number).mean()),
        float((heard.pitches == np.array(pitches)).mean()),
        apart(heard.families),
    )


def apart(families: FloatArray | Doubles) -> float:
    """Total variation between the families' probabilities [keys, 13] of the two keys that differ most."""
    differences = np.abs(families[:, None] - families[None]).sum(axis=2) / 2.0
    return float(differences.max())


def candidate_keys(bank: Bank, candidate: Candidate) -> list[int]:
    """The three keys at which a candidate is heard.

    Raises:
        UsageError: its parents have no keys in common.
    """
    return heard_keys(*key_range(bank, candidate.parents))


def candidate_notes(bank: Bank, candidate: Candidate, keys: Sequence[int] = ()) -> list[Latents]:
    """The beginnings of a candidate's notes at keys, or, if none are given, at those at which it is heard."""
    return [first_frames(note_of(bank, candidate, Note(key))) for key in keys or candidate_keys(bank, candidate)]


def heard_keys(low: int, high: int, shares: Sequence[float] = KEYS, *, from_key: int = FIRST_KEY) -> list[int]:
    """Keys at these shares of a range, moved to every fourth key from `from_key`, where many instruments have zones.

    That way the real instruments that others are compared with have to be heard at few keys only.

    >>> heard_keys(48, 78), heard_keys(60, 61)
    ([54, 62, 74], [61, 61, 61])
    """
    wanted = [low + share * (high - low) for share in shares]
    return [min(high, max(low, from_key + GRID * round((key - from_key) / GRID))) for key in wanted]


def first_frames(note: Latents, frames: int = HEARD_FRAMES) -> Latents:
    """The beginning of a note, or the whole and silence, of exactly so many frames."""
    if note.frames <= frames:
        return with_silence(note, frames - note.frames)
    return beginning(note, frames)


def _clip(note: Latents) -> Clip:
    heard = first_frames(note)
    return Clip(heard, track_hz(heard.note, heard.f0_cents), noise_places(0))
