"""Where a blend of one to eight sources stands: positions, weights, and straight or spherical ways between them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from made_notes import flute, piano
from numpy.typing import NDArray
from playing import Heard, corner, played
from tiny_model import tiny_model

from nsynth_lab.blend import blend, place_weights
from nsynth_lab.blend.modulation import weights_of
from nsynth_lab.compiled.sphere import spherical_mean, spherical_means
from nsynth_lab.errors import PatchError, UsageError
from nsynth_lab.latents import Latents
from nsynth_lab.midi.events import control, note_on
from nsynth_lab.model.checkpoint import Checkpoint
from nsynth_lab.patch import Blend, Lfo, Patch, blend_of, format_preset, moved, parse_preset, targets
from nsynth_lab.patch.place import as_position, parse_positions, parse_weights
from nsynth_lab.render.play_request import PlayRequest, parse_play
from nsynth_lab.render.preset_synth import settings_of
from nsynth_lab.synth.engine import Engine
from nsynth_lab.synth.settings import Settings
from nsynth_lab.synth.sources import Sources
from nsynth_lab.units import FloatArray

NAMES = ("a", "b", "c", "d", "e", "f", "g", "h")


@pytest.mark.parametrize(
    ("count", "position", "weights"),
    [
        (2, "0.25", [0.75, 0.25]),
        (3, "0,0", [1, 0, 0]),
        (3, "1,0", [0, 1, 0]),
        (3, "0.9,1", [0, 0, 1]),
        (3, "0.5,0.2", [0.4, 0.4, 0.2]),
        (4, "0.5,0", [0.5, 0.5, 0, 0]),
        (4, "1,1", [0, 0, 0, 1]),
    ],
)
def test_a_position_is_a_weight_of_each_source(count: int, position: str, weights: list[float]) -> None:
    found = weights_of(blend_of(NAMES[:count], position=position), 5)
    for stream in found.values():
        assert stream == pytest.approx(weights)


@pytest.mark.parametrize("count", range(1, 9))
def test_without_a_place_all_sources_weigh_the_same(count: int) -> None:
    blended = blend_of(NAMES[:count])
    assert weights_of(blended, 5)["timbre"] == pytest.approx([1 / count] * count)
    assert parse_preset(format_preset(Patch("x", blended))).blend == blended


@pytest.mark.parametrize("count", range(1, 9))
def test_weights_are_scaled_to_sum_to_one_and_come_back_from_a_preset_file(count: int) -> None:
    given = np.arange(count, 0.0, -1.0)
    blended = blend_of(NAMES[:count], weights=",".join(map(str, given)))
    for stream in weights_of(blended, 5).values():
        assert stream == pytest.approx(given / given.sum())
    text = format_preset(Patch("x", blended))
    assert "weights = " in text
    assert "position" not in text
    again = parse_preset(text)
    assert again.blend == blended
    assert format_preset(again) == text


def test_weights_of_three_are_a_position_that_can_be_moved_from_there() -> None:
    assert place_weights(as_position((0.5, 0.3, 0.2)), 3) == pytest.approx([0.5, 0.3, 0.2])
    patch = Patch("x", blend_of(NAMES[:3], weights="5,3,2"))
    assert weights_of(moved(patch, "blend.position_y", 1.0).blend, 3)["f0"] == pytest.approx([0, 0, 1])


def test_each_weight_beyond_a_position_can_be_moved() -> None:
    patch = Patch("x", blend_of(NAMES[:5]))
    assert [name for name in targets(patch) if name.startswith("blend.")] == [f"blend.weight_{k}" for k in range(1, 6)]
    for name in ("blend.weight_2", "blend.weight_3"):
        patch = moved(patch, name, 0.0)
    assert weights_of(patch.blend, 3)["timbre"] == pytest.approx([1 / 3, 0, 0, 1 / 3, 1 / 3])
    for k in (1, 4, 5):
        patch = moved(patch, f"blend.weight_{k}", 0.0)
    assert weights_of(patch.blend, 3)["timbre"] == pytest.approx([0.2] * 5), "all of them down is all of them alike"


@pytest.mark.parametrize(
    ("count", "words", "says"),
    [
        (0, {}, "0 sources; a blend takes 1 to 8"),
        (9, {}, "9 sources; a blend takes 1 to 8"),
        (1, {"position": "0.5"}, "one source has no position"),
        (2, {"position": "0.1,0.2"}, "2 sources take one, such as 0.5"),
        (3, {"position": "0.5"}, "3 sources take two"),
        (3, {"position": "0.5,1.5"}, "position 1.5 is outside 0 to 1"),
        (5, {"position": "0.5"}, "5 sources take --weights"),
        (3, {"weights": "0.5,0.5"}, "2 weight.s. for 3"),
        (3, {"weights": "1,-1,1"}, "weight -1; expected 0"),
        (3, {"weights": "1,nan,1"}, "weight nan; expected 0"),
        (3, {"weights": "0,0,0"}, "all zero"),
        (3, {"weights": "1,x,1"}, "expected a number for each source"),
        (2, {"weights": "1,1", "position": "0.5"}, "give one of them"),
        (2, {"interpolation": "round"}, "path 'round'; expected linear or spherical"),
    ],
)
def test_a_place_that_does_not_fit_is_told_in_a_line(count: int, words: dict[str, str], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        blend_of((*NAMES, "i")[:count], **words)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('corners = ["a", "b", "c"]\nweights = [1, 1]', "5: blend.weights: 2 numbers; 3 corners take one each"),
        ('corners = ["a", "b"]\nweights = [0, 0]', "5: blend.weights: all are 0"),
        ('corners = ["a", "b"]\nposition = 0.3\nweights = [1, 0]', "5: blend.position: the place is given as weights"),
        ('corners = ["a", "b", "c", "d", "e"]\nposition = 0.3', "5: blend.position: 1 numbers; 5 corners take weights"),
        ('corners = ["a", "b"]\ninterpolation = "round"', "5: blend.interpolation: 'round'; expected one of linear"),
        ('corners = ["a\\u0007", "b"]', "4: blend.corners: 'a?x07' holds control".replace("?", "\\")),
        ('corners = ["a"]\npath = [[0, 1], [1, 0]]', "5: blend.path: one corner leaves no way to go"),
        ('corners = ["a"]\n[[blend.lfos]]\ntarget = "timbre"', "blend.lfos.1.target: timbre swings between two"),
    ],
)
def test_a_preset_says_where_its_place_is_wrong(tmp_path: Path, text: str, says: str) -> None:
    from nsynth_lab.patch import read_preset

    path = tmp_path / "wrong.toml"
    path.write_text(f'version = 1\nname = "x"\n[blend]\n{text}', encoding="utf-8")
    with pytest.raises(PatchError) as caught:
        read_preset(path)
    assert says in str(caught.value)


def test_a_path_of_weights_goes_from_source_to_source() -> None:
    path = ((0.0, 1, 0, 0, 0, 0), (1.0, 0, 0, 0, 0, 1))
    weights = weights_of(Blend(NAMES[:5], path=path), 200)["timbre"]
    assert weights[46] == pytest.approx([0.5, 0, 0, 0, 0.5], abs=0.01)
    assert weights[-1] == pytest.approx([0, 0, 0, 0, 1])


def test_a_blend_is_steady_at_another_place() -> None:
    blended = Blend(("a", "b"), path=((0.0, 0.0), (1.0, 1.0)), lfos=(Lfo("level_db", 1.0, 1.0),))
    there = blended.at((0.25,))
    assert (there.position, there.path, there.lfos) == ((0.25,), (), blended.lfos)
    assert blended.at((3.0, 1.0)).position == (0.25,), "weights of two"


def test_lists_of_positions() -> None:
    assert parse_positions("0,0.5", 2) == ((0.0,), (0.5,))
    assert parse_positions("0,0;1,0.5", 3) == ((0.0, 0.0), (1.0, 0.5))
    assert parse_weights("2,2", 2) == (0.5, 0.5)
    with pytest.raises(UsageError, match="number"):
        parse_positions("0,0;1", 4)


# --- spherical


def vectors(count: int, *, seed: int = 0) -> FloatArray:
    """Of different lengths, within a quarter turn of each other."""
    made = np.random.default_rng(seed).uniform(0.1, 1.0, (count, 16)) * np.arange(1, count + 1)[:, None]
    return np.asarray(made, np.float32)


def mean_of(given: FloatArray, weights: NDArray[np.float64]) -> FloatArray:
    out = np.empty(16, np.float32)
    spherical_mean(given, weights, out)
    return out


@pytest.mark.parametrize("share", [0.0, 0.2, 0.5, 0.9, 1.0])
def test_between_two_the_direction_turns_evenly_and_the_length_goes_straight(share: float) -> None:
    a, b = given = vectors(2)
    a, b = a.astype(float), b.astype(float)
    u, v = a / np.linalg.norm(a), b / np.linalg.norm(b)
    angle = np.arccos(u @ v)
    slerp = (np.sin((1 - share) * angle) * u + np.sin(share * angle) * v) / np.sin(angle)  # Shoemake 1985
    length = (1 - share) * np.linalg.norm(a) + share * np.linalg.norm(b)
    assert mean_of(given, np.array([1 - share, share])) == pytest.approx(length * slerp, rel=1e-5)
    straight = (1 - share) * a + share * b
    if 0 < share < 1:
        assert np.linalg.norm(straight) < 0.995 * length, "which is what it is for"


@pytest.mark.parametrize("count", range(3, 9))
def test_of_more_the_turns_to_all_sources_balance(count: int) -> None:
    given, weights = vectors(count), np.arange(1.0, count + 1) / np.arange(1.0, count + 1).sum()
    mean = mean_of(given, weights).astype(float)
    lengths = np.linalg.norm(given, axis=1)
    assert np.linalg.norm(mean) == pytest.approx(weights @ lengths, rel=1e-6)
    mean /= np.linalg.norm(mean)
    units = given / lengths[:, None]
    cosines = units @ mean
    turns = np.arccos(cosines) / np.sqrt(1 - cosines**2)
    balance = (weights * turns) @ (units - cosines[:, None] * mean)  # the gradient of Buss and Fillmore's mean
    assert np.linalg.norm(balance) < 1e-5


def test_at_a_source_the_mean_is_that_source_to_the_bit_and_opposites_go_straight() -> None:
    given = vectors(5)
    for place in range(5):
        assert np.array_equal(mean_of(given, np.eye(5)[place]), given[place])
    against = np.stack([given[0], -given[0]])
    assert mean_of(against, np.array([0.5, 0.5])) == pytest.approx(np.zeros(16), abs=1e-6)
    assert mean_of(np.zeros((2, 16), np.float32), np.array([0.5, 0.5])) == pytest.approx(np.zeros(16))
    alone = np.stack([given[0], np.zeros(16, np.float32)])
    assert mean_of(alone, np.array([0.5, 0.5])) == pytest.approx(0.5 * given[0], rel=1e-6)


def unlike() -> list[Latents]:
    """A flute and a piano at one note, whose timbres point apart."""
    rng = np.random.default_rng(3)
    return [
        replace(note.at_note(60), timbre=np.asarray(note.timbre + rng.uniform(0.5, 2.0, 16) * sign, np.float32))
        for note, sign in ((flute(), np.r_[np.ones(8), -np.ones(8)]), (piano(), np.ones(16)))
    ]


def test_only_the_timbre_of_a_note_is_spherical_and_linear_is_what_it_was() -> None:
    sources = unlike()
    straight, spherical = (blend(sources, [0.5, 0.5], frames=80, spherical=one) for one in (False, True))
    ends = [blend(sources, weights, frames=80) for weights in ([1, 0], [0, 1])]
    for name in ("loudness_db", "f0_cents", "partials"):
        assert np.array_equal(getattr(straight, name), getattr(spherical, name))
    for weights, end in zip(([1, 0], [0, 1]), ends, strict=True):
        assert np.array_equal(blend(sources, weights, frames=80, spherical=True).timbre, end.timbre)
    # both sources are re-timed alike only in the middle: there the lengths of the re-timed frames are what is averaged
    aligned = [blend(sources, [0.5, 0.5], frames=80, timbre=weights).timbre for weights in ([1, 0], [0, 1])]
    lengths = [np.linalg.norm(one.astype(float), axis=1) for one in aligned]
    assert np.linalg.norm(spherical.timbre.astype(float), axis=1) == pytest.approx(np.mean(lengths, axis=0), rel=1e-5)
    assert np.linalg.norm(straight.timbre, axis=1).max() < 0.99 * np.mean(lengths, axis=0).max()
    again = spherical_means(np.stack(aligned), np.full((80, 2), 0.5))
    assert np.array_equal(again, spherical.timbre)


def engine_of(count: int, settings: Settings) -> Engine:
    made = [corner(note, notes=(60,), velocities=(100,)) for note in (flute(), piano())]
    tinted = [
        [replace(zone, timbre=np.full_like(zone.timbre, 0.5) + np.eye(16, dtype=np.float32)[k]) for zone in made[k % 2]]
        for k in range(count)
    ]
    return Engine(Checkpoint.of(tiny_model()), [Sources(tinted)], settings)


def timbre_of(engine: Engine, events: list[object]) -> FloatArray:
    """Of the last frame that was decoded."""
    heard = Heard(engine)
    played(engine, [note_on(60), *events], samples=9_600)  # type: ignore[list-item]
    return heard.timbre[-1][2]


def test_the_engine_blends_up_to_eight_by_weights_and_moves_them() -> None:
    base, eye = np.full(16, 0.5), np.eye(16)
    equal = timbre_of(engine_of(8, Settings()), [])
    assert equal == pytest.approx(base + eye[:8].mean(axis=0), abs=1e-5)
    settings = replace(Settings(), weight_1=0.0, controllers={20: "weight_2"})
    moved_down = timbre_of(engine_of(5, settings), [control(20, 0, at_sample=64)])
    assert moved_down == pytest.approx(base + eye[[2, 3, 4]].mean(axis=0), abs=1e-5)
    assert engine_of(5, settings).state().weights == (0.0, 0.25, 0.25, 0.25, 0.25), "which is what the player sees"
    assert engine_of(4, Settings()).state().weights == ()
    four = timbre_of(engine_of(4, replace(Settings(), weighted=True, weight_1=0.0, weight_2=0.0)), [])
    assert four == pytest.approx(base + eye[[2, 3]].mean(axis=0), abs=1e-5)


@pytest.mark.parametrize("count", [2, 4, 6])
def test_the_engine_turns_timbre_as_the_clip_does(count: int) -> None:
    units = np.asarray(np.full((count, 16), 0.5) + np.eye(16)[:count], np.float32)
    expected = mean_of(units, np.full(count, 1 / count))
    found = timbre_of(engine_of(count, Settings(interpolation="spherical")), [])
    assert found == pytest.approx(expected, abs=1e-5)
    assert np.linalg.norm(found) == pytest.approx(np.linalg.norm(units[0]), rel=1e-5)
    straight = timbre_of(engine_of(count, Settings()), [])
    assert np.linalg.norm(straight) < 0.97 * np.linalg.norm(units[0])


def test_what_a_player_asks_for_is_where_the_blend_begins() -> None:
    two = parse_play(NAMES[:2], weights="1,3").settings()
    assert (two.place(2, np.nan), two.x) == ((0.75,), 0.75)
    three = PlayRequest(NAMES[:3]).settings()
    assert place_weights(three.place(4, np.nan), 4) == pytest.approx([1 / 3, 1 / 3, 1 / 6, 1 / 6]), "C is there twice"
    five = parse_play(NAMES[:5], weights="1,1,1,1,4", path="spherical").settings()
    assert (five.place(5, np.nan), five.interpolation) == ((0.125, 0.125, 0.125, 0.125, 0.5), "spherical")
    assert parse_play(NAMES[:4], sets=["weight_1=0"]).settings().place(4, np.nan) == (0.0, 1.0, 1.0, 1.0)
    assert parse_play(NAMES[:4], position="0.2,0.7").settings().place(4, np.nan) == (0.2, 0.7)
    for words, says in (({"position": "0.5"}, "take --weights"), ({"weights": "1,2"}, "for 5 source")):
        with pytest.raises(UsageError, match=says):
            parse_play(NAMES[:5], **words)


def test_a_preset_of_weights_is_played_by_them() -> None:
    patch = Patch("x", blend_of(NAMES[:6], weights="5,1,1,1,1,1", interpolation="spherical"))
    settings = settings_of(patch)
    assert settings.place(6, np.nan) == pytest.approx((0.5, *[0.1] * 5))
    assert settings.interpolation == "spherical"
    beside = parse_play(preset="x", weights="0,0,0,0,0,1").settings_of(patch, seed=0)
    assert beside.place(6, np.nan) == (0.0, 0.0, 0.0, 0.0, 0.0, 1.0)
