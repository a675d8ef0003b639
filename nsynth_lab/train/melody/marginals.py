"""What is added to the writer's log-probabilities so that durations and rests come as often as people write them.

    python -m nsynth_lab.train.melody.marginals TUNES [ROUNDS]

In each round tunes are written with what has been learnt so far, and their durations and rests are counted, metre by
metre, beside those of the tunes that the model has learnt from; part of the logarithm of the ratio is added. Prints how
far apart they were in each round, and the table of `melody/marginals.py`.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from nsynth_lab.errors import NsynthLabError
from nsynth_lab.melody.conditions import METRES, MODES, bar_ticks_of
from nsynth_lab.melody.draft import Draft
from nsynth_lab.melody.marginals import Tilt
from nsynth_lab.melody.model import MelodyModel, Usual
from nsynth_lab.melody.steps import DURATIONS, REST, TICKS
from nsynth_lab.melody.writing import Asked, write
from nsynth_lab.train.melody.collections import Piece, read_collections
from nsynth_lab.units import Doubles

COUNTED = ("2/4", "4/4", "3/4", "6/8", "9/8")
ROUNDS, TUNES, MOST_NOTES, TOGETHER = 3, 800, 320, 128
FIRST_SEED = 100  # other tunes than those by which the model is measured
DOUBT = 20.0  # notes: what is as rare says little
STEP = 0.5  # a rhythm keeps itself up: what is added has about twice its effect
ROUNDED = 2

Shares = dict[str, Doubles]  # by metre: of each duration and, last, of the rest, in notes


def learnt(
    model: MelodyModel,
    pieces: Sequence[Piece],
    *,
    rounds: int = ROUNDS,
    tunes: int = TUNES,
    say: Callable[[str], object],
    tilts: dict[str, Tilt] | None = None,
) -> dict[str, Tilt]:
    """The tilt of each of `COUNTED`, from the tunes that the model has learnt from."""
    people: Shares = {name: np.zeros(len(DURATIONS) + 1) for name in COUNTED}
    for piece in pieces:
        if METRES[piece.metre] in people:
            people[METRES[piece.metre]] += _counts(piece.steps.duration.tolist(), piece.steps.pitch.tolist())
    found = dict(tilts or {name: Tilt() for name in COUNTED})
    for number in range(rounds):
        ours = _written(model, found, tunes=tunes, seed=FIRST_SEED + number)
        for name in (one for one in COUNTED if people[one].any()):
            count = ours[name][:-1].sum()
            wanted = people[name] / people[name][:-1].sum() * count
            said = STEP * np.log((wanted + DOUBT) / (ours[name] + DOUBT))
            apart = np.abs(wanted - ours[name]).sum() / count
            say(f"round {number + 1}, {name}, {count:.0f} notes: apart by {apart:.4f}")
            before = np.array([*found[name].durations, found[name].rest])
            now = (before + said).round(ROUNDED).tolist()
            found[name] = Tilt(tuple(now[:-1]), now[-1])
    return found


def _counts(durations: Sequence[int], pitches: Sequence[int]) -> Doubles:
    counted = np.bincount(durations, minlength=len(DURATIONS)).astype(np.float64)
    return np.append(counted, float(sum(pitch == REST for pitch in pitches)))


def _written(model: MelodyModel, tilts: dict[str, Tilt], *, tunes: int, seed: int) -> Shares:
    """What is counted in tunes of kinds as they occur."""
    chance = np.random.default_rng((seed, 1))
    kinds: Counter[Usual] = Counter(model.usual(chance) for _ in range(tunes))
    groups: dict[tuple[str, str], list[Usual]] = {}
    for kind in kinds.elements():
        groups.setdefault((kind.metre, kind.mode), []).append(kind)
    ours: Shares = {name: np.zeros(len(DURATIONS) + 1) for name in COUNTED}
    for (metre, mode), group in groups.items():
        if metre not in ours:
            continue
        number = METRES.index(metre)
        bar = bar_ticks_of(number)
        asked = Asked(number, MODES.index(mode), tilt=tilts[metre])
        for begin in range(0, len(group), TOGETHER):
            part = group[begin : begin + TOGETHER]
            drafts = [Draft(bar, position=(bar - int(kind.upbeat * TICKS)) % bar) for kind in part]
            chances = [np.random.default_rng((seed, number, asked.mode, begin + at)) for at in range(len(part))]
            for one in write(model.writer, drafts, asked, chances, most_notes=MOST_NOTES):
                ours[metre] += _counts(one.draft.durations, one.draft.pitches)
    return ours


def main(arguments: Sequence[str]) -> None:
    """Learn, and print the table."""
    model = MelodyModel()
    seen = model.weights.trained_on
    pieces = [piece for piece in read_collections(Path(arguments[0]), say=print) if piece.digest in seen]
    rounds = int(arguments[1]) if len(arguments) > 1 else ROUNDS
    for name, tilt in learnt(model, pieces, rounds=rounds, say=print).items():
        print(f'    "{name}": {tilt},')


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except (NsynthLabError, IndexError) as error:
        sys.exit(f"error: {error}")
