"""work: what is done for an impulse in a job's process."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from nsynth_lab.audio import Audio, read_audio, write_audio
from nsynth_lab.dsp.resampling import resample
from nsynth_lab.effects.built_in import LONGEST_IMPULSE_SECONDS
from nsynth_lab.errors import AudioError
from nsynth_lab.units import SAMPLE_RATE

READ = "nsynth_lab.panel.impulses.work:read"
CHANNELS = 2
SILENT = 1e-6  # amplitude


def read(folder: Path, tell: Any, *, file: str, title: str, into: str) -> dict[str, Any]:
    """Write the first ten seconds of a sound file at 48 kHz, of one or two channels, to the file `into`.

    Raises:
        AudioError: it is no sound, or silent.
    """
    del folder
    tell(0.0, 0.0, "reading")
    audio = read_audio(file, max_seconds=LONGEST_IMPULSE_SECONDS)
    samples = resample(audio.samples[:CHANNELS], audio.sample_rate)
    if float(np.abs(samples).max(initial=0.0)) < SILENT:
        raise AudioError(f"{title}: silence; expected the sound that a room makes of a clap")
    write_audio(into, Audio(samples, SAMPLE_RATE))
    return {"file": Path(into).name, "seconds": samples.shape[1] / SAMPLE_RATE}
