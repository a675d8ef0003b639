"""Keys found, chords and cost."""

from __future__ import annotations

import csv
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from nsynth_lab.errors import NsynthLabError
from nsynth_lab.evaluate.melody.held_out import Data
from nsynth_lab.melody.checkpoint import FILE
from nsynth_lab.melody.conditions import STYLES
from nsynth_lab.melody.harmony import KINDS, halves_of, written_chords
from nsynth_lab.melody.model import MelodyModel
from nsynth_lab.resources import default_checkpoint
from nsynth_lab.train.melody.harmony import has_chords, relative
from nsynth_lab.tune.files import read_tune

ROOTS = "roots.csv"
CHORD_TONES = {0: (0, 4, 7), 1: (0, 3, 7), 2: (0, 4, 7, 10), 3: (0, 3, 6)}
TURNS = 5


def keys(folder: Path) -> dict[str, Any]:
    """Share of the tunes of `roots.csv` whose tonic is found in their MIDI files, as the experts name it."""
    path = folder / ROOTS
    if not path.is_file():
        return {}
    right = count = 0
    with path.open(encoding="utf-8") as file:
        for title, root in list(csv.reader(file))[1:]:
            midi = folder / "MIDI" / f"{title}.mid"
            if midi.is_file():
                try:
                    right += read_tune(midi).tune.key.tonic == int(root)
                    count += 1
                except NsynthLabError:
                    continue
    return {"tunes": count, "right": right / max(1, count)}


def chords(model: MelodyModel, data: Data) -> dict[str, Any]:
    """By collection, half bars whose chord is the one that was written; that of the best of I, IV and V beside it."""
    return {name: found for name in STYLES if (found := _chords(model, data, STYLES.index(name)))}


def _chords(model: MelodyModel, data: Data, style: int) -> dict[str, Any]:
    same = root = plain = count = 0
    for piece in data.kept:
        if piece.style != style or not has_chords(piece.tune):
            continue
        halves, tonic = halves_of(piece.tune), piece.tune.key.tonic
        found = model.harmony.chords(halves, minor=piece.tune.key.is_minor)
        simple = _simple(halves.sounding, minor=piece.tune.key.is_minor)
        for at, symbol in enumerate(written_chords(piece.tune, halves)):
            meant = relative(symbol, tonic)
            if meant is None:
                continue
            count += 1
            same += _alike(found[at], meant)
            root += found[at][0] == meant[0]
            plain += _alike(simple[at], meant)
    shares = {"same": same, "same_root": root, "best_of_three": plain}
    return {"half_bars": count, **{name: one / count for name, one in shares.items()}} if count else {}


def _alike(one: tuple[int, int], two: tuple[int, int]) -> bool:
    """Whether two chords have the same root and third: a seventh more or less is no other chord."""
    return one[0] == two[0] and KINDS[one[1]].replace("7", "") == KINDS[two[1]].replace("7", "")


def _simple(sounding: Any, *, minor: bool) -> list[tuple[int, int]]:
    three = ((0, 1), (5, 1), (7, 0)) if minor else ((0, 0), (5, 0), (7, 0))
    tones = np.array([[(pitch - root) % 12 in CHORD_TONES[kind] for pitch in range(12)] for root, kind in three])
    return [three[int(at)] for at in (sounding @ tones.T).argmax(1)]


def cost(model_folder: Path | None) -> dict[str, Any]:
    """Bytes of the file, and seconds that a tune of 32 bars takes with the start of the program: the best of some."""
    path = (model_folder or default_checkpoint()) / FILE
    chosen = ["--checkpoint", str(model_folder)] if model_folder else []
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "nsynth_lab", "compose", "-o", f"{folder}/tune.abc", "--force", *chosen]
        taken = []
        for _ in range(TURNS):
            began = time.perf_counter()
            subprocess.run(command, check=True, capture_output=True)
            taken.append(time.perf_counter() - began)
    return {"megabytes": path.stat().st_size / 1e6, "seconds": min(taken)}
