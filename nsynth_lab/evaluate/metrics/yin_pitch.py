"""Pitch by YIN and its successor pYIN, as an independent check. The only module that uses librosa.

The f0 in latents, and in the other metrics, comes from one estimator of our own. If it errs, the decoder gets the wrong
f0, and the same error in measuring the decoded note hides this. YIN shares no code with it.

Source: de Cheveigné and Kawahara 2002, YIN, a fundamental frequency estimator for speech and music; Mauch and Dixon
2014, pYIN: a fundamental frequency estimator using probabilistic threshold distributions.
"""

from __future__ import annotations

import numpy as np

from nsynth_lab.dsp.loudness import loudness_db
from nsynth_lab.dsp.resampling import resample
from nsynth_lab.errors import MissingError
from nsynth_lab.units import HOP_SAMPLES, SAMPLE_RATE, Doubles, FloatArray, hz_to_note, note_to_hz

RANGE_SEMITONES = 6.0  # to either side of the note, so that octave errors cannot occur
STEADY_DB = 30.0
OVERSAMPLE_FROM_NOTE, OVERSAMPLING = 84, 4  # a short period is found to the cent only at a higher sample rate
LOWEST_NOTE, HIGHEST_NOTE = 12, 108  # that pYIN looks for: a double bass tuned down has its lowest string at 17 Hz
SHORTEST_WINDOW, LONGEST_WINDOW, PERIODS = 1024, 8192, 2.2  # of the lowest note: YIN compares two halves of a window


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


def pyin_notes(
    samples: FloatArray, *, lowest: float = LOWEST_NOTE, highest: float = HIGHEST_NOTE, least_window: int = 0
) -> Doubles:
    """The pitch of a tune as fractional MIDI notes [frames], centred on every 512th sample; NaN where there is no tone.

    `samples` [samples] at 48 kHz; looked for between the notes `lowest` and `highest`. It decides on the whole tune at
    once, in steps of 10 cents; its windows hold two periods of the lowest note, 21 to 171 ms, or `least_window`.

    Raises:
        MissingError: librosa is not installed.
    """
    try:
        from librosa import pyin
    except ImportError as error:
        raise MissingError(f"to track the pitch of a tune install librosa: pip install librosa ({error})") from error
    low, high = max(lowest, LOWEST_NOTE), min(highest, HIGHEST_NOTE)
    window = max(pyin_window(low), least_window)
    f0_hz, _, _ = pyin(
        np.pad(samples, (0, max(0, window - len(samples)))),
        fmin=note_to_hz(low),
        fmax=note_to_hz(max(high, low + 1.0)),
        sr=SAMPLE_RATE,
        frame_length=window,
        hop_length=HOP_SAMPLES,
    )
    return np.asarray(69.0 + 12.0 * np.log2(f0_hz / 440.0), np.float64)


def pyin_window(lowest: float) -> int:
    """Samples of the windows in which `pyin_notes` looks for notes from `lowest` on.

    >>> pyin_window(12.0), pyin_window(24.0), pyin_window(72.0)
    (8192, 4096, 1024)
    """
    window = SHORTEST_WINDOW
    while window < min(PERIODS * SAMPLE_RATE / note_to_hz(float(lowest)), LONGEST_WINDOW):
        window *= 2
    return window
