"""What keys sound in a recording, by the network of Basic Pitch (Bittner and others, ICASSP 2022; Apache-2.0).

Its weights come inside the package basic-pitch, 230 kB of ONNX. The package itself is not imported: it would look for
TensorFlow. The only door to onnxruntime, imported on first use.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from nsynth_lab.errors import MissingError
from nsynth_lab.threads import usable_processors
from nsynth_lab.units import FloatArray

RATE = 22_050  # samples a second
FRAME_SAMPLES = 256
WINDOW_SAMPLES, WINDOW_FRAMES = 43_844, 172
EDGE_FRAMES = 15  # left out at both ends of a window, where the network sees too little around them
KEPT_FRAMES = WINDOW_FRAMES - 2 * EDGE_FRAMES
KEYS, LOWEST_KEY = 88, 21
BINS = 3  # of the contour, a semitone
WEIGHTS = Path("saved_models", "icassp_2022", "nmp.onnx")
HOW = "pip install 'nsynth-lab[transcribe]' && pip install --no-deps basic-pitch"
_INPUT = "serving_default_input_2:0"
_OUTPUTS = [f"StatefulPartitionedCall:{place}" for place in (1, 2, 0)]


class Activations(NamedTuple):
    """How sure the network is, 0 to 1, in each frame; frame t lies at about sample 256 t at 22,050 Hz.

    Attributes:
        sounding: [frames, 88] that a key is sounding.
        begins: [frames, 88] that a key begins to sound.
        contour: [frames, 264] that there is a pitch, in thirds of a semitone; key k is at 3 k.
    """

    sounding: FloatArray
    begins: FloatArray
    contour: FloatArray


class BasicPitch:
    """`activations(blocks)` of a sound of any length, in pieces of 1.6 s.

    Raises:
        MissingError: onnxruntime or the weights are not installed.
    """

    def __init__(self) -> None:
        try:
            import onnxruntime
        except ImportError as error:
            raise MissingError(f"hearing several notes at once needs onnxruntime: {HOW} ({error})") from error
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = usable_processors()
        options.log_severity_level = 3
        self._session: Any = onnxruntime.InferenceSession(str(_weights()), options, providers=["CPUExecutionProvider"])

    def activations(self, blocks: Iterable[FloatArray]) -> Iterator[Activations]:
        """The activations of mono blocks [any number of samples] at 22,050 Hz, in pieces, up to the end."""
        step = KEPT_FRAMES * FRAME_SAMPLES
        held = np.zeros(EDGE_FRAMES * FRAME_SAMPLES, np.float32)
        come = done = 0
        for block in blocks:
            come += len(block)
            held = np.concatenate([held, block])
            while len(held) >= WINDOW_SAMPLES:
                yield self._of(held[:WINDOW_SAMPLES])
                held, done = held[step:], done + KEPT_FRAMES
        frames = -(-come // FRAME_SAMPLES)
        while done < frames:
            window = np.zeros(WINDOW_SAMPLES, np.float32)
            window[: len(held)] = held[:WINDOW_SAMPLES]
            yield Activations._make(rows[: frames - done] for rows in self._of(window))
            held, done = held[step:], done + KEPT_FRAMES

    def _of(self, window: FloatArray) -> Activations:
        rows = self._session.run(_OUTPUTS, {_INPUT: window[None, :, None]})
        return Activations._make(row[0, EDGE_FRAMES : EDGE_FRAMES + KEPT_FRAMES] for row in rows)


def _weights() -> Path:
    found = find_spec("basic_pitch")
    for folder in (found.submodule_search_locations or []) if found else []:
        if (path := Path(folder) / WEIGHTS).is_file():
            return path
    raise MissingError(f"hearing several notes at once needs the weights of basic-pitch: {HOW}")
