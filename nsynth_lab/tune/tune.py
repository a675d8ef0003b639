"""Tune: a melody as it is written down, in bars.

Lengths are exact fractions of a whole note: an eighth is 1/8, one of three in the time of two eighths is 1/12. Bars,
repeats and endings stand as on paper; `played` says what sounds.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from fractions import Fraction

from nsynth_lab.tune.key import Key
from nsynth_lab.tune.metre import Metre
from nsynth_lab.tune.pitch import Pitch

DOUBLE, FINAL = "double", "final"  # lines at the end of a bar; a plain one is ""
TWICE = 2
SLOWEST_BPM, FASTEST_BPM = 20.0, 400.0  # beats a minute that can be asked for
HELD = "_"  # the syllable before is sung on


@dataclass(frozen=True, slots=True)
class TuneNote:
    """A note or rest.

    Attributes:
        length: in whole notes.
        pitch: None for a rest.
        tied: whether it sounds on into the next note, which has the same pitch.
        graces: pitches of the grace notes before it.
        marks: names from `marks.MARKS`, such as staccato.
        lyric: the syllable that is sung to it, with a hyphen if its word goes on; `HELD`, or empty if there is none.
        slur_begins, slur_ends: how many slurs begin and end with it.
    """

    length: Fraction
    pitch: Pitch | None = None
    tied: bool = False
    graces: tuple[Pitch, ...] = ()
    marks: tuple[str, ...] = ()
    lyric: str = ""
    slur_begins: int = 0
    slur_ends: int = 0

    def split(self, length: Fraction) -> tuple[TuneNote, TuneNote]:
        """Its first so many whole notes and the rest, tied together."""
        sounds = self.pitch is not None
        first = replace(self, length=length, tied=sounds, slur_ends=0)
        return first, TuneNote(
            self.length - length, self.pitch, self.tied, lyric=HELD * bool(self.lyric), slur_ends=self.slur_ends
        )


@dataclass(frozen=True, slots=True)
class ChordSymbol:
    """A chord symbol, such as Am7, `at` whole notes from the beginning of its bar."""

    at: Fraction
    name: str


@dataclass(frozen=True, slots=True)
class Bar:
    """What stands between two bar lines: a whole bar, an upbeat, or what a repeat sign leaves of a bar.

    Attributes:
        notes: in order; their lengths add up to the bar's.
        chords: in order.
        begins_repeat: whether a repeat sign stands before it.
        plays: how often the repeat that ends with it is played; 1 if none ends.
        ending: numbers of the ending that it belongs to, such as (1,) or (1, 3); empty if to none.
        line: the line at its end: `DOUBLE`, `FINAL`, or empty for a plain one.
        key: the key from here on, where it changes.
        metre: the metre from here on, where it changes.
        part: name of the part that begins here, such as A.
    """

    notes: tuple[TuneNote, ...] = ()
    chords: tuple[ChordSymbol, ...] = ()
    begins_repeat: bool = False
    plays: int = 1
    ending: tuple[int, ...] = ()
    line: str = ""
    key: Key | None = None
    metre: Metre | None = None
    part: str = ""

    @property
    def length(self) -> Fraction:
        """In whole notes."""
        return sum((note.length for note in self.notes), Fraction(0))


@dataclass(frozen=True, slots=True)
class Tempo:
    """So many beats a minute, each of so many whole notes; and what stands beside it, such as Allegro."""

    per_minute: Fraction = Fraction(120)
    beat: Fraction = Fraction(1, 4)
    words: str = ""

    @property
    def quarters_bpm(self) -> float:
        """Quarter notes a minute."""
        return float(self.per_minute * self.beat * 4)


@dataclass(frozen=True, slots=True)
class Tune:
    """A melody.

    Attributes:
        bars: as written.
        key: of its beginning.
        metre: of its beginning; None in free time.
        title: empty if it has none.
        tempo: None if it has none.
        about: what else is known, as pairs of a letter of ABC's information fields and a text: ("C", "Turlough
            O'Carolan") the composer, ("R", "reel") the rhythm, ("S", ...) the source.
        part_order: in which order the named parts are played, as ABC writes it, such as AABB; empty: as written.
        second: notes of a second voice for each bar, as long as the bar's own; empty if there is none.
    """

    bars: tuple[Bar, ...]
    key: Key = field(default_factory=Key)
    metre: Metre | None = field(default_factory=Metre)
    title: str = ""
    tempo: Tempo | None = None
    about: tuple[tuple[str, str], ...] = ()
    part_order: str = ""
    second: tuple[tuple[TuneNote, ...], ...] = ()

    @property
    def second_voice(self) -> Tune | None:
        """The second voice as a tune of its own, without chord symbols; None if there is none."""
        if not self.second:
            return None
        bars = zip(self.bars, self.second, strict=True)
        return replace(self, bars=tuple(replace(bar, notes=notes, chords=()) for bar, notes in bars), second=())

    @property
    def upbeat(self) -> Fraction:
        """Length of the notes before the first whole bar; 0 if it begins with one."""
        if self.metre is None or not self.bars:
            return Fraction(0)
        first = self.bars[0].length
        return first if first < (self.bars[0].metre or self.metre).length else Fraction(0)

    @property
    def notes(self) -> int:
        """Number of notes as written; what is tied to the note before is none, nor is a rest."""
        written = [note for bar in self.bars for note in bar.notes]
        tied = [False, *(note.tied for note in written)]
        return sum(note.pitch is not None and not before for note, before in zip(written, tied, strict=False))

    def text(self, letter: str) -> str:
        """What is known under a letter of ABC's information fields, several texts joined; empty if nothing is."""
        return ", ".join(text for name, text in self.about if name == letter)

    def with_bars(self, bars: tuple[Bar, ...]) -> Tune:
        """The same tune with other bars."""
        return replace(self, bars=bars)
