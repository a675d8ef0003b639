"""NnHost: a small reader of nn~'s contract: what nn~ itself does with a file, in buffers of any size it allows.

Only files that you have made or trust: TorchScript is a program. What a file says of itself is read before it is
loaded.
"""

from __future__ import annotations

import io
import warnings
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from nsynth_lab.errors import ExportError
from nsynth_lab.runtime.export.about import MAX_BYTES, NAME, About
from nsynth_lab.runtime.export.nn_tilde import METHOD
from nsynth_lab.units import FloatArray

MAX_FILE_BYTES = 1 << 30


def read_about(path: Path) -> About:
    """What a file for nn~ says of itself.

    Raises:
        ExportError: no such file, none of ours, or of a format that this version does not know.
    """
    try:
        with zipfile.ZipFile(path) as file:
            name = next((one for one in file.namelist() if one.endswith(f"extra/{NAME}")), "")
            if not name or file.getinfo(name).file_size > MAX_BYTES:
                raise ExportError("it is no export of nsynth-lab")
            return About.from_text(file.read(name).decode("utf-8", "replace"))
    except ExportError as error:
        raise ExportError(f"{path}: {error}") from error
    except (OSError, zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        raise ExportError(f"{path}: cannot be read as an export for nn~ ({type(error).__name__})") from error


class NnHost:
    """A file as nn~ plays it.

    Raises:
        ExportError: as `read_about`, or it takes another torch than this one.
    """

    def __init__(self, path: Path) -> None:
        self.about = read_about(path)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                self.module: Any = torch.jit.load(  # type: ignore[no-untyped-call]
                    io.BytesIO(path.read_bytes()), map_location="cpu"
                ).eval()
        except (RuntimeError, ValueError) as error:
            raise ExportError(
                f"{path}: needs {self.about.needs}, here is torch {torch.__version__}, which cannot load it"
            ) from error
        self.channels_in, self.ratio_in, self.channels_out, self.ratio_out = self._parameters(METHOD)

    def play(self, signals: FloatArray, *, buffer_samples: int) -> FloatArray:
        """Signals [channels, samples] at audio rate through the method, a buffer at a time: [channels, samples].

        Raises:
            ExportError: another number of channels, or a buffer that does not hold whole ratios.
        """
        if len(signals) != self.channels_in or buffer_samples % max(self.ratio_in, self.ratio_out):
            raise ExportError(
                f"{len(signals)} channels in buffers of {buffer_samples}; expected {self.channels_in} in buffers that "
                f"{max(self.ratio_in, self.ratio_out)} divides"
            )
        blocks = []
        for begin in range(0, signals.shape[1] - buffer_samples + 1, buffer_samples):
            block = signals[:, begin : begin + buffer_samples]
            last = np.ascontiguousarray(block[:, self.ratio_in - 1 :: self.ratio_in])
            with torch.no_grad():
                out = self.module(torch.from_numpy(last)[None])[0].numpy()
            blocks.append(np.repeat(out, self.ratio_out, axis=1))
        return np.concatenate(blocks, axis=1)

    def attributes(self) -> dict[str, list[int]]:
        """The attributes that nn~ shows, each with its type codes."""
        return {name: self._parameters(name) for name in self.module.get_attributes()}

    def get(self, name: str) -> list[object]:
        """The present values of an attribute."""
        return list(getattr(self.module, f"get_{name}")())

    def set(self, name: str, values: Sequence[object]) -> bool:
        """Set an attribute; whether the module takes it."""
        return int(getattr(self.module, f"set_{name}")(*values)) == 0

    def _parameters(self, name: str) -> list[int]:
        found = getattr(self.module, f"{name}_params", None)
        if not isinstance(found, torch.Tensor):
            raise ExportError(f"it has no {name}_params, which nn~ needs")
        return [int(one) for one in found]
