"""The octave in which a tune is played, followed as a whole or live."""

from __future__ import annotations

import math

import numpy as np
import pytest

from nsynth_lab.analysis.follower import HOP, Heard
from nsynth_lab.midi.events import Event, Kind
from nsynth_lab.translate.note_maker import NoteMaker
from nsynth_lab.translate.octaves import PAUSE_HOPS, SURE_HOPS, Placing, octaves_for
from nsynth_lab.translate.played import pitches_of
from nsynth_lab.translate.rules import MOST_TRANSPOSED, Rules
from nsynth_lab.units import SAMPLE_RATE

FLUTE, CLARINET, CELLO, ORGAN = (58, 98), (46, 94), (34, 82), (34, 98)
HUM, SAX, CELLO_TUNE, WHISTLE = (45, 47, 48, 49), (50, 53, 55, 58, 62), (38, 43, 45, 50), (79, 82, 90, 102, 103)
TRIES = 200


def rules_for(span: tuple[int, int], *, transpose: float = 0.0, live: bool = False) -> Rules:
    return Rules(transpose, lowest=span[0], highest=span[1], keeps_octaves=live)


@pytest.mark.parametrize(
    ("tune", "span", "octaves"),
    [
        (HUM, FLUTE, 2), (HUM, CLARINET, 1), (HUM, CELLO, 0), (HUM, ORGAN, 0),
        (SAX, FLUTE, 1), (SAX, CELLO, 0), (SAX, ORGAN, 0),
        (CELLO_TUNE, CELLO, 0), (CELLO_TUNE, FLUTE, 2),
        (WHISTLE, FLUTE, -1), (WHISTLE, CELLO, -2),
    ],
)  # fmt: skip
def test_a_tune_is_played_where_a_musician_would_play_it(
    tune: tuple[int, ...], span: tuple[int, int], octaves: int
) -> None:
    assert octaves_for(tune, [1.0] * len(tune), rules_for(span)) == octaves


def drawn_range(rng: np.random.Generator) -> tuple[int, int]:
    low = int(rng.integers(1, 61))
    return low, low + int(rng.integers(30, 61))


def test_what_lies_in_the_middle_of_the_range_stays_there() -> None:
    rng = np.random.default_rng(0)
    for _ in range(TRIES):
        low, high = drawn_range(rng)
        count = int(rng.integers(1, 9))
        tune = low + rng.uniform(0.26, 0.74, count) * (high - low)
        assert octaves_for(tune, rng.uniform(0.1, 9.0, count), rules_for((low, high))) == 0


def test_a_short_tune_lies_within_the_range_wherever_octaves_can_bring_it() -> None:
    rng, held = np.random.default_rng(1), 0
    for _ in range(TRIES):
        low, high = drawn_range(rng)
        tune = rng.uniform(20.0, 90.0) + rng.uniform(0.0, 12.0, int(rng.integers(1, 6)))
        transpose = float(rng.uniform(-MOST_TRANSPOSED, MOST_TRANSPOSED))
        moved = transpose + 12 * octaves_for(tune, np.ones(len(tune)), rules_for((low, high), transpose=transpose))
        assert abs(moved) <= MOST_TRANSPOSED
        possible = [one for octaves in range(-4, 5) if abs(one := transpose + 12 * octaves) <= MOST_TRANSPOSED]
        if any(low <= tune.min() + one and tune.max() + one <= high for one in possible):
            assert low - 0.5 <= tune.min() + moved
            assert tune.max() + moved <= high + 0.5
            held += 1
    assert held > TRIES // 2


def test_a_tone_counts_for_as_long_as_it_sounds() -> None:
    assert octaves_for([60.0, 40.0], [50.0, 1.0], rules_for((50, 86))) == 0
    assert octaves_for([60.0, 40.0], [4.0, 1.0], rules_for((50, 86))) == 1


def test_without_a_range_or_a_tone_nothing_is_moved() -> None:
    assert octaves_for([3.0, 120.0], [1.0, 1.0], Rules()) == 0
    assert octaves_for([], [], rules_for(FLUTE)) == 0
    placing = Placing(Rules(keeps_octaves=True))
    placing.begin(5.0, tied=False)
    assert placing.semitones == 0.0


def played_live(placing: Placing, *tunes: tuple[int, ...], hops: int = 2 * SURE_HOPS) -> list[float]:
    """By how many semitones each note of the tunes is moved; there is a long pause between tunes."""
    moved = []
    for tune in tunes:
        for note in tune:
            placing.begin(note, tied=False)
            moved.append(placing.semitones)
            for pitch in [float(note)] * hops + [math.nan] * 10:
                placing.hear(pitch)
        for _ in range(PAUSE_HOPS):
            placing.hear(math.nan)
    return moved


def test_a_live_tune_is_not_torn_apart() -> None:
    """Its first note decides, also where all are short; what fits stays together."""
    rng, (low, high) = np.random.default_rng(2), FLUTE
    for _ in range(TRIES):
        tune = tuple(rng.integers(40, 53, int(rng.integers(2, 9))).tolist())
        moved = played_live(Placing(rules_for(FLUTE, live=True)), tune, hops=int(rng.integers(3, 61)))
        assert len(set(moved)) == 1
        assert low <= min(tune) + moved[0]
        assert max(tune) + moved[0] <= high


def test_after_a_pause_a_live_tune_goes_where_all_of_it_would_lie_and_stays_there() -> None:
    """Its first note lies well in the range, the others at the very bottom."""
    tune = (64, 51, 52, 53, 51)
    moved = played_live(Placing(rules_for((50, 98), live=True)), tune, tune, tune)
    assert moved == [0.0] * 5 + [12.0] * 10
    assert octaves_for(tune, [1.0] * 5, rules_for((50, 98))) == 1


def glide(first: float, last: float, *, strikes: int) -> list[Heard]:
    """A tone that glides for two seconds and is struck again and again on its way."""
    hops = 375
    dips = {round((strike + 1) * hops / (strikes + 1)) + hop for strike in range(strikes) for hop in range(8)}
    return [
        Heard(first + (last - first) * hop / hops, -40.0 if hop in dips else -20.0, 0.99, 512) for hop in range(hops)
    ]


@pytest.mark.parametrize("live", [False, True])
@pytest.mark.parametrize(("first", "last"), [(75.0, 45.0), (45.0, 75.0), (85.0, 110.0)])
def test_a_glide_beyond_the_range_is_not_broken(first: float, last: float, live: bool) -> None:
    """Each strike is a note of its own, and the pitch goes on where it was."""
    maker = NoteMaker(rules_for(FLUTE, live=live))
    events: list[Event] = [event for heard in glide(first, last, strikes=4) for event in maker.hear(heard)]
    assert sum(event.kind is Kind.NOTE_ON for event in events) == 5
    points = [point for note in pitches_of(events, 2.0) for point in note]
    assert len(points) > 300
    rate = (last - first) * SAMPLE_RATE / (375 * HOP)  # semitones a second
    origin = points[0][1] - rate * points[0][0]
    assert all(abs(pitch - origin - rate * seconds) < 1.0 for seconds, pitch in points)
