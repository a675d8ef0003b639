"""Golden: a short sound inside each export, and what it was made of. Who has the file can hear whether it plays right.

A glide over two octaves, louder and softer, across the whole pad, with a silence in it.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from dataclasses import dataclass
from typing import Any

import numpy as np

from nsynth_lab.errors import ExportError
from nsynth_lab.runtime.export.step import SIDES
from nsynth_lab.units import HOP_SAMPLES, FloatArray

FRAMES = 32
SILENT_FRAMES = slice(20, 24)
LARGEST_ERROR_DB = -60.0
STREAMS = 4


def golden_streams() -> FloatArray:
    """f0 in Hz, loudness in dB, x and y: [4, 32 frames]."""
    along = np.linspace(0.0, 1.0, FRAMES)
    f0_hz, loudness_db = 110.0 * 2.0 ** (2.0 * along), -20.0 - 15.0 * np.cos(2.0 * np.pi * along)
    f0_hz[SILENT_FRAMES] = 0.0
    return np.stack([f0_hz, loudness_db, along, 1.0 - along]).astype(np.float32)


@dataclass(frozen=True)
class Golden:
    """Streams [4, frames] and the sound [2, samples] that the readable decoder makes of them."""

    streams: FloatArray
    sound: FloatArray

    def error_db(self, sound: FloatArray) -> float:
        """The power of the difference of `sound` [2, samples] relative to that of the golden one; infinite for NaN."""
        power = float(np.mean((sound - self.sound) ** 2)) / float(np.mean(self.sound**2))
        return float(10.0 * np.log10(max(power, 1e-20))) if np.isfinite(power) else float("inf")

    def to_dict(self) -> dict[str, str]:
        """As text, for the metadata of an export; the sound in 16-bit floats."""
        kept = {"streams": self.streams.tobytes(), "sound": self.sound.astype(np.float16).tobytes()}
        return {name: b64encode(data).decode() for name, data in kept.items()}

    @classmethod
    def from_dict(cls, given: dict[str, Any]) -> Golden:
        """The inverse of `to_dict`.

        Raises:
            ExportError: it is not what `to_dict` gives.
        """
        try:
            streams = np.frombuffer(b64decode(given["streams"]), np.float32).reshape(STREAMS, -1)
            sound = np.frombuffer(b64decode(given["sound"]), np.float16).reshape(SIDES, -1)
        except (KeyError, TypeError, ValueError) as error:
            raise ExportError(f"its golden sound is damaged ({error})") from error
        if sound.shape[1] != streams.shape[1] * HOP_SAMPLES:
            raise ExportError("its golden sound is damaged: it does not last as long as its streams")
        return cls(streams, sound.astype(np.float32))
