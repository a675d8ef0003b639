"""compare(decoded, reference): all metrics of how far a decoded note is from the recorded one, one number each.

It applies to anything that should sound like something else: our decoder, a vocoder, a crossfade.
"""

from __future__ import annotations

import numpy as np

from nsynth_lab.dsp.harmonics import lines_of, noise_to_harmonic_db, partial_error_db, steady
from nsynth_lab.dsp.mel_spectrum import RANGE_DB
from nsynth_lab.errors import AudioError
from nsynth_lab.evaluate.metrics.attack_decay import attack_of, decay_db_per_second, sounding
from nsynth_lab.evaluate.metrics.distances import (
    bands_below_8khz,
    level_bias_db,
    level_distance_db,
    mel_distance_frames_db,
    multi_resolution_distance,
)
from nsynth_lab.evaluate.metrics.sound import Sound

WITHIN = {
    "f0_error_cents": (5, 10, 20),
    "f0_error_by_yin_cents": (5, 10, 20),
    "attack_error_ms": (5, 10),
    "onset_error_ms": (5, 10),
}

Errors = dict[str, float | None]


def compare(decoded: Sound, reference: Sound) -> Errors:
    """Metric -> distance of `decoded` from `reference`; None if the reference does not have what it compares.

    mel_error_db, mel_error_below_8khz_db, mel_error_to_24khz_db, loudness_error_db, loudness_bias_db, f0_error_cents,
    spectral_distance                   see `distances`
    share_above_20khz_db, original_share_above_20khz_db    power above 20 kHz relative to the whole, of each sound
    f0_error_by_yin_cents               see `yin_pitch`
    attack_error_ms, onset_error_ms     difference in length and in start of the attacks: see `attack_decay`
    decay_error_db_per_second           difference in decay slope over the reference's sustain
    partial_error_db, noise_error_db    of the first 20 partials; of noise relative to partials: see `dsp.harmonics`

    Raises:
        AudioError: their lengths differ, or the reference is silent.
    """
    if decoded.samples.shape != reference.samples.shape:
        raise AudioError(
            f"cannot compare {decoded.samples.shape} with {reference.samples.shape} samples; give both the same length"
        )
    if not np.abs(reference.samples).max(initial=0.0) > 0:
        raise AudioError("the reference is silent: nothing to compare with")
    low = bands_below_8khz()
    return {
        "mel_error_db": float(mel_distance_frames_db(decoded.mel_db, reference.mel_db).mean()),
        "mel_error_below_8khz_db": float(
            mel_distance_frames_db(decoded.mel_db[:, :low], reference.mel_db[:, :low]).mean()
        ),
        "mel_error_to_24khz_db": float(mel_distance_frames_db(decoded.whole_mel_db, reference.whole_mel_db).mean()),
        "share_above_20khz_db": decoded.share_above_db,
        "original_share_above_20khz_db": reference.share_above_db,
        "spectral_distance": multi_resolution_distance(decoded.samples, reference.samples),
        "loudness_error_db": level_distance_db(decoded.level_db, reference.level_db),
        "loudness_bias_db": level_bias_db(decoded.level_db, reference.level_db),
        "f0_error_cents": abs(decoded.f0_cents - reference.f0_cents),
        "f0_error_by_yin_cents": _absolute_difference(decoded.yin_cents, reference.yin_cents),
        **_attack_decay_errors(decoded, reference),
        **_partial_errors(decoded, reference),
    }


def _absolute_difference(decoded: float | None, reference: float | None) -> float | None:
    return None if decoded is None or reference is None else abs(decoded - reference)


def _attack_decay_errors(decoded: Sound, reference: Sound) -> Errors:
    """Both sounds are measured where the reference has its attack and its sustain."""
    marks = reference.marks
    other, real = (attack_of(sound.envelope_db, marks) for sound in (decoded, reference))
    audible = sounding(reference.streams.loudness_db)
    floor_db = reference.streams.loudness_db.max() - RANGE_DB
    slopes = [
        decay_db_per_second(np.maximum(sound.streams.loudness_db, floor_db), marks, audible=audible)
        for sound in (decoded, reference)
    ]
    return {
        "attack_error_ms": abs(other.length_ms - real.length_ms),
        "onset_error_ms": abs(other.start_ms - real.start_ms),
        "decay_error_db_per_second": _absolute_difference(*slopes),
    }


def _partial_errors(decoded: Sound, reference: Sound) -> Errors:
    """Both sounds are measured at the partials of the reference."""
    real = reference.lines
    other = lines_of(decoded.samples, reference.streams, note=reference.note)
    heard = steady(real)
    noise = noise_to_harmonic_db(other, heard) - noise_to_harmonic_db(real, heard)
    return {"partial_error_db": partial_error_db(other, real), "noise_error_db": abs(noise)}
