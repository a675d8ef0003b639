"""What blends, pairs, mixtures and latents are judged by, on material whose answer is known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from made_notes import flute, organ_cut_short
from numpy.typing import NDArray
from tiny_model import tiny_model

from nsynth_lab.blend.even import even_axis
from nsynth_lab.dataset.notes import NoteRecord
from nsynth_lab.evaluate.metrics.blend_path import (
    POSITIONS,
    even_step_spread,
    mean_levels_db,
    measure_path,
    mel_distances_db,
)
from nsynth_lab.evaluate.metrics.descriptors import describe
from nsynth_lab.evaluate.metrics.followed_f0 import f0_off_cents, f0_off_line_cents
from nsynth_lab.evaluate.metrics.mixture import crossfade, nonnegative_weights, onset_residual, spectral_residual
from nsynth_lab.evaluate.metrics.path_laws import (
    deviation_from_line,
    intermediateness,
    linearity,
    monotonicity,
    spearman,
    step_spread,
)
from nsynth_lab.evaluate.metrics.probes import folds, probe
from nsynth_lab.evaluate.metrics.sound import Sound
from nsynth_lab.evaluate.sections.blends import BlendsSection
from nsynth_lab.evaluate.sections.latents import describe_space, effective_dimension, relative_scatter
from nsynth_lab.evaluate.sections.pairs import ACROSS, pairs_of_bank, pairs_of_notes
from nsynth_lab.evaluate.sections.section import EvaluationSetup
from nsynth_lab.evaluate.sections.transposition import TranspositionSection
from nsynth_lab.model.bank import Bank, BankEntry
from nsynth_lab.model.checkpoint import Checkpoint
from nsynth_lab.note import FAMILIES, Instrument
from nsynth_lab.units import SAMPLE_RATE, FloatArray, note_to_hz

SECONDS = 1.024
AT = np.arange(round(SECONDS * SAMPLE_RATE)) / SAMPLE_RATE
RNG = np.random.default_rng(0)


def sound(levels_db: NDArray[np.float64], *, cents: float = 0.0, rise_ms: float = 10.0, seed: int = 0) -> FloatArray:
    """A4 with partials of these levels, phases drawn by the seed."""
    orders = np.arange(1, len(levels_db) + 1)
    turns = np.random.default_rng(seed).random(len(levels_db))
    hz = note_to_hz(69 + cents / 100)
    waves = np.sin(2 * np.pi * (hz * orders[:, None] * AT + turns[:, None]))
    return np.asarray((10 ** (levels_db / 20) @ waves) * np.clip(AT * 1000 / rise_ms, 0, 1), np.float32)


def ends() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """A dull and hollow sound, a bright and full one: partials 1 .. 12 in dB."""
    orders = np.arange(12)
    return -20.0 - 6.0 * orders - 15.0 * (orders % 2), np.full(12, -35.0)


def true_path() -> list[Sound]:
    """Levels of partials straight in dB, attack and f0 straight: what a blend should be."""
    first, last = ends()
    return [
        Sound(sound((1 - x) * first + x * last, cents=8 * x, rise_ms=20 + 80 * x, seed=round(10 * x)), 69)
        for x in POSITIONS
    ]


def mixed_path() -> list[Sound]:
    """The same ends, crossfaded."""
    both = [true_path()[place].samples for place in (0, -1)]
    return [Sound(crossfade(both, float(x)), 69) for x in POSITIONS]


def number(found: dict[str, float | None], name: str) -> float:
    value = found[name]
    assert value is not None
    return value


# --- laws of paths ---


def test_rank_correlation() -> None:
    assert spearman(range(11), np.exp(np.arange(11.0))) == pytest.approx(1.0)
    assert spearman(range(11), -(np.arange(11.0) ** 3)) == pytest.approx(-1.0)
    # five ranks, one swap of neighbours: 1 - 6 * 2 / (5 * 24)
    assert spearman([1, 2, 3, 4, 5], [1, 3, 2, 4, 5]) == pytest.approx(0.9)
    assert spearman([1, 2, 3], [7, 7, 7]) == 0.0


def test_a_straight_line_of_points() -> None:
    at = np.linspace(0, 30, 11)
    distances = np.abs(at[:, None] - at)
    assert monotonicity(POSITIONS, distances) == pytest.approx(1.0)
    assert step_spread(distances) == pytest.approx(0.0, abs=1e-9)
    assert intermediateness(distances) == pytest.approx(1.0)


def test_a_leap_in_the_middle() -> None:
    at = np.array([0.0] * 6 + [10.0] * 5)
    distances = np.abs(at[:, None] - at)
    assert step_spread(distances) == pytest.approx(3.0)  # one step of ten is all: sqrt(0.09) / 0.1
    assert intermediateness(distances) == 0.0
    back = np.abs((at % 7)[::-1][:, None] - at)
    assert monotonicity(POSITIONS, back) < 0.9


def test_straightness() -> None:
    x = np.linspace(0, 1, 11)
    assert linearity(x, 5 - 3 * x) == pytest.approx(1.0)
    assert linearity(x, (x - 0.5) ** 2) == pytest.approx(0.0, abs=1e-9)
    assert deviation_from_line(x, 5 - 3 * x + 2 * (x == 0.5)) == pytest.approx(2.0)


# --- a blend and a crossfade ---


def test_a_true_blend_is_judged_as_one() -> None:
    path = true_path()
    found = measure_path(path, [path[0], path[-1]])
    assert found["end_point_error_db"] == 0.0
    assert found["monotonicity"] == pytest.approx(1.0)
    assert number(found, "step_spread") < 0.35
    assert number(found, "intermediateness") > 0.7
    assert number(found, "f0_off_line_cents") < 0.3
    assert found["linearity_odd_even"] == pytest.approx(1.0, abs=0.02)
    assert found["linearity_attack"] == pytest.approx(1.0, abs=0.02)
    assert number(found, "linearity_centroid") > 0.9
    assert found["linearity_decay"] is None, "neither end decays"
    assert number(found, "mixture_residual") > 0.15
    assert found["crossfade_residual"] == pytest.approx(0.0, abs=1e-4)


def test_a_crossfade_is_judged_as_a_mixture() -> None:
    path = mixed_path()
    found = measure_path(path, [path[0], path[-1]])
    assert found["mixture_residual"] == pytest.approx(0.0, abs=1e-4)
    assert found["onset_residual"] == pytest.approx(0.0, abs=1e-4)


def test_a_wrong_end_is_that_far_away() -> None:
    path = true_path()
    louder = Sound(path[0].samples * np.float32(2), 69)
    found = measure_path(path, [louder, path[-1]])
    assert 0.5 < number(found, "end_point_error_db") < 3.02  # 6 dB at one end of two, less in the gaps between partials


def test_ends_that_sound_alike_leave_no_way_to_judge() -> None:
    path = [true_path()[0]] * 11
    found = measure_path(path, [path[0], path[0]])
    assert found["monotonicity"] is None
    assert found["step_spread"] is None
    assert found["linearity_centroid"] is None
    assert found["f0_off_line_cents"] == pytest.approx(0.0)


def test_level_and_f0_off_the_line() -> None:
    steady = ends()[1]
    path = [Sound(sound(steady + 6.0 * x, cents=10 * x), 69) for x in POSITIONS]
    assert measure_path(path, [path[0], path[-1]])["level_off_line_db"] == pytest.approx(0.0, abs=0.1)
    path[4] = Sound(sound(steady + 2.4 + 3.0, cents=16.0), 69)
    found = measure_path(path, [path[0], path[-1]])
    assert found["level_off_line_db"] == pytest.approx(3.0, abs=0.1)
    assert found["f0_off_line_cents"] == pytest.approx(12.0, abs=0.5)


def test_levels_are_means_over_what_is_heard_at_both_ends() -> None:
    first = np.concatenate([np.zeros(20), np.full(20, -10.0), np.full(40, -90.0)]).astype(np.float32)
    last = np.concatenate([np.zeros(20), np.full(20, -30.0), np.full(40, -20.0)]).astype(np.float32)
    assert mean_levels_db([first, last]) == pytest.approx([-5.0, -15.0])


def test_what_is_not_sustained_has_no_level_on_a_line() -> None:
    """A stroke that is over after five frames beside one that rings: only their attacks are heard in both."""
    stroke = np.concatenate([-20.0 * np.arange(5), np.full(95, -100.0)]).astype(np.float32)
    rings = np.linspace(-20.0, -30.0, 100).astype(np.float32)
    assert mean_levels_db([stroke, rings]) is None


def test_f0_of_free_partials_is_that_of_the_partials_that_are_followed() -> None:
    """Two bells at one pitch: the lowest of their partials changes along the path, and f0 does not."""
    orders = np.array([1.12, 2.2, 3.0, 3.95, 5.06, 6.3])
    first, last = np.array([0.0, -30.0, -10.0, -40.0, -20.0, -50.0]), np.array([-50.0, -5.0, -30.0, 0.0, -40.0, -10.0])
    turns = note_to_hz(69.0) * orders[:, None] * AT
    path = [
        Sound((0.1 * 10 ** (((1 - x) * first + x * last) / 20) @ np.sin(2 * np.pi * turns)).astype(np.float32), 69)
        for x in POSITIONS
    ]
    assert f0_off_line_cents(path) < 1.0
    off = [*path[:5], Sound(resampled(path[5].samples, 10.0), 69), *path[6:]]
    assert f0_off_line_cents(off) == pytest.approx(10.0, abs=1.0)


def resampled(samples: FloatArray, cents: float) -> FloatArray:
    """`samples` so much higher."""
    at = np.arange(len(samples)) * 2 ** (cents / 1200)
    return np.asarray(np.interp(at, np.arange(len(samples)), samples), np.float32)


@pytest.mark.parametrize("cents", [0.0, 12.0])
def test_f0_under_noise_is_that_of_the_same_partials(cents: float) -> None:
    """A glide, which is another one on average where a drum makes other frames the loud ones."""
    hz = note_to_hz(69.0) * 2 ** ((30.0 * AT / SECONDS) / 1200)

    def gliding(away: float) -> NDArray[np.float64]:
        turns = np.cumsum(hz * 2 ** (away / 1200)) / SAMPLE_RATE
        return np.asarray(0.1 * np.sin(2 * np.pi * np.arange(1, 7)[:, None] * turns).sum(axis=0))

    drum = np.exp(-AT / 0.2) * (gliding(cents) + 0.1 * RNG.standard_normal(len(AT)))
    found = f0_off_cents([Sound(one.astype(np.float32), 69) for one in (drum, gliding(0.0))])
    assert found == pytest.approx(cents, abs=1.5)


def test_an_early_release_is_no_lower_level() -> None:
    """Two sounds of one level, of which one is let go earlier."""

    def held(frames: int) -> FloatArray:
        rest = -20.0 - 2.0 * np.arange(100 - frames)
        return np.concatenate([np.full(frames, -20.0), np.maximum(rest, -90.0)]).astype(np.float32)

    assert mean_levels_db([held(40), held(60), held(80)]) == pytest.approx([-20.0] * 3, abs=0.1)


def test_mel_distances_are_those_of_levels() -> None:
    hiss = (0.1 * RNG.standard_normal(len(AT))).astype(np.float32)
    spectra = [Sound(hiss * np.float32(gain), 69).mel_db for gain in (1.0, 2.0, 0.5)]
    distances = mel_distances_db(spectra)
    assert distances == pytest.approx(6.02 * np.array([[0, 1, 1], [1, 0, 2], [1, 2, 0]]), abs=0.05)


def test_a_long_sound_is_as_far_from_a_short_one_whatever_lies_between() -> None:
    """All distances are means over the same frames: those in which any of the sounds is audible."""
    hiss = (0.1 * RNG.standard_normal(len(AT))).astype(np.float32)
    fades = [np.where(AT < 0.2, 1.0, gain).astype(np.float32) for gain in (0.0, 1e-4, 3e-3, 3e-2, 0.3, 1.0)]
    distances = mel_distances_db([Sound(hiss * fade, 69).mel_db for fade in fades])
    assert (np.diff(distances[0]) >= 0).all()
    assert (np.diff(distances[-1]) <= 0).all()


def test_an_octave_brighter_is_an_octave_of_centroid() -> None:
    low, high = (describe(Sound(sound(np.array([-20.0]), cents=cents), 69)) for cents in (1200.0, 2400.0))
    assert number(high, "centroid") - number(low, "centroid") == pytest.approx(1.0, abs=0.1)
    assert number(low, "spread") < 0.5


# --- mixtures ---


def test_nonnegative_least_squares_are_the_best_there_are() -> None:
    """The conditions of Kuhn and Tucker: no slope where a weight is free, none inwards where it is held at zero."""
    for _ in range(50):
        columns, target = RNG.random((4, 30)), RNG.standard_normal(30)
        weights = nonnegative_weights(columns, target)
        slope = columns @ (target - weights @ columns)
        assert (weights >= 0).all()
        assert np.abs(slope[weights > 0]).max(initial=0.0) < 1e-6
        assert (slope[weights == 0] < 1e-6).all()


@pytest.mark.parametrize("seed", range(3))
def test_a_mixture_is_a_mixture_whatever_its_phases(seed: int) -> None:
    first, last = (sound(levels, seed=10 * seed + place) for place, levels in enumerate(ends()))
    assert spectral_residual(first + last, [first, last]) < 1e-4
    assert spectral_residual(first, [first, last]) < 1e-4
    assert onset_residual(first + last, [first, last], note=69) < 1e-4


def test_a_sound_of_other_partials_is_no_mixture() -> None:
    first, last = (sound(np.array(levels)) for levels in ([-20.0], [-99.0, -99.0, -20.0]))
    assert spectral_residual(sound(np.array([-99.0, -20.0])), [first, last]) > 0.9


def test_two_onsets_are_told_from_one_between_them() -> None:
    first, last = (sound(ends()[1], rise_ms=rise, seed=seed) for seed, rise in enumerate((5.0, 200.0)))
    between = sound(ends()[1], rise_ms=80.0, seed=2)
    assert onset_residual(between, [first, last], note=69) > 0.03
    assert onset_residual(crossfade([first, last]), [first, last], note=69) < 1e-4


# --- pairs ---


def record(instrument: int, pitch: int, *, velocity: int = 100, family: str = "") -> NoteRecord:
    family = family or FAMILIES[instrument % len(FAMILIES)]
    name = f"{family}_acoustic_{instrument:03d}"
    return NoteRecord(
        Path("audio"),
        f"{name}-{pitch:03d}-{velocity:03d}",
        "made",
        name,
        name,
        family,
        "acoustic",
        pitch,
        velocity,
        48_000,
    )


RECORDS = [record(instrument, pitch) for instrument in range(40) for pitch in range(48, 72, 1 + instrument % 3)]


def test_pairs_of_notes() -> None:
    pairs = pairs_of_notes(RECORDS, 60, seed=1)
    assert pairs == pairs_of_notes(RECORDS, 60, seed=1)
    assert pairs != pairs_of_notes(RECORDS, 60, seed=2)
    assert len(pairs) == 60
    assert sum(pair.family != ACROSS for pair in pairs) == 30
    for pair in pairs:
        first, second = pair.first, pair.second
        assert isinstance(first, NoteRecord)
        assert isinstance(second, NoteRecord)
        assert first.pitch == second.pitch == pair.note
        assert first.instrument_str != second.instrument_str
        assert (first.family == second.family == pair.family) or (
            first.family != second.family and pair.family == ACROSS
        )
    assert len({frozenset((pair.first, pair.second)) for pair in pairs}) == 60


def test_few_instruments_make_few_pairs() -> None:
    assert pairs_of_notes([record(0, 60), record(0, 62)], 10, seed=0) == []
    assert pairs_of_notes([], 10, seed=0) == []
    assert len(pairs_of_notes([record(0, 60), record(1, 60), record(2, 61)], 10, seed=0)) == 1


def test_pairs_of_a_bank_lie_in_both_ranges() -> None:
    zones = [flute().at_note(note) for note in (60, 72, 66, 90, 96)]
    entries = [
        BankEntry(Instrument("flute", "flute"), (0, 1)),
        BankEntry(Instrument("cello", "string"), (2, 3)),
        BankEntry(Instrument("glass", "mallet"), (4,)),
    ]
    (pair,) = pairs_of_bank(Bank(entries, zones, model_id="made"), 10, seed=0)
    assert {pair.first, pair.second} == {"flute", "cello"}
    assert 66 <= pair.note <= 72
    assert pair.family == ACROSS


# --- latents ---


def test_a_probe_reads_what_lies_on_a_line_and_nothing_else() -> None:
    features = RNG.standard_normal((400, 16))
    groups = [f"instrument {number % 40}" for number in range(400)]
    target = features @ RNG.standard_normal((16, 1)) + 60
    said, blind = probe(features, target, groups)
    assert np.abs(said - target).mean() < 0.1
    unread, guess = probe(RNG.standard_normal((400, 16)), target, groups)
    assert np.abs(unread - target).mean() == pytest.approx(np.abs(guess - target).mean(), rel=0.1)
    assert np.abs(blind - target).mean() > 2.0


def test_a_probe_is_never_asked_about_an_instrument_it_knows() -> None:
    """Features that name the instrument help nothing, however well they would tell its pitch."""
    groups = [f"{number % 40}" for number in range(400)]
    place = folds(groups)
    assert all(len({fold for fold, group in zip(place, groups, strict=True) if group == one}) == 1 for one in groups)
    assert np.bincount(place).tolist() == [80] * 5


def test_effective_dimension() -> None:
    assert effective_dimension(RNG.standard_normal((5000, 16))) == pytest.approx(16.0, abs=0.2)
    assert effective_dimension(np.outer(RNG.standard_normal(100), np.ones(16))) == pytest.approx(1.0, abs=1e-6)


def test_scatter_of_an_instrument_over_its_pitches() -> None:
    groups = [str(number // 10) for number in range(200)]
    pitches = [number % 10 for number in range(200)]
    centres = RNG.standard_normal((20, 16)).repeat(10, axis=0)
    assert relative_scatter(centres, groups, pitches) == pytest.approx(0.0, abs=1e-9)
    assert relative_scatter(RNG.standard_normal((200, 16)), groups, pitches).mean() == pytest.approx(1.0, abs=0.05)
    assert np.isnan(relative_scatter(RNG.standard_normal((4, 16)), ["a", "a", "b", "b"], [60, 60, 60, 60])).all()


def test_timbre_that_is_all_family_and_no_pitch() -> None:
    records = [record(instrument, pitch) for instrument in range(66) for pitch in (50, 57, 64)]
    corners = {family: 3.0 * RNG.standard_normal(16) for family in FAMILIES}
    own = {one.instrument_str: 0.1 * RNG.standard_normal(16) for one in records}
    found = describe_space(np.stack([corners[one.family] + own[one.instrument_str] for one in records]), records)
    assert found["family_probe_accuracy"]["mean"] == 1.0
    assert found["family_blind_accuracy"]["mean"] < 0.2
    assert found["pitch_probe_semitones"]["mean"] == pytest.approx(found["pitch_blind_semitones"]["mean"], rel=0.1)
    assert "velocity_probe" not in found, "all were played alike"
    assert found["same_instrument_distance"]["mean"] == pytest.approx(0.0, abs=1e-6)
    assert found["neighbour_family_accuracy"]["mean"] == 1.0
    families = {f"made/{one.instrument_str}": one.family for one in records}
    assert all(families[name] == families[other] for name, other in found["nearest"].items())


# --- sections ---


def test_partners_are_the_same_instrument_played_alike() -> None:
    pool = [record(1, pitch) for pitch in (60, 63, 65, 72)] + [record(2, 67), record(1, 67, velocity=50)]
    section = TranspositionSection(EvaluationSetup(Checkpoint.of(tiny_model(), model_id="tiny"), pool[:1], pool))
    assert section.partners(pool[0]) == {-3: pool[1], -12: pool[3]}
    assert section.steps() == 2


def test_blends_take_the_bank_where_no_notes_meet() -> None:
    entries = [BankEntry(Instrument("flute", "flute"), (0,)), BankEntry(Instrument("organ", "organ"), (1,))]
    bank = Bank(entries, [flute(), organ_cut_short()], model_id="made")
    checkpoint = Checkpoint.of(tiny_model(), model_id="tiny")
    assert len(BlendsSection(EvaluationSetup(checkpoint, RECORDS[:1], RECORDS, bank, pairs=4)).pairs) == 4
    section = BlendsSection(EvaluationSetup(checkpoint, RECORDS[:1], RECORDS[:1], bank, pairs=4))
    assert [{pair.first, pair.second} for pair in section.pairs] == [{"flute", "organ"}]
    assert section.steps() == 17 + 2 * 11


def test_equal_moves_of_the_even_axis_are_equally_large() -> None:
    """A way whose change lies all in its middle: its raw steps differ widely, those of the even axis hardly."""
    first, last = ends()

    def at(position: float) -> Sound:
        share = 1.0 / (1.0 + np.exp(-14.0 * (position - 0.5)))
        return Sound(sound((1.0 - share) * first + share * last), 57)

    axis = even_axis([at(position).samples for position in np.linspace(0.0, 1.0, 17)])
    raw = even_step_spread([at(position) for position in POSITIONS])
    even = even_step_spread([at(axis.plain(position)) for position in POSITIONS])
    assert raw is not None
    assert even is not None
    assert raw > 0.6
    assert even < 0.2
