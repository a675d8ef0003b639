"""The fused kernels, each of their outputs held to the stack's, and compiled for cards that are not here."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("triton") is None, reason="needs triton, which torch has on Linux"
)
CARDS = (("cuda", 75, 32), ("cuda", 80, 32), ("cuda", 90, 32), ("hip", "gfx942", 64))


@pytest.fixture(scope="module")
def errors_db() -> dict[str, Any]:
    """Of everything the kernels make, by triton's interpreter."""
    child = Path(__file__).with_name("triton_process.py")
    paths = os.pathsep.join([str(child.parent), *sys.path])
    environment = {**os.environ, "TRITON_INTERPRET": "1", "PYTHONPATH": paths}
    done = subprocess.run([sys.executable, child], env=environment, capture_output=True, text=True, check=False)
    assert not done.returncode, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    return told


@pytest.mark.parametrize(("precision", "most_db"), [("float32", -110.0), ("float16", -60.0)])
def test_every_layer_is_the_readable_one(errors_db: dict[str, Any], precision: str, most_db: float) -> None:
    found = errors_db[precision]
    assert {"gated 0", "stream 3", "skips 3", "out", "state"} <= set(found)
    assert max(found.values()) < most_db


def test_the_decoder_through_the_kernels_sounds_the_same(errors_db: dict[str, Any]) -> None:
    assert errors_db["decoder"] < -100.0


@pytest.mark.parametrize("card", CARDS, ids=lambda card: f"{card[0]} {card[1]}")
def test_the_kernels_compile(card: tuple[str, int | str, int], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """To machine code: no card is needed for that."""
    monkeypatch.setenv("TRITON_CACHE_DIR", str(tmp_path))
    import triton
    from triton.backends.compiler import GPUTarget
    from triton.compiler import ASTSource

    from nsynth_lab.research import triton_stack

    constants = {
        "channels": 40,
        "high": 16,
        "wide": 16,
        "deep": triton_stack.DEEP,
        "precision": "ieee" if card[0] == "hip" or card[1] == 75 else "tf32x3",
    }
    for kernel in (triton_stack._gate_kernel, triton_stack._add_kernel):
        kinds = {
            name: "constexpr" if name in constants else "i32" if name in ("rows", "frames", "dilation") else "*fp32"
            for name in kernel.arg_names
        }
        made = triton.compile(ASTSource(kernel, kinds, constants), target=GPUTarget(*card))
        assert {"cubin", "hsaco"} & set(made.asm)
