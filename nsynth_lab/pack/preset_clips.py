"""The latents of the clips of a preset's pack: exactly the frames that the engine plays, until the loop begins.

All positions share the pitch curve of the middle one, for the reason given in `blend_clips`; so do velocities, if the
pack crossfades them. Otherwise every clip has its own. Before its loop a clip is the note that the preset plays, but in
tune: recorded instruments are not, and samplers interpret fine tuning in files differently.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from nsynth_lab.blend.loop import Period
from nsynth_lab.blend.moving_loop import close_moving_loop, period_within
from nsynth_lab.blend.parts import find_parts
from nsynth_lab.blend.variation import variation
from nsynth_lab.dsp.noise_table import noise_places
from nsynth_lab.dsp.pitch import tracked_orders
from nsynth_lab.latents import Latents, with_silence
from nsynth_lab.note import Note
from nsynth_lab.pack.blend_clips import (
    LONGEST_RELEASE_SECONDS,
    SHORTEST_RELEASE_SECONDS,
    ClipLatents,
    settled_frame,
    whole_samples,
)
from nsynth_lab.pack.quality import LOUD_DB
from nsynth_lab.pack.request import ClipKey, PackRequest
from nsynth_lab.patch import Patch
from nsynth_lab.patch.sound import BEATS
from nsynth_lab.render.patch_note import NoteVoice, PatchNote, patch_note
from nsynth_lab.render.preset import hold_within, patch_sources
from nsynth_lab.render.session import Session
from nsynth_lab.tempo import beats_to_seconds
from nsynth_lab.units import FRAME_RATE_HZ, FloatArray, frames_to_seconds, note_to_hz

SILENT_SUSTAIN = 10 ** (-60 / 20)
MOST_TURNS = 4  # repetitions of the dry loop within the clip's loop
MOST_TUNINGS = 3  # iterations: the period depends on the pitch, and the pitch on the period


@dataclass(frozen=True)
class PresetClipLatents:
    """The latents of one clip of a preset's pack, to be decoded.

    Attributes:
        voices: the voices of its unison, decoded separately; other clips' voices may have other lengths.
        gains: of each voice [frames, 2 ends, 2 sides], as in `NoteVoice`.
        period: of the dry loop; None without one.
        held: whether it is sustained rather than decaying.
        aim_hz: the frequency that the preset's tuning gives the key.
        places: frequencies of the tracked partials, in units of f0.
        release_seconds: release time without effects.
    """

    key: ClipKey
    voices: tuple[ClipLatents, ...]
    gains: tuple[FloatArray, ...]
    period: Period | None
    held: bool
    aim_hz: float
    places: NDArray[np.float64]
    release_seconds: float

    def fingerprint(self) -> str:
        """Hash of everything that the clip is decoded from."""
        digest = hashlib.sha256("".join(voice.fingerprint() for voice in self.voices).encode())
        for gains in self.gains:
            digest.update(np.ascontiguousarray(gains).tobytes())
        return digest.hexdigest()


class PresetClips:
    """Makes the latents of a preset's clips. Each clip is the same on every run, whichever were made before it."""

    def __init__(self, session: Session, request: PackRequest) -> None:
        self.session = session
        self.request = request
        self.patches = [request.patch_at(place) for place in request.positions]
        self._sources = patch_sources(session, self.patches[0])
        self._pitches: dict[ClipKey, FloatArray] = {}

    def clip(self, key: ClipKey) -> PresetClipLatents:
        """The latents of a clip."""
        patch, note = self.patches[key.position], self._take(key)
        first = note.voices[0].latents
        pitch = self._pitch(key)
        pitch = np.pad(pitch, (0, max(0, first.frames - len(pitch))), mode="edge")[: first.frames]
        latents, period, held = self._in_tune(note, replace(first, f0_cents=pitch), patch)
        moved = latents.f0_cents - first.f0_cents
        voices, gains = zip(*(self._whole(voice, moved, period, note.frames) for voice in note.voices), strict=True)
        release = patch.envelope.release_seconds or frames_to_seconds(latents.frames - latents.release_frame)
        aim_hz = note_to_hz(note.aim)
        orders = tracked_orders(aim_hz)
        partials = latents.partials_per_frame().mean(axis=0, dtype=np.float64)
        rows = [
            ClipLatents(key, one, period, held, noise_places(voice.seed + 128 * key.take), release)
            for one, voice in zip(voices, note.voices, strict=True)
        ]
        return PresetClipLatents(
            key=key,
            voices=tuple(rows),
            gains=gains,
            period=period,
            held=held,
            aim_hz=aim_hz,
            places=orders + partials[1 : len(orders) + 1],
            release_seconds=min(max(release, SHORTEST_RELEASE_SECONDS), LONGEST_RELEASE_SECONDS),
        )

    def _in_tune(self, note: PatchNote, latents: Latents, patch: Patch) -> tuple[Latents, Period | None, bool]:
        """(the note in the preset's tuning, the period of its loop, whether it is sustained)."""
        period, held = self._period(note, latents, patch)
        for _ in range(MOST_TUNINGS):
            if not (cents := _cents_off(latents, note.aim, period)):
                break
            latents = replace(latents, f0_cents=np.asarray(latents.f0_cents - cents, np.float32))
            period, held = self._period(note, latents, patch)
        return latents, period, held

    def _whole(
        self, voice: NoteVoice, moved: FloatArray, period: Period | None, longest: int
    ) -> tuple[Latents, FloatArray]:
        """(a voice to its end or with its loop closed; its gains).

        `moved` [frames of the first voice] is added to the pitch of all voices; `longest` is the length of the note's
        longest voice in frames.
        """
        frames = voice.latents.frames
        moved = np.pad(moved, (0, max(0, frames - len(moved))), mode="edge")[:frames]
        cents = np.asarray(voice.latents.f0_cents + moved + voice.detune_cents, np.float32)
        latents = replace(voice.latents, f0_cents=cents)
        if period is not None:
            whole = close_moving_loop(latents, voice.plain, period, frames=self.request.frames)
            still = np.broadcast_to(voice.gains[period.begin, 0], (self.request.frames - period.begin, 2, 2))
            return whole, np.concatenate([voice.gains[: period.begin], still])
        more = max(longest, self.request.frames) - frames
        return with_silence(latents, more), np.pad(voice.gains, ((0, more), (0, 0), (0, 0)))

    def _take(self, key: ClipKey) -> PatchNote:
        patch, request = self.patches[key.position], self.request
        hold = hold_within(patch, request.seconds)
        note = patch_note(self._sources, patch, Note(key.note, key.velocity), hold_seconds=hold, seed=request.seed)
        voices = [
            replace(voice, latents=variation(voice.latents, number=key.take, seed=request.seed))
            for voice in note.voices
        ]
        return replace(note, voices=tuple(voices))

    def _pitch(self, key: ClipKey) -> FloatArray:
        """The pitch curve f0_cents [frames] of this clip, which may be another clip's (see the module)."""
        positions, velocities = self.request.positions, sorted(self.request.velocities)
        velocity = velocities[len(velocities) // 2] if self.request.crossfade else key.velocity
        shared = replace(key, position=len(positions) // 2, velocity=velocity)
        if shared not in self._pitches:
            self._pitches = {known: pitch for known, pitch in self._pitches.items() if known.note == key.note}
            self._pitches[shared] = self._take(shared).voices[0].latents.f0_cents
        return self._pitches[shared]

    def _period(self, note: PatchNote, latents: Latents, patch: Patch) -> tuple[Period | None, bool]:
        """(period of the loop, after everything that happens only once in a note; whether the note is sustained)."""
        envelope, hold = patch.envelope, hold_within(patch, self.request.seconds)
        fades = envelope.decay_seconds > 0 and envelope.sustain < SILENT_SUSTAIN
        held = find_parts(note.voices[0].plain).sustained and not fades
        if not held or not self.request.loop:
            return None, held
        along = beats_to_seconds(1.0, patch.tempo_bpm) if patch.blend.path_unit == BEATS else 1.0
        way = [along * point[0] for point in patch.blend.path]
        once = max(envelope.attack_seconds + envelope.decay_seconds, *way, 0.0)
        key_up = min(latents.release_frame, math.floor(hold * FRAME_RATE_HZ))
        begin = max(latents.attack_frames, math.ceil(once * FRAME_RATE_HZ))
        end = settled_frame(self.request)
        period = period_within(
            latents,
            begin=begin,
            key_up=key_up,
            end=end,
            multiple=whole_samples(self.request.sample_rate),
            cycles_hz=_cycles_hz(patch),
            turns=MOST_TURNS,
        )
        return period, held


def _cycles_hz(patch: Patch) -> list[float]:
    """Rates of the LFOs in its effects, of which the loop should contain whole cycles."""
    rates = {
        float(slot.row.in_time(slot.row.settings(slot.parameters), patch.tempo_bpm)["rate_hz"])
        for slot in patch.effects
        if slot.row is not None and slot.row.has_lfo and not slot.bypass and slot.mix
    }
    return sorted(rates)


def _cents_off(latents: Latents, aim: float, period: Period | None) -> int:
    """Deviation of the mean f0 from the intended note, in whole cents; smaller deviations are left as they are."""
    cents = np.asarray(latents.f0_cents, np.float64)
    if period is None:
        mean = float(cents[latents.loudness_db > latents.loudness_db.max() - LOUD_DB].mean())
    else:
        mean = float(cents[period.begin : period.begin + period.frames // 2 + 1].mean())
    return round(100.0 * (latents.note - aim) + mean)
