"""Evolution: children lie where the docstring says, folders come back after a kill, and undoing is exact."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import astuple
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nsynth_lab.audio import Audio, read_audio, write_audio
from nsynth_lab.cli import run
from nsynth_lab.cli.evolve_terminal import Keys
from nsynth_lab.dsp.programme_loudness import programme_loudness
from nsynth_lab.errors import NsynthLabError, UsageError
from nsynth_lab.evolve.folder import EvolutionFolder
from nsynth_lab.evolve.history import EvolutionError, History, read_history
from nsynth_lab.evolve.instruments import InstrumentSpace
from nsynth_lab.evolve.population import (
    AWAY,
    NOISE,
    PAST,
    SHRINKS,
    SIZE,
    TRIES,
    Member,
    Point,
    first_generation,
    next_generation,
    of_the_nearer,
)
from nsynth_lab.evolve.presets import DRAWN_CORNERS, PresetSpace
from nsynth_lab.evolve.tunes import TuneSpace
from nsynth_lab.imagine.candidate import key_range, zones_of
from nsynth_lab.imagine.draw import draw
from nsynth_lab.imagine.families import Families
from nsynth_lab.melody.checkpoint import FILE as MELODY
from nsynth_lab.melody.model import MelodyModel
from nsynth_lab.model.bank import load_bank
from nsynth_lab.model.banks import known_names
from nsynth_lab.model.user_bank import find_user_instrument, import_file
from nsynth_lab.patch import format_preset, parse_preset, read_preset
from nsynth_lab.patch.library import find_preset
from nsynth_lab.render import Session
from nsynth_lab.render.evolved.evolution import Evolution
from nsynth_lab.render.evolved.hearing import BLOCK_SAMPLES, Hearing
from nsynth_lab.render.evolved.instruments import InstrumentMaker
from nsynth_lab.render.evolved.presets import PresetMaker
from nsynth_lab.render.levelling import TARGET_LUFS, WITHIN_LU
from nsynth_lab.resources import default_checkpoint
from nsynth_lab.tune.files import read_tune
from nsynth_lab.tune.key import parse_key
from nsynth_lab.tune.metre import Metre
from nsynth_lab.tune.places import bar_faults
from nsynth_lab.tune.played import sounding
from nsynth_lab.units import Doubles

DIMS = 200
RANGES = {"flute": (60, 96), "cello": (36, 76), "glockenspiel": (79, 108), "tuba": (28, 58)}


class Plain:
    """A space of many numbers, in which chance can be told from what is inherited."""

    def __init__(self, spread: float = 1.0, dims: int = DIMS) -> None:
        self.spread: Doubles = np.full(dims, spread)

    def newcomers(self, chance: np.random.Generator, count: int) -> list[tuple[Doubles, str]]:
        return [(50.0 + chance.standard_normal(len(self.spread)), "n") for _ in range(count)]

    def within(self, point: Doubles) -> Doubles:
        return point

    def inherited(self, first: str, second: str, along: float) -> str:
        return of_the_nearer(first, second, along)

    def knows(self, kind: str) -> bool:
        return kind == "n"

    def passes(self, point: Point, kind: str) -> bool:
        return len(point) == len(self.spread) and bool(kind)


def corners() -> list[Member]:
    """Six points on axes of their own, all 10 from the origin."""
    return [Member(tuple(10.0 * np.eye(DIMS)[place]), "abcdef"[place]) for place in range(SIZE)]


def test_children_lie_on_the_line_through_two_that_were_liked_and_away_from_the_others() -> None:
    quiet = Plain(spread=0.0)
    places, kinds = [], set()
    for seed in range(40):
        for child in next_generation(quiet, corners(), [2, 5], number=2, seed=seed)[1:5]:
            point = np.array(child.point)
            assert set(child.parents) == {2, 5}
            others = point[[0, 2, 3, 5]]
            away = -others[0] * 4 / 10  # each of four others is left by a quarter of the way
            assert np.allclose(others, others[0], atol=1e-3)
            assert -1e-3 <= away <= AWAY
            assert point[1] + point[4] == pytest.approx(10 + 10 * away, abs=1e-2)
            assert not point[6:].any()
            share = (point[4] - 5 * away) / 10
            assert -PAST - 1e-2 <= share <= 1 + PAST + 1e-2
            assert child.kind == ("b" if share < 0.5 else "e") or abs(share - 0.5) < 1e-2
            places.append(share)
            kinds.add(child.kind)
    assert min(places) < -0.2
    assert max(places) > 1.2
    assert kinds == {"b", "e"}


def test_noise_shrinks_from_generation_to_generation_and_one_that_is_alone_is_varied() -> None:
    alike = [Member((0.0,) * DIMS, "n")] * SIZE
    for number in (2, 3, 8):
        children = next_generation(Plain(), alike, [4], number=number, seed=1)[1:5]
        size = np.std([child.point for child in children])
        assert size == pytest.approx(NOISE * SHRINKS ** (number - 2), rel=0.08)
        assert all(child.parents == (4,) for child in children)


def test_the_best_lives_on_as_it_is_one_is_new_and_the_same_choice_gives_the_same() -> None:
    members = corners()
    first, again, other = (
        next_generation(Plain(), members, liked, number=3, seed=7) for liked in ([5, 2], [5, 2], [2, 5])
    )
    assert first == again
    assert first != other
    assert first[0] == Member(members[4].point, "e", (5,), lives_on=True)
    assert first[5].parents == ()
    assert np.mean(first[5].point) == pytest.approx(50, abs=1)
    assert all(len(one.parents) == 0 for one in next_generation(Plain(), members, [], number=3, seed=7))


@pytest.fixture(scope="module")
def model() -> MelodyModel:
    return MelodyModel()


def test_tunes_of_points_are_whole_in_their_scale_and_always_the_same(model: MelodyModel) -> None:
    space = TuneSpace(model, Metre((6,), 8), parse_key("Edor"), 4)
    members = first_generation(space, seed=3)
    for number in (2, 3):
        members = next_generation(space, members, [1, 4], number=number, seed=3)
    points = [member.point for member in members]
    together = space.tunes(points)
    assert together[:2] == [space.tunes([point])[0] for point in points[:2]]
    classes = [note.pitch.note % 12 for tune in together for note in sounding(tune)]
    assert np.mean([one in (4, 6, 7, 9, 11, 1, 2) for one in classes]) >= 0.99
    assert all(bar_faults(tune) == () and len(tune.bars) == 4 for tune in together)
    assert len(set(together)) == SIZE


def test_newcomers_of_tunes_are_drawn_by_chance_and_differ(model: MelodyModel) -> None:
    space = TuneSpace(model, bars=2)
    points, again = ([point for point, _ in space.newcomers(np.random.default_rng(0), 6)] for _ in range(2))
    assert np.array_equal(points, again)
    assert len({tune.bars for tune in space.tunes([tuple(point) for point in points])}) == 6
    assert np.std(points) == pytest.approx(1.0, abs=0.2)  # what the space calls its spread


@pytest.mark.parametrize("bars", [0, 3, 18])
def test_tunes_have_whole_loops(model: MelodyModel, bars: int) -> None:
    with pytest.raises(UsageError, match="even number"):
        TuneSpace(model, bars=bars)


@pytest.mark.parametrize("names", [(), ("flute",), ("flute", "cello"), ("flute", "cello", "tuba"), tuple(RANGES)])
def test_every_point_is_a_preset_that_can_be_written_and_read(names: tuple[str, ...]) -> None:
    space = PresetSpace(RANGES, names)
    members = first_generation(space, seed=5)
    for number in (2, 3, 4):
        members = next_generation(space, members, [1, 2, 3], number=number, seed=5)
        for member in members:
            patch = space.patch(member.point, member.kind, name="x")
            assert parse_preset(format_preset(patch)) == patch
            assert patch.blend.corners == names or (not names and len(patch.blend.corners) == DRAWN_CORNERS)
            assert space.knows(member.kind)
            assert np.allclose(space.within(np.array(member.point)), member.point)


def test_who_lies_between_two_presets_has_an_instrument_of_each_where_they_go_together() -> None:
    space = PresetSpace({**RANGES, "oboe": (58, 91), "viola": (48, 91)})
    first, second, low = (json.dumps(names) for names in (["flute", "cello"], ["oboe", "viola"], ["tuba", "cello"]))
    kinds = [space.inherited(first, second, along) for along in (-0.2, 0.2, 0.4, 0.6, 0.8, 1.2)]
    assert [json.loads(kind) for kind in kinds] == [
        ["flute", "cello"], ["flute", "cello"], ["flute", "viola"], ["oboe", "cello"], ["oboe", "viola"],
        ["oboe", "viola"],
    ]  # fmt: skip
    assert space.inherited(second, low, 0.6) == low, "tuba and viola share less than an octave"
    turned = json.dumps(["cello", "flute"])
    assert space.inherited(first, turned, 0.4) == first, "a flute with itself is no blend"
    assert all(space.knows(kind) for kind in kinds)


def test_what_is_turned_down_to_nothing_is_left_out_of_a_preset() -> None:
    space = PresetSpace(RANGES, ("flute", "cello"))
    plain = space.patch((0.0,) * len(space.spread), '["flute", "cello"]', name="x")
    assert not plain.effects
    assert not plain.blend.lfos
    assert plain.blend.position == (0.0,)
    full = space.patch((1.0,) * len(space.spread), '["flute", "cello"]', name="x")
    assert [slot.effect for slot in full.effects] == ["distortion", "ladder", "chorus", "phaser", "delay", "reverb"]
    assert [lfo.target for lfo in full.blend.lfos] == ["position", "timbre", "level_db", "pitch_cents"]
    assert full.voice.unison == 3
    assert full.envelope.release_seconds == 2.5


class Silent:
    """Makes files of a few bytes, or fails where it is told to, as a run that is killed."""

    ending = ".mid"

    def __init__(self) -> None:
        self.space = Plain(dims=5)
        self.fails_at = 0
        self.written = 0

    def write(self, member: Member, file: Path, sound: Path, *, title: str, comment: str) -> None:
        self.written += 1
        file.write_text(f"{title} {member.point} {comment}")
        if self.written == self.fails_at:
            raise KeyboardInterrupt
        level = np.full((2, 2400), 0.01 * self.written, np.float32)
        write_audio(sound, Audio(level), force=True)

    def about(self, member: Member) -> dict[str, Any]:
        return {"words": f"{member.point[0]:.2f}"}

    def picture(self, members: Sequence[Member], sounds: Sequence[Path], path: Path, *, title: str) -> None:
        path.write_text(f"{title} {[sound.name for sound in sounds]} {len(members)}")

    def place(self, folder: Path, name: str) -> Path | None:
        return folder / name

    def save(self, member: Member, name: str, origin: str, *, output: Path | None, force: bool) -> Path:
        raise UsageError(f"{name}: {origin} {output} {force} {member.kind}")


def begun(path: Path) -> Evolution:
    return Evolution.begun(EvolutionFolder(path), Silent(), History("tunes", 4, "m", {}))


def opened(path: Path) -> Evolution:
    folder = EvolutionFolder(path)
    return Evolution(folder, Silent(), read_history(folder.history))


def contents(path: Path) -> dict[str, bytes]:
    return {one.name: one.read_bytes() for one in path.iterdir()}


def test_undoing_brings_back_every_byte_and_the_same_choice_leads_to_the_same_again(tmp_path: Path) -> None:
    evolution = begun(tmp_path)
    evolution.make()
    states = [contents(tmp_path)]
    for liked in ([2, 5], [1], []):
        evolution.go_on(liked)
        evolution.make()
        states.append(contents(tmp_path))
    assert len(states[3]) == 1 + 4 * 13
    for before in (2, 1, 0):
        evolution.like([3])
        evolution.undo()
        assert contents(tmp_path) == states[before]
    with pytest.raises(UsageError, match="nothing to undo"):
        evolution.undo()
    evolution.go_on([2, 5])
    assert evolution.folder.history.read_bytes() == states[1]["evolution.json"]


def test_a_run_that_is_killed_at_any_file_is_gone_on_with(tmp_path: Path) -> None:
    whole = begun(_made(tmp_path, "whole"))
    whole.make()
    whole.go_on([4, 1])
    whole.make()
    names = set(contents(whole.folder.path))
    for fails_at in (1, 4, 6):
        path = _made(tmp_path, f"killed-{fails_at}")
        evolution = begun(path)
        evolution.make()
        evolution.go_on([4, 1])
        assert isinstance(evolution.maker, Silent)
        evolution.maker.fails_at = 6 + fails_at
        with pytest.raises(KeyboardInterrupt):
            evolution.make()
        (path / ".generation-2-3.123.wav").write_text("half")
        again = opened(path)
        with again.folder.held():
            assert len(again.missing()) == SIZE - fails_at + 1
            again.make()
        assert set(contents(path)) == names
        assert again.history == whole.history


def _made(above: Path, name: str) -> Path:
    path = above / name
    path.mkdir()
    return path


def test_generations_that_were_left_before_they_were_made_are_made_after_the_present_one(tmp_path: Path) -> None:
    evolution = begun(tmp_path)
    evolution.make(stopped=lambda: len(evolution.missing()) == 3)
    assert evolution.missing() == [4, 5, 6]
    evolution.go_on([1, 2])
    assert evolution.to_make() == [*((2, number) for number in range(1, 7)), (1, 4), (1, 5), (1, 6)]
    evolution.make()
    assert len(contents(tmp_path)) == 1 + 2 * 13
    assert evolution.to_make() == []


def test_what_an_undone_generation_left_is_never_taken_for_that_of_another(tmp_path: Path) -> None:
    evolution = begun(tmp_path)
    evolution.make()
    evolution.go_on([1, 2])
    evolution.make()
    before = (tmp_path / "generation-2-2.mid").read_text()
    (tmp_path / "generation-3-1.wav").write_text("stale")
    (tmp_path / "generation-mine.wav").write_text("mine")
    evolution.undo()
    evolution.go_on([3, 4])
    evolution.make()
    assert (tmp_path / "generation-2-2.mid").read_text() != before
    assert not (tmp_path / "generation-3-1.wav").exists()
    assert (tmp_path / "generation-mine.wav").exists()


def test_links_and_files_that_are_far_too_large_are_made_anew_and_nothing_elsewhere_is_touched(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_text("mine")
    evolution = begun(_made(tmp_path, "e"))
    evolution.make()
    before = contents(evolution.folder.path)
    link, large = evolution.files(2)[1], evolution.files(3)[1]
    link.unlink()
    link.symlink_to(outside)
    with large.open("r+b") as file:
        file.truncate(2**30)
    assert evolution.missing() == [2, 3]
    opened(evolution.folder.path).make()
    assert not link.is_symlink()
    assert outside.read_text() == "mine"
    assert contents(evolution.folder.path).keys() == before.keys()
    assert large.stat().st_size < 2**20


def test_two_runs_do_not_work_in_one_folder_and_other_things_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for path, told in ((tmp_path / "file", "no folder"), (tmp_path, "other things"), (tmp_path / "a" / "b", "make it")):
        with pytest.raises(UsageError, match=told), EvolutionFolder(path).held():
            pass
    assert contents(tmp_path) == {"file": b"x"}
    folder = EvolutionFolder(tmp_path / "new")
    with folder.held(), pytest.raises(UsageError, match="another"), folder.held():
        pass
    with folder.held():
        pass


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text[:-20],
        lambda text: text.replace("lives_on", "lives"),
        lambda text: text.replace('"point": [', '"point": ["x", ', 1),
        lambda text: text.replace('"point": [', '"point": [1e999, ', 1),
        lambda text: text.replace('"point": [', '"point": [1.0, ', 1),
        lambda text: text.replace('"kind": "n"', '"kind": "\\u001b[31m"', 1),
        lambda text: text.replace('"came_from": []', '"came_from": [7]'),
        lambda text: text.replace('"what": "tunes"', '"what": "../../etc"'),
        lambda text: text.replace('"seed": 4', '"seed": -1'),
        lambda text: text.replace('"seed": 4', '"seed": true'),
        lambda text: text.replace("evolution 1", "evolution 2"),
        lambda text: text.replace('"generations": [', '"generations": [], "x": ['),
        lambda _: "[" * 100_000,
        lambda _: "",
        lambda _: "null",
    ],
)
def test_a_damaged_or_hostile_history_is_refused_in_a_line(tmp_path: Path, damage: Any) -> None:
    path = begun(tmp_path).folder.history
    text = path.read_text()
    assert damage(text) != text
    path.write_text(damage(text))
    with pytest.raises(EvolutionError, match="damaged") as error:
        read_history(path)
    assert "\n" not in str(error.value)
    assert "\x1b" not in str(error.value)
    assert len(str(error.value)) < 500 + len(str(path))


def test_a_history_that_is_too_large_or_a_link_is_refused(tmp_path: Path) -> None:
    path = begun(tmp_path).folder.history
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(EvolutionError, match="no file"):
        read_history(path)
    path.unlink()
    with path.open("wb") as file:
        file.truncate(2**31)
    with pytest.raises(EvolutionError, match="larger"):
        read_history(path)


@pytest.mark.parametrize("liked", [[0], [7], [2, 2]])
def test_numbers_that_nobody_has_are_refused_and_nothing_changes(tmp_path: Path, liked: list[int]) -> None:
    evolution = begun(tmp_path)
    before = contents(tmp_path)
    with pytest.raises(UsageError):
        evolution.go_on(liked)
    assert contents(tmp_path) == before


class Heard(Hearing):
    """Plays on nothing."""

    def _open(self) -> None:
        pass


def test_the_keys_play_like_go_on_undo_and_save(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    evolution, hearing = begun(tmp_path), Heard()
    keys = Keys(evolution, hearing)
    keys.press(" ")
    keys.begin()
    keys._making.join()  # type: ignore[union-attr]
    for key in ("2", " ", "5", " ", "3", " ", " "):
        keys.press(key)
    assert read_history(evolution.folder.history).now.liked == (2, 5)
    assert keys.line() == "generation 1: 1 2* [3] 4 5* 6"
    loud = read_audio(evolution.files(3)[1]).samples[0, -1]
    assert hearing.next_block()[0, -1] == pytest.approx(loud, abs=1e-6)
    keys.press("\n")
    assert evolution.history.number == 2
    assert evolution.history.now.came_from == (2, 5)
    assert not hearing.next_block()[:, 480:].any()
    keys.press("s")
    keys.press("u")
    assert evolution.history.number == 1
    assert evolution.history.now.liked == (2, 5)
    keys.press("u")
    keys.press("s")
    keys.press("q")
    keys.stop()
    assert keys.ended
    told = capsys.readouterr().err
    for said in ("hear one first", "nothing to undo", "number 2 of an evolution with seed 4"):
        assert said in " ".join(told.split())


def test_a_sound_takes_the_place_of_another_without_a_click(tmp_path: Path) -> None:
    for name, level in (("a", 0.5), ("b", 0.0)):
        write_audio(tmp_path / f"{name}.wav", Audio(np.full((1, 48_000), level, np.float32)))
    hearing = Heard()
    hearing.play(tmp_path / "a.wav")
    assert np.allclose(hearing.next_block(), 0.5, atol=1e-4)
    hearing.play(tmp_path / "b.wav")
    after = hearing.next_block()
    assert after.shape == (2, BLOCK_SAMPLES)
    assert np.abs(np.diff(after[0], prepend=0.5)).max() < 0.5 / 400
    with pytest.raises(NsynthLabError):
        hearing.play(tmp_path / "no.wav")


def test_what_is_written_down_says_who_came_from_whom(tmp_path: Path) -> None:
    evolution = begun(tmp_path)
    evolution.go_on([6, 3])
    about = json.loads(json.dumps(evolution.about()))
    rows = about["members"]
    assert [row["descent"] for row in rows][::5] == ["6 lives on", "new"]
    assert all(set(row["parents"]) == {3, 6} for row in rows[1:5])
    assert about["came_from"] == [6, 3]


@pytest.fixture(scope="module")
def two_bars(model_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """(an evolution of tunes with one generation, the checkpoint that it was begun with)."""
    checkpoint = tmp_path_factory.mktemp("evolving") / "model"
    shutil.copytree(model_folder, checkpoint)
    shutil.copy(default_checkpoint() / MELODY, checkpoint)
    folder = checkpoint.parent / "tunes"
    name = sorted(known_names(checkpoint))[0]
    assert run(["evolve", str(folder), "--tunes", name, "--bars", "2", "--checkpoint", str(checkpoint)]) == 0
    return folder, checkpoint


def test_tunes_evolve_without_a_terminal(
    two_bars: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    began, checkpoint = two_bars
    folder = tmp_path / "tunes"
    shutil.copytree(began, folder)

    def evolved(*words: str) -> dict[str, Any]:
        assert run(["evolve", str(folder), *words, "--checkpoint", str(checkpoint), "--json"]) == 0
        found: dict[str, Any] = json.loads(capsys.readouterr().out)
        return found

    before = contents(folder)
    about = evolved("--like", "3,1")
    assert (about["generation"], about["came_from"]) == (2, [3, 1])
    for row in about["members"]:
        file, sound = map(Path, row["files"])
        assert read_tune(file).tune.notes == row["notes"]
        heard = read_audio(sound)
        assert heard.samples.shape[1] > 3.9 * heard.sample_rate
        assert np.abs(heard.samples).max() > 0.01
    living, its_sound = map(Path, about["members"][0]["files"])
    assert read_tune(living).tune.bars == read_tune(folder / "generation-1-3.mid").tune.bars
    assert np.array_equal(read_audio(its_sound).samples, read_audio(folder / "generation-1-3.wav").samples)
    assert Path(about["picture"]).read_bytes().startswith(b"\x89PNG")
    saved = evolved("--save", "2", "--name", "Mine", "-o", str(tmp_path / "mine.abc"))
    mine = read_tune(Path(saved["saved"])).tune
    assert mine.title == "Mine"
    assert "from " in mine.text("S")
    assert "seed 0" in mine.text("S")
    beside = Path(evolved("--save", "2")["saved"])
    assert read_tune(beside).tune.bars == mine.bars
    evolved("--undo")
    assert contents(folder) == {**before, beside.name: beside.read_bytes()}


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["--like", "2", "--undo"], 2, "one step at a time"),
        (["--like", "7"], 2, "number 7"),
        (["--like", "x"], 2, "such as 2,5"),
        (["--like", ","], 2, "such as 2,5"),
        (["--presets"], 2, "an evolution of tunes"),
        (["--tunes", "--presets"], 2, "breeds only one kind; choose one of them"),
        (["--bars", "8"], 2, "began with bars '2'"),
        (["--seed", "3"], 2, "began with seed 0"),
        (["--undo"], 2, "nothing to undo"),
        (["--save", "1", "-o", "x.wav"], 2, "unknown ending"),
        (["--name", "x"], 2, "goes with --save"),
    ],
)
def test_a_step_that_cannot_be_taken_is_refused_and_nothing_changes(
    two_bars: tuple[Path, Path], capsys: pytest.CaptureFixture[str], words: list[str], code: int, told: str
) -> None:
    folder, checkpoint = two_bars
    before = contents(folder)
    assert run(["evolve", str(folder), *words, "--checkpoint", str(checkpoint)]) == code
    line = capsys.readouterr().err.strip().splitlines()[-1]
    assert told in line
    assert contents(folder) == before


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('"point": [', '"point": [0.5, '),
        ('"kind": ""', '"kind": "x"'),
        ('"bars": "2"', '"bars": "4"'),
        ('"bars": "2"', '"bar": "2"'),
        ('"bars": "2"', '"bars": "9999999"'),
        ('"metre": "4/4"', '"metre": "none"'),
        ('"metre": "4/4"', '"metre": "7/8"'),
        ('"names": "[', '"names": "[\\"/etc/passwd\\", '),
    ],
)
def test_a_folder_whose_history_does_not_fit_is_refused(
    two_bars: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str], before: str, after: str
) -> None:
    folder, checkpoint = two_bars
    text = (folder / "evolution.json").read_text()
    assert before in text
    (tmp_path / "evolution.json").write_text(text.replace(before, after))
    assert run(["evolve", str(tmp_path), "--like", "1", "--checkpoint", str(checkpoint)]) in (1, 2)
    told = capsys.readouterr().err
    assert "Traceback" not in told
    assert "defect" not in told
    assert set(contents(tmp_path)) == {"evolution.json"}


def test_nothing_goes_on_where_nothing_has_begun(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["--like", "1"], []):
        assert run(["evolve", str(tmp_path / "new"), *words]) == 2
        assert "say what is to" in capsys.readouterr().err
    assert not list(tmp_path.iterdir()), "an empty folder is not left behind"


def test_a_preset_is_kept_among_the_users_own_at_the_level_of_the_others(
    two_bars: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NSYNTH_LAB_HOME", str(tmp_path / "home"))
    session = Session(two_bars[1], device="cpu")
    maker = PresetMaker(PresetSpace(session.ranges()), session)
    member = first_generation(maker.space, seed=1)[0]
    maker.write(member, tmp_path / "x.toml", tmp_path / "x.wav", title="x", comment="")
    assert programme_loudness(read_audio(tmp_path / "x.wav").samples) == pytest.approx(TARGET_LUFS, abs=WITHIN_LU)
    path = maker.save(member, "Bred", "from 2 and 5", output=None, force=False)
    patch = find_preset("Bred")
    assert path.parent == tmp_path / "home" / "presets"
    assert patch.description == "from 2 and 5"
    assert patch.blend == read_preset(tmp_path / "x.toml").blend
    assert patch.level_db == read_preset(tmp_path / "x.toml").level_db


@pytest.fixture(scope="module")
def reeds() -> Families:
    """The families of the four reeds of the default bank that are read fastest, and no others."""
    bank = load_bank(default_checkpoint())
    names = [name for name, entry in bank.entries.items() if entry.instrument.family == "reed"]
    return Families(bank, sorted(names, key=lambda name: len(bank.entries[name].zones))[:4])


def test_instruments_keep_within_their_family_and_are_made_of_its_members(reeds: Families) -> None:
    space = InstrumentSpace(reeds, "reed")
    members = first_generation(space, seed=2)
    for number in (2, 3, 4):
        members = next_generation(space, members, [1, 2, 3], number=number, seed=2)
        for member in members:
            candidate = space.candidate(member.point, member.kind)
            assert set(candidate.parents) <= set(reeds.members["reed"])
            assert sum(candidate.weights) == pytest.approx(1.0)
            assert space.knows(member.kind)
            assert np.abs(member.point).max() <= 2.0
            low, high = key_range(reeds.bank, candidate.parents)
            assert high - low >= 8 or len(candidate.parents) == 1


def test_a_newcomer_is_what_imagine_draws(reeds: Families) -> None:
    space = InstrumentSpace(reeds, "reed")
    drawn = draw(reeds, "reed", reeds.spread("reed"), np.random.default_rng(8))
    point, kind = space.newcomers(np.random.default_rng(8), 1)[0]
    made = space.candidate(tuple(point), kind)
    assert made.parents == drawn.parents
    assert np.allclose(made.weights, drawn.weights, atol=0.01)
    assert np.allclose(made.offset, drawn.offset, atol=1e-6)
    assert np.allclose(astuple(made.controls), astuple(drawn.controls))


def test_a_child_has_the_parents_of_both_as_it_lies_between_them(reeds: Families) -> None:
    space = InstrumentSpace(reeds, "reed")
    bank = reeds.bank
    names = [name for name in bank.entries if bank.entries[name].instrument.family == "reed"]
    one, two = ("oboe", "bassoon") if {"oboe", "bassoon"} <= set(names) else names[:2]
    first, second = (json.dumps([[name, 1.0]]) for name in (one, two))
    assert json.loads(space.inherited(first, second, 0.25)) == [[one, 0.75], [two, 0.25]]
    assert space.inherited(first, second, -0.2) == first
    assert space.inherited(first, second, 1.2) == second


@pytest.mark.parametrize(
    "kind", ["", "x", "[]", "[[1, 1]]", '[["oboe", -1]]', '[["oboe"]]', '[["/etc/passwd", 1]]', "[" * 9000, "{}", "3"]
)
def test_parents_that_are_none_are_not_known(reeds: Families, kind: str) -> None:
    assert not InstrumentSpace(reeds, "reed").knows(kind)


def test_what_is_not_recognised_is_drawn_again_as_often_as_stated(reeds: Families) -> None:
    asked = list[bool]()

    def never(_: object) -> bool:
        asked.append(False)
        return False

    members = first_generation(InstrumentSpace(reeds, "reed", (), never), seed=0)
    assert len(members) == SIZE
    assert len(asked) == SIZE * (TRIES - 1)
    only = InstrumentSpace(reeds, "reed", (), lambda candidate: candidate.offset[0] > 0)
    children = next_generation(only, members, [1, 2], number=2, seed=0)[1:]
    assert sum(only.candidate(one.point, one.kind).offset[0] > 0 for one in children) >= 4


def test_an_instrument_is_kept_in_the_bank_with_parents_seed_and_licence(
    reeds: Families, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NSYNTH_LAB_HOME", str(tmp_path))
    space = InstrumentSpace(reeds, "reed")
    member = first_generation(space, seed=2)[0]
    maker = InstrumentMaker(space, Session(device="cpu"))
    path = maker.save(member, "bred reed", "new; seed 2", output=None, force=False)
    kept = find_user_instrument("bred reed")
    candidate = space.candidate(member.point, member.kind)
    assert kept.path == path
    assert kept.entry.instrument.family == "reed"
    assert all(reeds.bank.find(name).licence in kept.entry.licence for name in candidate.parents)
    assert kept.capture["recipe"]["origin"] == "new; seed 2"
    assert kept.capture["recipe"]["parents"] == list(candidate.parents)
    zones = [kept.bank.zones[place] for place in kept.entry.zones]
    assert np.allclose(zones[0].timbre, zones_of(reeds.bank, candidate)[0].timbre, atol=0.02)
    with pytest.raises(UsageError):
        maker.save(member, "bred reed", "", output=None, force=False)
    with pytest.raises(UsageError, match="already"):
        maker.save(member, candidate.parents[0], "", output=None, force=False)
    exported = maker.save(member, "other", "", output=tmp_path / "x.safetensors", force=False)
    assert import_file(exported, force=False).name == "other"
