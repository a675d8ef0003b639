"""Sounds of which a part has a pitch: a sung word with its consonants, a breathy flute, a bow in wind.

    recording --> encoded as a note --> decoded --> near enough: that is all
                                            |
                                         not near: tone and rest --> tone: encoded
                                                                     rest: bands of noise and resonances, measured

The level is that of both, `pitched` says frame by frame how much of it is tone (`nsynth_lab.unpitched`). Notes of
instruments are near enough nearly always (checkpoints/default/README.md).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from nsynth_lab.dsp.envelope import find_marks
from nsynth_lab.dsp.loudness import FLOOR_DB, loudness_db
from nsynth_lab.dsp.mel_spectrum import mel_db, mel_distance_frames_db
from nsynth_lab.dsp.tone_and_rest import tone_and_rest
from nsynth_lab.dsp.unpitched import measure_unpitched, play
from nsynth_lab.dsp.unpitched_renderer import pitched_db
from nsynth_lab.latents import SILENCE_DB, Latents
from nsynth_lab.model.checkpoint import Checkpoint
from nsynth_lab.model.note_decoder import NoteDecoder
from nsynth_lab.units import FloatArray, track_hz
from nsynth_lab.unpitched import LEVELS, LOWEST_DB, NOISE, PITCHED, limited, pitched_of, tone_share

Encode = Callable[[FloatArray], Latents]

POOR_DB, POOR_STRETCH_DB, STRETCH_TIMES = 2.5, 3.5, 6  # mel error of the note, and of an eighth of a second
BETTER = 0.85  # of the error, or the rest is left out
LEAST_SHARE = 0.03  # of tone; below it, what is left at the partials is noise too
MOST_LIFTED = 1e-4  # share of the rest, from which its level is reckoned


def is_poor(errors_db: FloatArray) -> bool:
    """Whether a note's mel error, that of every second frame [times], is so large that noise may be missing."""
    if not len(errors_db):
        return False
    count = min(STRETCH_TIMES, len(errors_db))
    sums = np.cumsum(np.concatenate([[0.0], errors_db]))
    worst = (sums[count:] - sums[:-count]).max() / count
    return bool(errors_db.mean() >= POOR_DB or worst >= POOR_STRETCH_DB)


def with_rest(latents: Latents, samples: FloatArray, checkpoint: Checkpoint, *, encode: Encode) -> Latents:
    """`latents` of the recording `samples` [frames * 512], or those of its tone with the rest as noise beside it.

    Args:
        latents: of the recording, encoded as a note.
        samples: the recording.
        checkpoint: the model.
        encode: gives the latents of another sound of the same length and note.
    """
    tone, rest = tone_and_rest(samples, track_hz(latents.note, latents.f0_cents), latents.partials)
    if not tone.any() or not rest.any():
        return latents
    both = _together(encode(tone), tone, rest)
    recorded = mel_db(samples)
    before, after = (
        mel_distance_frames_db(mel_db(_decoded(one, checkpoint)), recorded).mean() for one in (latents, both)
    )
    return both if after < BETTER * before else latents


def _together(latents: Latents, tone: FloatArray, rest: FloatArray) -> Latents:
    """`latents` of `tone` with `rest` beside them, both [frames * 512]."""
    power, rest_power = (10.0 ** (loudness_db(one).astype(np.float64) / 10.0) for one in (tone, rest))
    share = power / (power + rest_power)
    heard = share >= LEAST_SHARE
    level = np.maximum(10.0 * np.log10(np.where(heard, power + rest_power, rest_power)), FLOOR_DB).astype(np.float32)
    rows = measure_unpitched(rest, level)
    pitched = np.where(heard, pitched_of(share), 0.0)
    # what is measured is the rest itself, and rows say what there would be if all were noise
    lift = -10.0 * np.log10(np.maximum(1.0 - tone_share(pitched), MOST_LIFTED))[:, None].astype(np.float32)
    for columns in (NOISE, LEVELS):
        own = rows[:, columns]
        rows[:, columns] = np.where(own > LOWEST_DB, own + lift, own)
    rows[:, PITCHED] = pitched
    marks = find_marks(level)
    return replace(
        latents,
        loudness_db=level,
        attack_frames=marks.attack_frames,
        release_frame=max(marks.attack_frames, latents.release_frame),
        unpitched=limited(rows),
    )


def _decoded(latents: Latents, checkpoint: Checkpoint) -> FloatArray:
    """What `latents` sound like, [frames * 512]."""
    rows, level_db = latents.unpitched, latents.loudness_db
    if rows is not None:
        level_db = np.maximum(level_db + pitched_db(rows), SILENCE_DB).astype(np.float32)
    decoder = NoteDecoder(replace(latents, loudness_db=level_db), checkpoint)
    tone = decoder.sound(decoder.bare(latents.timbre)[0], seed=0, detail=latents.detail).samples
    return tone if rows is None else tone + play(rows, latents.loudness_db, place=0)
