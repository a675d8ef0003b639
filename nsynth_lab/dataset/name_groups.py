"""NameGroup: file names that are built alike, read column by column as pitch, velocity, layer or counter.

Names are built alike if they have the same kinds of tokens in the same order, such as `cello_C3_mf` and `cello_D3_pp`.
A number that is ambiguous in one name is often clear in a column of many.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from nsynth_lab.dataset.name_levels import VelocityScheme, find_velocities
from nsynth_lab.dataset.name_notes import MIDDLE_C, Spelling, detect_middle_c
from nsynth_lab.dataset.name_tokens import NameToken

BY_DEFAULT = "by default"  # nothing but convention says which octave has middle C
LOWEST_KEY, HIGHEST_KEY = 12, 127  # smaller numbers in file names are counters, not keys
MEANINGFUL_KINDS = ("note", "number", "velocity", "layer", "midi", "dynamic")  # the tokens that names are grouped by


@dataclass(frozen=True)
class NamingScheme:
    """How a group of names that are built alike was read.

    Attributes:
        pattern: how the names are built, such as `cello_NOTE_*_DYNAMIC`.
        files: number of files.
        middle_c: the octave number of middle C in these names.
        octave: how that was decided, in words.
        velocities: how velocities were read, in words.
        folder: the folder of the files, below the folder of recordings.
        pack: the first word of all these names, if they share one.
    """

    pattern: str = ""
    files: int = 1
    middle_c: int = MIDDLE_C
    octave: str = ""
    velocities: str = ""
    folder: str = ""
    pack: str = ""


@dataclass(frozen=True)
class ParsedName:
    """What a file name says; None for what it does not say.

    Attributes:
        pitch: MIDI note 0..127.
        velocity: 1..127.
        layer: number of the velocity layer, 1 for the softest.
        nsynth: family, source and instrument number of a name in NSynth's scheme.
        pitch_by: "note" or "number", what `pitch` was read from.
        count: a number that may be a layer or a take number.
        doubt: why this may not be a recording of a single played note; empty if there is no doubt.
    """

    pitch: int | None = None
    velocity: int | None = None
    layer: int | None = None
    nsynth: tuple[str, str, int] | None = None
    pitch_by: str = ""
    count: int | None = None
    doubt: str = ""


class NameGroup:
    """Names that are built alike; column k holds the k-th meaningful token of each.

    Args:
        names: the tokens of each name.
        spelling: how the folder spells its notes.
        marks: all numbers after a v in the folder (see `name_levels`).
        words: all other words in the folder.
        middle_c: the octave number of middle C, if known.
    """

    def __init__(
        self,
        names: list[tuple[NameToken, ...]],
        spelling: Spelling,
        marks: set[int],
        words: set[str],
        *,
        middle_c: int | None,
    ) -> None:
        self._tokens, self._spelling = names, spelling
        meaningful = [[token for token in tokens if token.kind in MEANINGFUL_KINDS] for tokens in names]
        self.columns: list[tuple[NameToken, ...]] = list(zip(*meaningful, strict=True))
        notes = self._of("note")
        varying = [index for index in notes if self._different(index) > 1]
        self.span = self._is_span(notes, varying)
        self.pitch = max(varying or notes or [-1], key=lambda index: (self._different(index), index))
        self.middle_c, self.octave = middle_c or MIDDLE_C, "as given" if middle_c else BY_DEFAULT
        used = {self.pitch}
        if notes:
            numbers = self._of("number", "midi")
            columns = [self.columns[index] for index in numbers]
            octave, evidence, column = detect_middle_c(self.columns[self.pitch], columns, spelling)
            if octave is not None and (column is not None or middle_c is None):
                self.middle_c, self.octave = octave, f"by {evidence}"
            used |= {numbers[column]} if column is not None else set()
        else:
            self.pitch = self._number_column()
            used |= {self.pitch}
            self.octave = ""
        self.velocities: VelocityScheme = find_velocities(self.columns, self.pitch, used, marks, words)

    def names(self) -> Iterator[ParsedName]:
        """What each name says, in order."""
        for row, tokens in enumerate(self._tokens):
            pitch = None if self.pitch < 0 or self.span else self._pitch(self.columns[self.pitch][row])
            by = "" if pitch is None else "note" if self.columns[self.pitch][row].kind == "note" else "number"
            parsed = ParsedName(pitch, pitch_by=by, doubt=self._doubt(row, tokens))
            if self.velocities.kind:
                parsed = _with_value(parsed, self.velocities.kind, self.velocities.values[row])
            yield parsed

    def scheme(self) -> NamingScheme:
        """How the names were read."""
        octave = f"middle C is C{self.middle_c}, {self.octave}" if self.octave else ""
        return NamingScheme(self._pattern(), len(self._tokens), self.middle_c, octave, self.velocities.explanation)

    def _different(self, index: int) -> int:
        return len({token.text for token in self.columns[index]}) if index >= 0 else 0

    def _of(self, *kinds: str) -> list[int]:
        return [index for index, column in enumerate(self.columns) if column[0].kind in kinds]

    def _is_span(self, notes: list[int], varying: list[int]) -> bool:
        """Whether the names give a range of notes, such as C4B4 or C4-B4: each file holds a whole scale."""
        if len(notes) < 2 or notes[-1] != notes[-2] + 1:
            return False
        low, high = self.columns[notes[-2]], self.columns[notes[-1]]
        rising = all(
            self._spelling.semitones(one) < self._spelling.semitones(two) for one, two in zip(low, high, strict=True)
        )
        adjacent = all(two.gap == "" for two in high)
        return rising and (adjacent or (varying[-2:] == notes[-2:] and all(two.gap == "-" for two in high)))

    def _pitch(self, token: NameToken) -> int | None:
        if token.kind == "note":
            return self._spelling.pitch(token, self.middle_c)
        return token.number if LOWEST_KEY <= token.number <= HIGHEST_KEY else None

    def _number_column(self) -> int:
        """In names without a note: the column with the most different MIDI numbers; -1 if there is none.

        Among equals, the first without a 127, which is more often a velocity than a key.
        """
        if marked := self._of("midi"):
            return marked[0]
        best, most = -1, (0, False)
        for index in self._of("number"):
            numbers = {token.number for token in self.columns[index]}
            alone = len(self._tokens) == 1
            if max(numbers) > HIGHEST_KEY or max(numbers) < LOWEST_KEY or _are_counters(numbers):
                continue
            if any(len(token.text) < 2 for token in self.columns[index]) and alone:
                continue
            merit = (len(numbers), HIGHEST_KEY not in numbers)
            if merit > most and (len(numbers) > 1 or alone or len(self._of("number")) == 1):
                best, most = index, merit
        return best

    def _doubt(self, row: int, tokens: tuple[NameToken, ...]) -> str:
        if self.span:
            first, last = (self.columns[index][row].text.upper() for index in self._of("note")[-2:])
            return f"several notes: its name says {first} to {last}; cut it into single notes"
        if any(token.kind == "release" for token in tokens):
            return "release: its name says that it is the sound after the key is released"
        if _is_pedal(tokens):
            return "pedal: its name says that it is the noise of a pedal"
        return ""

    def _pattern(self) -> str:
        titles = {"note": "NOTE", "take": "TAKE"}
        text, column = "", 0
        for index, token in enumerate(self._tokens[0]):
            title = titles.get(token.kind, "")
            if token.kind in MEANINGFUL_KINDS:
                if column == self.velocities.column:
                    title = {"count": "NUMBER"}.get(self.velocities.kind, self.velocities.kind.upper())
                elif column == self.pitch and token.kind != "note":
                    title = "MIDI"
                column += 1
            same = all(len(names) > index and names[index].text == token.text for names in self._tokens)
            text += (token.gap if text else "") + (title or (token.text if same else "*"))
        return text


def _is_pedal(tokens: tuple[NameToken, ...]) -> bool:
    """Whether a name means a pedal noise, such as pedal_down_2 or pedalD1; an organ's "Pedal Bourdon C2" is a note."""
    has_note = any(token.kind == "note" and token.gap.strip("_") for token in tokens)
    return not has_note and any(token.text.startswith("pedal") for token in tokens if token.kind == "word")


def _with_value(parsed: ParsedName, kind: str, value: int) -> ParsedName:
    if kind == "layer":
        return replace(parsed, layer=value)
    if kind == "count":
        return replace(parsed, count=value)
    return replace(parsed, velocity=value) if 1 <= value <= 127 else parsed


def _are_counters(numbers: set[int]) -> bool:
    """Whether the numbers count files: 1, 2, 3, ... without a gap, or mostly too low for keys. 0 to 127 are keys."""
    lowest, highest = min(numbers), max(numbers)
    if sum(number < LOWEST_KEY for number in numbers) > len(numbers) / 2:
        return True
    return lowest <= 1 and len(numbers) > 2 and len(numbers) == highest - lowest + 1 and highest < HIGHEST_KEY
