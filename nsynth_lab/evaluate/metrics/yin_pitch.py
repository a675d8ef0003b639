"""yin_cents(samples): pitch by YIN, as an independent check. The only module that uses librosa.

The f0 in latents, and in the other metrics, comes from one estimator of our own. If it errs, the decoder gets the wrong
f0, and the same error in measuring the decoded note hides this. YIN shares no code with it.

Source: de Cheveigné and Kawahara 2002, YIN, a fundamental frequency estimator for speech and music.
"""

from __future__ import annotations

import numpy as np

from nsynth_lab.dsp.loudness import loudness_db
from nsynth_lab.dsp.resampling import resample
from nsynth_lab.units import HOP_SAMPLES, SAMPLE_RATE, FloatArray, hz_to_note, note_to_hz

RANGE_SEMITONES = 6.0  # to either side of the note, so that octave errors cannot occur
STEADY_DB = 30.0
OVERSAMPLE_FROM_NOTE, OVERSAMPLING = 84, 4  # a short period is found to the cent only at a higher sample rate


def yin_cents(samples: FloatArray, *, note: int) -> float | None:
    """Median deviation in cents from the nominal `note`, over the frames within 30 dB of the loudest.

    `samples` [samples] at 48 kHz. None if librosa is not installed (as on a bare GPU machine).
    """
    try:
        from librosa import yin
    except ImportError:
        return None
    lowest_hz, highest_hz = (note_to_hz(note + reach) for reach in (-RANGE_SEMITONES, RANGE_SEMITONES))
    finer = OVERSAMPLING if note >= OVERSAMPLE_FROM_NOTE else 1
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
