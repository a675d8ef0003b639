"""The chords' table, counted on tunes with chord symbols: those of Nottingham.

With OpenEWLD's songs, whose chords are richer, folk tunes lose more (0.66 instead of 0.68 of the half bars right) than
songs gain (0.38 instead of 0.37).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from nsynth_lab.melody.harmony import KINDS, PHRASE_BARS, halves_of, written_chords
from nsynth_lab.tune.chord_name import parse_chord
from nsynth_lab.tune.pitch import SEMITONES
from nsynth_lab.tune.tune import ChordSymbol, Tune
from nsynth_lab.units import FloatArray

COUNTED = "nottingham"
MOST_CHORDS = 30
FEWEST_SYMBOLS = 8
ALIKE = (  # kinds that count as those of `melody.harmony.KINDS`, in their order
    ("", "6", "maj7", "sus4", "sus2", "5", "aug", "maj9"),
    ("m", "m7", "m6", "mMaj7", "m9", "m11"),
    ("7", "9", "13", "11", "aug7"),
    ("dim", "dim7", "m7b5"),
)
KIND_OF = {name: place for place, names in enumerate(ALIKE) for name in names}


def relative(symbol: ChordSymbol | None, tonic: int) -> tuple[int, int] | None:
    """(semitones from tonic to root, kind) of a chord symbol; None if it is none that can be taken apart."""
    chord = parse_chord(symbol.name) if symbol else None
    if chord is None:
        return None
    return (SEMITONES[chord.root[0]] + chord.root[1] - tonic) % 12, KIND_OF[chord.kind]


def has_chords(tune: Tune) -> bool:
    """Whether somebody has written chords over it."""
    return sum(len(bar.chords) for bar in tune.bars) >= FEWEST_SYMBOLS


def counted_harmony(tunes: Sequence[Tune]) -> dict[str, FloatArray]:
    """The table of `melody.harmony.Harmony`."""
    read = []
    for tune in tunes:
        if has_chords(tune) and (halves := halves_of(tune)).spans:
            chords = [relative(symbol, tune.key.tonic) for symbol in written_chords(tune, halves)]
            read.append((halves, chords, int(tune.key.is_minor)))
    common = Counter(chord for _, chords, _ in read for chord in chords if chord).most_common(MOST_CHORDS)
    known = {chord: place for place, (chord, _) in enumerate(common)}
    count = len(known)
    sounds, follows = np.full((2, count, 12), 0.05), np.full((2, count, count), 0.02)
    first, places = np.full((2, count), 0.1), np.full((2, 2 * PHRASE_BARS, count), 0.5)
    for halves, chords, minor in read:
        before: int | None = None
        for at, chord in enumerate(chords):
            own = known.get(chord) if chord else None
            if own is not None:
                sounds[minor, own] += halves.sounding[at]
                places[minor, halves.place[at] % (2 * PHRASE_BARS), own] += 1
                if before is None:
                    first[minor, own] += 1
                else:
                    follows[minor, before, own] += 1
            before = own
    tables = {"sounds": sounds, "follows": follows, "first": first, "places": places}
    shares = {name: (table / table.sum(-1, keepdims=True)).astype(np.float32) for name, table in tables.items()}
    assert all(kind < len(KINDS) for _, kind in known)
    return {**shares, "chords": np.array(list(known), np.float32)}
