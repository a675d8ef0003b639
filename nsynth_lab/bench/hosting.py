"""Hosting: what a block of a plugin costs in a process of its own, as `play` has it, and in the one that plays.

The first instrument and the first effect of those that were scanned play in turns here and there, so that other
programs on the machine affect both alike. An instrument holds four keys; an effect has noise to process.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nsynth_lab.bench.work import Advance, Work
from nsynth_lab.effects import PluginInfo, scanned_plugins
from nsynth_lab.effects.hosted_plugin import setup_of
from nsynth_lab.effects.plugin_here import PluginHere
from nsynth_lab.effects.plugin_process import PluginProcess
from nsynth_lab.effects.shared_blocks import Message
from nsynth_lab.errors import UsageError
from nsynth_lab.render.live import undisturbed
from nsynth_lab.units import FloatArray

BLOCKS_OF = (64, 256, 1024)
TURNS, COUNT, QUICK_TURNS = 30, 100, 3
KEYS = (48, 55, 60, 64)


@dataclass(frozen=True)
class Hosted:
    """Microseconds of a block of so many samples: median and 99th percentile, apart and here.

    Attributes:
        latency_samples: of the plugin; its process adds none.
    """

    plugin: str
    kind: str
    block_samples: int
    latency_samples: int
    apart_us: float
    apart_p99_us: float
    here_us: float
    here_p99_us: float


@dataclass(frozen=True)
class Hosting:
    """All plugins, at all block sizes."""

    rows: tuple[Hosted, ...]


def progress_steps(_work: Work) -> int:
    """Number of steps by which `measure` advances the progress bar."""
    return len(_chosen())


def measure(work: Work, advance: Advance) -> Hosting:
    """Play an instrument and an effect.

    Raises:
        UsageError: no plugin has been scanned.
    """
    if not (chosen := _chosen()):
        raise UsageError("no plugin has been scanned yet: `nsynth-lab plugins scan`")
    rows: list[Hosted] = []
    for info in chosen:
        rows += _measured(info, turns=QUICK_TURNS if work.quick else TURNS)
        advance()
    return Hosting(tuple(rows))


def _chosen() -> list[PluginInfo]:
    working = [info for info in scanned_plugins() if not info.error]
    found = [next((info for info in working if info.kind == kind), None) for kind in ("instrument", "effect")]
    return [info for info in found if info is not None]


def _measured(info: PluginInfo, *, turns: int) -> list[Hosted]:
    setup = setup_of(info)
    apart, here = PluginProcess(setup).ready(), PluginHere(setup)
    rng = np.random.default_rng(0)
    rows = []
    for samples in BLOCKS_OF:
        noise = np.asarray(rng.standard_normal((2, samples)) * 0.1, np.float32) if info.kind == "effect" else None
        seconds: tuple[list[float], list[float]] = ([], [])
        with undisturbed():
            for _ in range(turns):
                seconds[0].extend(_turn(apart, samples, noise))
                seconds[1].extend(_turn(here, samples, noise))
        figures = [float(1e6 * figure) for taken in seconds for figure in np.percentile(taken, (50.0, 99.0))]
        rows.append(Hosted(info.name, info.kind, samples, apart.latency_samples, *figures))
    apart.close()
    here.close()
    return rows


def _turn(plugin: PluginProcess | PluginHere, samples: int, noise: FloatArray | None) -> Sequence[float]:
    """Seconds of each of a hundred blocks; the first, in which keys go down, is not counted."""
    taken = []
    for number in range(COUNT + 1):
        events = [Message(0, bytes((0x90, key, 100))) for key in KEYS] if not number and noise is None else []
        begun = time.perf_counter()
        plugin.submit(samples, sound=noise, events=events)
        plugin.take()
        taken.append(time.perf_counter() - begun)
    return taken[1:]
