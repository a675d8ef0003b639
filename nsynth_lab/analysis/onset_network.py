"""OnsetNetwork: whether a key was really struck at a candidate, and how much later than the strike that was noticed.

Three small layers on the features of `onset_candidates`; `train.onsets` has trained them on chords and tunes of known
notes. The weights come with the default checkpoint.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np

from nsynth_lab.errors import CheckpointError
from nsynth_lab.model.checkpoint import read_tensors
from nsynth_lab.resources import default_checkpoint
from nsynth_lab.units import FloatArray

WEIGHTS = default_checkpoint() / "onsets.safetensors"
NAMES = ("mean", "scale", "weight1", "bias1", "weight2", "bias2", "weight3", "bias3")
LATE_FRAMES = 2.5  # the unit of the second output


class Judged(NamedTuple):
    """What the network says of candidates.

    Attributes:
        log_odds: [candidates] above 0 where a key was probably struck.
        late_frames: [candidates] how long after the strike the candidate lies.
    """

    log_odds: FloatArray
    late_frames: FloatArray


class OnsetNetwork:
    """`judge(features)`.

    Raises:
        CheckpointError: the weights are missing, damaged or of another version.
    """

    def __init__(self, path: Path = WEIGHTS) -> None:
        _, arrays = read_tensors(path)
        if set(arrays) != set(NAMES):
            raise CheckpointError(f"{path}: not the weights of an onset network of this version; get it again")
        self._mean, self._scale, *layers = (arrays[name].astype(np.float32) for name in NAMES)
        self._layers = list(zip(layers[::2], layers[1::2], strict=True))

    def judge(self, features: FloatArray) -> Judged:
        """What it says of candidates with these features [candidates, features]."""
        values = (features - self._mean) / self._scale
        for place, (weight, bias) in enumerate(self._layers):
            values = (np.maximum(values, 0.0) if place else values) @ weight.T + bias
        return Judged(values[:, 0], LATE_FRAMES * values[:, 1])
