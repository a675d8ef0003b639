"""Tunes that a command is given: notation or MIDI, or a sound in which one is hummed, whistled or played."""

from __future__ import annotations

import cmath
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from nsynth_lab.cli import console
from nsynth_lab.errors import AudioError, TuneError
from nsynth_lab.wording import counted

if TYPE_CHECKING:
    from nsynth_lab.analysis.heard_note import HeardNote
    from nsynth_lab.midi.events import Event
    from nsynth_lab.midi.song import Song
    from nsynth_lab.tune.key import Key
    from nsynth_lab.tune.metre import Metre
    from nsynth_lab.tune.tune import Tune
    from nsynth_lab.units import FloatArray

SOUNDS = (".wav", ".flac", ".ogg", ".mp3", ".aiff", ".aif", ".phrase")
GATE_DB = -60.0
EQUALLY_LOUD = 100  # MIDI velocity
FEWEST = 4  # notes in which a beat is looked for


def given_tune(path: Path, *, metre: Metre | None = None, key: Key | None = None) -> Tune:
    """The tune in a file; what is found or left out is said.

    Raises:
        NsynthLabError: none can be read or heard.
    """
    from nsynth_lab.melody.bar_lines import BarLines
    from nsynth_lab.tune.files import read_tune

    if path.suffix.lower() in SOUNDS:
        return Hummed.in_file(path).tune(metre=metre, key=key)
    read = read_tune(path, metre=metre, key=key, finder=BarLines())
    for line in read.lines:
        console.say(f"{path}: {line}")
    return _as_asked(path, read.tune, metre, key)


@dataclass(frozen=True)
class Hummed:
    """What was heard in a sound: its notes, one voice, and its tuning in semitones above A4 = 440 Hz."""

    path: Path
    notes: Sequence[HeardNote]
    tuning: float

    @staticmethod
    def in_file(path: Path) -> Hummed:
        """Listen to a tune hummed in a sound file.

        Raises:
            AudioError: no note is heard.
        """
        from nsynth_lab.cli.translate_heard import followed
        from nsynth_lab.translate.heard_notes import heard_notes

        phrase = followed(path, GATE_DB)
        notes = heard_notes(phrase)
        if not notes:
            raise AudioError(f"{path}: no note heard; expected a tune in one voice, hummed, whistled or played")
        console.say(f"{path}: {counted(len(notes), 'note')} heard in {phrase.seconds:.1f} s")
        return Hummed(path, notes, _tuning([note.pitch for note in notes]))

    @property
    def a4_hz(self) -> float:
        """Its concert pitch."""
        return float(440.0 * 2 ** (self.tuning / 12))

    def tune(self, *, metre: Metre | None = None, key: Key | None = None) -> Tune:
        """The notes in bars, at the recording's tempo; reports what was found or left out."""
        from nsynth_lab.melody.bar_lines import BarLines
        from nsynth_lab.tune.files import tune_in

        read = tune_in(self._midi(metre), metre=metre, key=key, finder=BarLines())
        for line in read.lines:
            console.say(f"{self.path}: {line}")
        return _as_asked(self.path, self._at_its_tempo(read.tune), metre, key)

    def recording(self) -> FloatArray:
        """The sound itself, mono at 48 kHz [samples]."""
        import numpy as np

        from nsynth_lab.analysis.source_blocks import source_blocks
        from nsynth_lab.units import SAMPLE_RATE

        return np.concatenate(list(source_blocks(self.path, SAMPLE_RATE)))

    def song(self) -> Song:
        """The notes as they were hummed, as loud and at their moments."""
        from nsynth_lab.midi.song import Song
        from nsynth_lab.synth.followed import velocity_at

        loud = [round(velocity_at(note.level_db)) for note in self.notes]
        return Song(
            tuple(self._events(self._as_hummed, loud)), self.notes[-1].end_sample - self.notes[0].begin_sample, 1
        )

    def _midi(self, metre: Metre | None) -> bytes:
        """As a MIDI file: on the beat that is heard in it, or, if there is none, as it was hummed."""
        from nsynth_lab.midi.write import midi_bytes

        events = self._events(self._on_the_beat(metre) or self._as_hummed)
        return midi_bytes(events, end_sample=events[-1].at_sample)

    def _events(self, places: Sequence[tuple[int, int]], velocities: Sequence[int] = ()) -> list[Event]:
        """Its notes, each from one sample to another; by default all are equally loud."""
        from nsynth_lab.midi.events import note_off, note_on

        events = []
        loud = velocities or [EQUALLY_LOUD] * len(places)
        for key, (begin, end), velocity in zip(self._keys, places, loud, strict=True):
            events += [note_on(key, velocity, at_sample=begin), note_off(key, at_sample=end)]
        return sorted(events, key=lambda event: event.at_sample)

    @property
    def _keys(self) -> list[int]:
        return [note.key(tuning=self.tuning) for note in self.notes]

    @property
    def _as_hummed(self) -> list[tuple[int, int]]:
        """When each note begins and ends, in samples from the first on."""
        first = self.notes[0].begin_sample
        return [(note.begin_sample - first, note.end_sample - first) for note in self.notes]

    def _on_the_beat(self, metre: Metre | None) -> list[tuple[int, int]]:
        """The same at the tempo of a MIDI file that names none, as notation has it; empty if no beat is kept."""
        from nsynth_lab.duet.beat import find_beat
        from nsynth_lab.duet.pulse import COMPOUND_TICKS, beat_ticks_of
        from nsynth_lab.duet.score import ends_on_paper
        from nsynth_lab.duet.values import DuetNote
        from nsynth_lab.melody.steps import TICKS
        from nsynth_lab.midi.write import BEAT_SECONDS
        from nsynth_lab.units import SAMPLE_RATE

        line = [DuetNote(*place, key, EQUALLY_LOUD) for place, key in zip(self._as_hummed, self._keys, strict=True)]
        beat = find_beat(
            [note.begin / SAMPLE_RATE for note in line],
            self._keys,
            [EQUALLY_LOUD] * len(line),
            (line[-1].end - line[-1].begin) / SAMPLE_RATE,
            compound=None if metre is None else beat_ticks_of(metre) == COMPOUND_TICKS,
        )
        begins = beat.ticks.tolist()
        if len(line) < FEWEST or beat.is_free or any(one >= two for one, two in pairwise(begins)):
            return []
        tick = round(4 * BEAT_SECONDS * SAMPLE_RATE) // TICKS
        ends = ends_on_paper(line, begins, beat)
        console.say(f"{self.path}: a beat of {beat.period_seconds:.2f} s is heard")
        return [((begin - begins[0]) * tick, (end - begins[0]) * tick) for begin, end in zip(begins, ends, strict=True)]

    def _at_its_tempo(self, tune: Tune) -> Tune:
        """The tune at the tempo that puts its first and last onsets as far apart as they were hummed."""
        from nsynth_lab.tune.played import sounding
        from nsynth_lab.tune.tune import Tempo
        from nsynth_lab.units import SAMPLE_RATE

        written = sounding(tune)
        length = written[-1].at - written[0].at
        seconds = (self.notes[-1].begin_sample - self.notes[0].begin_sample) / SAMPLE_RATE
        if not length or not seconds:
            return tune
        return replace(tune, tempo=Tempo(Fraction(float(length) * 240 / seconds).limit_denominator(100)))


@contextmanager
def naming(*paths: Path) -> Iterator[None]:
    """Errors about a tune name its file, or both files."""
    try:
        yield
    except TuneError as error:
        raise TuneError(f"{', '.join(map(str, paths))}: {error}") from error


def _as_asked(path: Path, tune: Tune, metre: Metre | None, key: Key | None) -> Tune:
    """The tune with a metre and a key that are asked for, where it names none; where it does, that is told."""
    from nsynth_lab.melody.notation import in_metre
    from nsynth_lab.tune.key import NO_MODE

    if metre is not None and tune.metre is None:
        tune = in_metre(tune, metre)
    if key is not None and tune.key.mode == NO_MODE:
        tune = replace(tune, key=key)
    for name, asked, own in (("metre", metre, tune.metre), ("key", key, tune.key)):
        if asked is not None and own is not None and asked != own:
            console.say(f"{path}: says its {name} itself, {own.name}; --{name} is for files that do not")
    return tune


def _tuning(pitches: Sequence[float]) -> float:
    """How far the pitches lie above those of the piano, in semitones from -0.5 to 0.5: nobody hums to a tuning fork."""
    turned = sum(cmath.exp(2j * math.pi * pitch) for pitch in pitches)
    return cmath.phase(turned) / (2 * math.pi)
