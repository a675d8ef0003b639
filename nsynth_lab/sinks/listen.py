"""listen_to: plays a sound file on the default audio output."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from nsynth_lab.audio import read_audio
from nsynth_lab.sinks.device import DeviceSink
from nsynth_lab.sinks.portaudio import CHANNELS
from nsynth_lab.units import SAMPLE_RATE

BLOCK_SAMPLES = 4_096  # nobody plays along: late is better than broken up
LONGEST_SECONDS = 7_200.0
SILENCE_SECONDS = 0.5  # appended, so that even a short sound fills the buffer that the device wants before it starts


def listen_to(path: Path) -> None:
    """Play a sound file on the default output; returns at its end.

    Raises:
        MissingError, DeviceError: there is no audio output.
        AudioError: the file cannot be read.
    """
    audio = read_audio(path, max_seconds=LONGEST_SECONDS)
    samples = audio.samples
    if audio.sample_rate != SAMPLE_RATE:
        from nsynth_lab.dsp.resampling import resample

        samples = resample(samples, audio.sample_rate)
    samples = np.broadcast_to(samples[:CHANNELS], (CHANNELS, samples.shape[1]))
    blocks = math.ceil((samples.shape[1] + SILENCE_SECONDS * SAMPLE_RATE) / BLOCK_SAMPLES)
    whole = np.pad(samples, ((0, 0), (0, blocks * BLOCK_SAMPLES - samples.shape[1])))
    with DeviceSink("", block_samples=BLOCK_SAMPLES, latency="high") as sink:
        for start in range(0, whole.shape[1], BLOCK_SAMPLES):
            sink.write(np.ascontiguousarray(whole[:, start : start + BLOCK_SAMPLES]))
