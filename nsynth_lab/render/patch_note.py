"""One note of a patch as latents, for clips: exactly the frames that the engine plays."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from math import ceil

import numpy as np

from nsynth_lab.errors import UsageError
from nsynth_lab.latents import LOUDEST_DB, SILENCE_DB, Latents
from nsynth_lab.note import Note, note_name
from nsynth_lab.patch import Patch
from nsynth_lab.render.preset_synth import settings_of
from nsynth_lab.synth.planned_note import PlannedVoice, plan_note
from nsynth_lab.synth.sources import Sources
from nsynth_lab.synth.tuning import HIGHEST_HZ, LOWEST_HZ
from nsynth_lab.units import FloatArray, frames_to_seconds, hz_to_note, note_to_hz


@dataclass(frozen=True)
class NoteVoice:
    """One voice of a note, which has several in unison.

    Attributes:
        plain: the moving blend without the patch's level LFOs.
        latents: the same with them, at the pitch of the patch's tuning, without unison detune.
        detune_cents: unison detune of this voice.
        gains: [frames, 2 ends, 2 sides] amplitude at the beginning and end of each frame, left and right: the
            envelope times the pan.
        seed: of its noise.
    """

    plain: Latents
    latents: Latents
    detune_cents: float
    gains: FloatArray
    seed: int


@dataclass(frozen=True)
class PatchNote:
    """One note of a patch.

    Attributes:
        voices: the voices of its unison.
        aim: fractional note number of the patch's tuning.
    """

    voices: tuple[NoteVoice, ...]
    aim: float

    @property
    def frames(self) -> int:
        """Length of the longest voice."""
        return max(voice.latents.frames for voice in self.voices)


def patch_note(sources: Sources, patch: Patch, note: Note, *, hold_seconds: float, seed: int = 0) -> PatchNote:
    """The note that the engine plays for `note` of a patch (macros applied), held for `hold_seconds`.

    Args:
        sources: of the patch's corners, as `preset.patch_sources` gives them.
        patch: what it is played with.
        note: key and velocity.
        hold_seconds: time until the key goes up.
        seed: of noise and random LFOs.

    Raises:
        UsageError: the key is unmapped in the patch's tuning.
    """
    check_keys(patch, [note.number])
    settings = settings_of(patch, seed=seed)
    planned = plan_note(
        sources, settings, key=note.number, velocity=note.velocity, hold_seconds=hold_seconds, seed=seed
    )
    aim = hz_to_note(settings.tuning.hz(note.number))
    return PatchNote(tuple(_voice(one, note, aim, sources.model_id) for one in planned), aim)


def check_keys(patch: Patch, keys: Iterable[int]) -> None:
    """Refuse keys that would sound below 8 Hz or above 14 kHz in a patch's tuning, and so not at all.

    Raises:
        UsageError: there is one.
    """
    tuning = settings_of(patch).tuning
    if silent := [key for key in keys if not tuning.sounds(key)]:
        hz = note_to_hz(silent[0] + patch.tuning.cents(silent[0]) / 100.0)
        raise UsageError(
            f"{note_name(silent[0])} would sound at {hz:,.0f} Hz in the tuning of {patch.name}; expected "
            f"{LOWEST_HZ:g} to {HIGHEST_HZ:g} Hz: choose keys nearer the middle"
        )


def _voice(planned: PlannedVoice, note: Note, aim: float, model_id: str) -> NoteVoice:
    frames, sounding = planned.frames, min(127, max(0, round(aim)))
    own = 69.0 + 12.0 * np.log2(np.asarray(frames.f0_hz, np.float64) / 440.0)
    plain_db = frames.level_db - planned.swing_db
    plain = Latents(
        timbre=frames.timbre,
        loudness_db=np.asarray(plain_db.clip(SILENCE_DB, LOUDEST_DB), np.float32),
        f0_cents=np.asarray(100.0 * (own - sounding) - planned.detune_cents, np.float32),
        partials=frames.partials,
        note=sounding,
        velocity=note.velocity,
        attack_frames=min(ceil(planned.attack_frames), planned.release_frame),
        release_frame=planned.release_frame,
        model_id=model_id,
        unpitched=frames.unpitched if frames.unpitched.shape[1] else None,
        width=frames.width if frames.width.any() else None,
        detail=frames.detail if frames.detail.any() else None,
    )
    level_db = np.asarray(frames.level_db.clip(SILENCE_DB, LOUDEST_DB), np.float32)
    return NoteVoice(plain, replace(plain, loudness_db=level_db), planned.detune_cents, frames.gains, planned.seed)


def release_seconds(sources: Sources, patch: Patch, note: Note, *, hold_seconds: float, seed: int = 0) -> float:
    """Length of the note's release: that of the envelope or, if it is 0, of the instruments.

    Arguments and errors as in `patch_note`.
    """
    if patch.envelope.release_seconds:
        return patch.envelope.release_seconds
    voices = patch_note(sources, patch, note, hold_seconds=hold_seconds, seed=seed).voices
    return frames_to_seconds(max(voice.latents.frames - voice.latents.release_frame for voice in voices))
