"""A patch played offline: one note, or a phrase, through the decoder and the patch's effects."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from nsynth_lab.audio import Audio
from nsynth_lab.blend import blend
from nsynth_lab.blend.modulation import lfo_sum
from nsynth_lab.blend.parts import find_parts
from nsynth_lab.effects import Trouble, chain_of
from nsynth_lab.latents import SILENCE_DB, Latents
from nsynth_lab.note import Note
from nsynth_lab.patch import Patch, Voice
from nsynth_lab.render.motion import envelope_db, weights_of
from nsynth_lab.render.offline import FADE_SAMPLES, faded
from nsynth_lab.render.session import Session
from nsynth_lab.units import (
    FRAME_RATE_HZ,
    SAMPLE_RATE,
    Doubles,
    FloatArray,
    frames_to_seconds,
    seconds_to_frames,
    seconds_to_samples,
)

LOUDEST_DB = 20.0
SHORTEST_HOLD_SECONDS = 0.02
LONGEST_FADE_SAMPLES = SAMPLE_RATE // 4
Advance = Callable[[int], None]


@dataclass(frozen=True)
class PhraseNote:
    """A note of a phrase: when it begins, and how long its key is held."""

    note: Note
    start_seconds: float
    hold_seconds: float


@dataclass(frozen=True)
class PatchSound:
    """What a patch gave: stereo, and the effects that had to be taken out of its chain."""

    audio: Audio
    troubles: tuple[Trouble, ...] = ()


@dataclass(frozen=True)
class PatchNote:
    """The latents of one note of a patch.

    Attributes:
        plain: the blend, moving.
        latents: the same with the patch's tuning, envelope, and movements of pitch and level.
        aim: the note number, with its fraction, that the patch's tuning asks for.
    """

    plain: Latents
    latents: Latents
    aim: float


def patch_latents(session: Session, patch: Patch, note: Note, *, hold_seconds: float) -> Latents:
    """The latents of one note of a patch, its tuning, its envelope and its movements in them.

    Raises:
        UsageError: an instrument that the bank does not have.
    """
    return patch_note(session, patch, note, hold_seconds=hold_seconds).latents


def patch_note(session: Session, patch: Patch, note: Note, *, hold_seconds: float) -> PatchNote:
    """As `patch_latents`, and what they were made of."""
    cents = patch.tuning.cents(note.number)
    sources = _sources(session, patch, note)
    sounding = sources[0].note
    frames = seconds_to_frames(hold_seconds + _release_seconds(patch, sources))
    weights = weights_of(patch.blend, frames, seed=session.seed)
    latents = blend(
        sources,
        weights["timbre"],
        frames=frames,
        loudness=weights["loudness"],
        f0=weights["f0"],
        partials=weights["partials"],
    )
    seconds = (np.arange(frames) + 1) / FRAME_RATE_HZ
    swing_cents, swing_db = (
        lfo_sum(patch.blend, name, seconds, seed=session.seed) for name in ("pitch_cents", "level_db")
    )
    level = latents.loudness_db + envelope_db(patch.envelope, frames, hold_seconds=hold_seconds)
    level = level if swing_db is None else level + swing_db
    bend = cents - 100 * (sounding - note.number) + (0.0 if swing_cents is None else swing_cents)
    dressed = replace(
        latents,
        loudness_db=np.asarray(level.clip(SILENCE_DB, LOUDEST_DB), np.float32),
        f0_cents=np.asarray(latents.f0_cents + bend, np.float32),
    )
    return PatchNote(latents, dressed, note.number + cents / 100)


def hold_within(patch: Patch, seconds: float) -> float:
    """How long the key is held in a note of `seconds`, the envelope's release included."""
    return max(SHORTEST_HOLD_SECONDS, seconds - patch.envelope.release_seconds)


def at_place(patch: Patch, place: tuple[float, ...]) -> Patch:
    """The patch at a place that is not its own: no path leads away from it, and no knob moves it.

    Raises:
        PatchError: a place with another number of numbers, or out of range.
    """
    return replace(
        patch.with_macros_applied(),
        macros=(),
        midi=(),
        blend=replace(patch.with_macros_applied().blend, position=place, path=()),
    )


def play_patch(
    session: Session, patch: Patch, phrase: Sequence[PhraseNote], *, advance: Advance = lambda _: None
) -> PatchSound:
    """A phrase: its notes decoded one by one, summed, then the effects, until these are quiet too.

    Args:
        session: checkpoint, bank and seed.
        patch: what to play it with.
        phrase: the notes; in mono and legato each one ends where the next begins.
        advance: hears of the notes done.

    Raises:
        UsageError: an instrument that the bank does not have.
        PatchError, PluginError: an effect cannot be made ready.
    """
    patch = patch.with_macros_applied()
    sounds = []
    for phrase_note in _one_at_a_time(phrase) if patch.voice.mode != "poly" else phrase:
        sounds.append((round(phrase_note.start_seconds * SAMPLE_RATE), _note(session, patch, phrase_note)))
        advance(1)
    dry = np.zeros((2, max(start + sound.shape[1] for start, sound in sounds)), np.float32)
    for start, sound in sounds:
        dry[:, start : start + sound.shape[1]] += sound
    with chain_of(patch) as chain:
        return PatchSound(Audio(chain.run(dry)), tuple(chain.troubles()))


def play_note(session: Session, patch: Patch, note: Note, *, seconds: float) -> PatchSound:
    """One note, exactly `seconds` long, its release included.

    What rings on beyond that in its effects is faded out while the note is released, over a quarter of a second at
    most.

    Raises:
        as `play_patch`.
    """
    patch = patch.with_macros_applied()
    hold = max(SHORTEST_HOLD_SECONDS, seconds - _release_seconds(patch, _sources(session, patch, note)))
    sound = play_patch(session, patch, [PhraseNote(note, 0.0, hold)])
    samples = seconds_to_samples(seconds)
    whole = np.zeros((2, samples), np.float32)
    heard = sound.audio.samples[:, :samples]
    whole[:, : heard.shape[1]] = heard
    released = samples - seconds_to_samples(hold)
    return replace(sound, audio=Audio(faded(whole, min(max(released, FADE_SAMPLES), LONGEST_FADE_SAMPLES))))


def _sources(session: Session, patch: Patch, note: Note) -> list[Latents]:
    """The patch's instruments at the note that its tuning makes of a key."""
    sounding = min(127, max(0, round(note.number + patch.tuning.cents(note.number) / 100)))
    return [session.bank.latents(name, Note(sounding, note.velocity)) for name in patch.blend.corners]


def _release_seconds(patch: Patch, sources: Sequence[Latents]) -> float:
    """The envelope's, or where it has none that of the instruments, as the blend will give it."""
    if patch.envelope.release_seconds:
        return patch.envelope.release_seconds
    last = np.atleast_2d(weights_of(patch.blend, 1)["loudness"])[-1]
    return frames_to_seconds(float(last @ np.array([find_parts(source).release_frames for source in sources])))


def unison(latents: Latents, voice: Voice) -> list[Latents]:
    """A note for each voice of a unison, out of tune by what the patch says."""
    cents = _pan_positions(voice) * voice.detune_cents / 2
    return [replace(latents, f0_cents=np.asarray(latents.f0_cents + one, np.float32)) for one in cents]


def mix_unison(sounds: Sequence[FloatArray], voice: Voice) -> FloatArray:
    """The voices of a unison, each [1, samples], to [2, samples]: each at its place, with the same power at all."""
    total = np.zeros((2, sounds[0].shape[1]), np.float32)
    for place, sound in zip(_pan_positions(voice), sounds, strict=True):
        angle = np.pi / 4 * (1 + place * voice.spread)
        sides = np.sqrt(2.0) * np.array([[np.cos(angle)], [np.sin(angle)]])
        total += (sides * sound).astype(np.float32)
    return np.asarray(total / np.sqrt(voice.unison), np.float32)


def _pan_positions(voice: Voice) -> Doubles:
    """Of the voices between left, -1, and right, 1."""
    return np.linspace(-1.0, 1.0, voice.unison) if voice.unison > 1 else np.zeros(1)


def _note(session: Session, patch: Patch, phrase_note: PhraseNote) -> FloatArray:
    """One key [2, samples], as loud as it is: the patch's effects end in a limiter."""
    latents = patch_latents(session, patch, phrase_note.note, hold_seconds=phrase_note.hold_seconds)
    voices = [session.render(one, limited=False) for one in unison(latents, patch.voice)]
    return mix_unison([voice.audio.samples for voice in voices], patch.voice)


def _one_at_a_time(phrase: Sequence[PhraseNote]) -> list[PhraseNote]:
    order = sorted(phrase, key=lambda phrase_note: (phrase_note.start_seconds, phrase_note.note.number))
    lone = [
        one
        for one, after in zip(order, [*order[1:], None], strict=True)
        if after is None or after.start_seconds > one.start_seconds
    ]
    return [
        replace(
            one,
            hold_seconds=min(one.hold_seconds, after.start_seconds - one.start_seconds) if after else one.hold_seconds,
        )
        for one, after in zip(lone, [*lone[1:], None], strict=True)
    ]
