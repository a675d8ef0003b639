"""A note made longer or shorter without touching how it begins and ends.

Everything is one curve of read positions, one for each frame of the result:

    read position
      |                                  ,'    release, at its own speed
      |                                ,'
      |          ,'.    ,'`.   ,'`.   :
      |        ,'   `.,'    `,'    `.:         sustain: held notes go back and forth (`nsynth_lab.blend.ping_pong`),
      |      ,'                                decaying ones are read more slowly, shortened ones are left early
      |    ,'
      |  ,'                                    attack, at its own speed
      +----------------------------------> frame

The slow contour of the loudness does not go back and forth: it is stretched evenly, and only its ripple follows the
read position. Where the sustain was left early, the release starts from the level at which the key went up.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from nsynth_lab.blend.parts import find_parts
from nsynth_lab.blend.plan import fit_lengths, make_plan
from nsynth_lab.blend.read import crossfade, read_at
from nsynth_lab.errors import UsageError
from nsynth_lab.latents import MAX_FRAMES, Latents
from nsynth_lab.units import frames_to_seconds


def stretch(latents: Latents, frames: int) -> Latents:
    """The same note, exactly `frames` frames long, with its own attack and release.

    A note that begins at its first frame and ends in silence comes back as it was at its own length.

    Raises:
        UsageError: a length that latents cannot have.
    """
    parts = find_parts(latents)
    return warp(latents, attack=parts.attack_frames, release=parts.release_frames, frames=frames)


def warp(latents: Latents, *, attack: float, release: float, frames: int) -> Latents:
    """The same note, `frames` frames long, its attack and release brought to so many frames.

    In a note too short for both, first the release is shortened and then the attack, so that it is always heard.
    A note that would end above 60 dB under its peak is faded to there over its release.

    Raises:
        UsageError: a length that latents cannot have.
    """
    if not 1 <= frames <= MAX_FRAMES:
        longest = frames_to_seconds(MAX_FRAMES)
        raise UsageError(f"a note of {frames} frames: expected 1 to {MAX_FRAMES} (up to {longest:.0f} s)")
    parts = find_parts(latents)
    lengths = fit_lengths(attack, release, frames)
    plan = make_plan(parts, np.asarray(latents.f0_cents, np.float64), lengths)
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
        attack_frames=_whole(lengths.attack),
        release_frame=_whole(frames - lengths.release) if parts.released or plan.faded else frames,
    )


def _whole(length: float) -> int:
    """Number of frames that begin before `length`."""
    return math.ceil(length - 1e-6)
