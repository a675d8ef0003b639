"""How far a decoded note is from the real one: every metric of `reconstruction`, one number each.

Whatever makes a sound that should be like another can be held to it: our decoder, a vocoder, a crossfade.
"""

from __future__ import annotations

import numpy as np

from nsynth_lab.dsp.harmonics import lines_of, noise_to_harmonic_db, partial_error_db, steady
from nsynth_lab.errors import AudioError
from nsynth_lab.evaluate.metrics.attack_decay import attack_of, decay_db_per_second, sounding
from nsynth_lab.evaluate.metrics.distances import (
    RANGE_DB,
    bands_below_8khz,
    level_bias_db,
    level_distance_db,
    mel_distance_frames_db,
)
from nsynth_lab.evaluate.metrics.sound import Sound
from nsynth_lab.evaluate.metrics.spectral import spectral_distance

WITHIN = {
    "f0_error_cents": (5, 10, 20),
    "f0_error_by_yin_cents": (5, 10, 20),
    "attack_error_ms": (5, 10),
    "onset_error_ms": (5, 10),
}

Errors = dict[str, float | None]


def compare(came: Sound, wanted: Sound) -> Errors:
    """Metric -> distance of `came` from `wanted`; None where the real note does not have it.

    mel_error_db, mel_error_below_8khz_db, mel_error_to_24khz_db, loudness_error_db, loudness_bias_db, f0_error_cents
                                        see `metrics`
    share_above_20khz_db, original_share_above_20khz_db    no distances: power above 20 kHz against the whole, of each
    f0_error_by_yin_cents               see `second_opinion`
    spectral_distance                   see `spectral`
    attack_error_ms, onset_error_ms     difference of the attacks' lengths, and of their beginnings: see `course`
    decay_error_db_per_second           difference of the slopes over the real note's sustain
    partial_error_db, noise_error_db    the first 20 partials; noise against partials: see `harmonics`

    Raises:
        AudioError: their lengths differ, or the real note is silent.
    """
    if came.samples.shape != wanted.samples.shape:
        raise AudioError(f"cannot compare {came.samples.shape} with {wanted.samples.shape} samples; give one length")
    if not np.abs(wanted.samples).max(initial=0.0) > 0:
        raise AudioError("the reference is silent: nothing to compare with")
    low = bands_below_8khz()
    return {
        "mel_error_db": float(mel_distance_frames_db(came.mel_db, wanted.mel_db).mean()),
        "mel_error_below_8khz_db": float(mel_distance_frames_db(came.mel_db[:, :low], wanted.mel_db[:, :low]).mean()),
        "mel_error_to_24khz_db": float(mel_distance_frames_db(came.whole_mel_db, wanted.whole_mel_db).mean()),
        "share_above_20khz_db": came.share_above_db,
        "original_share_above_20khz_db": wanted.share_above_db,
        "spectral_distance": spectral_distance(came.samples, wanted.samples),
        "loudness_error_db": level_distance_db(came.level_db, wanted.level_db),
        "loudness_bias_db": level_bias_db(came.level_db, wanted.level_db),
        "f0_error_cents": abs(came.f0_cents - wanted.f0_cents),
        "f0_error_by_yin_cents": _apart(came.yin_cents, wanted.yin_cents),
        **_course_errors(came, wanted),
        **_line_errors(came, wanted),
    }


def _apart(came: float | None, wanted: float | None) -> float | None:
    return None if came is None or wanted is None else abs(came - wanted)


def _course_errors(came: Sound, wanted: Sound) -> Errors:
    """Both are looked at where the real note has its attack and its sustain."""
    marks = wanted.marks
    other, real = (attack_of(sound.envelope_db, marks) for sound in (came, wanted))
    heard = sounding(wanted.streams.loudness_db)
    floor_db = wanted.streams.loudness_db.max() - RANGE_DB
    slopes = [
        decay_db_per_second(np.maximum(sound.streams.loudness_db, floor_db), marks, heard=heard)
        for sound in (came, wanted)
    ]
    return {
        "attack_error_ms": abs(other.length_ms - real.length_ms),
        "onset_error_ms": abs(other.begun_ms - real.begun_ms),
        "decay_error_db_per_second": _apart(*slopes),
    }


def _line_errors(came: Sound, wanted: Sound) -> Errors:
    """Both are read where the real note has its partials."""
    real = wanted.lines
    other = lines_of(came.samples, wanted.streams, note=wanted.note)
    heard = steady(real)
    noise = noise_to_harmonic_db(other, heard) - noise_to_harmonic_db(real, heard)
    return {"partial_error_db": partial_error_db(other, real), "noise_error_db": abs(noise)}
