"""What is common to everything that runs in pedalboard: how it is warmed up, and how late it answers.

pedalboard prepares a plugin anew, and so forgets its state, whenever a block is longer than all before. And it
leaves out the first `latency` samples of its output. So after each reset silence of the longest block goes through,
until as much comes out as went in: then a block gives a block, and what was left out is the latency.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from nsynth_lab.effects.effect import MAX_BLOCK_SAMPLES
from nsynth_lab.errors import MissingError, PluginError
from nsynth_lab.units import SAMPLE_RATE, FloatArray

LONGEST_LATENCY_SAMPLES = 48_000


def warm_up(plugin: Any, channels: int) -> int:
    """Reset a pedalboard plugin and send silence through it; returns its latency in samples.

    Raises:
        PluginError: it never gives as much as it gets.
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
    """One block [channels, samples] through a plugin that is under way."""
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
