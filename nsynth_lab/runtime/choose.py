"""Chooses the voice batch that plays a model fastest on the device where the model is."""

from __future__ import annotations

from collections.abc import Callable

from nsynth_lab.model.checkpoint import Checkpoint
from nsynth_lab.runtime.voice_batch import VoiceBatch


def is_compiled(device: str) -> bool:
    """Whether compiled loops (`NumbaBatch`) play what is on this device: on the CPU, where torch is not needed."""
    return device == "cpu"


def choose_voice_batch(
    checkpoint: Checkpoint,
    slots: int,
    *,
    seed: int = 0,
    one_by_one: bool = True,
    warn: Callable[[str], None] = lambda _: None,
) -> VoiceBatch:
    """The fastest batch of so many slots for this model on its device.

    `one_by_one` promises that no slot comes several times in one step. `warn` is told, in one line, of a faster batch
    that this machine cannot run.
    """
    if is_compiled(checkpoint.device):
        from nsynth_lab.runtime.numba_batch import NumbaBatch  # Numba takes half a second to import

        return NumbaBatch(checkpoint.weights, slots, seed=seed)
    from nsynth_lab.runtime.torch_batch import TorchBatch
    from nsynth_lab.runtime.verify import verified_batch

    decoder = checkpoint.model.decoder
    graphed = (
        verified_batch(decoder, slots, seed=seed, warn=warn) if one_by_one and checkpoint.device == "cuda" else None
    )
    return graphed or TorchBatch(decoder, slots, seed=seed)
