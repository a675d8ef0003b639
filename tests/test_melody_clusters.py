"""Near duplicates of tunes: found in other keys and with changes, and never on both sides of a split."""

from __future__ import annotations

import random
from pathlib import Path

from tunes import JIG, REEL, tune_of

from nsynth_lab.melody.clusters import RUN, clusters, runs, split
from nsynth_lab.melody.steps import Steps, steps_of
from nsynth_lab.tune.abc import decoded, read_text, tunes_of
from nsynth_lab.tune.lines import Lines


def by_chance(seed: int, *, changed: int = 0, key: str = "C", moved: int = 0) -> Steps:
    """A tune of 32 bars of eighths; some of its notes changed, or moved up the scale into another key."""
    by = random.Random(seed)
    letters = "CDEFGABcdefgab"
    walk, at = [], 6
    for _ in range(256):
        at = max(0, min(9, at + by.choice([-2, -1, 1, 2])))
        walk.append(at)
    for place in random.Random(seed + 1).sample(range(256), changed):
        walk[place] = (walk[place] + 3) % 10
    notes = "".join(letters[one + moved] + ("|\n" if place % 8 == 7 else "") for place, one in enumerate(walk))
    return steps_of(tune_of(f"X:1\nM:4/4\nL:1/8\nK:{key}\n{notes}"))


def test_the_same_tune_in_another_key_has_the_same_runs() -> None:
    assert runs(by_chance(1)) == runs(by_chance(1, key="G", moved=4))
    assert len(runs(by_chance(1))) <= 256 - RUN + 1
    assert len(runs(by_chance(1)) & runs(by_chance(2))) < 10  # of two hundred and more


def test_variants_are_one_cluster_and_others_are_not() -> None:
    tunes = [by_chance(1), by_chance(2), by_chance(1, changed=12), by_chance(3), by_chance(2, key="G", moved=4)]
    assert clusters(tunes) == [0, 1, 0, 3, 1]


def test_a_split_keeps_clusters_together_whatever_their_order() -> None:
    tunes = [by_chance(seed, changed=changed) for seed in range(30) for changed in (0, 8)]
    sides = split(tunes)
    assert all(sides[at] == sides[at + 1] for at in range(0, len(sides), 2))
    assert {"train", "valid", "test"} == set(sides)
    assert 0.6 < sides.count("train") / len(sides) < 0.95
    backwards = split(tunes[::-1])[::-1]
    assert backwards == sides
    assert split(tunes[:20]) == sides[:20]


def test_tunes_shorter_than_a_run_are_clusters_of_their_own() -> None:
    short = steps_of(tune_of("X:1\nM:2/4\nL:1/8\nK:C\nC4|D4|\n"))
    assert clusters([short, short]) == [0, 1]
    assert clusters([]) == []


def test_a_collection_has_few_duplicates(shared_data: Path) -> None:
    folder = shared_data / "tunes" / "nottingham"
    tunes = [
        steps_of(read_text(text, Lines()))
        for text in tunes_of(decoded((folder / "waltzes.abc").read_bytes()))
        if "[M:" not in "".join(line for _, line in text.lines)
    ]
    alone = len(set(clusters(tunes)))
    assert 0.8 * len(tunes) < alone <= len(tunes)
    assert len(set(clusters([*tunes, *tunes]))) <= alone + sum(not runs(one) for one in tunes)
    assert clusters([steps_of(tune_of(JIG.replace("(3EFG (3ABc", "EFGA"))), steps_of(tune_of(REEL))]) == [0, 1]
