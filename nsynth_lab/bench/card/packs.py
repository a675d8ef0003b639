"""A pack of 255 clips as a musician makes it: the whole command, on the card and on the processor."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from nsynth_lab.bench.child import run_child

WHOLE = ("C2-C6/3", ",".join(f"{place / 14:.3f}" for place in range(15)))  # 17 notes, 15 positions
BRIEF = ("C4", "0,1")


def measure(compute: str, *, brief: bool) -> dict[str, Any]:
    """Seconds of `pack` from start to end, and how many clips it made."""
    notes, positions = BRIEF if brief else WHOLE
    found = {}
    for device in dict.fromkeys((compute, "cpu")):
        with tempfile.TemporaryDirectory() as folder:
            made = Path(folder) / "pack"
            words = (
                "flute",
                "cello",
                "--notes",
                notes,
                "--velocities",
                "100",
                "--positions",
                positions,
                "-o",
                str(made),
            )
            ran = run_child(["-m", "nsynth_lab", "pack", *words, "--formats", "sfz,wav", "--compute", device])
            found[device] = {"seconds": ran.seconds, "clips": len(list(made.rglob("*.wav")))}
    return found
