"""Voice: one sounding note, a view of one row of the table of all voices."""

from __future__ import annotations

from typing import Any, Generic, TypeVar, cast, get_type_hints

import numpy as np

from nsynth_lab.compiled.envelope import FALL_DB, FRAME_MS
from nsynth_lab.compiled.voices import HELD, Flags, Voices
from nsynth_lab.synth.channels import ControlValues
from nsynth_lab.synth.zone_reader import ZoneReader
from nsynth_lab.units import Doubles, Ints

Value = TypeVar("Value")
KINDS = {Ints: np.int64, Doubles: np.float64, Flags: np.bool_}


def table(slots: int) -> Voices:
    """A table for as many voices, none of which has begun."""
    columns: dict[str, Any] = {name: np.zeros(slots, KINDS[kind]) for name, kind in get_type_hints(Voices).items()}
    return Voices(**{**columns, "pan_gains": np.zeros((slots, 2))})


class Column(Generic[Value]):
    """A number of a voice that is stored in the table, where compiled loops read it."""

    def __set_name__(self, _owner: type, name: str) -> None:
        self._name = name

    def __get__(self, voice: Voice, _owner: type) -> Value:
        return cast(Value, getattr(voice.table, self._name)[voice.slot].item())

    def __set__(self, voice: Voice, value: Value) -> None:
        getattr(voice.table, self._name)[voice.slot] = value


class Voice:
    """One note in one slot of the decoder; a key has several in unison.

    Attributes:
        table, slot: its columns are described in `compiled.voices.Voices`; the decoder and `reader` use the same slot.
        reader: reads its zones.
        velocity: of its key.
        key_down: whether its key is down.
        sostenuto_held: whether the sostenuto pedal holds it.
    """

    serial, program, channel, key = Column[int](), Column[int](), Column[int](), Column[int]()
    update_phase = Column[int]()
    pitch, glide_target, glide_step, detune = Column[float](), Column[float](), Column[float](), Column[float]()
    begin_sample, next_sample, look_ahead, plan_from_sample = Column[int](), Column[int](), Column[int](), Column[int]()
    released_frame, frames = Column[int](), Column[int]()
    key_pressure, envelope_db = Column[float](), Column[float]()
    kept_bend, kept_pressure, kept_gain, kept_slide = Column[float](), Column[float](), Column[float](), Column[float]()
    kept_semitones, kept_level_db, kept_breath_db = Column[float](), Column[float](), Column[float]()
    fading, detached = Column[bool](), Column[bool]()

    def __init__(self, table: Voices, slot: int, reader: ZoneReader, velocity: int) -> None:
        self.table, self.slot, self.reader, self.velocity = table, slot, reader, velocity
        self.key_down, self.sostenuto_held = True, False
        for column in table:
            column[slot] = 0
        self.released_frame, self.envelope_db = HELD, FALL_DB

    @property
    def released(self) -> bool:
        """Whether no key or pedal holds it any more."""
        return self.released_frame != HELD

    def detach(self, controls: ControlValues, *, semitones: float, level_db: float, breath_db: float) -> None:
        """Keep the present controls of its channel, which another note may use next, and where it followed to."""
        self.kept_bend, self.kept_pressure, self.kept_gain, self.kept_slide = controls
        self.kept_semitones, self.kept_level_db, self.kept_breath_db = semitones, level_db, breath_db
        self.detached = True

    def glide_to(self, aim: float, *, glide_ms: float) -> None:
        """Glide to note number `aim` in `glide_ms`."""
        self.glide_target = aim
        frames = glide_ms / FRAME_MS
        self.glide_step = (aim - self.pitch) / frames if frames >= 1.0 else 0.0
        if not self.glide_step:
            self.pitch = aim
