"""What all pedalboard effects have in common: how they are warmed up, and how their latency is measured.

pedalboard re-prepares a plugin, and so loses its state, whenever a block is longer than every one before. It also
drops the first `latency` samples of the output. So after each reset, silence in blocks of the maximum length is
processed until as many samples come out as went in: from then on a block gives a block of the same length, and the
samples that were missing are the latency.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from nsynth_lab.effects.effect import MAX_BLOCK_SAMPLES
from nsynth_lab.errors import MissingError, PluginError
from nsynth_lab.units import SAMPLE_RATE, FloatArray

LONGEST_LATENCY_SAMPLES = 48_000


def warm_up(plugin: Any, channels: int) -> int:
    """Reset a pedalboard plugin and process silence; returns its latency in samples.

    Raises:
        PluginError: the latency is above one second.
    """
    plugin.reset()
    silence = np.zeros((channels, MAX_BLOCK_SAMPLES), np.float32)
    latency = 0
    while latency <= LONGEST_LATENCY_SAMPLES:
        missing = MAX_BLOCK_SAMPLES - int(run(plugin, silence).shape[1])
        latency += missing
        if not missing:
            return latency
    raise PluginError(f"delays the sound by more than {LONGEST_LATENCY_SAMPLES / SAMPLE_RATE:g} s")


def run(plugin: Any, block: FloatArray) -> FloatArray:
    """Process one block [channels, samples], keeping the plugin's state."""
    out: FloatArray = plugin.process(block, SAMPLE_RATE, buffer_size=MAX_BLOCK_SAMPLES, reset=False)
    return out


def pedalboard() -> Any:
    """The library, imported on first use.

    Raises:
        MissingError: it is not installed.
    """
    try:
        import pedalboard
    except ImportError as error:
        raise MissingError(f"effects need pedalboard: pip install pedalboard ({error})") from error
    return pedalboard
