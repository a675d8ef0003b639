"""What a translation is compared with: the tune of its phrase, seen as the translation is seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from nsynth_lab.errors import NsynthLabError
from nsynth_lab.evaluate.metrics.in_tune import in_tune
from nsynth_lab.evaluate.metrics.mixture import spectral_residual
from nsynth_lab.evaluate.metrics.tune import Tune
from nsynth_lab.evaluate.metrics.yin_pitch import LOWEST_NOTE, pyin_window
from nsynth_lab.evaluate.translations import PlayedNote, Translation, read_phrase_sound
from nsynth_lab.units import FRAME_RATE_HZ, HOP_SAMPLES, SAMPLE_RATE, Doubles, FloatArray

MOST_LOST = 0.5  # of the tones, when they are looked for in shorter windows
BEYOND_SEMITONES = 13.0  # an octave to either side, so that octave errors are seen
# The first classifier knew no short notes: of ten instruments, three keys each, played plainly, it named 27 % after
# 0.2 s, 30 % after 0.3 s, 47 % after 0.45 s and 93 % after 0.7 s. The present one is no better at 0.7 s.
SHORTEST_SECONDS, TAIL_SECONDS = 0.6, 0.25


@dataclass(frozen=True)
class Source:
    """A phrase that is translated.

    Attributes:
        name: of its file.
        samples: [samples] at 48 kHz.
        tune: of these, as finely as its notes allow.
        lowest, highest: the notes between which it is looked for.
        coarser: its tune through longer windows, by the samples of a window, where it has been asked for.
    """

    name: str
    samples: FloatArray
    tune: Tune
    lowest: float
    highest: float
    coarser: dict[int, Tune] = field(default_factory=dict)

    def through(self, window: int) -> Tune:
        """Its tune, seen through windows of at least so many samples.

        A low target needs long windows, which see less of a glide: its source is looked at through the same.
        """
        if window <= pyin_window(self.lowest):
            return self.tune
        if window not in self.coarser:
            self.coarser[window] = Tune.of(self.samples, lowest=self.lowest, highest=self.highest, least_window=window)
        return self.coarser[window]


def moves(source: Tune, translation: Translation) -> Doubles:
    """By how many semitones each frame of the source is moved, on purpose: as a whole, and notes beyond the range."""
    moved = np.full(len(source.note), translation.transposed)
    for note in translation.notes:
        frame = max(0, round(note.begin_seconds * FRAME_RATE_HZ))
        pitches = source.note[frame : frame + 10] + translation.transposed
        if np.isnan(pitches).all():
            continue
        pitch = float(np.nanmedian(pitches))
        inside = translation.lowest + 0.5 <= pitch <= translation.highest - 0.5
        moved[frame:] = translation.transposed + (0.0 if inside else 12.0 * round((note.key - pitch) / 12.0))
    return moved


def read_source(path: Path) -> Source:
    """A phrase and its tune: tracked coarsely, and then, where its notes are high, with shorter windows.

    Raises:
        NsynthLabError: it cannot be read, or there is no tone in it.
    """
    samples = read_phrase_sound(path)
    tune = Tune.of(samples)
    if np.isnan(tune.note).all():
        raise NsynthLabError("no tone was heard")
    low, high = _searched(tune)
    if pyin_window(low) < pyin_window(LOWEST_NOTE):
        finer = Tune.of(samples, lowest=low, highest=high)
        tune = finer if finer.tones > MOST_LOST * tune.tones else tune
    return Source(path.stem, samples, tune, low, high)


def _searched(tune: Tune, moved: Doubles | float = 0.0) -> tuple[float, float]:
    """Between which notes a sound is looked at that plays this tune."""
    low, high = tune.bounds(moved=moved)
    return low - BEYOND_SEMITONES, high + BEYOND_SEMITONES


def tunes_of(samples: FloatArray, source: Source, moved: Doubles) -> tuple[Tune, Tune]:
    """The tunes of the source and of a sound that plays it, both seen through the same windows."""
    low, high = _searched(source.tune, moved)
    window = max(pyin_window(low), pyin_window(source.lowest))
    return source.through(window), Tune.of(samples, lowest=low, highest=high, least_window=window)


def residual_of(samples: FloatArray, source: Source, translation: Translation) -> float:
    """The part of a translation that no mixture of its phrase and the plain notes explains; all [samples]."""
    count = min(len(samples), len(source.samples), len(translation.plain)) // HOP_SAMPLES * HOP_SAMPLES
    return spectral_residual(samples[:count], (source.samples[:count], translation.plain[:count]))


def cuts(samples: FloatArray, notes: Sequence[PlayedNote], pitch: Doubles | None = None) -> list[FloatArray]:
    """The sound of each note that is long enough, without the next; in tune if its `pitch` [frames] is given."""
    nexts = [*(note.begin_seconds for note in notes[1:]), np.inf]
    found = []
    for note, following in zip(notes, nexts, strict=True):
        if note.end_seconds - note.begin_seconds >= SHORTEST_SECONDS:
            end = min(note.end_seconds + TAIL_SECONDS, following)
            begin = max(0, round(note.begin_seconds * SAMPLE_RATE))
            cut = samples[begin : round(end * SAMPLE_RATE)]
            found.append(cut if pitch is None else in_tune(cut, pitch, begin_sample=begin))
    return found
