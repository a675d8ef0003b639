"""read_names(stems): what the file names of one folder say about its recordings: pitch, velocity, velocity layer.

Understood are NSynth's own names, note names in English (C#4, Cs4, Db4) and German (Cis4, Es4, H3), MIDI numbers
(061), velocities (v100, vel_100, C3-127), layers (v1 to v16, layer2), and dynamics in letters and words (pp,
mezzo-forte, soft). Much of this is ambiguous in one name, so all names of a folder that are built alike are read
together.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from nsynth_lab.dataset.labels import NAME
from nsynth_lab.dataset.name_levels import Levels, levels_of
from nsynth_lab.dataset.name_notes import MIDDLE_C, MOST, Spelling, octave_of, spelling_of
from nsynth_lab.dataset.name_parts import Part, joined, parts_of

LOWEST, HIGHEST = 12, 127  # smaller numbers in a file name count takes, not keys
SPOKEN = ("note", "number", "velocity", "layer", "midi", "dynamic")  # kinds that make names alike


@dataclass(frozen=True)
class Reading:
    """How the names of one folder that are built alike were read.

    Attributes:
        pattern: how they are built, as `cello_NOTE_*_DYNAMIC`.
        files: how many there are.
        middle_c: the octave that holds middle C in them.
        octave: by what that was decided.
        velocities: how velocities were read.
        folder: where they lie, below the folder of recordings.
        pack: the word that they begin with, if they have that in common.
    """

    pattern: str = ""
    files: int = 1
    middle_c: int = MIDDLE_C
    octave: str = ""
    velocities: str = ""
    folder: str = ""
    pack: str = ""


@dataclass(frozen=True)
class Named:
    """What a file name says; None where it is silent.

    Attributes:
        pitch: MIDI note 0..127.
        velocity: 1..127.
        layer: number of the velocity layer, 1 the softest.
        nsynth: family, source and instrument number, of a name in NSynth's scheme.
        pitch_by: "note" or "number", what `pitch` was read from.
        count: a number that may be a layer's or a take's.
        doubt: why it is not a note like others.
    """

    pitch: int | None = None
    velocity: int | None = None
    layer: int | None = None
    nsynth: tuple[str, str, int] | None = None
    pitch_by: str = ""
    count: int | None = None
    doubt: str = ""


def read_name(stem: str, *, middle_c: int | None = None) -> Named:
    """Read one file name without its ending, as if it were alone in its folder.

    >>> read_name("Upright_C#4_mf").pitch, read_name("Upright_C#4_mf").velocity
    (61, 80)
    >>> read_name("violin 061 v100").pitch, read_name("Pack_Oboe_C3_060_v2_rr1").layer
    (61, 2)
    >>> read_name("synth_lead_synthetic_004-036-127").nsynth
    ('synth_lead', 'synthetic', 4)
    >>> read_name("take 3")
    Named(pitch=None, velocity=None, layer=None, nsynth=None, pitch_by='', count=None, doubt='')
    """
    return read_names([stem], middle_c=middle_c)[0][0]


def read_names(stems: Sequence[str], *, middle_c: int | None = None) -> list[tuple[Named, Reading]]:
    """Read the names of one folder, without their endings, together.

    `middle_c` is the octave number their maker gives to middle C, if that is known; else the names decide, and it is
    4 where they do not.

    >>> [named.layer for named, _ in read_names(["A0v1", "A0v9", "A0v16"])]
    [1, 9, 16]
    >>> [named.pitch for named, _ in read_names(["Pad-29-F0", "Pad-31-G0"])]
    [29, 31]
    """
    names = _parts_of_all(stems)
    spelling = spelling_of(part for parts in names for part in parts if part.kind == "note")
    words = {part.text for parts in names for part in parts if part.kind == "word"}
    leads = Counter(map(_lead, names))
    groups: dict[tuple[str, ...], list[int]] = {}
    marks: dict[str, set[int]] = {}
    for index, parts in enumerate(names):
        if not NAME.fullmatch(stems[index].lower()):
            lead = _lead(parts) if leads[_lead(parts)] > 1 else ""
            groups.setdefault((lead, *(part.kind for part in parts if part.kind in SPOKEN)), []).append(index)
            marks.setdefault(lead, set()).update(part.number for part in parts if part.kind == "velocity")
    found = [(_nsynth(stem), Reading("NSynth's names")) for stem in stems]
    for (lead, *_), members in groups.items():
        group = _Group([names[index] for index in members], spelling, marks[lead], words, middle_c)
        reading = replace(group.reading(), pack=lead)
        for index, named in zip(members, group.named(), strict=True):
            found[index] = (named, reading)
    return found


def _parts_of_all(stems: Sequence[str]) -> list[tuple[Part, ...]]:
    """Names in parts; where none of them has a note, letters and octaves that stand apart are notes."""
    names = [parts_of(stem) for stem in stems]
    if any(part.kind == "note" for parts in names for part in parts):
        return names
    apart = [parts_of(joined(stem)) for stem in stems]
    notes = [part.text for parts in apart for part in parts if part.kind == "note"]
    return apart if len(notes) >= MOST * len(names) and len(set(notes)) > 1 else names


def _lead(parts: tuple[Part, ...]) -> str:
    """The word with which a name begins: packs that lie in one folder differ in it."""
    return parts[0].text if parts and parts[0].kind == "word" and parts[0].text.isalpha() else ""


def _nsynth(stem: str) -> Named:
    match = NAME.fullmatch(stem.lower())
    if match is None or int(match["pitch"]) > 127 or not 1 <= int(match["velocity"]) <= 127:
        return Named()
    whose = (match["family"], match["source"], int(match["number"]))
    return Named(int(match["pitch"]), int(match["velocity"]), None, whose, "number")


class _Group:
    """Names that are built alike: column k holds the k-th part of each that says something."""

    def __init__(
        self,
        names: list[tuple[Part, ...]],
        spelling: Spelling,
        marks: set[int],
        words: set[str],
        middle_c: int | None,
    ) -> None:
        self.names, self.spelling = names, spelling
        said = [[part for part in parts if part.kind in SPOKEN] for parts in names]
        self.columns: list[tuple[Part, ...]] = list(zip(*said, strict=True))
        notes = self._of("note")
        varying = [index for index in notes if self._different(index) > 1]
        self.span = self._is_span(notes, varying)
        self.pitch = max(varying or notes or [-1], key=lambda index: (self._different(index), index))
        self.middle_c, self.octave = middle_c or MIDDLE_C, "as told" if middle_c else "as usual"
        used = {self.pitch}
        if notes:
            numbers = self._of("number", "midi")
            columns = [self.columns[index] for index in numbers]
            octave, why, column = octave_of(self.columns[self.pitch], columns, spelling)
            if octave is not None and (column is not None or middle_c is None):
                self.middle_c, self.octave = octave, why
            used |= {numbers[column]} if column is not None else set()
        else:
            self.pitch = self._number_column()
            used |= {self.pitch}
            self.octave = ""
        self.levels: Levels = levels_of(self.columns, self.pitch, used, marks, words)

    def named(self) -> Iterator[Named]:
        """What each says."""
        for row, parts in enumerate(self.names):
            pitch = None if self.pitch < 0 or self.span else self._pitch(self.columns[self.pitch][row])
            by = "" if pitch is None else "note" if self.columns[self.pitch][row].kind == "note" else "number"
            named = Named(pitch, pitch_by=by, doubt=self._doubt(row, parts))
            if self.levels.kind:
                named = _with_value(named, self.levels.kind, self.levels.values[row])
            yield named

    def reading(self) -> Reading:
        """How they were read."""
        octave = "" if not self.octave else f"middle C is C{self.middle_c}, {self._by()}"
        return Reading(self._pattern(), len(self.names), self.middle_c, octave, self.levels.told)

    def _by(self) -> str:
        return self.octave if self.octave.startswith("as") else f"by {self.octave}"

    def _different(self, index: int) -> int:
        return len({part.text for part in self.columns[index]}) if index >= 0 else 0

    def _of(self, *kinds: str) -> list[int]:
        return [index for index, column in enumerate(self.columns) if column[0].kind in kinds]

    def _is_span(self, notes: list[int], varying: list[int]) -> bool:
        """Whether names give a range of notes, as C4B4 or C4-B4: a scale in one file."""
        if len(notes) < 2 or notes[-1] != notes[-2] + 1:
            return False
        low, high = self.columns[notes[-2]], self.columns[notes[-1]]
        rising = all(
            self.spelling.semitones(one) < self.spelling.semitones(two) for one, two in zip(low, high, strict=True)
        )
        joined = all(two.gap == "" for two in high)
        return rising and (joined or (varying[-2:] == notes[-2:] and all(two.gap == "-" for two in high)))

    def _pitch(self, part: Part) -> int | None:
        if part.kind == "note":
            return self.spelling.pitch(part, self.middle_c)
        return part.number if LOWEST <= part.number <= HIGHEST else None

    def _number_column(self) -> int:
        """Of names without a note: the column with most different MIDI numbers; -1: none.

        Of equals, the first without a 127, which is a velocity more often than a key.
        """
        if marked := self._of("midi"):
            return marked[0]
        best, most = -1, (0, False)
        for index in self._of("number"):
            numbers = {part.number for part in self.columns[index]}
            alone = len(self.names) == 1
            if max(numbers) > HIGHEST or max(numbers) < LOWEST or _counts(numbers):
                continue
            if any(len(part.text) < 2 for part in self.columns[index]) and alone:
                continue
            merit = (len(numbers), HIGHEST not in numbers)
            if merit > most and (len(numbers) > 1 or alone or len(self._of("number")) == 1):
                best, most = index, merit
        return best

    def _doubt(self, row: int, parts: tuple[Part, ...]) -> str:
        if self.span:
            first, last = (self.columns[index][row].text.upper() for index in self._of("note")[-2:])
            return f"several notes: its name says {first} to {last}; cut it into single notes"
        if any(part.kind == "release" for part in parts):
            return "release: its name says that it is what sounds after the key has gone up"
        if _is_pedal(parts):
            return "pedal: its name says that it is the sound of a pedal"
        return ""

    def _pattern(self) -> str:
        titles = {"note": "NOTE", "take": "TAKE"}
        text, said = "", 0
        for index, part in enumerate(self.names[0]):
            title = titles.get(part.kind, "")
            if part.kind in SPOKEN:
                if said == self.levels.column:
                    title = {"count": "NUMBER"}.get(self.levels.kind, self.levels.kind.upper())
                elif said == self.pitch and part.kind != "note":
                    title = "MIDI"
                said += 1
            same = all(len(names) > index and names[index].text == part.text for names in self.names)
            text += (part.gap if text else "") + (title or (part.text if same else "*"))
        return text


def _is_pedal(parts: tuple[Part, ...]) -> bool:
    """Whether a name is of a pedal's noise, as pedal_down_2 or pedalD1; an organ's "Pedal Bourdon C2" is a note."""
    noted = any(part.kind == "note" and part.gap.strip("_") for part in parts)
    return not noted and any(part.text.startswith("pedal") for part in parts if part.kind == "word")


def _with_value(named: Named, kind: str, value: int) -> Named:
    if kind == "layer":
        return replace(named, layer=value)
    if kind == "count":
        return replace(named, count=value)
    return replace(named, velocity=value) if 1 <= value <= 127 else named


def _counts(numbers: set[int]) -> bool:
    """Whether they count files: 1, 2, 3, ... without a gap, or mostly below notes. 0 to 127 are all of MIDI's."""
    lowest, highest = min(numbers), max(numbers)
    if sum(number < LOWEST for number in numbers) > len(numbers) / 2:
        return True
    return lowest <= 1 and len(numbers) > 2 and len(numbers) == highest - lowest + 1 and highest < HIGHEST
