"""Tells whether a phrase that was followed as one voice is two voices in harmony.

Two tones a fifth, a fourth, a third or a sixth apart repeat together, and a follower hears the tone of which both are
partials, an octave or more below them, which nobody plays. It shows in the spectrum: of the partials of that tone only
the multiples of two numbers sound, such as 2 and 3 for a fifth.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from nsynth_lab.analysis.follower import HOP
from nsynth_lab.analysis.phrase import LOUD_RANGE_DB, Phrase
from nsynth_lab.units import SAMPLE_RATE, Doubles, FloatArray, note_to_hz

WINDOW, EVERY_HOPS = 8192, 32  # samples; moments that are looked at
PARTIALS, SOUNDS_DB, NEAR = 10, -26.0, 0.02  # below the strongest; of its frequency, to either side
RATIOS = ((2, 3), (3, 4), (3, 5), (4, 5), (5, 6), (5, 8))
SHARE, LEAST = 0.35, 4  # of the moments that are loud, and how many there are at least

Flags = NDArray[np.bool_]


def sounds_like_two(blocks: Iterable[FloatArray], phrase: Phrase) -> bool:
    """Whether two voices sound at once in at least a third of the loud moments of a phrase.

    Args:
        blocks: the sound of the phrase, in mono blocks [samples] at 48 kHz.
        phrase: what was followed in it.
    """
    loud_db = phrase.loud_db - LOUD_RANGE_DB
    notes = [
        note if level_db > loud_db else np.nan
        for note, level_db in zip(phrase.note.tolist(), phrase.level_db.tolist(), strict=True)
    ]
    found = [
        are_two(window, note_to_hz(notes[hop]))
        for hop, window in _windows(blocks)
        if hop < len(notes) and notes[hop] == notes[hop]
    ]
    return len(found) >= LEAST and sum(found) >= SHARE * len(found)


def are_two(window: FloatArray, hz: float) -> bool:
    """Whether the partials of `hz` in `window` [samples] at 48 kHz are those of two tones in harmony, not of one."""
    spectrum = np.abs(np.fft.rfft(window * np.hanning(len(window))))
    sounds = _partials(spectrum, hz * len(window) / SAMPLE_RATE)
    numbers = np.arange(1, PARTIALS + 1)
    for lower, upper in RATIOS:
        others = (numbers % lower != 0) & (numbers % upper != 0)
        if sounds[lower - 1] and sounds[upper - 1] and not sounds[others].any():
            return True
    return False


def _partials(spectrum: Doubles, bins: float) -> Flags:
    """Which of the first ten partials sound, [10]; `bins` is where the first is, in bins of `spectrum`."""
    levels: list[float] = []
    for number in range(1, PARTIALS + 1):
        middle, near = number * bins, max(NEAR * number * bins, 2.0)
        part = spectrum[max(int(middle - near), 0) : int(middle + near) + 2]
        levels.append(float(part.max(initial=0.0)))
    return np.asarray(np.array(levels) > 10.0 ** (SOUNDS_DB / 20.0) * max(levels))


def _windows(blocks: Iterable[FloatArray]) -> Iterator[tuple[int, FloatArray]]:
    """Every 32nd hop of 256 samples: its number, and the 8,192 samples around it."""
    held, hop = np.zeros(WINDOW // 2, np.float32), 0
    for block in blocks:
        held = np.concatenate([held, block])
        while len(held) >= WINDOW:
            yield hop, held[:WINDOW]
            held, hop = held[EVERY_HOPS * HOP :], hop + EVERY_HOPS
