"""Which frame of a note is read at every frame of a longer or shorter one, and how its level is corrected."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nsynth_lab.blend.parts import NoteParts
from nsynth_lab.blend.ping_pong import PingPong, ping_pong
from nsynth_lab.units import Doubles

JOIN_FRAMES = 6  # crossfade from the sustain to the release
RELEASE_SHARE = 0.7  # attack and release take at most this share of a short note,
SHORTEST_RELEASE_SHARE = 1 / 3  # but the release at least this one, even if the attack alone is longer
FADED_DB = 3.0


@dataclass(frozen=True)
class Lengths:
    """Lengths of attack, sustain and release in frames, possibly fractional; together the whole note."""

    attack: float
    sustain: float
    release: float


@dataclass(frozen=True)
class StretchPlan:
    """How to read a note.

    Attributes:
        read: [frames] read positions.
        held: [frames] positions where the sustain would continue while the release fades in; otherwise as `read`.
        fade: [frames] crossfade from `held` (0) to `read` (1).
        offset_db: [frames] to be added to the loudness at `read`.
        faded: whether the end is faded out.
    """

    read: Doubles
    held: Doubles
    fade: Doubles
    offset_db: Doubles
    faded: bool


def fit_lengths(attack: float, release: float, frames: int) -> Lengths:
    """Lengths that fill `frames`; if there is no room for both, the release is shortened first, then the attack.

    >>> fit_lengths(10, 20, 100), fit_lengths(10, 20, 30)
    (Lengths(attack=10, sustain=70, release=20), Lengths(attack=10, sustain=9.0, release=11.0))
    """
    release = min(release, max(RELEASE_SHARE * frames - attack, SHORTEST_RELEASE_SHARE * frames))
    attack = min(attack, frames - release)
    return Lengths(attack, frames - attack - release, release)


class Sustain:
    """The sustain of a note, `frames` frames long; times count from its first frame.

    If it is shorter, it is read at its own speed and left early. If it is longer, a decaying sustain is read more
    slowly and a held one back and forth, while the slow contour of its level is stretched evenly. A stroke without a
    pitch keeps its speed, and is over when it is over.
    """

    def __init__(self, parts: NoteParts, f0_cents: Doubles, frames: float) -> None:
        self.begin = parts.attack_end
        self.frames = frames
        at_own_speed = parts.one_shot or frames <= parts.sustain_frames
        self.speed = 1.0 if at_own_speed else parts.sustain_frames / frames
        self.path: PingPong | None = None
        if parts.sustained and frames > parts.sustain_frames:
            own = slice(parts.attack_end, parts.key_up)
            self.contour_db = parts.contour_db()
            ripple = parts.level_db[own] - self.contour_db
            self.path = ping_pong(f0_cents[own], ripple, frames=frames + JOIN_FRAMES)

    def position(self, time: Doubles) -> Doubles:
        """Read positions [n] at `time` [n]."""
        return self.begin + (time * self.speed if self.path is None else self.path.at(time))

    def offset_db(self, time: Doubles) -> Doubles:
        """Correction [n] that makes the level read at `position(time)` follow the stretched contour."""
        if self.path is None or not len(self.contour_db):
            return np.zeros_like(time)
        frames = np.arange(len(self.contour_db))
        contour = np.interp(time * self.speed, frames, self.contour_db)
        return np.asarray(contour - np.interp(self.path.at(time), frames, self.contour_db))


def plan_stretch(parts: NoteParts, f0_cents: Doubles, lengths: Lengths) -> StretchPlan:
    """The plan for a note at new `lengths`; its pitch, `f0_cents` [source frames], determines the turn points."""
    sustain = Sustain(parts, f0_cents, lengths.sustain)
    time = np.arange(round(lengths.attack + lengths.sustain + lengths.release), dtype=np.float64)
    held_time = np.maximum(time - lengths.attack, 0.0)
    held = sustain.position(held_time)
    # the frame before the onset is a fixed point, so that an attack of zero frames can be stretched too
    rising = parts.onset - 1 + (time + 1) * (parts.attack_frames + 1) / (lengths.attack + 1)
    read = np.where(time < lengths.attack, rising, held)
    offset = np.where(time < lengths.attack, 0.0, sustain.offset_db(held_time))

    since = time - lengths.attack - lengths.sustain
    up = since >= 0
    tail, tail_offset, faded = _release(parts, sustain, lengths, since)
    read = np.where(up, tail, read)
    join = min(JOIN_FRAMES, lengths.release / 2)
    joining = up & (since < join) & parts.released
    return StretchPlan(
        read=read,
        held=np.where(joining, held, read),
        fade=np.where(joining, (since + 1) / (join + 1), 1.0),
        offset_db=np.where(up, tail_offset, offset),
        faded=faded,
    )


def _release(parts: NoteParts, sustain: Sustain, lengths: Lengths, since: Doubles) -> tuple[Doubles, Doubles, bool]:
    """(read positions [frames], level offsets [frames], whether the end is faded), `since` frames after key up.

    The release starts at the level at which the sustain was left and arrives at its own end, or at silence.
    """
    key_up = np.array([lengths.sustain])
    last = sustain.position(key_up)
    begin = np.array([float(parts.key_up)]) if parts.released else last
    length = max(lengths.release, 1.0)
    pace = 1.0 if parts.one_shot else parts.release_frames / length
    tail = np.minimum(begin + since * pace, len(parts.level_db) - 1.0)
    jump = parts.level_at(last) + sustain.offset_db(key_up) - parts.level_at(begin)
    excess = max(0.0, float(parts.level_at(tail[-1:])[0]) - parts.ended_db)
    progress = np.clip((since + 1) / length, 0.0, 1.0)
    return tail, jump * (1 - progress) - excess * progress, excess > FADED_DB
