"""Where each frame of a re-timed note is read, and what sets its level right."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nsynth_lab.blend.parts import Parts
from nsynth_lab.blend.sustain import JOIN_FRAMES, Sustain
from nsynth_lab.units import Doubles

RELEASE_SHARE = 0.7  # of a short note, so that some of its tone is left,
SHORTEST_RELEASE_SHARE = 1 / 3  # and this even when its attack alone is longer
FADED_DB = 3.0


@dataclass(frozen=True)
class Lengths:
    """Frames of attack, sustain and release, fractions allowed; together the whole note."""

    attack: float
    sustain: float
    release: float


@dataclass(frozen=True)
class Plan:
    """How to read a note.

    Attributes:
        read: [frames] read positions.
        held: [frames] where the sustain would have gone on while the release fades in; elsewhere as `read`.
        fade: [frames] from `held`, 0, to `read`, 1.
        offset_db: [frames] to be added to the loudness at `read`.
        faded: whether the end had to be faded out.
    """

    read: Doubles
    held: Doubles
    fade: Doubles
    offset_db: Doubles
    faded: bool


def fit_lengths(attack: float, release: float, frames: int) -> Lengths:
    """Lengths that fill `frames`; a note too short for both gives up release first, then attack.

    >>> fit_lengths(10, 20, 100), fit_lengths(10, 20, 30)
    (Lengths(attack=10, sustain=70, release=20), Lengths(attack=10, sustain=9.0, release=11.0))
    """
    release = min(release, max(RELEASE_SHARE * frames - attack, SHORTEST_RELEASE_SHARE * frames))
    attack = min(attack, frames - release)
    return Lengths(attack, frames - attack - release, release)


def make_plan(parts: Parts, f0_cents: Doubles, lengths: Lengths) -> Plan:
    """The plan for a note of `parts` at new `lengths`; its pitch, `f0_cents` [source frames], guides a walk."""
    sustain = Sustain(parts, f0_cents, lengths.sustain)
    time = np.arange(round(lengths.attack + lengths.sustain + lengths.release), dtype=np.float64)
    held_time = np.maximum(time - lengths.attack, 0.0)
    held = sustain.position(held_time)
    # frame -1, before the onset, stays where it is: an attack of no frames can be drawn out too
    rising = parts.onset - 1 + (time + 1) * (parts.attack_frames + 1) / (lengths.attack + 1)
    read = np.where(time < lengths.attack, rising, held)
    offset = np.where(time < lengths.attack, 0.0, sustain.offset_db(held_time))

    since = time - lengths.attack - lengths.sustain
    up = since >= 0
    tail, tail_offset, faded = _release(parts, sustain, lengths, since)
    read = np.where(up, tail, read)
    join = min(JOIN_FRAMES, lengths.release / 2)
    joining = up & (since < join) & parts.released
    return Plan(
        read=read,
        held=np.where(joining, held, read),
        fade=np.where(joining, (since + 1) / (join + 1), 1.0),
        offset_db=np.where(up, tail_offset, offset),
        faded=faded,
    )


def _release(parts: Parts, sustain: Sustain, lengths: Lengths, since: Doubles) -> tuple[Doubles, Doubles, bool]:
    """Positions and level offsets [frames] at so many frames since key up, and whether the end is faded.

    The release leaves from the level at which the sustain was left and arrives at its own end, or at silence.
    """
    key_up = np.array([lengths.sustain])
    left = sustain.position(key_up)
    begin = np.array([float(parts.key_up)]) if parts.released else left
    length = max(lengths.release, 1.0)
    tail = np.minimum(begin + since * parts.release_frames / length, len(parts.level_db) - 1.0)
    jump = parts.level_at(left) + sustain.offset_db(key_up) - parts.level_at(begin)
    excess = max(0.0, float(parts.level_at(tail[-1:])[0]) - parts.ended_db)
    progress = np.clip((since + 1) / length, 0.0, 1.0)
    return tail, jump * (1 - progress) - excess * progress, excess > FADED_DB
