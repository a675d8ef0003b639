"""Compiled loops: as exact as stated, and bit-identical whatever else is computed alongside."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from tiny_model import streams, tiny_model

from nsynth_lab.compiled import compiled
from nsynth_lab.compiled.fma import HAS_FMA, fma
from nsynth_lab.compiled.maths import cosine_and_sine, exp, gated, gelu
from nsynth_lab.compiled.products import add_product, float16_bits, in_panels, whole_panels
from nsynth_lab.model.weights import weights_of
from nsynth_lab.runtime.numba_batch import LEAST_SHARE, NumbaBatch
from nsynth_lab.runtime.numba_weights import NumbaControls
from nsynth_lab.runtime.voice_batch import FrameStreams
from nsynth_lab.threads import set_thread_count
from nsynth_lab.units import FloatArray

BESIDE = (((2, 16), 0.2), ((2,), -20.0), ((2,), 220.0), ((2, 128), 0.0))  # shapes and values of a step's streams


@compiled
def all_of(x: FloatArray, out: FloatArray) -> None:
    for i in range(len(x)):
        out[i, 0], out[i, 1], out[i, 2] = exp(x[i]), gated(x[i], x[i]), gelu(x[i])
        out[i, 3], out[i, 4] = cosine_and_sine(x[i])


def test_functions_are_within_a_few_units_in_the_last_place() -> None:
    x = np.linspace(-20.0, 20.0, 20_001).astype(np.float32)
    out = np.empty((len(x), 5), np.float32)
    all_of(x, out)
    exact = torch.from_numpy(x).double()
    turns = 2.0 * torch.pi * exact
    assert (torch.from_numpy(out[:, 0]) / exact.exp() - 1.0).abs().max() < 2e-7
    for column, expected in enumerate([exact.tanh() * exact.sigmoid(), torch.nn.functional.gelu(exact)], start=1):
        torch.testing.assert_close(torch.from_numpy(out[:, column]).double(), expected, rtol=3e-6, atol=3e-7)
    for column, expected in enumerate([turns.cos(), turns.sin()], start=3):
        torch.testing.assert_close(torch.from_numpy(out[:, column]).double(), expected, rtol=0, atol=2e-7)


@compiled
def product_and_sum(a: FloatArray, b: FloatArray, c: FloatArray, out: FloatArray) -> None:
    for i in range(len(a)):
        out[i, 0], out[i, 1] = a[i] * b[i] + c[i], fma(a[i], b[i], c[i])


def test_a_product_is_rounded_before_it_is_added_unless_fma_is_written() -> None:
    a, b, c = np.random.default_rng(0).uniform(-1.0, 1.0, (3, 4_001)).astype(np.float32)
    out = np.empty((len(a), 2), np.float32)
    product_and_sum(a, b, c, out)
    once = (a.astype(np.float64) * b + c).astype(np.float32)  # a product of two has no more bits than a double
    assert np.array_equal(out[:, 0], a * b + c)
    assert not np.array_equal(a * b + c, once)
    if HAS_FMA:
        assert (out[:, 1] != once).mean() < 1e-3  # but a sum may, and is then rounded twice here


def test_the_sound_is_the_same_with_an_empty_and_a_full_cache(tmp_path: Path) -> None:
    """The decoder's last step: on an empty cache in two processes at once, on two threads, and on the full cache."""
    run = """
import hashlib, sys
from concurrent.futures import ThreadPoolExecutor
import numpy as np
from nsynth_lab.compiled.noise import NoiseState, mix_with_noise
rng = np.random.default_rng(0)
def noise(*shape):
    return rng.standard_normal(shape).astype(np.float32)
rows = 9
state = NoiseState(
    noise(rows, 512), np.arange(rows), np.ones(rows, bool), noise(rows, 2), np.zeros((1021, 513), "F"), noise(1024)
)
gains, waves, audio = noise(rows, 8), noise(2, rows, 1024), noise(rows, 512)
def play(own):
    mix_with_noise(state, np.arange(rows)[own], gains[own], np.concatenate(waves[:, own]), audio[own])
with ThreadPoolExecutor() as pool:
    list(pool.map(play, (slice(0, 5), slice(5, 9)) if sys.argv[1] == "2" else (slice(0, 9),)))
print(hashlib.sha256(audio.tobytes()).hexdigest())
"""
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path), "PYTHONPATH": str(Path(__file__).parents[1])}

    def begun(threads: int) -> subprocess.Popen[str]:
        words = [sys.executable, "-c", run, str(threads)]
        return subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, text=True)

    def heard(processes: list[subprocess.Popen[str]]) -> set[str]:
        told = {process.communicate(timeout=300)[0] for process in processes}
        assert all(process.returncode == 0 for process in processes)
        return told

    compiling = heard([begun(1), begun(2)])
    assert len(compiling) == 1
    assert heard([begun(1), begun(2)]) == compiling


ODD = (np.nan, np.inf, -np.inf, 1e30, -1e30)


def test_what_is_not_a_number_stays_within_memory(tmp_path: Path) -> None:
    """Numba checks every index here: what looks tables up by frequency, where the frequency is no number."""
    tables = NumbaControls(weights_of(tiny_model()), 1).tables
    out = np.random.default_rng(0).standard_normal((1, sum(tiny_model().decoder.controls.sizes)))
    run = """
import pickle, sys
import numpy as np
from nsynth_lab.compiled.outputs import amplitudes_of
tables, out, odd = pickle.load(sys.stdin.buffer)
for f0_hz in (*odd, 440.0):
    for shift in (*odd, 1.0):
        places = tables.order[None] * np.float32(shift)
        print(amplitudes_of(tables, out, np.array([f0_hz], "f"), places).shape[1])
"""
    environment = {
        **os.environ,
        "NUMBA_BOUNDSCHECK": "1",
        "NUMBA_CACHE_DIR": str(tmp_path),
        "PYTHONPATH": str(Path(__file__).parents[1]),
    }
    given = pickle.dumps((tables, out.astype(np.float32), ODD))
    done = subprocess.run([sys.executable, "-c", run], env=environment, input=given, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()
    assert done.stdout.split() == [b"%d" % len(tables.order)] * (len(ODD) + 1) ** 2


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("stream", range(4))
def test_what_is_not_a_number_stays_in_its_row(odd: float, stream: int) -> None:
    """The row beside it plays what it plays without it, to the last bit, and its own does once it begins anew."""

    def play(rows: NumbaBatch, spoilt: float | None) -> FloatArray:
        rows.reset(range(2), range(2))
        heard = []
        for _ in range(3):
            given = [np.full(shape, fill, np.float32) for shape, fill in BESIDE]
            if spoilt is not None:
                given[stream][0] = spoilt
            heard.append(rows.step(np.arange(2), FrameStreams(*given)))
        return np.concatenate(heard, axis=1)

    rows = NumbaBatch(weights_of(tiny_model()), 2)
    well = play(rows, None)
    assert np.abs(well).max(axis=1).min() > 1e-3
    spoilt = play(rows, odd)
    assert not np.array_equal(spoilt[0], well[0])
    assert np.array_equal(spoilt[1], well[1])
    assert np.array_equal(play(rows, None), well)


@pytest.mark.parametrize(
    "shape", [(1, 4, 8), (2, 7, 33), (3, 384, 40), (5, 75, 192), (8, 192, 264), (4, 64, 32), (6, 65, 96)]
)
@pytest.mark.parametrize("as_halves", [True, False])
def test_matrix_products_match_numpys(shape: tuple[int, int, int], as_halves: bool) -> None:
    rows, inputs, columns = shape
    rng = np.random.default_rng(0)
    x, weights = (rng.standard_normal(size).astype(np.float32) for size in ((rows, inputs), (inputs, columns)))
    x[:, : inputs // 2] *= rng.integers(0, 2, (rows, 1))
    if as_halves:
        weights = weights.astype(np.float16).astype(np.float32)
    out = whole_panels(np.ones((rows, columns), np.float32))
    add_product(out, x, in_panels(float16_bits(weights)) if as_halves else in_panels(weights))
    assert not out[:, columns:].any()
    np.testing.assert_allclose(out[:, :columns], 1.0 + x.astype(np.float64) @ weights, rtol=0, atol=2e-4)


def test_a_row_is_the_same_to_the_last_bit_whichever_rows_and_threads_there_are() -> None:
    count = 3 * LEAST_SHARE + 1
    inputs = [stream.numpy() for stream in streams(range(40, 40 + count), 20)]
    everyone = np.arange(count)

    def play(parts: list[int], threads: int) -> FloatArray:
        set_thread_count(threads)
        rows = NumbaBatch(weights_of(tiny_model()), count)
        rows.reset(range(count), range(count))
        heard = []
        for frame in range(20):
            due = [everyone[first:last] for first, last in pairwise(parts)]
            now = FrameStreams(*(stream[:, frame] for stream in inputs))
            heard.append(np.concatenate([rows.step(some, now.at(some)) for some in due]))
        set_thread_count(1)
        return np.concatenate(heard, axis=1)

    together = play([0, count], 1)
    assert np.abs(together).max() > 0.01
    assert np.array_equal(together, play([0, count], 3))
    assert np.array_equal(together, play([0, 1, 3, 7, count], 1))
    rows = NumbaBatch(weights_of(tiny_model()), count)
    rows.reset(range(count), range(count))
    assert np.array_equal(together, rows.frames(everyone, FrameStreams(*inputs)))


def test_compiled_code_is_cached_until_the_source_changes(tmp_path: Path) -> None:
    run = """
import numpy as np
from nsynth_lab import messages
messages.subscribe(print)
from nsynth_lab.compiled.products import add_product, float16_bits, in_panels
add_product(np.ones((1, 32), "f"), np.ones((1, 4), "f"), in_panels(float16_bits(np.ones((4, 4), "f"))))
"""

    def said() -> str:
        environment = {"NUMBA_CACHE_DIR": str(tmp_path), "PATH": "", "PYTHONPATH": str(Path(__file__).parents[1])}
        return subprocess.run([sys.executable, "-c", run], env=environment, capture_output=True, text=True).stdout

    assert "compiling" in said()
    assert said() == ""
    (kept,) = tmp_path.iterdir()
    kept.rename(tmp_path / "nsynth_lab-other")
    assert "compiling" in said()
    assert [folder.name for folder in tmp_path.iterdir()] == [kept.name]


def test_cached_code_is_loaded_without_the_compiler_and_anything_else_is_compiled(tmp_path: Path) -> None:
    """The same product by cached code, by code cached for other types, and by a Numba newer than those looked at."""
    run = """
import sys
import numpy as np
from nsynth_lab.compiled import quick_cache
from nsynth_lab.compiled.products import add_product, float16_bits, in_panels
if "newer" in sys.argv:
    quick_cache.numba.__version__ = "9.0.1"
def product(weights):
    out = np.ones((2, 32), "f")
    add_product(out, np.arange(8, dtype="f").reshape(2, 4), in_panels(weights))
    return out[:, :2].tolist()
ones = np.ones((4, 2), "f")
print(product(float16_bits(ones)), "numba.np.npyimpl" in sys.modules, sum(add_product.stats.cache_hits.values()))
if "both" in sys.argv:
    print(product(ones))
"""
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path), "PYTHONPATH": str(Path(__file__).parents[1])}

    def told(*words: str) -> str:
        done = subprocess.run([sys.executable, "-c", run, *words], env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    product = "[[7.0, 7.0], [23.0, 23.0]]"
    assert told() == f"{product} True 0\n"
    assert told("both") == f"{product} False 1\n{product}\n"
    assert told("newer") == f"{product} True 1\n"
