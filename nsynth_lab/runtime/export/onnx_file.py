"""An export as ONNX: one frame with the state in and out, for onnxruntime and what is built on it. Only door to onnx.

inputs   f0_hz, loudness_db, x, y [voices]; instruments [4], transpose [1]; the state, which begins with zeros
outputs  audio [voices, 2, 512]; the state for the next frame, each name with `next_` before it
"""

from __future__ import annotations

import io
import warnings
from typing import Any

import torch

from nsynth_lab.errors import MissingError
from nsynth_lab.runtime.export.about import NAME, About
from nsynth_lab.runtime.export.step import CORNERS, ExportState, ExportStep

OPSET = 17
STREAMS = ("f0_hz", "loudness_db", "x", "y")
AUDIO, NEXT = "audio", "next_"


@torch.no_grad()
def onnx_file(step: ExportStep, about: About) -> bytes:
    """The file.

    Raises:
        MissingError: the package onnx, by which torch writes it, is not installed.
    """
    onnx = _onnx()
    voices = 2
    streams = [torch.full((voices,), value) for value in (220.0, -20.0, 0.5, 0.5)]
    example = (*streams, torch.zeros(CORNERS).long(), torch.zeros(1), *step.start(voices))
    state = ExportState._fields
    outputs = [AUDIO, *(f"{NEXT}{name}" for name in state)]
    file: Any = io.BytesIO()  # which the exporter takes, though it does not say so
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the newer exporter takes another package, and unrolls less
        torch.onnx.export(
            step,
            example,
            file,
            dynamo=False,
            opset_version=OPSET,
            input_names=[*STREAMS, "instruments", "transpose", *state],
            output_names=outputs,
            dynamic_axes={name: {0: "voices"} for name in (*STREAMS, *state, *outputs)},
        )
    model = onnx.load_from_string(file.getvalue())
    onnx.helper.set_model_props(model, {NAME: about.to_text()})
    data: bytes = model.SerializeToString()
    return data


def _onnx() -> Any:
    try:
        import onnx
    except ImportError as error:
        raise MissingError(f"--to onnx needs onnx: pip install 'nsynth-lab[onnx]' ({error})") from error
    return onnx
