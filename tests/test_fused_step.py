"""The fused kernels: what they play is what `Decoder.step` plays, and they compile for cards that are not here."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from nsynth_lab.model.autoencoder import Autoencoder
from nsynth_lab.model.config import ModelConfig

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("triton") is None, reason="needs triton, which torch has on Linux"
)
CARDS = (("cuda", 75, 32), ("cuda", 90, 32), ("hip", "gfx942", 64))
KINDS = {torch.float32: "*fp32", torch.float64: "*fp64", torch.int32: "*i32", torch.int64: "*i64"}


@pytest.mark.patient
def test_what_the_kernels_play_is_what_the_decoder_plays() -> None:
    """Voices in turns, and whole notes that begin where others have sounded: by Triton's interpreter."""
    child = Path(__file__).with_name("fused_process.py")
    paths = os.pathsep.join([str(child.parent), *sys.path])
    environment = {**os.environ, "TRITON_INTERPRET": "1", "PYTHONPATH": paths}
    done = subprocess.run([sys.executable, child], env=environment, capture_output=True, text=True, check=False)
    assert not done.returncode, done.stderr
    errors_db: dict[str, float] = json.loads(done.stdout)
    assert {"fused together", "fused in turns", "plain together", "plain in turns"} == set(errors_db)
    assert max(errors_db.values()) < -100.0


class Recorder:
    """A kernel that notes the types and constants it is started with, as the compiler takes them, and does nothing."""

    def __init__(self, kernel: Any) -> None:
        self.kernel, self.kinds, self.constants = kernel, dict[str, str](), dict[str, Any]()

    def __getitem__(self, _grid: tuple[int, ...]) -> Any:
        def launch(*arguments: Any, **named: Any) -> None:
            given = dict(zip(self.kernel.arg_names, arguments, strict=False)) | named
            constant = {parameter.name for parameter in self.kernel.params if parameter.is_constexpr}
            self.constants = {name: value for name, value in given.items() if name in constant}
            self.kinds = {
                name: "constexpr" if name in constant else KINDS[value.dtype] if isinstance(value, Tensor) else "i32"
                for name, value in given.items()
            }

        return launch


@pytest.fixture(scope="module")
def launched() -> dict[str, Recorder]:
    """Every kernel as a step of a model of the default size starts it."""
    from nsynth_lab.runtime.fused import net, sound
    from nsynth_lab.runtime.fused.step import FusedStep
    from nsynth_lab.runtime.slot_step import WIDTH

    rooms = {name: room for room in (net, sound) for name in vars(room) if name.endswith("_kernel")}
    recorders = {name: Recorder(getattr(room, name)) for name, room in rooms.items()}
    assert len(recorders) == 7
    with pytest.MonkeyPatch.context() as patch, torch.no_grad():
        for name, recorder in recorders.items():
            patch.setattr(rooms[name], name, recorder)
        step = FusedStep(Autoencoder(ModelConfig()).decoder, 3)
        step(torch.zeros(2, WIDTH), torch.zeros(2, 512))
    return recorders


@pytest.mark.parametrize("card", CARDS, ids=lambda card: f"{card[0]} {card[1]}")
def test_the_kernels_compile(
    launched: dict[str, Recorder], card: tuple[str, int | str, int], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """To machine code: no card is needed for that."""
    monkeypatch.setenv("TRITON_CACHE_DIR", str(tmp_path))
    import triton
    from triton.backends.compiler import GPUTarget
    from triton.compiler import ASTSource

    for name, one in launched.items():
        made = triton.compile(ASTSource(one.kernel, one.kinds, one.constants), target=GPUTarget(*card))
        assert {"cubin", "hsaco"} & set(made.asm), name
