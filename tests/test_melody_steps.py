"""Steps of melodies: what a model is told of every note is what stands on paper."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tunes import tune_of

from nsynth_lab.errors import TuneError
from nsynth_lab.melody.steps import (
    DURATIONS,
    END_OF_SECTION,
    END_OF_TUNE,
    REST,
    Steps,
    steps_of,
)
from nsynth_lab.tune.abc import decoded, read_text, tunes_of
from nsynth_lab.tune.key import Key
from nsynth_lab.tune.lines import Lines
from nsynth_lab.tune.pitch import spelled
from nsynth_lab.tune.tune import Tune

TWO_PARTS = "X:1\nM:2/4\nL:1/8\nK:D\nA|:D2 FA|d2 A2-|A2 z2|1 D3 A:|2 D4|]\n|:d2 fa|f2 d2|e2 c2|d4:|\n"


def ticks(steps: Steps) -> list[int]:
    return [DURATIONS[one] for one in steps.duration]


def test_a_tune_is_told_as_it_stands_on_paper() -> None:
    steps = steps_of(tune_of(TWO_PARTS))
    tonic = steps.lowest % 12
    assert tonic == 2
    assert [int(one) + steps.lowest if one != REST else None for one in steps.pitch[:8]] == [
        69, 62, 66, 69, 74, 69, None, 62,
    ]  # fmt: skip
    assert ticks(steps)[:8] == [12, 24, 12, 12, 24, 48, 24, 36]  # the tied A is one step
    assert list(steps.position[:7]) == [36, 0, 24, 36, 0, 24, 24]
    assert [int(flag) for flag in steps.flag if flag] == [END_OF_SECTION, END_OF_TUNE]


def transposed(tune: Tune, semitones: int, key: Key) -> Tune:
    bars = []
    for bar in tune.bars:
        notes = tuple(
            replace(one, pitch=spelled(one.pitch.note + semitones, fifths=key.fifths) if one.pitch else None)
            for one in bar.notes
        )
        bars.append(replace(bar, notes=notes))
    return replace(tune, bars=tuple(bars), key=key)


def test_steps_are_the_same_in_every_key() -> None:
    tune = tune_of(TWO_PARTS)
    for semitones, key in ((2, Key("E")), (-5, Key("A")), (6, Key("A", -1))):
        one, other = steps_of(tune), steps_of(transposed(tune, semitones, key))
        assert np.array_equal(one.pitch, other.pitch)
        assert np.array_equal(one.position, other.position)
        assert other.lowest % 12 == key.tonic


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("X:1\nM:none\nL:1/8\nK:C\nCDE|\n", "free or changing metre"),
        ("X:1\nM:2/4\nL:1/8\nK:C\nC4|[M:3/4]C6|\n", "free or changing metre"),
        ("X:1\nM:2/4\nL:1/8\nK:C\nC4|(7CDEFGAB C2|\n", "bar 2: a length of 1/28"),
        ("X:1\nM:2/4\nL:1/8\nK:C\nC4|C7/2C/|\n", "no refusal"),
        ("X:1\nM:2/4\nL:1/8\nK:C\nC4|C15/4C/4|\n", "bar 2: a note of 15/32"),
        ("X:1\nM:2/4\nL:1/8\nK:C\nC4|C,,2c''2|\n", "bar 2: a note far from the others"),
    ],
)
def test_what_has_no_steps_is_refused_and_its_bar_named(text: str, says: str) -> None:
    tune = tune_of(text)
    if says == "no refusal":
        assert ticks(steps_of(tune)) == [48, 42, 6]
        return
    with pytest.raises(TuneError, match=says):
        steps_of(tune)


def test_most_tunes_of_a_collection_have_steps(shared_data: Path) -> None:
    usable = count = 0
    for path in sorted((shared_data / "tunes" / "nottingham").glob("*.abc")):
        for text in tunes_of(decoded(path.read_bytes()))[::10]:
            count += 1
            try:
                steps = steps_of(read_text(text, Lines()))
            except TuneError as error:
                assert "bar" in str(error) or "metre" in str(error)  # noqa: PT017
                continue
            usable += 1
            assert steps.flag[-1] == END_OF_TUNE
            assert ((steps.pitch >= 0) & (steps.pitch <= REST)).all()
    assert usable > 0.9 * count
