from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from made_notes import bell, flute, line, note_of, organ_cut_short, pad, piano, random_note, steepest_db
from numpy.typing import NDArray

from nsynth_lab.blend import Curve, align, blend, corners, normalised, pair, parse_curve, stretch
from nsynth_lab.errors import LatentsError, UsageError
from nsynth_lab.latents import Latents
from nsynth_lab.units import FRAME_RATE_HZ

NOTES: list[Callable[[], Latents]] = [flute, piano, bell, pad, organ_cut_short]
PAIRS = list(combinations(NOTES, 2))
STREAMS = ("timbre", "loudness_db", "f0_cents", "partials")
DURATIONS = (10, 150, 281, 11_250)


def assert_same(first: Latents, second: Latents, *, tolerance: float = 1e-4) -> None:
    for name in STREAMS:
        assert np.allclose(getattr(first, name), getattr(second, name), atol=tolerance), name
    assert (first.attack_frames, first.release_frame) == (second.attack_frames, second.release_frame)


@pytest.mark.parametrize("frames", DURATIONS)
@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_all_weight_on_one_source_is_that_source(
    first: Callable[[], Latents], second: Callable[[], Latents], frames: int
) -> None:
    sources = [first(), second()]
    assert_same(blend(sources, pair(0), frames=frames), stretch(sources[0], frames), tolerance=0)
    assert_same(blend(sources, pair(1), frames=frames), stretch(sources[1], frames), tolerance=0)


def test_a_note_blended_with_itself_is_itself() -> None:
    for make in NOTES:
        assert_same(blend([make(), make(), make()], [1, 2, 4], frames=400), stretch(make(), 400))


def test_a_note_that_rings_on_does_not_hold_up_the_release_of_another() -> None:
    sources = [flute(), bell()]  # a bell is never let go
    release, ends = (source.release_frame for source in align(sources, np.array([0.5, 0.5]), 400))
    assert release < ends == 400
    assert blend(sources, [0.5, 0.5], frames=400).release_frame == release
    assert blend(sources, [0.0, 1.0], frames=400).release_frame == 400


@pytest.mark.parametrize("weights", [[0.1, 0.3], [1, 3], [1e-9, 3e-9], [1e9, 3e9]])
def test_weights_of_any_size_sum_to_1(weights: list[float]) -> None:
    np.testing.assert_allclose(normalised(weights), [0.25, 0.75], rtol=1e-12)


def test_order_does_not_matter_and_only_ratios_of_weights_do() -> None:
    sources, weights = [make() for make in NOTES], np.array([0.1, 0.2, 0.3, 0.15, 0.25])
    one = blend(sources, weights, frames=300)
    assert_same(one, blend(sources[::-1], weights[::-1], frames=300))
    assert_same(one, blend(sources, 7 * weights, frames=300))


@pytest.mark.parametrize("frames", [10, 47, 281, 1500])
@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_the_level_goes_from_one_end_to_the_other(
    first: Callable[[], Latents], second: Callable[[], Latents], frames: int
) -> None:
    sources = [first(), second()]
    levels = [blend(sources, pair(x), frames=frames).loudness_db for x in np.linspace(0, 1, 11)]
    loudest = np.array([level.max() for level in levels])
    assert_between_its_ends(loudest)
    if frames >= 281:  # in shorter notes the middle is part of the attack or the release
        assert_between_its_ends(np.array([np.median(level) for level in levels]))


def assert_between_its_ends(levels_db: NDArray[np.float32]) -> None:
    assert (levels_db >= min(levels_db[0], levels_db[-1]) - 3).all()
    assert (levels_db <= max(levels_db[0], levels_db[-1]) + 3).all()


def test_random_blends_are_exact_heard_and_without_jumps() -> None:
    rng = np.random.default_rng(11)
    for _ in range(120):
        sources = [random_note(rng) for _ in range(int(rng.integers(1, 6)))]
        frames = int(10 * 400 ** rng.uniform())
        result = blend(sources, rng.dirichlet(np.ones(len(sources))), frames=frames)
        assert result.frames == frames
        assert result.loudness_db.max() >= min(source.loudness_db.max() for source in sources) - 15
        if frames > 300:
            steepest = max(steepest_db(source.loudness_db) for source in sources)
            assert steepest_db(result.loudness_db) <= max(steepest, 4) + 8


@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_a_blend_jumps_no_more_than_its_sources(first: Callable[[], Latents], second: Callable[[], Latents]) -> None:
    sources = [first(), second()]
    own = max(steepest_db(stretch(source, 500).loudness_db) for source in sources)
    for x in (0.1, 0.5, 0.9):
        result = blend(sources, pair(x), frames=500)
        assert steepest_db(result.loudness_db[result.attack_frames :]) <= own + 1


def test_stroke_and_swell_blend_to_a_single_attack() -> None:
    """The level rises once and falls once, and the rise takes between one source's time and the other's."""
    lengths = []
    for x in (0, 0.25, 0.5, 0.75, 1):
        result = blend([bell(), pad()], pair(x), frames=281)
        top = int(np.argmax(result.loudness_db > result.loudness_db.max() - 1))
        assert (np.diff(result.loudness_db[: top + 1]) >= 0).all()
        assert (np.diff(result.loudness_db[top + 8 : 150]) <= 0.05).all()
        assert abs(top - result.attack_frames) <= 8
        lengths.append(result.attack_frames)
    assert lengths == sorted(lengths)
    assert lengths[0] < 3
    assert lengths[-1] > 40


def test_a_tail_does_not_hang_over_the_end_of_the_other() -> None:
    dry = note_of(line((0, -20), (200, -20), (206, -95)), seed=8)
    wet = note_of(line((0, -20), (200, -20), (380, -95)), seed=9)
    releases = [281 - blend([dry, wet], pair(x), frames=281).release_frame for x in (0, 0.5, 1)]
    assert releases[0] < releases[1] < releases[2]
    first, second = align([dry, wet], pair(0.5), 281)
    assert first.release_frame == second.release_frame
    apart = np.abs(first.loudness_db - second.loudness_db)
    assert apart[first.release_frame :].max() < 25


def test_silence_in_one_source_does_not_silence_the_blend() -> None:
    source = bell()
    assert source.loudness_db.min() == -100
    quiet = replace(source, loudness_db=np.where(source.loudness_db < -60, -100, source.loudness_db))
    first, _ = align([quiet, flute()], pair(0.5), 200)
    assert first.loudness_db.min() >= quiet.loudness_db.max() - 80.001


def test_streams_can_come_from_different_sources() -> None:
    sources = [piano(), flute()]
    result = blend(sources, pair(0), frames=300, timbre=pair(1), f0=pair(1), partials=pair(0.5))
    struck, blown = align(sources, pair(0), 300)
    assert np.array_equal(result.loudness_db, stretch(sources[0], 300).loudness_db)
    assert np.array_equal(result.loudness_db, struck.loudness_db)
    assert np.array_equal(result.timbre, blown.timbre)
    assert np.array_equal(result.f0_cents, blown.f0_cents)
    assert np.allclose(result.partials, (sources[0].partials + sources[1].partials) / 2)
    assert result.attack_frames == sources[0].attack_frames


def test_a_morph_begins_as_the_first_and_ends_as_the_second() -> None:
    sources, frames = [piano(), flute()], 300
    weights = pair(parse_curve("0:0,3:1").over(frames))
    result = blend(sources, weights, frames=frames)
    first, second = align(sources, weights, frames)
    assert np.allclose(result.timbre[0], sources[0].timbre[0], atol=1e-5)
    assert result.loudness_db[0] == pytest.approx(sources[0].loudness_db[0], abs=1e-3)
    assert np.allclose(result.timbre[-18:], second.timbre[-18:], atol=1e-5)
    assert np.allclose(result.loudness_db[-18:], second.loudness_db[-18:], atol=1e-3)
    assert result.attack_frames == sources[0].attack_frames
    assert frames - result.release_frame == sources[1].frames - sources[1].release_frame
    assert result.partials.shape == (frames, 128)
    assert np.allclose(result.partials[0], sources[0].partials, atol=1e-5)
    halfway = 0.5 * (first.loudness_db[141] + second.loudness_db[141])
    assert result.loudness_db[141] == pytest.approx(halfway, abs=0.2)


def test_partials_move_only_when_something_moves_them() -> None:
    sources, frames = [piano(), flute()], 40
    assert blend(sources, pair(0.3), frames=frames).partials.shape == (128,)
    assert blend(sources, pair(np.full(frames, 0.3)), frames=frames).partials.shape == (128,)
    moving = pair(np.linspace(0, 1, frames))
    assert blend(sources, pair(0.3), frames=frames, partials=moving).partials.shape == (frames, 128)
    morph = blend(sources, moving, frames=frames)
    assert blend([morph, flute()], pair(0.5), frames=frames).partials.shape == (frames, 128)


def test_note_velocity_and_model_of_a_blend() -> None:
    result = blend([replace(piano(), velocity=40), replace(flute(), velocity=100)], pair(0.5), frames=50)
    assert (result.note, result.velocity, result.model_id) == (69, 70, "made")


@pytest.mark.parametrize(
    ("sources", "weights", "expected"),
    [
        ([], [1.0], "at least one source"),
        ([piano(), replace(flute(), note=71)], pair(0.5), "at A4 and B4; move them"),
        ([piano(), flute()], [1.0], r"shape \(1,\), expected \(2,\)"),
        ([piano(), flute()], np.ones((7, 2)), r"expected \(2,\) or \(50, 2\)"),
        ([piano(), flute()], [-0.5, 1.5], "not negative"),
        ([piano(), flute()], [0, 0], "all zero"),
        ([piano(), flute()], [np.nan, 1], "finite"),
    ],
)
def test_what_cannot_be_blended_is_refused(sources: list[Latents], weights: list[float], expected: str) -> None:
    with pytest.raises(UsageError, match=expected):
        blend(sources, weights, frames=50)


def test_models_do_not_mix() -> None:
    with pytest.raises(LatentsError, match="encode both with one checkpoint"):
        blend([piano(), replace(flute(), model_id="other")], pair(0.5), frames=50)


def test_weights_sum_to_one() -> None:
    rng = np.random.default_rng(5)
    x, y = rng.uniform(0, 1, (2, 100))
    for weights in (pair(x), corners(x, y), normalised(rng.uniform(0, 9, (100, 6)))):
        assert np.allclose(weights.sum(axis=-1), 1)
        assert (weights >= 0).all()
    assert np.allclose(corners(x, 0)[:, :2], pair(x))
    assert [np.argmax(corners(*xy)) for xy in ((0, 0), (1, 0), (0, 1), (1, 1))] == [0, 1, 2, 3]
    assert np.allclose(corners(0.5, 0.5), 0.25)


@pytest.mark.parametrize("position", [-0.1, 1.5, np.nan, "half", [0.2, 2.0]])
def test_a_position_outside_is_refused(position: float) -> None:
    for x, y in ((position, 0.5), (0.5, position)):
        with pytest.raises(UsageError):
            corners(x, y)
    with pytest.raises(UsageError) as caught:
        pair(position)
    assert "\n" not in str(caught.value)


def test_a_curve_is_straight_between_its_points_and_held_outside() -> None:
    curve = parse_curve(" 0.5:0 , 1.5:1,1.5:0.5 ")
    assert np.allclose(curve.at([0, 0.5, 1.0, 2.0, 99]), [0, 0, 0.5, 0.5, 0.5])
    assert np.allclose(curve.over(200), curve.at(np.arange(200) / FRAME_RATE_HZ))
    assert eval(repr(curve)) == curve


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "not time:position"),
        ("0", "not time:position"),
        ("0:0,,1:1", "not time:position"),
        ("0:a", "not time:position"),
        ("0:nan", "not time:position"),
        ("0:0:0", "not time:position"),
        ("inf:0", "not time:position"),
        ("1:0,0:1", "must ascend"),
        ("-1:0", "outside 0 to 1000"),
        ("0:1.5", "position 1.5 is outside 0 to 1"),
        (",".join(["0:0"] * 5000), "more than 4096 points"),
    ],
)
def test_a_bad_curve_is_refused_in_one_line(text: str, expected: str) -> None:
    with pytest.raises(UsageError, match=expected) as caught:
        parse_curve(text)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 200


def test_a_curve_needs_a_position_for_each_time() -> None:
    with pytest.raises(UsageError):
        Curve((0.0, 1.0), (0.0,))
