"""`scripts/bench_plugin`: what the bridge between host and engine costs, live and offline, as lines of Markdown."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack, closing, suppress
from pathlib import Path

import numpy as np
from clap_host import Clap, Events

from nsynth_lab.bench.script import check_figures_file, exit_code_of
from nsynth_lab.midi.parse import Parser
from nsynth_lab.panel.engines import engine_of
from nsynth_lab.patch.library import find_preset
from nsynth_lab.plugin.build import FORMATS, build, built
from nsynth_lab.plugin.install import install
from nsynth_lab.plugin.layout import USUAL_DELAY_SAMPLES
from nsynth_lab.plugin.place import USUAL_PRESET, our_place
from nsynth_lab.priority import PRIORITY
from nsynth_lab.render.session import Session
from nsynth_lab.units import SAMPLE_RATE, FloatArray

CHORD = (48, 55, 60, 64)
LIVE = ((64, 1), (256, 1), (512, 1), (512, 4), (1_024, 4))  # block and tracks


def main(arguments: Sequence[str]) -> None:
    """Measure, print, and keep the figures if asked to."""
    parser = argparse.ArgumentParser(prog="scripts/bench_plugin", description=__doc__)
    parser.add_argument("--seconds", type=float, default=10.0, help="of live playing for each row")
    parser.add_argument("--figures", type=Path, help="a JSON file for the figures")
    asked = parser.parse_args(arguments)
    check_figures_file(asked.figures)
    folder = Path(os.environ["NSYNTH_LAB_HOME"]) / "bench-plugin"
    place = our_place(linger_seconds=2.0)
    clap = install(built() or build(), {name: folder / name for name in FORMATS}, place=place)[1]
    rows = [offline(clap, seconds=asked.seconds), *(live(clap, *row, seconds=asked.seconds) for row in LIVE)]
    if asked.figures:
        asked.figures.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")


def offline(clap: Path, *, seconds: float) -> dict[str, float]:
    """A bounce against the engine alone."""
    frames, events = round(seconds * SAMPLE_RATE), struck(seconds)
    engine, parser = engine_of(Session(device="cpu"), find_preset(USUAL_PRESET)), Parser()
    engine.warm_up()
    engine.send(event for at, message in events for event in parser.feed(message, at_sample=at))
    begun = time.perf_counter()
    for _ in range(frames // 512):
        engine.render(512)
    alone = seconds / (time.perf_counter() - begun)
    with closing(Clap(clap)) as instance:
        instance.activate()
        instance.render(512)
        instance.activate()
        begun = time.perf_counter()
        instance.render(frames, events)
        bounced = seconds / (time.perf_counter() - begun)
    print(f"- a bounce of {len(CHORD)} voices: {bounced:.0f}x real time; the engine alone {alone:.0f}x", flush=True)
    return {"bounced": bounced, "alone": alone}


def live(clap: Path, block: int, tracks: int, *, seconds: float) -> dict[str, float]:
    """At the pace of a device: how long a block keeps the host, and how many of them differ from a bounce."""
    count, events = round(seconds * SAMPLE_RATE / block), struck(seconds)
    with ExitStack() as stack:
        instances = [stack.enter_context(closing(Clap(clap))) for _ in range(tracks)]
        for instance in instances:
            instance.activate(block=block)
        wanted = instances[0].render(count * block, events, blocks=(block,))
        took, sounds = _paced(instances, block, count, events)
        late = instances[0].latency - USUAL_DELAY_SAMPLES
    wrong = sum(_differing(sound, wanted, block) for sound in sounds)
    median, most = 1e6 * np.percentile(took, [50, 99])
    shown = f"{median:.0f} us (99 %: {most:.0f}) a block, {late} samples later, {wrong} of {count * tracks} blocks late"
    print(f"- live, blocks of {block}, {tracks} tracks of {len(CHORD)} voices: {shown}", flush=True)
    return {"block": block, "tracks": tracks, "median_us": median, "p99_us": most, "late": late, "wrong": wrong}


def _paced(instances: Sequence[Clap], block: int, count: int, events: Events) -> tuple[list[float], list[FloatArray]]:
    for instance in instances:
        instance.activate(block=block, offline=False)
    while any(instance.text("Engine") != "playing" for instance in instances):
        time.sleep(0.05)
    time.sleep(0.2)
    with suppress(OSError):  # as the audio threads of hosts are, ahead of the engine's
        os.sched_setscheduler(0, os.SCHED_RR | os.SCHED_RESET_ON_FORK, os.sched_param(PRIORITY + 5))
    took: list[float] = []
    sounds: list[list[FloatArray]] = [[] for _ in instances]
    begun = time.perf_counter()
    for number in range(count):
        begin = number * block
        time.sleep(max(0.0, begun + begin / SAMPLE_RATE - time.perf_counter()))
        here = [(at - begin, message) for at, message in events if begin <= at < begin + block]
        for instance, blocks in zip(instances, sounds, strict=True):
            blocks.append(instance.play(block, here))
            took.append(instance.took_seconds)
    return took, [np.concatenate(blocks, axis=1) for blocks in sounds]


def _differing(sound: FloatArray, wanted: FloatArray, block: int) -> int:
    away = np.abs(sound - wanted).max(axis=0).reshape(-1, block).max(axis=1)
    return int((away > 1e-4).sum())


def struck(seconds: float) -> list[tuple[int, bytes]]:
    """A chord every second."""
    return [
        (second * SAMPLE_RATE + at, bytes([status, key, 100]))
        for second in range(int(seconds))
        for at, status in ((0, 0x90), (40_000, 0x80))
        for key in CHORD
    ]


if __name__ == "__main__":
    sys.exit(exit_code_of(lambda: main(sys.argv[1:])))
