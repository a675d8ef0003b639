"""Sound: one sound and its measurements, each computed when it is first used, so that metrics share spectra."""

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
from nsynth_lab.dsp.mel_spectrum import WHOLE_HZ, mel_db
from nsynth_lab.errors import AudioError
from nsynth_lab.evaluate.metrics.attack_decay import envelope_db
from nsynth_lab.evaluate.metrics.distances import median_cents
from nsynth_lab.evaluate.metrics.yin_pitch import yin_cents
from nsynth_lab.units import FloatArray, note_to_hz


@dataclass(frozen=True)
class Sound:
    """The sound of one note.

    Attributes:
        samples: [frames * 512] at 48 kHz.
        note: nominal MIDI note.
        measured: its streams, if they have been measured already.

    Raises:
        AudioError: NaN or infinite samples.
    """

    samples: FloatArray
    note: int
    measured: Measured | None = None

    def __post_init__(self) -> None:
        if not np.isfinite(self.samples).all():
            raise AudioError("NaN or infinite samples: such a sound cannot be measured")

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
        """Power above 20 kHz relative to the whole, in dB."""
        return share_above_db(self.samples)

    @cached_property
    def level_db(self) -> FloatArray:
        """A-weighted level in dB [frames], with the same window for all pitches."""
        return loudness_db(self.samples)

    @cached_property
    def marks(self) -> Marks:
        """End of the attack and start of the release."""
        return find_marks(self.streams.loudness_db)

    @cached_property
    def envelope_db(self) -> NDArray[np.float64]:
        """Level in dB, one value per millisecond [ms]."""
        return envelope_db(self.samples, f0_hz=note_to_hz(float(self.note)))

    @cached_property
    def lines(self) -> Lines:
        """Partials, at the frequencies of its own streams, and noise."""
        return lines_of(self.samples, self.streams, note=self.note)

    @property
    def f0_cents(self) -> float:
        """Median deviation from the nominal note, in cents."""
        return median_cents(self.streams)

    @cached_property
    def yin_cents(self) -> float | None:
        """The same by YIN; None if librosa is not installed."""
        return yin_cents(self.samples, note=self.note)
