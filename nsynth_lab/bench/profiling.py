"""Profile of a block: compiled loops and torch operators by kind; the rest is Python and waiting."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from cProfile import Profile
from dataclasses import dataclass
from types import CodeType
from typing import Any

from torch.profiler import ProfilerActivity, profile

from nsynth_lab.silence_stderr import silence_stderr

KINDS: dict[str, tuple[str, ...]] = {
    "matrix products": ("mm", "addmm", "bmm", "baddbmm", "matmul", "linear", "mkldnn", "convolution", "einsum", "dot"),
    "FFT": ("fft",),
    "sines, gates, exponentials": (
        "sin", "cos", "tanh", "sigmoid", "exp", "log", "pow", "softplus", "gelu", "sqrt", "log1p",
    ),
    "data movement": (
        "copy", "cat", "stack", "index", "gather", "clone", "contiguous", "empty", "zero", "fill", "view", "select",
        "slice", "as_strided", "pad", "expand", "permute", "transpose", "reshape", "detach", "item", "resize",
        "to", "lift", "arange", "scatter", "unsqueeze", "split", "narrow", "flatten", "alias", "where",
    ),
}  # fmt: skip
COMPILED = {
    "control": "control net (compiled)",
    "excite": "partials and noise spectra (compiled)",
    "mix_with_noise": "noise and gains (compiled)",
    "read": "reading zones (compiled)",
    "active_slots": "finding active voices (compiled)",
    "advance": "pitch and envelopes (compiled)",
    "add_frames": "mixing (compiled)",
    "take": "mixing (compiled)",
}
ARITHMETIC, REST = "other arithmetic", "Python and waiting"


@dataclass(frozen=True)
class TimeShare:
    """One kind of loop or operator: its share of the time of a block, and its calls per block."""

    kind: str
    share: float
    calls: float


def time_shares(block: Callable[[], object], *, blocks: int, device: str) -> tuple[TimeShare, ...]:
    """Shares of the time of `block()`, largest first.

    Operators are timed by torch's profiler and compiled loops by Python's. The whole is timed without them, because
    they slow the rest of the program more than the operators and loops.
    """
    begun = time.perf_counter()
    for _ in range(blocks):
        block()
    whole = time.perf_counter() - begun
    activities = [ProfilerActivity.CPU] + [ProfilerActivity.CUDA] * (device == "cuda")
    with (
        silence_stderr(),
        profile(activities=activities, acc_events=True) as seen,
    ):  # the profiler complains if there is no GPU
        for _ in range(blocks):
            block()
    timed = "self_device_time_total" if device == "cuda" else "self_cpu_time_total"
    return _shares(seen.key_averages(), whole, blocks, timed, _compiled(block, blocks))


def _compiled(block: Callable[[], object], blocks: int) -> list[tuple[str, float, int]]:
    """Kind, seconds and calls of each compiled loop in `blocks` blocks."""
    profiler = Profile()
    with profiler:
        for _ in range(blocks):
            block()
    return [
        (COMPILED[entry.code.co_name], entry.inlinetime, entry.callcount)
        for entry in profiler.getstats()
        if isinstance(entry.code, CodeType) and "compiled" in entry.code.co_filename and entry.code.co_name in COMPILED
    ]


def kind_of(operator: str) -> str:
    """The kind of one of torch's operators.

    >>> kind_of("aten::addmm"), kind_of("aten::_fft_c2r"), kind_of("aten::index_put_"), kind_of("aten::lerp")
    ('matrix products', 'FFT', 'data movement', 'other arithmetic')
    """
    words = [word for word in operator.partition("::")[2].split("_") if word]
    return next((kind for kind, known in KINDS.items() if any(word in known for word in words)), ARITHMETIC)


def _shares(
    events: Iterable[Any], whole_seconds: float, blocks: int, timed: str, loops: Iterable[tuple[str, float, int]]
) -> tuple[TimeShare, ...]:
    seconds, calls = defaultdict[str, float](float), defaultdict[str, float](float)
    for kind, spent, count in loops:
        seconds[kind] += spent
        calls[kind] += count / blocks
    for event in events:
        if "::" in event.key:
            seconds[kind_of(event.key)] += getattr(event, timed) / 1e6
            calls[kind_of(event.key)] += event.count / blocks
    rest = max(0.0, whole_seconds - sum(seconds.values()))
    total = rest + sum(seconds.values())
    found = [TimeShare(kind, seconds[kind] / total, calls[kind]) for kind in seconds]
    found.append(TimeShare(REST, rest / total, 0.0))
    return tuple(sorted(found, key=lambda part: -part.share))
