"""A WAV file in memory, for a browser."""

from __future__ import annotations

import io
import wave

from nsynth_lab.units import SAMPLE_RATE, FloatArray

FULL_SCALE = 2**15 - 1


def wav_bytes(samples: FloatArray) -> bytes:
    """The sound [channels, samples], at 48 kHz and in 16 bits; what exceeds full scale is clipped."""
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(len(samples))
        writer.setsampwidth(2)
        writer.setframerate(SAMPLE_RATE)
        writer.writeframes((samples.T.clip(-1.0, 1.0) * FULL_SCALE).round().astype("<i2").tobytes())
    return file.getvalue()
