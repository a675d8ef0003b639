"""How notes outside the key are spelled: by their chord where one is known, else as they were given."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tunes import tune_of

from nsynth_lab.tune.chord_name import KINDS, chord_spelling, chord_tones, parse_chord
from nsynth_lab.tune.pitch import SEMITONES
from nsynth_lab.tune.spelling import spelled_by_chords
from nsynth_lab.tune.tune import Tune


def names(tune: Tune) -> list[str]:
    return [str(note.pitch) for bar in tune.bars for note in bar.notes if note.pitch]


@pytest.mark.parametrize(
    ("key", "chord", "note", "spelled"),
    [
        ("D", "F#7", "_B", "A#4"),  # the third of F#7
        ("C", "E7", "_A", "G#4"),
        ("Am", "B7", "_e", "D#5"),
        ("C", "Fm", "^G", "Ab4"),
        ("F", "Bb", "B", "Bb4"),  # in the key: nothing to say
        ("D", "G", "_B", "Bb4"),  # none of the chord's notes
        ("G", "C#dim7", "_B", "Bb4"),  # its seventh is written as the key has it
        ("D", "N.C.", "_B", "Bb4"),
    ],
)
def test_a_note_outside_the_key_is_spelled_as_its_chord_has_it(key: str, chord: str, note: str, spelled: str) -> None:
    tune = tune_of(f'X:1\nM:4/4\nL:1/4\nK:{key}\n"{chord}"{note}4|]\n')
    assert names(spelled_by_chords(tune)) == [spelled]


def test_what_somebody_wrote_stays_and_what_is_tied_keeps_its_name() -> None:
    text = 'X:1\nM:2/4\nL:1/4\nK:D\n"F#7"_B d|_B d|"G"_B2-|"F#7"_B _B|]\n'
    tune = tune_of(text)
    assert names(spelled_by_chords(tune, first=1)) == ["Bb4", "D5", "A#4", "D5", "Bb4", "Bb4", "A#4"]
    bare = tune_of(text.replace('"F#7"', "").replace('"G"', ""))
    assert spelled_by_chords(bare) == bare


def test_the_second_voice_is_spelled_likewise() -> None:
    tune = tune_of('X:1\nM:2/4\nL:1/4\nK:D\n"F#7"c e|]\n')
    low = tune_of("X:1\nM:2/4\nL:1/4\nK:D\n_B c|]\n").bars[0].notes
    second = spelled_by_chords(replace(tune, second=(low,))).second
    assert [str(note.pitch) for note in second[0]] == ["A#4", "C#5"]


@pytest.mark.parametrize("kind", [name for name, _ in KINDS])
def test_every_chord_is_spelled_with_its_own_tones(kind: str) -> None:
    for root in ("C", "F#", "Bb"):
        chord = parse_chord(root + kind)
        assert chord is not None
        spelled = chord_spelling(chord)
        assert len(chord_tones(chord) - set(spelled)) == (kind == "dim7")
        assert all((SEMITONES[letter] + alter) % 12 == tone for tone, (letter, alter) in spelled.items())
