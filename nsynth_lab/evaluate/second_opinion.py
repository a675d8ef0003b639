"""A second opinion on pitch. The only door to librosa, imported on first use.

The f0 that latents hold, and that the other metrics compare, comes from one estimator of our own. What it hears wrongly
the decoder is told wrongly, and the decoded note is then heard wrongly once more: the two agree, and nothing shows.
YIN, which shares no code with it, hears both sounds anew.

Source: de Cheveigné and Kawahara 2002, YIN, a fundamental frequency estimator for speech and music.
"""

from __future__ import annotations

import numpy as np

from nsynth_lab.dsp.loudness import loudness_db
from nsynth_lab.dsp.resampling import resample
from nsynth_lab.units import HOP_SAMPLES, SAMPLE_RATE, FloatArray, hz_to_note, note_to_hz

REACH_SEMITONES = 6.0  # to either side of the note, so that no octave is mistaken
STEADY_DB = 30.0
FINE_FROM, FINER = 84, 4  # a period of few samples is found to the cent only at a higher rate


def yin_cents(samples: FloatArray, *, note: int) -> float | None:
    """Median deviation in cents from the nominal `note` over the frames within 30 dB of the loudest.

    `samples` [samples] at 48 kHz. None where librosa is not installed (a bare GPU box).
    """
    try:
        from librosa import yin
    except ImportError:
        return None
    lowest_hz, highest_hz = (note_to_hz(note + reach) for reach in (-REACH_SEMITONES, REACH_SEMITONES))
    finer = FINER if note >= FINE_FROM else 1
    window = 2048
    while window < 4 * SAMPLE_RATE / lowest_hz:
        window *= 2
    f0_hz = yin(
        resample(samples[None], SAMPLE_RATE, finer * SAMPLE_RATE)[0],
        fmin=lowest_hz,
        fmax=min(highest_hz, 0.45 * SAMPLE_RATE),
        sr=finer * SAMPLE_RATE,
        frame_length=window,
        hop_length=finer * HOP_SAMPLES,
    )
    level_db = loudness_db(samples)
    count = min(len(level_db), len(f0_hz))
    steady = level_db[:count] > level_db.max() - STEADY_DB
    return 100.0 * (hz_to_note(float(np.median(f0_hz[:count][steady]))) - note)
