"""Scanning: looks for plugins as a job, so that a player need not know of `nsynth-lab plugins scan`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from nsynth_lab.effects import plugin_files, scan
from nsynth_lab.errors import UsageError
from nsynth_lab.panel.jobs.jobs import Jobs
from nsynth_lab.panel.messages.producing import Scan

KIND, TITLE, WORK = "scan", "VST3 plugins of this machine", "nsynth_lab.panel.scanning:look"


def scan_handlers(jobs: Jobs) -> Mapping[type, Callable[[Any], None]]:
    """What to do with `Scan`; a search that is over makes room for the next."""

    def begin(_: Scan) -> None:
        for name, row in jobs.rows().items():
            if row["kind"] == KIND:
                if row["state"] in ("waiting", "running"):
                    raise UsageError("plugins are being looked for already")
                jobs.forget(name)
        jobs.start(KIND, TITLE, WORK, {"places": []})

    return {Scan: begin}


def look(folder: Path, tell: Callable[[float, float, str], None], *, places: Sequence[str]) -> dict[str, Any]:
    """As a job: examine the plugins in these places, or in the system's plugin folders.

    Returns how many `work`, and how many were `left_out`: the catalogue says why.

    Raises:
        PluginError: no such place, or what was found cannot be kept.
    """
    del folder
    files = plugin_files(places)
    done = 0

    def one_more(path: Path) -> None:
        nonlocal done
        done += 1
        tell(done, len(files), path.stem)

    tell(0, len(files), "")
    found = scan(files, progress=one_more)
    left_out = sum(bool(one.error) for one in found)
    return {"work": len(found) - left_out, "left_out": left_out}
