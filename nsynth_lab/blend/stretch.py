"""A note made longer or shorter, with its attack and release as they are.

All of it is one curve of read positions, one per frame of the result:

    read position
      |                                  ,'    release, at its own speed
      |                                ,'
      |          ,'.    ,'`.   ,'`.   :
      |        ,'   `.,'    `,'    `.:         sustain: held notes go back and forth (`ping_pong`),
      |      ,'                                decaying ones are read more slowly, shortened ones are left early
      |    ,'
      |  ,'                                    attack, at its own speed
      +----------------------------------> frame

The slow contour of the loudness does not go back and forth: it is stretched evenly, and only the ripple follows the
read position. If the sustain is left early, the release starts from the level it had then.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from nsynth_lab.blend.parts import find_parts
from nsynth_lab.blend.read import crossfade, read_at
from nsynth_lab.blend.stretch_plan import fit_lengths, plan_stretch
from nsynth_lab.errors import UsageError
from nsynth_lab.latents import MAX_FRAMES, Latents
from nsynth_lab.units import FloatArray, frames_to_seconds


def stretch(latents: Latents, frames: int) -> Latents:
    """The same note, exactly `frames` frames long, with its own attack and release.

    At its original length, a note that starts at its first frame and ends in silence is unchanged.

    Raises:
        UsageError: latents cannot have this length.
    """
    parts = find_parts(latents)
    return warp(latents, attack=parts.attack_frames, release=parts.release_frames, frames=frames)


def warp(latents: Latents, *, attack: float, release: float, frames: int) -> Latents:
    """The same note, `frames` frames long, its attack and release stretched to `attack` and `release` frames.

    If the note is too short for both, the release is shortened first, then the attack. If it would end louder than
    60 dB below its peak, it is faded to there over the release.

    Raises:
        UsageError: latents cannot have this length.
    """
    if not 1 <= frames <= MAX_FRAMES:
        longest = frames_to_seconds(MAX_FRAMES)
        raise UsageError(f"a note of {frames} frames: expected 1 to {MAX_FRAMES} (up to {longest:.0f} s)")
    parts = find_parts(latents)
    lengths = fit_lengths(attack, release, frames)
    plan = plan_stretch(parts, np.asarray(latents.f0_cents, np.float64), lengths)
    source = replace(latents, loudness_db=parts.level_db.astype(np.float32))
    read, held = read_at(source, plan.read), read_at(source, plan.held)
    fade = plan.fade.astype(np.float32)
    moving = read.partials.ndim == 2
    return replace(
        read,
        timbre=crossfade(held.timbre, read.timbre, fade),
        loudness_db=np.asarray(read.loudness_db + plan.offset_db, np.float32),
        f0_cents=crossfade(held.f0_cents, read.f0_cents, fade),
        partials=crossfade(held.partials, read.partials, fade) if moving else read.partials,
        unpitched=_crossfaded(held.unpitched, read.unpitched, fade),
        width=_crossfaded(held.width, read.width, fade),
        detail=_crossfaded(held.detail, read.detail, fade),
        attack_frames=_whole(lengths.attack),
        release_frame=_whole(frames - lengths.release) if parts.released or plan.faded else frames,
    )


def _crossfaded(first: FloatArray | None, second: FloatArray | None, part: FloatArray) -> FloatArray | None:
    return None if first is None or second is None else crossfade(first, second, part)


def _whole(length: float) -> int:
    """Number of frames that begin before `length`."""
    return math.ceil(length - 1e-6)
