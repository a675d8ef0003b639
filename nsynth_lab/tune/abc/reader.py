"""One tune's lines of ABC -> Tune, and what had to be left out or mended, line by line."""

from __future__ import annotations

import re
from fractions import Fraction

from nsynth_lab.errors import TuneError
from nsynth_lab.tune.abc.book import FIELD, TuneText
from nsynth_lab.tune.abc.fields import default_unit, key_field, tempo_field, unit_field
from nsynth_lab.tune.abc.music import Music
from nsynth_lab.tune.abc.texts import Texts, Voices
from nsynth_lab.tune.key import NO_MODE, Key
from nsynth_lab.tune.lines import Lines
from nsynth_lab.tune.metre import parse_metre
from nsynth_lab.tune.slurs import with_true_slurs
from nsynth_lab.tune.ties import with_true_ties
from nsynth_lab.tune.tune import Tempo, Tune

NOT_KEPT = {
    "W": "lyrics below the tune (W:) are left out",
    "s": "symbol lines (s:) are left out",
    "U": "redefined symbols (U:) are not understood",
    "m": "macros (m:) are not understood",
}
MUSICAL = "KLMPQ"
_REACH = re.compile(r"(?:%%|I:)\s*propagate-accidentals\s+(not|octave|pitch)")


class _Reader:
    """Takes the lines of a tune in their order."""

    def __init__(self, lines: Lines) -> None:
        self.lines, self.music = lines, Music(lines)
        self.texts, self.voices = Texts(), Voices(lines)
        self.in_body = False
        self.key, self.metre = Key(), parse_metre("C")  # of the beginning
        self.tempo: Tempo | None = None
        self.parts = ""
        self.unit: Fraction | None = None

    def line(self, at: int, text: str) -> None:
        """A line of the tune, without its comment."""
        self.music.at = at
        if not text.strip():
            return
        if text.startswith(("%%", "I:")):
            if found := _REACH.match(text):
                self.music.pitches.reach = found[1]
        elif field := FIELD.match(text):
            self._field(field[1], field[2].strip())
        elif self.in_body:
            self.music.read(text, self._field, self.voices)
        elif not self.texts.go_on(text.strip()):
            self.lines.add("text without a field is left out", at=at)

    def _field(self, letter: str, value: str) -> None:
        if letter == "+":
            self.texts.go_on(value)
        elif letter in NOT_KEPT:
            self.lines.add(NOT_KEPT[letter])
        elif letter == "w":
            if self.in_body and self.voices.heard:
                self.music.words(value)
        elif letter == "V":
            if self.in_body:
                self.voices.change(value, begun=self.music.bars.begun)
            else:
                self.voices.declare(value)
        elif letter in MUSICAL:
            if self.voices.heard:
                self._change(letter, value)
        elif letter == "I":
            if found := _REACH.match(f"I:{value}"):
                self.music.pitches.reach = found[1]
        elif letter not in "rX":
            self.texts.add(letter, value)

    def _change(self, letter: str, value: str) -> None:
        """A field that changes how notes are read or played: for the whole tune if no note has come yet."""
        try:
            if letter == "K":
                self._change_key(value)
            elif letter == "M":
                self._change_metre(value)
            elif letter == "L":
                self.unit = self.music.lengths.unit = unit_field(value)
            elif letter == "Q":
                self._change_tempo(value)
            elif self.in_body:
                self.music.bars.begin_part(value[:32].strip("\"' "))
            else:
                self.parts = value[:256]
        except TuneError as error:
            self.lines.add(f"{error}; left out", at=self.music.at)

    def _change_key(self, value: str) -> None:
        begins, self.in_body = not self.in_body, True
        music, unit = self.music, self.unit or default_unit(self.metre)
        if begins:
            music.lengths.unit = unit
            music.pitches.key = self.key = Key(mode=NO_MODE)
        key, music.pitches.octaves = key_field(value)
        if key is None or key == music.pitches.key:
            return
        music.pitches.key = key
        if not music.bars.begun:
            self.key = key
        else:
            music.bars.open.key = key
            self._mid_bar("key")

    def _change_metre(self, value: str) -> None:
        metre = parse_metre(value.split()[0] if value.split() else "")
        if not self.music.bars.begun:
            self.metre = metre
        elif metre is None:
            self.lines.add("a change to free time is left out", at=self.music.at)
        elif metre != self.music.metre:
            self.music.bars.open.metre = metre
            self._mid_bar("metre")
        self.music.metre = metre

    def _change_tempo(self, value: str) -> None:
        if self.music.bars.begun:
            self.lines.add("changes of tempo are left out", at=self.music.at)
        else:
            self.tempo = tempo_field(value, self.unit or default_unit(self.metre))
            if self.tempo is None:
                self.texts.add("Q", value)

    def _mid_bar(self, what: str) -> None:
        if self.music.bars.open.notes:
            self.lines.add(f"a change of {what} within a bar is shown at the bar's beginning", at=self.music.at)

    def tune(self) -> Tune:
        """The tune, when all lines are read."""
        self.music.end()
        bars = with_true_slurs(with_true_ties(tuple(self.music.bars.done), self.lines), self.lines)
        texts = self.texts
        return Tune(bars, self.key, self.metre, texts.title, self.tempo, tuple(texts.about), self.parts)


def read_text(text: TuneText, lines: Lines) -> Tune:
    """The tune in one tune's text; what is left out or mended is added to `lines`.

    Raises:
        TuneError: it has no key, after which the music begins, or no notes; or too many.
    """
    reader = _Reader(lines)
    for at, line in text.lines:
        reader.line(at, line)
    if not reader.in_body:
        raise TuneError("has no key: expected a line such as K:G, after which the notes begin")
    tune = reader.tune()
    if text.music_behind:
        lines.add("music behind the empty line that ends the tune is left out")
    if reader.music.pitches.doubtful:
        lines.add("accidentals hold in every octave until the bar ends, as in ABC 2.1; some programs read otherwise")
    if not tune.notes:
        raise TuneError("has no notes: expected letters such as A2 Bc after the line with K:")
    return tune
