"""Tunes for the tests, of nobody's: written for them, each for something that notation can do."""

from __future__ import annotations

import random
from fractions import Fraction

from nsynth_lab.melody.draft import Draft
from nsynth_lab.melody.steps import DURATIONS
from nsynth_lab.tune.abc import abc_text, read_text, tunes_of
from nsynth_lab.tune.key import Key
from nsynth_lab.tune.lines import Lines
from nsynth_lab.tune.metre import Metre
from nsynth_lab.tune.pitch import Pitch, spelled
from nsynth_lab.tune.played import sounding
from nsynth_lab.tune.tune import Bar, ChordSymbol, Tempo, Tune, TuneNote

JIG = """X:7
T:The Test Bench
C:nobody
R:jig
M:6/8
L:1/8
Q:3/8=116
K:Edor
B|:"Em"~e2f gfe|"D"dBA {c}BAF|(3EFG (3ABc "Em"dB|1 "Bm"B2A B2B:|2 "Bm"B2A "Em"E2||
|:e|"G"g>fe dBd|=c2^c d_BA|.G.F.E !trill!D2E-|E2F "Em"E2:|
"""
REEL = "X:1\nT:Round\nM:C|\nL:1/8\nK:Bb\n|:BcdB FBdB|e2 ed cBAF|BcdB F2dc|BFAc B4:|\n"
WALTZ = """X:3
T:Changing
M:3/4
L:1/4
P:ABA
K:C
P:A
z C E|G2-G|{ag}c' b a|G3|
P:B
[K:Eb]E G B|[M:2/4]e2|[M:3/4]e d c|E3|]
"""
HORNPIPE = "X:2\nT:Steps\nM:4/4\nL:1/8\nK:A\nE2|A>Bc>A e>dc>B|(5ABcde f2 (3:2:4a2gf e2|a4 [1 A2E2:|[2 A2z2|]\n"
ALL = (JIG, REEL, WALTZ, HORNPIPE)
EIGHTH = DURATIONS.index(12)


def tune_of(text: str) -> Tune:
    """The first tune of a text of ABC, which is read without a remark."""
    lines = Lines("line")
    tune = read_text(tunes_of(text)[0], lines)
    assert lines.all == ()
    return tune


def eighths(*pitches: int) -> Draft:
    """A draft of 4/4 in eighths."""
    draft = Draft(96)
    for pitch in pitches:
        draft.add(EIGHTH, pitch)
    return draft


def told_by(text: str) -> tuple[str, ...]:
    """What the reader of ABC says of the first tune of a text."""
    lines = Lines("line")
    read_text(tunes_of(text)[0], lines)
    return lines.all


def again(tune: Tune) -> Tune:
    """The tune written as ABC and read again."""
    return read_text(tunes_of(abc_text(tune))[0], Lines("line"))


def heard(tune: Tune) -> list[tuple[Fraction, Fraction, int]]:
    """When, how long and which MIDI note, of everything that sounds."""
    return [(note.at, note.length, note.pitch.note) for note in sounding(tune)]


def made_tune(seed: int) -> Tune:
    """A tune put together by chance: any key, metre, accidentals, ties, graces, marks, tuplets, chords and repeats."""
    by = random.Random(seed)
    mode = by.choice(["major", "minor", "dorian", "mixolydian", "lydian", "phrygian", "locrian"])
    key = Key(by.choice("CDEFGAB"), 0, mode)
    while abs(key.fifths) > 7:
        key = Key(by.choice("CDEFGAB"), 0, mode)
    metre = Metre(*by.choice([((4,), 4), ((6,), 8), ((3,), 4), ((9,), 8), ((2, 2, 3), 8), ((2,), 2)]))
    bars: list[Bar] = []
    ending: tuple[int, ...] = ()
    count = by.randrange(2, 14)
    for index in range(count):
        length = metre.length / 4 if index == 0 and by.random() < 0.4 else metre.length
        notes = _made_notes(by, length, key)
        chords = tuple(ChordSymbol(at, by.choice(["Am7", "G", "D/F#", "Bbmaj7"])) for at in _onsets(by, notes))
        plays = 2 if ending == (1,) or by.random() < 0.15 else 1
        bars.append(
            Bar(tuple(notes), chords, by.random() < 0.15, plays, ending, "" if plays > 1 else by.choice(["", "double"]))
        )
        ending = (2,) if ending == (1,) else (1,) if not ending and by.random() < 0.1 and index < count - 2 else ()
    return Tune(
        tuple(bars), key, metre, f"Made {seed}, 50% by chance", Tempo(Fraction(by.randrange(40, 200))),
        (("C", "chance"), ("R", by.choice(["jig", "reel"]))),
    )  # fmt: skip


def _made_notes(by: random.Random, length: Fraction, key: Key) -> list[TuneNote]:
    left, notes = length, []
    while left:
        if by.random() < 0.15 and left >= Fraction(1, 4):
            p, q = by.choice([(3, 2), (5, 4), (7, 4)])
            each = Fraction(1, 16) if p > 3 else Fraction(1, 8)
            made = [each * Fraction(q, p)] * p
        else:
            made = [min(left, Fraction(by.choice([1, 1, 2, 3, 4]), by.choice([8, 8, 16])))]
        if sum(made) > left:
            continue
        left -= sum(made)
        notes += [_made_note(by, one, key) for one in made]
    for index in reversed(range(len(notes) - 1)):  # a tied note may be tied on
        if notes[index].pitch and by.random() < 0.1:
            follower = notes[index + 1]
            notes[index] = TuneNote(notes[index].length, follower.pitch, follower.pitch is not None)
    return notes


def _made_note(by: random.Random, length: Fraction, key: Key) -> TuneNote:
    if by.random() < 0.05:
        return TuneNote(length)
    pitch = spelled(by.randrange(50, 90), fifths=key.fifths, minor=key.is_minor)
    graces = (Pitch("G", 1, 4), Pitch("A", 0, 5)) if by.random() < 0.05 else ()
    marks = ("staccato",) if by.random() < 0.05 else ("roll", "fermata") if by.random() < 0.03 else ()
    return TuneNote(length, pitch, False, graces, marks)


def _onsets(by: random.Random, notes: list[TuneNote]) -> list[Fraction]:
    at, found = Fraction(0), []
    for note in notes:
        found += [at] if by.random() < 0.2 else []
        at += note.length
    return found
