"""`blend`, `pack` and `render` of one to eight sources, by position or weights, straight or spherical."""

from __future__ import annotations

import json
from pathlib import Path

import mido
import numpy as np
import pytest
from pack_model import write_model

from nsynth_lab.audio import read_audio
from nsynth_lab.blend.modulation import weights_of
from nsynth_lab.cli import run
from nsynth_lab.cli.recipes import read_recipe
from nsynth_lab.note import Note
from nsynth_lab.pack.parse import from_dict, parse_pack
from nsynth_lab.patch import Patch, blend_of, read_preset, write_preset
from nsynth_lab.render import BlendRequest, Session
from nsynth_lab.units import FloatArray

NAMES = ("flute", "cello", "piano", "flute", "cello", "piano", "flute", "cello")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model(tmp_path_factory.mktemp("model"))


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NSYNTH_LAB_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)


def sound(model: Path, *words: str) -> FloatArray:
    assert run(["blend", *words, "--duration", "0.3", "-o", "out.wav", "--force", "--checkpoint", str(model)]) == 0
    return read_audio("out.wav").mono()


def test_all_weight_on_one_source_is_that_source_alone_whichever_way_it_is_put(model: Path) -> None:
    alone = sound(model, "cello")
    ways = [
        ["flute", "cello", "--position", "1"],
        ["flute", "cello", "--weights", "0,1"],
        ["flute", "cello", "piano", "--position", "1,0"],
        ["flute", "cello", "piano", "--weights", "0,5,0", "--path", "spherical"],
        [*NAMES, "--weights", "0,1,0,0,0,0,0,0", "--path", "spherical"],
    ]
    for way in ways:
        assert np.array_equal(sound(model, *way), alone), way


def test_weights_and_a_position_that_mean_the_same_sound_the_same(model: Path) -> None:
    names = ["flute", "cello", "piano"]
    assert sound(model, *names, "--weights", "4,4,2") == pytest.approx(sound(model, *names, "--position", "0.5,0.2"))
    twice = sound(model, "flute", "cello", "flute", "cello", "flute", "--weights", "1,1,1,1,0")
    assert twice == pytest.approx(sound(model, "flute", "cello"), abs=1e-4), "a source named twice weighs both weights"


def test_a_recipe_makes_a_spherical_blend_of_five_again(model: Path) -> None:
    first = sound(model, *NAMES[:5], "--weights", "1,2,3,4,5", "--path", "spherical")
    assert read_recipe(Path("out.wav"))["path"] == "spherical"
    assert run(["recipe", "out.wav", "-o", "again.wav"]) == 0
    assert np.array_equal(read_audio("again.wav").mono(), first)


def test_the_length_of_the_timbre_lies_between_those_of_the_sources_on_a_spherical_path(model: Path) -> None:
    session, note = Session(model), Note(60)
    ends = [session.blend(BlendRequest(blend_of(NAMES[:2], position=at), note, 0.3)) for at in "01"]
    for path in ("linear", "spherical"):
        for at, end in zip("01", ends, strict=True):
            there = session.blend(BlendRequest(blend_of(NAMES[:2], position=at, interpolation=path), note, 0.3))
            assert np.array_equal(there.timbre, end.timbre)
    straight, round_ = (
        session.blend(BlendRequest(blend_of(NAMES[:2], interpolation=path), note, 0.3))
        for path in ("linear", "spherical")
    )
    lengths = [np.linalg.norm(one.timbre.astype(float), axis=1) for one in (straight, round_)]
    assert (lengths[1] >= lengths[0] - 1e-5).all(), "a straight mean is never longer"
    for stream in ("loudness_db", "f0_cents", "partials"):
        assert np.array_equal(getattr(straight, stream), getattr(round_, stream))


def song(path: Path) -> Path:
    file = mido.MidiFile(ticks_per_beat=480)
    file.tracks.append(
        mido.MidiTrack([mido.Message("note_on", note=60, time=0), mido.Message("note_off", note=60, time=240)])
    )
    file.save(path)
    return path


def test_a_song_is_played_by_one_to_eight(model: Path, tmp_path: Path) -> None:
    sounds = {}
    for count, words in ((1, ()), (3, ("--position", "0,0")), (5, ("--weights", "1,0,0,0,0")), (8, ())):
        out = tmp_path / f"{count}.wav"
        line = ["render", str(song(tmp_path / "song.mid")), *NAMES[:count], *words, "--path", "spherical"]
        assert run([*line, "-o", str(out), "--checkpoint", str(model)]) == 0
        sounds[count] = read_audio(out).samples
    for count in (3, 5):
        short = min(sounds[1].shape[1], sounds[count].shape[1])
        off = np.abs(sounds[count][:, :short] - sounds[1][:, :short]).max()
        assert off < 1e-4, f"with all weight on the first of {count} it is the first alone"
    assert sounds[8].shape[0] == 2
    assert np.abs(sounds[8]).max() > 0.01


def test_a_preset_of_weights_sounds_as_the_blend_does_and_comes_back_from_its_pack(model: Path) -> None:
    write_preset("five.toml", Patch("five", blend_of(NAMES[:5], weights="1,2,3,4,5", interpolation="spherical")))
    there = ["--preset", "five.toml", "--weights", "0,0,1,0,0"]
    alone = ["--preset", "one.toml"]
    write_preset("one.toml", Patch("one", blend_of(["piano"])))
    assert sound(model, *there) == pytest.approx(sound(model, *alone), abs=1e-4)
    request = parse_pack((), preset="five.toml", notes="C4", velocities="100")
    assert request.positions == ((1 / 15, 2 / 15, 3 / 15, 4 / 15, 5 / 15),)
    assert from_dict(json.loads(json.dumps(request.to_dict()))) == request


@pytest.mark.parametrize("count", range(1, 9))
def test_a_pack_of_so_many_comes_back_from_its_manifest(count: int) -> None:
    plain = parse_pack(NAMES[:count], notes="C4", velocities="100")
    assert len(plain.positions) == {1: 1, 2: 5, 3: 4, 4: 5}.get(count, 1)
    assert "path" not in plain.to_dict(), "manifests of linear packs are what they were"
    even = ",".join("1" * count)
    asked = parse_pack(NAMES[:count], notes="C4", velocities="100", weights=even, path="spherical")
    assert [sum(place) for place in asked.positions] == pytest.approx([{1: 0, 2: 0.5, 3: 0.5 + 1 / 3}.get(count, 1)])
    for request in (plain, asked):
        assert from_dict(json.loads(json.dumps(request.to_dict()))) == request


def test_a_pack_of_one_and_one_of_three_are_made(model: Path) -> None:
    usual = ["--notes", "C4", "--velocities", "100", "--duration", "0.3", "--no-loop", "--checkpoint", str(model)]
    assert run(["pack", "piano", *usual, "-o", "one"]) == 0
    (only,) = Path("one/Samples").rglob("*.wav")
    assert run(["pack", "flute", "piano", "cello", "--weights", "0,1,0;2,1,1", *usual, "-o", "three"]) == 0
    clips = sorted(Path("three/Samples").rglob("*.wav"))
    assert [clip.parent.name for clip in clips] == ["x033y025", "x100y000"]
    assert json.loads(Path("three/manifest.json").read_text())["recipe"]["positions"] == [[1.0, 0.0], [1 / 3, 0.25]]
    alone, corner = (read_audio(clip).mono() for clip in (only, clips[1]))
    level = np.sqrt(np.mean(alone**2))
    assert np.sqrt(np.mean(corner**2)) == pytest.approx(level, rel=0.05)
    assert run(["pack", "--resume", "-o", "three", "--checkpoint", str(model)]) == 0
    assert run(["pack", "--from", "three/manifest.json", "-o", "again", "--checkpoint", str(model)]) == 0
    assert np.array_equal(read_audio(clips[0]).mono(), read_audio(Path("again", *clips[0].parts[1:])).mono())


@pytest.mark.parametrize("count", [1, 3, 5])
def test_a_preset_begins_with_so_many_and_the_wheel_moves_it(count: int, model: Path) -> None:
    names = NAMES[:count]
    line = ["preset", "new", "begun", *names, "--path", "spherical", "-o", "begun.toml", "--checkpoint", str(model)]
    assert run(line) == 0
    patch = read_preset("begun.toml").with_macros_applied()
    assert (patch.blend.corners, patch.blend.interpolation) == (names, "spherical")
    assert weights_of(patch.blend, 2)["timbre"] == pytest.approx([1 / count] * count)
    assert patch.controlled(1, 127), "what the modulation wheel moves"
    assert run(["blend", "--preset", "begun.toml", "--duration", "0.3", "-o", "x.wav", "--checkpoint", str(model)]) == 0
