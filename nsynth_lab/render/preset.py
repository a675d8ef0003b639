"""A patch rendered offline, one note or a phrase, by the engine and effects that `play` uses."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace

import numpy as np

from nsynth_lab.audio import Audio
from nsynth_lab.midi.events import Event, Kind, note_off, note_on
from nsynth_lab.note import Note
from nsynth_lab.patch import Patch
from nsynth_lab.render.instrument import load_sources, make_engine
from nsynth_lab.render.offline import FADE_SAMPLES, faded
from nsynth_lab.render.patch_note import check_keys, release_seconds
from nsynth_lab.render.preset_synth import PatchEffects, settings_of
from nsynth_lab.render.session import Session
from nsynth_lab.render.song import BLOCK_SAMPLES, blocks_of
from nsynth_lab.synth.sources import Sources
from nsynth_lab.units import SAMPLE_RATE, seconds_to_samples

SHORTEST_HOLD_SECONDS = 0.02
LONGEST_FADE_SAMPLES = SAMPLE_RATE // 4


@dataclass(frozen=True)
class PhraseNote:
    """A note of a phrase: its start, and how long its key is held."""

    note: Note
    start_seconds: float
    hold_seconds: float


@dataclass(frozen=True)
class PatchSound:
    """Stereo sound of a patch, and the effects that had to be removed from its chain, one line each."""

    audio: Audio
    troubles: tuple[str, ...] = ()


def patch_sources(session: Session, patch: Patch) -> Sources:
    """The instruments of a patch's corners.

    Raises:
        UsageError: an instrument that the bank does not have.
    """
    return load_sources(session, patch.blend.corners, files=False)


def hold_within(patch: Patch, seconds: float) -> float:
    """How long to hold the key so that the note, with the envelope's release, takes `seconds`."""
    return max(SHORTEST_HOLD_SECONDS, seconds - patch.envelope.release_seconds)


def play_patch(session: Session, patch: Patch, phrase: Sequence[PhraseNote]) -> PatchSound:
    """Render a phrase until its notes and effects have died away.

    Raises:
        UsageError: an instrument that is not in the bank.
        PatchError, PluginError: an effect cannot be loaded.
    """
    patch = patch.with_macros_applied()
    return _play(session, patch, patch_sources(session, patch), phrase)


def play_note(session: Session, patch: Patch, note: Note, *, seconds: float) -> PatchSound:
    """Render one note of exactly `seconds`, including its release.

    The tail of its effects is faded out during the release, over at most a quarter of a second.

    Raises:
        UsageError: the patch's tuning has no pitch for that key; else as `play_patch`.
    """
    patch = patch.with_macros_applied()
    check_keys(patch, [note.number])
    sources = patch_sources(session, patch)
    release = release_seconds(sources, patch, note, hold_seconds=seconds, seed=session.seed)
    hold = max(SHORTEST_HOLD_SECONDS, seconds - release)
    samples = seconds_to_samples(seconds)
    sound = _play(session, patch, sources, [PhraseNote(note, 0.0, hold)], samples=samples)
    whole = np.zeros((2, samples), np.float32)
    heard = sound.audio.samples[:, :samples]
    whole[:, : heard.shape[1]] = heard
    released = samples - seconds_to_samples(hold)
    return replace(sound, audio=Audio(faded(whole, min(max(released, FADE_SAMPLES), LONGEST_FADE_SAMPLES))))


def _play(
    session: Session, patch: Patch, sources: Sources, phrase: Sequence[PhraseNote], *, samples: int | None = None
) -> PatchSound:
    """Render `phrase` to its end, or at least its first `samples`."""
    effects = PatchEffects(patch, seed=session.seed)
    with closing(effects):
        settings = settings_of(patch, seed=session.seed)
        engine = make_engine(session, [sources], settings, output_stage=effects, ahead_samples=BLOCK_SAMPLES)
        events = _events(phrase)
        blocks, done = [], 0
        for block in blocks_of(engine, events, end_sample=events[-1].at_sample):
            blocks.append(block)
            done += block.shape[1]
            if samples is not None and done >= samples:
                break
        return PatchSound(Audio(np.concatenate(blocks, axis=1)), tuple(engine.troubles()))


def _events(phrase: Sequence[PhraseNote]) -> list[Event]:
    """Events in order of time; at the same sample, note-offs before note-ons."""
    events = []
    for one in phrase:
        begin, end = (round(at * SAMPLE_RATE) for at in (one.start_seconds, one.start_seconds + one.hold_seconds))
        events.append(note_on(one.note.number, one.note.velocity, at_sample=begin))
        events.append(note_off(one.note.number, at_sample=max(end, begin + 1)))
    return sorted(events, key=lambda event: (event.at_sample, event.kind is not Kind.NOTE_OFF))
