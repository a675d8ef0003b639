"""match_notes(known, heard): which notes that are known were heard, as mir_eval's onsets and pitches.

Source: Raffel and others, ISMIR 2014 (mir_eval); a note is found if one of its key begins within 50 ms of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from nsynth_lab.evaluate.metrics.tune import ONSET_SECONDS, matched
from nsynth_lab.midi.events import Kind
from nsynth_lab.midi.song import read_song
from nsynth_lab.units import SAMPLE_RATE

DRUMS = 9  # channel
Onset = tuple[int, float]  # key, seconds


@dataclass(frozen=True)
class Match:
    """How well notes were heard; 0 to 1.

    >>> match_notes([(60, 0.0), (64, 0.0), (60, 1.0)], [(60, 0.03), (64, 0.2)])
    Match(precision=0.5, recall=0.3333333333333333)
    """

    precision: float
    recall: float

    @property
    def f1(self) -> float:
        """The harmonic mean of both."""
        return 2.0 * self.precision * self.recall / max(self.precision + self.recall, 1e-12)


def match_notes(known: Sequence[Onset], heard: Sequence[Onset], *, within_seconds: float = ONSET_SECONDS) -> Match:
    """Each note that is heard is matched with at most one that is known."""
    hits = 0
    for key in {key for key, _ in known}:
        hits += matched(_times(known, key), _times(heard, key), within_seconds=within_seconds)
    return Match(hits / max(len(heard), 1), hits / max(len(known), 1))


def known_notes(path: Path) -> list[Onset]:
    """The notes of a MIDI file, without drums on channel 10.

    Raises:
        MidiError: it cannot be read.
    """
    events = read_song(path).events
    ons = [event for event in events if event.kind is Kind.NOTE_ON and event.channel != DRUMS]
    return [(event.number, event.at_sample / SAMPLE_RATE) for event in ons]


def _times(notes: Iterable[Onset], key: int) -> list[float]:
    return sorted(at for own, at in notes if own == key)
