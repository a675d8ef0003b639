"""Presets made equally loud: a phrase is played, measured, and the patch's level set so that it meets the target."""

from __future__ import annotations

from dataclasses import dataclass, replace

from nsynth_lab.dsp.programme_loudness import programme_loudness
from nsynth_lab.effects.chain import CEILING_DB
from nsynth_lab.patch import Patch
from nsynth_lab.render.phrase import phrase_for
from nsynth_lab.render.preset import PatchSound, play_patch
from nsynth_lab.render.session import Session
from nsynth_lab.units import gain_to_db

TARGET_LUFS = -20.0
WITHIN_LU = 0.5
HEADROOM_DB = 40.0  # so much quieter it is measured, where the limiter has nothing to do


@dataclass(frozen=True)
class Level:
    """How loud a patch is.

    Attributes:
        lufs: of its phrase, before the limiter.
        peak_db: likewise, so above 0 is what the limiter has to take away.
        wanted_db: the `level_db` with which it would meet the target, within what a patch can have.
        sound: the phrase, 40 dB too quiet.
    """

    lufs: float
    peak_db: float
    wanted_db: float
    sound: PatchSound

    @property
    def is_right(self) -> bool:
        """Whether it meets the target within half a loudness unit, and the limiter has nothing to do."""
        return not what_is_wrong(self.lufs, self.peak_db)


def what_is_wrong(lufs: float, peak_db: float) -> str:
    """In words; empty where a phrase of this loudness and peak is right."""
    if abs(lufs - TARGET_LUFS) > WITHIN_LU:
        return f"{lufs:.1f} LUFS, expected {TARGET_LUFS:g} within {WITHIN_LU:g}"
    if peak_db > CEILING_DB:
        return f"its peak of {peak_db:.1f} dBFS is the limiter's to take away, expected {CEILING_DB:g} or less"
    return ""


def measure_level(session: Session, patch: Patch) -> Level:
    """Play a patch's phrase and measure it.

    Raises:
        UsageError, PatchError, PluginError: as `play_patch`.
    """
    patch = patch.with_macros_applied()
    quiet = replace(patch, level_db=max(-60.0, patch.level_db - HEADROOM_DB))
    sound = play_patch(session, quiet, phrase_for(patch, session.bank))
    lowered = patch.level_db - quiet.level_db
    lufs = programme_loudness(sound.audio.samples * 10 ** (lowered / 20))
    wanted = min(36.0, max(-60.0, patch.level_db + TARGET_LUFS - lufs))
    return Level(lufs, gain_to_db(sound.audio.peak) + lowered, round(wanted, 2), sound)
