"""OnnxHost: an ONNX export as a host plays it in onnxruntime, frame by frame."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from nsynth_lab.errors import ExportError, MissingError
from nsynth_lab.runtime.export.about import NAME, About
from nsynth_lab.units import FloatArray

KINDS = {"tensor(float)": np.float32, "tensor(double)": np.float64, "tensor(int64)": np.int64}
CONTROLS = ("f0_hz", "loudness_db", "x", "y", "instruments", "transpose")
NEXT = "next_"


class OnnxHost:
    """A file with its state: `step(streams [4])` gives the next frame.

    Raises:
        ExportError: no such file, none of ours, or one that this onnxruntime or this version does not know.
        MissingError: onnxruntime is not installed.
    """

    def __init__(self, path: Path) -> None:
        try:
            import onnxruntime
        except ImportError as error:
            raise MissingError(f"checking an ONNX file needs onnxruntime: pip install onnxruntime ({error})") from error
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 4
        try:
            self._session: Any = onnxruntime.InferenceSession(path.read_bytes(), options, ["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime's own kinds of them
            said = " ".join(str(error).split())[:200]
            raise ExportError(
                f"{path}: cannot be read as ONNX by onnxruntime {onnxruntime.__version__} ({said})"
            ) from error
        try:
            self.about = About.from_text(self._session.get_modelmeta().custom_metadata_map.get(NAME, ""))
        except ExportError as error:
            raise ExportError(f"{path}: {error}") from error
        self.instruments, self.transpose = np.arange(4) % len(self.about.instruments), 0.0
        self._state: dict[str, Any] = {
            one.name: np.zeros([1, *one.shape[1:]], KINDS[one.type])
            for one in self._session.get_inputs()
            if one.name not in CONTROLS
        }
        self._outputs = [one.name for one in self._session.get_outputs()]

    def step(self, streams: FloatArray) -> FloatArray:
        """The next frame [2, 512] of f0, loudness, x and y [4]."""
        controls: dict[str, Any] = {
            name: np.asarray([value], np.float32) for name, value in zip(CONTROLS, streams, strict=False)
        }
        controls |= {"instruments": self.instruments, "transpose": np.asarray([self.transpose], np.float32)}
        audio, *after = self._session.run(self._outputs, {**controls, **self._state})
        self._state = {name.removeprefix(NEXT): value for name, value in zip(self._outputs[1:], after, strict=True)}
        sound: FloatArray = audio[0]
        return sound

    def play(self, streams: FloatArray) -> FloatArray:
        """The sound [2, frames * 512] of streams [4, frames]."""
        return np.concatenate([self.step(column) for column in streams.T], axis=1)
