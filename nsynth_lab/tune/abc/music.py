"""Lines of ABC music -> bars: a method for each kind of token."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

from nsynth_lab.errors import TuneError
from nsynth_lab.tune.abc.bars import Bars
from nsynth_lab.tune.abc.lengths import Lengths, multiple
from nsynth_lab.tune.abc.pitches import Pitches
from nsynth_lab.tune.abc.texts import Voices
from nsynth_lab.tune.abc.tokens import INSIDE, tokens
from nsynth_lab.tune.abc.words import sung
from nsynth_lab.tune.lines import Lines
from nsynth_lab.tune.marks import BY_LETTER, BY_NAME
from nsynth_lab.tune.metre import Metre
from nsynth_lab.tune.pitch import Pitch
from nsynth_lab.tune.tune import ChordSymbol, TuneNote
from nsynth_lab.wording import quoted

MOST_NOTES, MOST_BARS = 20_000, 8_000
LONGEST_LINE = 20_000
LONGEST_CHORD = 32
NOT_KEPT = {"overlay": "a second voice in a bar (&) is left out"}


class Music:
    """Reads lines one by one.

    Attributes:
        at: number of the line that is being read.
        metre: of what comes now.
    """

    def __init__(self, lines: Lines) -> None:
        self.lines, self.bars, self.pitches = lines, Bars(), Pitches()
        self.lengths = Lengths(Fraction(1, 8))
        self.metre: Metre | None = None
        self.at = 0
        self._graces: list[Pitch] = []
        self._marks: list[str] = []
        self._slurs = 0  # that wait for their note
        self._line = (0, 0)  # bar and place in it at which the line of music began
        self._has_words = False
        self._chords: list[str] = []  # that wait for their note
        self._notes = 0
        self._in_overlay = False
        self._rules: dict[str, Callable[[re.Match[str]], None]] = {
            "note": lambda found: self._note([found["pitch"]], found["length"]),
            "chord": self._several,
            "rest": lambda found: self._rest(self.lengths.read(found["rest_length"])),
            "bars_rest": self._bars_of_rest,
            "bar": lambda found: self._bar_line(found[0]),
            "ending": lambda found: self.bars.begin_ending(found["numbers"]),
            "quote": self._quote,
            "mark": lambda found: self._mark(BY_NAME.get(found[0].strip("!")), found[0]),
            "letter": lambda found: self._mark(BY_LETTER.get(found[0]), found[0]),
            "grace": self._grace,
            "tuplet": self._tuplet,
            "broken": self._broken,
            "tie": lambda _: self._tie(),
            "slur": self._slur,
        }

    def read(self, line: str, field: Callable[[str, str], None], voices: Voices) -> None:
        """A line; `field` takes the fields in it, such as [K:D], and `voices` knows whether its notes are heard."""
        if len(line) > LONGEST_LINE:
            raise TuneError(f"line {self.at} has more than {LONGEST_LINE:,} letters; no line of ABC is that long")
        if voices.heard:
            self._line, self._has_words = (len(self.bars.done), len(self.bars.open.notes)), False
        for kind, found in tokens(line):
            if kind == "field":
                field(found[0][1], found[0][3:-1].strip())
            elif not voices.heard or kind in ("space", "spacer"):
                continue
            elif kind in NOT_KEPT:
                self.lines.add(NOT_KEPT[kind], at=self.at)
                self._in_overlay |= kind == "overlay"
            elif self._in_overlay and kind not in ("bar", "ending"):
                continue
            elif kind in self._rules:
                self._rules[kind](found)
            elif found[0] not in "*;?@#!+":  # reserved by the standard, or ends of lines in older files
                self.lines.add(f"{quoted(found[0])} is no music and is left out", at=self.at)

    def words(self, text: str) -> None:
        """Lyrics under the line of music read last; of several verses the first is taken."""
        first, place = self._line
        bars = [[*bar.notes] for bar in self.bars.done[first:]] + [self.bars.open.notes]
        if self._has_words:
            self.lines.add("further verses of lyrics are left out")
            return
        self._has_words = True
        behind = [notes[place * (at == 0) :] for at, notes in enumerate(bars)]
        lyrics, over = sung(behind, text)
        if over:
            self.lines.add("syllables without a note are left out", times=over)
        for at, (notes, own) in enumerate(zip(bars, lyrics, strict=True)):
            here = place * (at == 0)
            changed = [replace(note, lyric=lyric) for note, lyric in zip(notes[here:], own, strict=True)]
            if first + at < len(self.bars.done):
                bar = self.bars.done[first + at]
                self.bars.done[first + at] = replace(bar, notes=(*notes[:here], *changed))
            else:
                self.bars.open.notes[here:] = changed

    def end(self) -> None:
        """No more lines come."""
        self._chord_alone()
        self.bars.close()

    def _note(self, pitches: list[str], length_text: str, *, tied: bool = False, times: Fraction | None = None) -> None:
        before = self.bars.last
        tied_from = before.pitch if before and before.tied else None
        read = [self.pitches.read(text, tied_from=tied_from) for text in pitches]
        inside = [pitch for pitch in read if pitch is not None]
        length = self.lengths.read(length_text)
        if times is not None and length is not None:
            length *= times
        if not inside or length is None:
            written = quoted(" ".join(pitches) + length_text)
            self.lines.add(f"{written} is beyond what can be played: left out", at=self.at)
            return
        if len(inside) > 1:
            self.lines.add("of notes that sound together only the highest is taken", at=self.at)
        top = max(inside, key=lambda pitch: pitch.note)
        self._add(TuneNote(length, top, tied, tuple(self._graces), tuple(self._marks), slur_begins=self._slurs))
        self._graces, self._marks, self._slurs = [], [], 0

    def _several(self, found: re.Match[str]) -> None:
        inside = list(INSIDE.finditer(found["inside"]))
        if not inside:
            self.lines.add(f"{quoted(found[0])} is no music and is left out", at=self.at)
            return
        times = multiple(found["chord_length"])
        tied = any(one["tie"] for one in inside)
        self._note([one["pitch"] for one in inside], inside[0]["length"], tied=tied, times=times)

    def _rest(self, length: Fraction | None) -> None:
        if length is None:
            self.lines.add("a rest of no length is left out", at=self.at)
        else:
            self._add(TuneNote(length))

    def _bars_of_rest(self, found: re.Match[str]) -> None:
        whole = self.metre.length if self.metre else Fraction(1)
        for number in range(int(found["bars"] or 1)):
            if number:
                self.bars.close()
            self._add(TuneNote(whole))

    def _add(self, note: TuneNote) -> None:
        self._notes += 1
        if self._notes > MOST_NOTES or len(self.bars.done) > MOST_BARS:
            raise TuneError(f"has more than {MOST_NOTES:,} notes or {MOST_BARS:,} bars; no tune is that long")
        here = self.bars.open
        here.chords += [ChordSymbol(here.length, name) for name in self._chords]
        self._chords = []
        here.notes.append(note)

    def _bar_line(self, text: str) -> None:
        self._chord_alone()
        if ":" in text and "|" not in text and len(text) == 1:
            self.lines.add("':' is no bar line and is left out", at=self.at)
            return
        self.bars.bar_line(text)
        self.pitches.end_bar()
        self.lengths.end_bar()
        self._in_overlay = False

    def _quote(self, found: re.Match[str]) -> None:
        text = found[0][1:-1].strip()
        if text[:1] in "^_<>@" or not text:
            self.lines.add("annotations are left out", at=self.at)
            return
        self._chords.append(text[:LONGEST_CHORD])

    def _chord_alone(self) -> None:
        """A chord symbol that no note follows."""
        if self._chords:
            self.lines.add("chord symbols that no note follows in their bar are left out", at=self.at)
        self._chords = []

    def _mark(self, name: str | None, text: str) -> None:
        if name is None:
            self.lines.add(f"{quoted(text)} is left out", at=self.at)
        elif name not in self._marks:
            self._marks.append(name)

    def _grace(self, found: re.Match[str]) -> None:
        read = [self.pitches.read(one["pitch"]) for one in INSIDE.finditer(found["graces"])]
        self._graces = [pitch for pitch in read if pitch is not None]

    def _tuplet(self, found: re.Match[str]) -> None:
        q, r = (int(found[name]) if found[name] else None for name in "qr")
        self.lengths.begin_tuplet(int(found["p"]), q, r, self.metre)

    def _broken(self, found: re.Match[str]) -> None:
        notes = self.bars.open.notes
        if not notes:
            self.lines.add(f"{quoted(found[0])} without a note before it is left out", at=self.at)
        else:
            notes[-1] = replace(notes[-1], length=notes[-1].length * self.lengths.break_rhythm(found[0]))

    def _slur(self, found: re.Match[str]) -> None:
        if found[0] != ")":
            self._slurs += 1
        elif not self.bars.slur_last():
            self.lines.add("a slur without a note before its end is left out", at=self.at)

    def _tie(self) -> None:
        if not self.bars.tie_last():
            self.lines.add("a tie without a note before it is left out", at=self.at)
