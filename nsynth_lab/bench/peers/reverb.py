"""The cost of pedalboard's reverb, for scale: an effect without a neural network."""

from __future__ import annotations

import numpy as np

from nsynth_lab.bench.peers.task import Task
from nsynth_lab.effects.built_in import BuiltIn
from nsynth_lab.patch import Slot, find_effect
from nsynth_lab.units import SAMPLE_RATE

BLOCK_SAMPLES, BLOCKS = 2048, 48


def task() -> Task:
    """Process stereo noise block by block.

    Raises:
        MissingError: pedalboard is not installed.
    """
    slot = Slot("reverb")
    effect = BuiltIn(slot, find_effect(slot.effect))
    effect.prepare()
    noise = np.random.default_rng(0).standard_normal((2, BLOCK_SAMPLES)).astype(np.float32) * np.float32(0.1)
    seconds = BLOCKS * BLOCK_SAMPLES / SAMPLE_RATE
    return Task(lambda: [effect.process(noise) for _ in range(BLOCKS)], seconds, "pedalboard's Reverb, stereo, 48 kHz")
