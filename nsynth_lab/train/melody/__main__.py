"""`python -m nsynth_lab.train.melody TUNES -o RUN`: train what is left to train, and write melody.safetensors.

Interrupted, it is run again and goes on; what has been read and trained stands in the run's folder.
"""

from __future__ import annotations

import argparse
import platform
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from nsynth_lab.errors import NsynthLabError
from nsynth_lab.melody.checkpoint import FILE, MelodyWeights, write_melody_weights
from nsynth_lab.melody.conditions import STYLES
from nsynth_lab.train.melody.collections import Piece, read_collections
from nsynth_lab.train.melody.harmony import COUNTED, counted_harmony
from nsynth_lab.train.melody.loops_training import RATE as LOOPS_RATE
from nsynth_lab.train.melody.loops_training import loops_of, train_loops
from nsynth_lab.train.melody.pool import example_of
from nsynth_lab.train.melody.run import Plan
from nsynth_lab.train.melody.writer_training import RATE as WRITER_RATE
from nsynth_lab.train.melody.writer_training import train_writer
from nsynth_lab.units import FloatArray

WRITER, LOOPS = "writer.safetensors", "loops.safetensors"
LEARNT, CHOSEN, KEPT = "train", "valid", "test"  # sides: learnt from, watched while learning, never seen


def main(arguments: Sequence[str] | None = None) -> None:
    """See above."""
    asked = _parser().parse_args(arguments)
    torch.set_num_threads(1)
    asked.output.mkdir(parents=True, exist_ok=True)

    def say(text: str) -> None:
        print(time.strftime("%H:%M:%S"), text, file=sys.stderr, flush=True)

    pieces = read_collections(asked.tunes, say=say)
    learnt, watched = ([one for one in pieces if one.side == side] for side in (LEARNT, CHOSEN))
    say(f"{len(learnt)} tunes to learn from, {len(watched)} to watch, {len(pieces) - len(learnt) - len(watched)} kept")
    writer = train_writer(
        [example_of(one) for one in learnt],
        [example_of(one) for one in watched],
        Plan(asked.writer_steps, WRITER_RATE, asked.output / WRITER, say),
        seed=asked.seed,
    )
    loops = train_loops(
        loops_of(learnt, every=1),
        loops_of(watched, every=2),
        Plan(asked.loops_steps, LOOPS_RATE, asked.output / LOOPS, say),
        seed=asked.seed,
    )
    write_weights(asked.output / FILE, pieces, writer, loops, seed=asked.seed)
    say(f"{asked.output / FILE}; measure it: nsynth-lab evaluate melody {asked.tunes} --checkpoint {asked.output}")


def write_weights(
    path: Path, pieces: Sequence[Piece], writer: dict[str, Tensor], loops: dict[str, Tensor], *, seed: int
) -> None:
    """Put the parts together: weights, the chords' table, what was learnt from, and how often which kind of tune is."""
    learnt = [one for one in pieces if one.side == LEARNT]
    kinds = Counter(
        (one.metre, one.mode, int(one.steps.position[0] and one.bar_ticks - one.steps.position[0])) for one in learnt
    )
    about = {
        "seed": seed,
        "torch": torch.__version__,
        "machine": f"{platform.machine()}, one core",
        "tunes": {name: sum(one.style == at for one in learnt) for at, name in enumerate(STYLES)},
        "notes": sum(len(one.steps.pitch) for one in learnt),
        "usual": [[*map(int, kind), count] for kind, count in sorted(kinds.items())],
    }
    trained_on = np.array([one.digest for one in pieces if one.side != KEPT], np.int64)
    harmony = counted_harmony([one.tune for one in learnt if STYLES[one.style] == COUNTED])
    write_melody_weights(path, MelodyWeights(_arrays(writer), _arrays(loops), harmony, trained_on, about))


def _arrays(tensors: dict[str, Tensor]) -> dict[str, FloatArray]:
    return {name: value.numpy().astype(np.float32) for name, value in tensors.items()}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="scripts/train_melody", description="Train the melody model.")
    parser.add_argument(
        "tunes", type=Path, help="folder with MIDI/, nottingham/ and openewld/; more comes with music21"
    )
    parser.add_argument("-o", "--output", type=Path, default=Path("runs/melody"), help="folder of the run")
    parser.add_argument("--writer-steps", type=int, default=1500)
    parser.add_argument("--loops-steps", type=int, default=2350)
    parser.add_argument("--seed", type=int, default=0)
    return parser


if __name__ == "__main__":
    try:
        main()
    except NsynthLabError as error:
        sys.exit(f"error: {error}")
