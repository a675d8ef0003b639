"""One sounding note: who plays it, where its pitch goes, and its envelope over the instrument's own."""

from __future__ import annotations

from dataclasses import dataclass

from nsynth_lab.synth.course import Courses
from nsynth_lab.synth.settings import Settings
from nsynth_lab.units import HOP_SAMPLES, SAMPLE_RATE, db_to_gain, gain_to_db

FRAME_MS = 1000.0 * HOP_SAMPLES / SAMPLE_RATE
RELEASED_DB = -60.0  # an envelope's release ends here


@dataclass(eq=False)
class Voice:
    """One note in one row of the decoder; a key has several in unison.

    Attributes:
        row: of the decoder and of `courses`.
        courses: where its instruments are.
        channel, key, velocity: what was played.
        pitch, aim: note numbers with fractions: where it is, and where a glide takes it.
        glide: note numbers a frame on the way there.
        detune_cents: of this voice in its unison.
        sides: amplitude left and right.
        begin_sample: where its first frame begins.
        next_sample: where its next frame begins; due_sample: how late that may be planned, once it has begun.
        lead: how many samples sooner than need be it is planned.
        serial: voices started before it.
        key_down: whether a finger holds it;
        captured: whether the sostenuto pedal does.
        released_frame: frames before it was let go; None while it is held by something.
        pressure: 0 to 1, of its key alone.
        gain: amplitude at the end of its last frame; level_db: what it sounds like there.
        envelope_db: at the end of its last frame.
        frames: that were planned.
        fading: its next frame fades out and is its last.
    """

    row: int
    courses: Courses
    channel: int
    key: int
    velocity: int
    pitch: float
    aim: float
    detune_cents: float
    sides: tuple[float, float]
    begin_sample: int
    next_sample: int
    lead: int
    serial: int
    glide: float = 0.0
    key_down: bool = True
    captured: bool = False
    released_frame: int | None = None
    pressure: float = 0.0
    gain: float = 0.0
    level_db: float = 0.0
    envelope_db: float = RELEASED_DB
    frames: int = 0
    due_sample: int = 0
    fading: bool = False

    def glide_to(self, aim: float, *, glide_ms: float) -> None:
        """Head for `aim` and be there after `glide_ms`."""
        self.aim = aim
        frames = glide_ms / FRAME_MS
        self.glide = (aim - self.pitch) / frames if frames >= 1.0 else 0.0
        if not self.glide:
            self.pitch = aim

    def move_pitch(self) -> float:
        """Take a frame of the glide; the note number it ends at."""
        if self.glide:
            self.pitch += self.glide
            if (self.pitch - self.aim) * self.glide >= 0:
                self.pitch, self.glide = self.aim, 0.0
        return self.pitch

    def move_envelope(self, settings: Settings) -> float:
        """Take a frame of the envelope; the amplitude it ends at.

        The attack rises in a straight line, decay and release fall evenly in dB. A release shorter than the
        instrument's own cuts it short; one of 0 leaves it alone.
        """
        at_ms = (self.frames + 1) * FRAME_MS
        if self.released_frame is not None and settings.release_ms:
            frames = max(settings.release_ms / FRAME_MS, 1.0)
            self.envelope_db += RELEASED_DB / frames
            return db_to_gain(self.envelope_db) if self.envelope_db > RELEASED_DB else 0.0
        if at_ms < settings.attack_ms:
            gain = at_ms / settings.attack_ms
            self.envelope_db = gain_to_db(gain, floor_db=RELEASED_DB)
            return gain
        fallen = (at_ms - settings.attack_ms) / settings.decay_ms if settings.decay_ms else 1.0
        self.envelope_db = settings.sustain_db * min(fallen, 1.0)
        return db_to_gain(self.envelope_db)

    def envelope_ended(self, settings: Settings) -> bool:
        """Whether the envelope's release has come to its end."""
        return self.released_frame is not None and settings.release_ms > 0 and self.envelope_db <= RELEASED_DB
