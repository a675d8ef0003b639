"""`scripts/bench_panel`: measure the panel, print its figures, and keep them as JSON if asked to."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from nsynth_lab.bench.script import check_figures_file, exit_code_of
from panel_bench import drawing, endurance, latency
from panel_bench.drawing import Drawing
from panel_bench.endurance import Endurance
from panel_bench.latency import Latency

SECTIONS = ("drawing", "latency", "endurance")


def main(arguments: Sequence[str]) -> None:
    """Measure what is asked for."""
    parser = argparse.ArgumentParser(prog="scripts/bench_panel", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer presses, and a minute of playing in all")
    parser.add_argument("--only", default=",".join(SECTIONS), help=f"of {', '.join(SECTIONS)}")
    parser.add_argument("--minutes", type=float, default=10.0, help="of playing, half by the socket, half by a device")
    parser.add_argument("--figures", type=Path, help="a JSON file for the figures")
    asked = parser.parse_args(arguments)
    check_figures_file(asked.figures)
    minutes, presses = (1.0, 15) if asked.quick else (asked.minutes, 60)
    measured: dict[str, Callable[[], Any]] = {
        "drawing": lambda: [drawing.measure(visits=3 if asked.quick else 7, seconds=5.0 if asked.quick else 10.0)],
        "latency": lambda: latency.measure(presses=presses),
        "endurance": lambda: endurance.measure(minutes=minutes / 2),
    }
    figures: dict[str, Any] = {"machine": platform.machine(), "processors": os.cpu_count()}
    for name in asked.only.split(","):
        load, begun, rows = os.getloadavg()[0], time.monotonic(), []
        print(f"\n## {name}\n", flush=True)
        for one in measured[name]():
            rows.append(asdict(one))
            print(described(one), flush=True)
        loads = [load, os.getloadavg()[0]]
        print(f"\n{time.monotonic() - begun:.0f} s, load {loads[0]:.1f} to {loads[1]:.1f}", flush=True)
        figures[name] = {"load": loads, "rows": rows}
    if asked.figures:
        asked.figures.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


def described(one: Drawing | Latency | Endurance) -> str:
    """Figures as lines of Markdown."""
    if isinstance(one, Latency):
        found = {"in the page": one.in_page, "played": one.played, "recorded": one.recorded}
        spreads = [f"{name} {pair[0]:.1f} ms (99 %: {pair[1]:.1f})" for name, pair in found.items() if pair]
        told = f"the meter says {one.shown:.0f} ms; underruns {one.underruns[0]} + {one.underruns[1]}"
        return f"- {one.way}, {one.presses} presses: {', '.join(spreads)}; {told}"
    if isinstance(one, Endurance):
        done = ", ".join(f"{name} {times}" for name, times in one.done.items())
        return (
            f"- {one.way}, {one.minutes:g} minutes: underruns {one.engine} in the engine, {one.page} in the page; "
            f"{one.lost} blocks lost, {one.stolen} voices stolen ({done})"
        )
    return (
        f"- shows the sound after {one.there_ms[0]:.0f} ms (most {one.there_ms[1]:.0f}), loaded after "
        f"{one.loaded_ms[0]:.0f} ms; {one.page_bytes / 1000:.0f} kB, and {one.lists_bytes / 1000:.0f} kB of lists\n"
        f"- {one.frames_a_second:.1f} frames a second with {one.voices} voices, {one.interval_ms[0]:.1f} ms apart "
        f"(99 %: {one.interval_ms[1]:.1f})\n"
        f"- twenty pages: underruns {one.pages_underruns[0]} + {one.pages_underruns[1]}; a key is shown on all within "
        f"{one.pages_ms:.0f} ms"
    )


if __name__ == "__main__":
    sys.exit(exit_code_of(lambda: main(sys.argv[1:])))
