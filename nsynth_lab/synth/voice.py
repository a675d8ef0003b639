"""One sounding note: who plays it, where its pitch goes, and its envelope over the instrument's own."""

from __future__ import annotations

from typing import Any, Generic, TypeVar, cast, get_type_hints

import numpy as np

from nsynth_lab.compiled.voices import FRAME_MS, HELD, RELEASED_DB, Flags, Voices
from nsynth_lab.synth.channels import Hand
from nsynth_lab.synth.zone_reader import Courses
from nsynth_lab.units import Doubles, Ints

Value = TypeVar("Value")
KINDS = {Ints: np.int64, Doubles: np.float64, Flags: np.bool_}


def table(rows: int) -> Voices:
    """Of so many voices, none of which has begun."""
    columns: dict[str, Any] = {name: np.zeros(rows, KINDS[kind]) for name, kind in get_type_hints(Voices).items()}
    return Voices(**{**columns, "sides": np.zeros((rows, 2))})


class Kept(Generic[Value]):
    """A number of a voice's that lies in the table, from which frames are planned."""

    def __set_name__(self, _owner: type, name: str) -> None:
        self._name = name

    def __get__(self, voice: Voice, _owner: type) -> Value:
        return cast(Value, getattr(voice.table, self._name)[voice.row].item())

    def __set__(self, voice: Voice, value: Value) -> None:
        getattr(voice.table, self._name)[voice.row] = value


class Voice:
    """One note in one row of the decoder; a key has several in unison.

    Attributes:
        table, row: where its numbers are, of which `compiled.voices.Voices` says what they mean; the row is that of the
            decoder and of `courses` too.
        courses: where its instruments are.
        velocity: with which its key was struck.
        key_down: whether a finger holds it;
        captured: whether the sostenuto pedal does.
    """

    serial, program, channel, key, turn = Kept[int](), Kept[int](), Kept[int](), Kept[int](), Kept[int]()
    pitch, aim, glide, detune = Kept[float](), Kept[float](), Kept[float](), Kept[float]()
    begin_sample, next_sample, early, not_before = Kept[int](), Kept[int](), Kept[int](), Kept[int]()
    released_frame, frames = Kept[int](), Kept[int]()
    pressure, envelope_db = Kept[float](), Kept[float]()
    bent, pressed, loud, slid = Kept[float](), Kept[float](), Kept[float](), Kept[float]()
    fading, parted = Kept[bool](), Kept[bool]()

    def __init__(self, table: Voices, row: int, courses: Courses, velocity: int) -> None:
        self.table, self.row, self.courses, self.velocity = table, row, courses, velocity
        self.key_down, self.captured = True, False
        for column in table:
            column[row] = 0
        self.released_frame, self.envelope_db = HELD, RELEASED_DB

    @property
    def released(self) -> bool:
        """Whether nothing holds it any more."""
        return self.released_frame != HELD

    def part(self, hand: Hand) -> None:
        """Keep what its channel says now: another note may have the channel next."""
        self.bent, self.pressed, self.loud, self.slid = hand
        self.parted = True

    def glide_to(self, aim: float, *, glide_ms: float) -> None:
        """Head for `aim` and be there after `glide_ms`."""
        self.aim = aim
        frames = glide_ms / FRAME_MS
        self.glide = (aim - self.pitch) / frames if frames >= 1.0 else 0.0
        if not self.glide:
            self.pitch = aim
