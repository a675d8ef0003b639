"""The weights by which keys are found, learnt from tunes whose keys are known; and how often they find others' keys.

    python -m nsynth_lab.train.keys MIDI_FOLDER ROOTS.csv [ABC_FOLDER]

ROOTS.csv names the tonic, 0 is C, of each file of the folder; the tunes of the ABC folder say their keys themselves. A
logistic regression over the twelve tonics and four modes (Newton's method, in NumPy). Measured by cross-validation: of
five parts of the tunes each is found by weights learnt on the other four, and near duplicates stand in one part
(`melody.clusters`). Prints the figure, and the tables of `tune/find/key_weights.py`.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nsynth_lab.errors import NsynthLabError
from nsynth_lab.melody.clusters import clusters
from nsynth_lab.melody.steps import steps_of
from nsynth_lab.tune.abc import decoded, read_text, tunes_of
from nsynth_lab.tune.find.key import Heard, shares
from nsynth_lab.tune.find.key_weights import BY_MODE, PLACES
from nsynth_lab.tune.lines import Lines
from nsynth_lab.tune.midi import read_midi
from nsynth_lab.tune.played import sounding
from nsynth_lab.tune.scale import SCALES
from nsynth_lab.tune.tune import Tune
from nsynth_lab.units import Doubles, Ints

PARTS = 5
PENALTY = 0.003  # of large weights: what keeps rare steps from saying much
ROUNDS = 30
MODES = tuple(BY_MODE)


@dataclass(frozen=True)
class Known:
    """A tune and its tonic, 0 is C; and its mode, of `MODES`, or -1: then the one whose scale fits it best."""

    tune: Tune
    tonic: int
    mode: int = -1

    @property
    def notes(self) -> list[Heard]:
        """What sounds, from the first bar line."""
        return [(note.at - self.tune.upbeat, note.length, note.pitch.note) for note in sounding(self.tune)]

    @property
    def bar(self) -> Fraction | None:
        """Length of a bar."""
        return self.tune.metre.length if self.tune.metre else None


def features(known: Sequence[Known]) -> tuple[NDArray[np.float32], Ints]:
    """(what speaks for each tonic and mode [tunes, 48, weights], which of them is right [tunes])."""
    width = 12 * len(PLACES)
    table = np.zeros((len(known), 12, len(MODES), width + 13 * len(MODES)), np.float32)
    right = np.zeros(len(known), np.int64)
    for row, one in enumerate(known):
        heard = {name: np.array(counts) for name, counts in shares(one.notes, one.bar).items()}
        for tonic in range(12):
            turned = {name: np.roll(counts, -tonic) for name, counts in heard.items()}
            for mode in range(len(MODES)):
                table[row, tonic, mode, :width] = np.concatenate([turned[name] for name in PLACES])
                table[row, tonic, mode, width + 12 * mode : width + 12 * mode + 12] = turned["length"]
                table[row, tonic, mode, width + 12 * len(MODES) + mode] = 1.0
        own = np.roll(heard["length"], -one.tonic)
        fits = [own[list(SCALES[mode])].sum() for mode in MODES]
        right[row] = len(MODES) * one.tonic + (one.mode if one.mode >= 0 else int(np.argmax(fits)))
    return table.reshape(len(known), 12 * len(MODES), -1), right


def learnt(table: NDArray[np.float32], right: Ints, *, penalty: float = PENALTY) -> Doubles:
    """The weights [weights] under which the right keys are likeliest."""
    rows = np.arange(len(table))
    wanted = table[rows, right].sum(axis=0).astype(np.float64)
    weights = np.zeros(table.shape[2])

    def loss(at: Doubles) -> tuple[float, Doubles]:
        scores = (table @ at.astype(np.float32)).astype(np.float64)
        top = scores.max(axis=1, keepdims=True)
        odds = np.exp(scores - top)
        whole = odds.sum(axis=1, keepdims=True)
        return float((np.log(whole) + top).sum() - wanted @ at + penalty * at @ at), odds / whole

    value, odds = loss(weights)
    for _ in range(ROUNDS):
        mean = np.einsum("nk,nkp->np", odds.astype(np.float32), table)
        slope = mean.sum(axis=0).astype(np.float64) - wanted + 2.0 * penalty * weights
        spread = (table * np.sqrt(odds)[:, :, None].astype(np.float32)).reshape(-1, len(weights))
        curve = (spread.T @ spread - mean.T @ mean).astype(np.float64) + 2.0 * penalty * np.eye(len(weights))
        move, step = np.linalg.solve(curve, -slope), 1.0
        after, after_odds = loss(weights + move)
        while after > value + 1e-4 * step * float(slope @ move) and step > 1e-4:
            step /= 2.0
            after, after_odds = loss(weights + step * move)
        weights, gain, value, odds = weights + step * move, value - after, after, after_odds
        if gain < 1e-3:
            break
    return weights


def found_of_others(known: Sequence[Known]) -> NDArray[np.bool_]:
    """For each tune whether its tonic is found by weights learnt on the other parts."""
    table, right = features(known)
    part = parts([one.tune for one in known])
    found = np.zeros(len(known), np.bool_)
    for held_out in range(PARTS):
        out = part == held_out
        if out.any() and not out.all():
            best = (table[out] @ learnt(table[~out], right[~out])).argmax(axis=1)
            found[out] = best // len(MODES) == right[out] // len(MODES)
    return found


def parts(tunes: Sequence[Tune]) -> Ints:
    """The part of each tune; near duplicates are in one. What has no steps, such as free rhythm, is alone."""
    steps = {}
    for index, tune in enumerate(tunes):
        try:
            steps[index] = steps_of(tune)
        except NsynthLabError:
            continue
    kin = dict(zip(steps, clusters(list(steps.values())), strict=True))
    names = [f"cluster {kin[index]}" if index in kin else f"tune {index}" for index in range(len(tunes))]
    order = {name: place for place, name in enumerate(dict.fromkeys(names))}
    dealt = np.random.default_rng(0).permutation(len(order)) % PARTS
    return np.array([dealt[order[name]] for name in names], np.int64)


def midi_tunes(folder: Path, roots: Path, *, every: int = 1) -> list[Known]:
    """The tunes of a folder of MIDI files that the table names."""
    rows = csv.reader(roots.read_text(encoding="utf-8").splitlines())
    tonics = {row[0]: int(row[1]) for row in rows if len(row) > 1 and row[1].isdigit()}
    files = [path for path in sorted(folder.glob("*.mid")) if path.stem in tonics][::every]
    return [Known(read_midi(path.read_bytes(), Lines()), tonics[path.stem]) for path in files]


def abc_tunes(folder: Path) -> list[Known]:
    """The tunes of a folder of ABC files that say their metre and a key of `MODES`."""
    found = []
    for path in sorted(folder.glob("*.abc")):
        for text in tunes_of(decoded(path.read_bytes())):
            try:
                tune = read_text(text, Lines())
            except NsynthLabError:
                continue
            if tune.metre is not None and tune.key.mode in MODES and tune.notes > 8:
                found.append(Known(tune, tune.key.tonic, MODES.index(tune.key.mode)))
    return found


def tables(weights: Doubles) -> str:
    """The weights as Python."""
    width = 12 * len(PLACES)
    lines = []
    for name, keys, start in (("PLACES", tuple(PLACES), 0), ("BY_MODE", MODES, width)):
        lines.append(f"{name} = {{")
        for place, key in enumerate(keys):
            values = ", ".join(f"{value:.1f}" for value in weights[start + 12 * place : start + 12 * place + 12])
            lines.append(f'    "{key}": ({values}),')
        lines.append("}")
    prior = weights[width + 12 * len(MODES) :]
    said = ", ".join(f'"{mode}": {value:.1f}' for mode, value in zip(MODES, prior - prior[0], strict=True))
    return "\n".join([*lines, f"PRIOR = {{{said}}}"])


def main(arguments: Sequence[str]) -> None:
    """Learn from the folders named, and print."""
    folder, roots, *more = map(Path, arguments)
    known = midi_tunes(folder, roots)
    count = len(known)
    known += [one for other in more for one in abc_tunes(other)]
    found = found_of_others(known)
    print(f"# {found[:count].mean():.1%} of {count} tunes whose tonics a table names, by weights learnt on others")
    if count < len(known):
        print(f"# {found[count:].mean():.1%} of {len(known) - count} tunes that say their keys")
    print(tables(learnt(*features(known))))


if __name__ == "__main__":
    main(sys.argv[1:])
