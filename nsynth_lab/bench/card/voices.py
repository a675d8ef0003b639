"""Voices on a graphics card: steps of the decoder, and blocks of the engine while keys are struck."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from nsynth_lab.bench.load import measure_load
from nsynth_lab.bench.work import Work
from nsynth_lab.render import Session
from nsynth_lab.runtime.choose import choose_voice_batch
from nsynth_lab.runtime.step_time import step_seconds
from nsynth_lab.units import SAMPLE_RATE

STEPS = (1, 16, 64, 256, 1024, 2048, 4096)
LOADS = ((256, 16), (128, 16), (256, 256), (128, 256), (256, 1024), (128, 1024), (256, 2048), (128, 512))
BRIEF = 1


def measure(compute: str, *, brief: bool) -> dict[str, Any]:
    """Milliseconds of a step by its voices, and of blocks by their size and voices."""
    session, told = Session(device=compute, user_instruments=False), list[str]()
    steps = []
    for voices in STEPS[:BRIEF] if brief else STEPS:
        batch = choose_voice_batch(session.checkpoint, voices, warn=told.append)
        steps.append({"voices": voices, "batch": type(batch).__name__, "ms": 1e3 * step_seconds(batch, voices)})
    loads = []
    for block, voices in LOADS[:BRIEF] if brief else LOADS:
        load = measure_load(Work(session, quick=brief), block_samples=block, voices=voices)
        block_ms = 1e3 * block / SAMPLE_RATE
        loads.append({**asdict(load), "block_ms": block_ms, "p999_ms": block_ms * load.p999})
    return {"steps": steps, "loads": loads, "told": told}
