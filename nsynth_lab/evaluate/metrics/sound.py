"""One sound and what is measured of it, each only when it is first asked for, so that metrics share spectra."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from nsynth_lab.dsp.bandwidth import share_above_db
from nsynth_lab.dsp.envelope import Marks, find_marks
from nsynth_lab.dsp.harmonics import Lines, lines_of
from nsynth_lab.dsp.loudness import loudness_db
from nsynth_lab.dsp.measure import Measured, measure
from nsynth_lab.dsp.mel import WHOLE_HZ, mel_db
from nsynth_lab.errors import AudioError
from nsynth_lab.evaluate.metrics.attack_decay import envelope_db
from nsynth_lab.evaluate.metrics.distances import median_cents
from nsynth_lab.evaluate.second_opinion import yin_cents
from nsynth_lab.units import FloatArray, note_to_hz


@dataclass(frozen=True)
class Sound:
    """`samples` [frames * 512] at 48 kHz of a note whose nominal MIDI number is `note`.

    `measured` saves the time to measure its streams again.

    Raises:
        AudioError: NaN or infinite samples.
    """

    samples: FloatArray
    note: int
    measured: Measured | None = None

    def __post_init__(self) -> None:
        if not np.isfinite(self.samples).all():
            raise AudioError("NaN or infinite samples: nothing can be measured of such a sound")

    @cached_property
    def streams(self) -> Measured:
        """Loudness, f0 and partials."""
        return self.measured or measure(self.samples, note=self.note)

    @cached_property
    def mel_db(self) -> FloatArray:
        """Mel spectrum [frames, 128] in dB, up to 20 kHz."""
        return mel_db(self.samples)

    @cached_property
    def whole_mel_db(self) -> FloatArray:
        """Mel spectrum [frames, 128] in dB, up to 24 kHz."""
        return mel_db(self.samples, highest_hz=WHOLE_HZ)

    @cached_property
    def share_above_db(self) -> float:
        """Power above 20 kHz against the whole."""
        return share_above_db(self.samples)

    @cached_property
    def level_db(self) -> FloatArray:
        """A-weighted level [frames], under one window for all pitches."""
        return loudness_db(self.samples)

    @cached_property
    def marks(self) -> Marks:
        """End of the attack and beginning of the release."""
        return find_marks(self.streams.loudness_db)

    @cached_property
    def envelope_db(self) -> NDArray[np.float64]:
        """Level [ms] in steps of a millisecond."""
        return envelope_db(self.samples, f0_hz=note_to_hz(float(self.note)))

    @cached_property
    def lines(self) -> Lines:
        """Partials, read where its own streams say that they lie, and noise."""
        return lines_of(self.samples, self.streams, note=self.note)

    @property
    def f0_cents(self) -> float:
        """Median deviation from the nominal note."""
        return median_cents(self.streams)

    @cached_property
    def yin_cents(self) -> float | None:
        """The same by another estimator; None where that is not installed."""
        return yin_cents(self.samples, note=self.note)
