"""`import nsynth_lab as nl`: in Python one gets what the command line writes, sample by sample."""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import mido
import numpy as np
import pytest
from test_train import pluck

import nsynth_lab as nl
from nsynth_lab import errors
from nsynth_lab.audio import read_audio, write_audio
from nsynth_lab.cli import run
from nsynth_lab.units import FloatArray

MESSAGES: list[tuple[bool, int, int]] = [(True, 69, 0), (False, 69, 240), (True, 57, 0), (False, 57, 120)]


@pytest.fixture(scope="module")
def model(model_folder: Path) -> nl.Model:
    return nl.load(model_folder)


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test in its own folder, with a recording and a song in it."""
    monkeypatch.chdir(tmp_path)
    write_audio("pluck.wav", pluck(72, seconds=0.4))
    write_song("song.mid")


def write_song(path: str, channel: int = 0) -> None:
    kinds = {True: "note_on", False: "note_off"}
    track = [mido.Message(kinds[on], note=note, time=ticks, channel=channel) for on, note, ticks in MESSAGES]
    song = mido.MidiFile(ticks_per_beat=480)
    song.tracks.append(mido.MidiTrack(track))
    song.save(path)


def written(model: nl.Model, *words: str) -> FloatArray:
    """What a command writes, as floating point: nothing is rounded."""
    line = [*words, "-o", "command.wav", "--bits", "32f", "--checkpoint", str(model.checkpoint), "--force"]
    assert run(line) == 0
    return read_audio("command.wav").samples


def test_a_blend_is_that_of_the_command_line(model: nl.Model) -> None:
    sound = model.blend("flute", "cello", position=0.3, note="C5", seconds=0.3, velocity=80)
    line = ("blend", "flute", "cello", "--position", "0.3", "--note", "C5", "--duration", "0.3", "--velocity", "80")
    assert np.array_equal(sound.samples, written(model, *line))
    assert sound.samples.dtype == np.float32
    assert (sound.samples.shape, sound.sample_rate) == ((1, 14_400), 48_000)
    assert sound.peak > 0.01


def test_places_in_numbers_are_those_in_text(model: nl.Model) -> None:
    corner = model.blend("flute", "cello", "piano", position=(0.2, 0.7), path="spherical", note=60, seconds=0.2)
    line = ("--note", "60", "--duration", "0.2")
    place = ("--position", "0.2,0.7", "--path", "spherical")
    assert np.array_equal(corner.samples, written(model, "blend", "flute", "cello", "piano", *place, *line))
    shares = model.blend("flute", "cello", weights=np.array([3.0, 1.0]), timbre=0.9, note=60, seconds=0.2)
    place = ("--weights", "3,1", "--timbre", "0.9")
    assert np.array_equal(shares.samples, written(model, "blend", "flute", "cello", *place, *line))
    morph = model.blend("flute", "cello", curve=[(0, 0), (0.15, 1)], note=60, seconds=0.2)
    assert np.array_equal(morph.samples, written(model, "blend", "flute", "cello", "--curve", "0:0,0.15:1", *line))


def test_a_blend_is_its_latents_decoded(model: nl.Model) -> None:
    asked: dict[str, Any] = {"position": 0.6, "note": "E4", "seconds": 0.5}
    latents = model.latents("flute", "piano", **asked)
    assert (latents.note, latents.frames) == (64, 47), "0.5 s are 46.9 frames"
    sound, decoded = model.blend("flute", "piano", **asked), model.decode(latents)
    until_the_fade = 24_000 - 480
    assert np.array_equal(sound.samples[:, :until_the_fade], decoded.samples[:, :until_the_fade])


def test_a_recording_is_encoded_and_decoded_as_by_the_command_line(model: nl.Model) -> None:
    latents = model.encode("pluck.wav", note="C5", velocity=90, rounds=2)
    line = ("encode", "pluck.wav", "--source-note", "C5", "--source-velocity", "90", "--rounds", "2")
    assert run([*line, "-o", "command.latents", "--checkpoint", str(model.checkpoint)]) == 0
    same = nl.read_latents("command.latents")
    for stream in ("timbre", "loudness_db", "f0_cents", "partials"):
        assert np.array_equal(getattr(latents, stream), getattr(same, stream)), stream
    assert (latents.note, latents.velocity, latents.model_id) == (same.note, same.velocity, same.model_id)
    assert latents.save("mine.latents") == Path("mine.latents")
    high = written(model, "decode", "mine.latents", "--note", "A4", "--duration", "0.7")
    assert np.array_equal(model.decode(latents, note="A4", seconds=0.7).samples, high)
    assert np.array_equal(model.decode("mine.latents").samples, model.decode(latents).samples)


def test_an_array_with_its_rate_is_a_recording(model: nl.Model) -> None:
    """Halved, and at another rate: a file of these samples and the array give the same latents."""
    samples = pluck(72, seconds=0.4, sample_rate=32_000).samples[0] / 2
    write_audio("half.wav", nl.Sound(samples, 32_000), subtype="FLOAT")
    from_file, from_array = (model.encode(one, rounds=1) for one in ("half.wav", nl.Sound(samples, 32_000)))
    assert from_array.note == 72, "measured"
    assert np.array_equal(from_file.timbre, from_array.timbre)
    assert np.array_equal(from_file.loudness_db, from_array.loudness_db)
    refined = model.encode(nl.Sound(samples, 32_000), rounds=1, refine_seconds=0.1)
    assert refined.frames == from_array.frames


def test_a_source_is_a_name_a_path_latents_or_an_array(model: nl.Model) -> None:
    """Each way of giving the same recording gives the same blend, in a song too."""
    write_audio("pluck.wav", pluck(72, seconds=0.4), subtype="FLOAT", force=True)
    ways: list[nl.Latents | nl.Sound | Path | str] = [
        "pluck.wav",
        Path("pluck.wav"),
        model.encode("pluck.wav"),
        model.encode("pluck.wav").save("pluck.latents"),
        nl.Sound(pluck(72, seconds=0.4).samples, 48_000),
    ]
    blends = [model.blend(way, "cello", seconds=0.2).samples for way in ways]
    songs = [model.render("song.mid", way, "cello").samples for way in ways]
    for blend, song in zip(blends, songs, strict=True):
        assert np.array_equal(blend, blends[0])
        assert np.array_equal(song, songs[0])
    assert not np.array_equal(blends[0], model.blend("flute", "cello", seconds=0.2).samples)


def test_a_path_is_a_file_even_where_an_instrument_is_called_so(model: nl.Model) -> None:
    Path("pluck.wav").rename("flute")
    assert not np.array_equal(
        model.blend(Path("flute"), seconds=0.2).samples, model.blend("flute", seconds=0.2).samples
    )


def test_a_song_is_that_of_the_command_line(model: nl.Model) -> None:
    sound = model.render(
        "song.mid", "flute", "cello", position=0.3, parts={2: "piano"}, settings={"release_seconds": 0.2}, a4_hz=432
    )
    line = ("--position", "0.3", "--part", "2=piano", "--set", "release_seconds=0.2", "--a4", "432")
    assert np.array_equal(sound.samples, written(model, "render", "song.mid", "flute", "cello", *line))
    assert sound.samples.shape[0] == 2
    assert sound.seconds > 0.375, "three eighths of a second, and the tail"
    assert sound.peak > 0.01


def test_channels_have_parts_and_percussion_is_left_out_with_a_warning(
    model: nl.Model, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    write_song("drums.mid", channel=9)
    with pytest.raises(errors.MidiError, match="add midi_channels 10 to"):
        model.render("drums.mid", "flute")
    drums = model.render("drums.mid", "flute", midi_channels=[10])
    assert np.array_equal(drums.samples, model.render("song.mid", "flute").samples)
    own = model.render("drums.mid", "flute", parts={"9-10": ["cello", "piano"]})
    assert np.array_equal(own.samples, model.render("song.mid", "cello", "piano").samples)
    both = mido.MidiFile("song.mid")
    both.tracks += mido.MidiFile("drums.mid").tracks
    both.save("both.mid")
    with caplog.at_level(logging.WARNING, "nsynth_lab"):
        model.render("both.mid", "flute")
    assert any(line.startswith("left out: channel 10") for line in caplog.messages)
    assert capsys.readouterr().out == "", "otherwise nothing is said"


def test_a_preset_plays_a_note_and_a_song(model: nl.Model) -> None:
    line = ("new", "Two", "flute", "cello", "-o", "two.toml", "--checkpoint", str(model.checkpoint))
    assert run(["preset", *line]) == 0
    note = model.blend(preset="two.toml", note="C4", seconds=0.4, position=0.2)
    line = ("--preset", "two.toml", "--note", "C4", "--duration", "0.4", "--position", "0.2")
    assert np.array_equal(note.samples, written(model, "blend", *line))
    assert note.samples.shape == (2, 19_200)
    song = model.render("song.mid", preset="two.toml")
    assert np.array_equal(song.samples, written(model, "render", "song.mid", "--preset", "two.toml"))
    assert "glass-cello" in model.presets()


def test_the_same_seed_gives_the_same_sound_and_another_one_another(model: nl.Model) -> None:
    first, again, other = (nl.load(model.checkpoint, seed=seed).blend("flute", seconds=0.2) for seed in (1, 1, 2))
    assert np.array_equal(first.samples, again.samples)
    assert not np.array_equal(first.samples, other.samples)


def test_instruments_are_listed_and_described(model: nl.Model) -> None:
    assert model.instruments() == ["flute", "cello", "piano"]
    told = model.describe("Cello")
    assert (told["name"], told["family"], told["licence"]) == ("cello", "string", "CC0-1.0")
    assert (told["lowest"], told["highest"], told["velocities"]) == ("A4", "A4", [90])


Wrong = Callable[[nl.Model], object]


@pytest.mark.parametrize(
    ("wrong", "kind", "says"),
    [
        (lambda model: model.blend("fluxe"), errors.UsageError, "did you mean flute"),
        (lambda model: model.blend(), errors.UsageError, "0 sources"),
        (lambda model: model.blend(np.zeros(9)), errors.UsageError, r"ndarray; .*Sound\(samples, sample_rate\)"),
        (lambda model: model.blend("flute", "cello", position=2), errors.UsageError, "outside 0 to 1"),
        (lambda model: model.blend("flute", "cello", position=None, weights=["x", 1]), errors.UsageError, "weights"),
        (lambda model: model.blend("flute", "cello", curve=[1, 2]), errors.UsageError, r"\(second, position\)"),
        (lambda model: model.blend("flute", note="H4"), errors.UsageError, "'H4' is not a note"),
        (lambda model: model.blend("flute", note=60.5), errors.UsageError, "'60.5' is not a note"),
        (lambda model: model.blend("flute", seconds=0), errors.UsageError, "0.05 to 600"),
        (lambda model: model.blend("flute", preset="glass-cello"), errors.UsageError, "a preset says what is blended"),
        (lambda model: model.blend(preset="glas-cello"), errors.UsageError, "did you mean glass-cello"),
        (lambda model: model.encode("none.wav"), errors.AudioError, "no such file"),
        (lambda model: model.encode("pluck.wav", rounds=-1), errors.UsageError, "0 to 1000"),
        (lambda model: model.encode(nl.Sound(np.zeros(48_000), 48_000)), errors.AudioError, "the recording: silent"),
        (lambda model: model.encode(nl.Sound(np.full(9_999, np.nan), 48_000)), errors.AudioError, "NaN"),
        (lambda model: model.decode("none.latents"), errors.LatentsError, "no such file"),
        (lambda model: model.decode(other_model(model)), errors.LatentsError, "model"),
        (lambda model: model.blend(other_model(model)), errors.LatentsError, "latents: made by model other"),
        (lambda model: model.render("none.mid", "flute"), errors.MidiError, "no such file"),
        (lambda model: model.render("song.mid"), errors.UsageError, "one of the two"),
        (lambda model: model.render("song.mid", "flute", parts={0: "cello"}), errors.UsageError, "from 1 to 16"),
        (lambda model: model.render("song.mid", "flute", settings={"x": 9}), errors.UsageError, "expected"),
        (lambda _: nl.load("nowhere"), errors.CheckpointError, "no such file"),
        (lambda model: nl.load(model.checkpoint, compute="gpu"), errors.UsageError, "auto, cpu or cuda"),
        (lambda model: nl.load(model.checkpoint, seed=-1), errors.UsageError, "seed -1"),
    ],
)
def test_what_is_wrong_is_told_in_one_line(
    model: nl.Model, wrong: Wrong, kind: type[nl.NsynthLabError], says: str
) -> None:
    with pytest.raises(kind, match=says) as caught:
        wrong(model)
    assert "\n" not in str(caught.value)


def other_model(model: nl.Model) -> nl.Latents:
    return replace(model.latents("flute", seconds=0.2), model_id="other")


def test_errors_name_the_arguments_of_python(model: nl.Model) -> None:
    latents = model.latents("flute", seconds=0.2)
    ways = {"a.latents": latents.save, "a.wav": model.decode(latents).save, "a.png": nl.Picture(b"").save}
    for path, save in ways.items():
        Path(path).touch()
        with pytest.raises(errors.UsageError, match="exists already; add force=True to replace it"):
            save(path)
        assert save(path, force=True) == Path(path)
    with pytest.raises(errors.UsageError, match="give scale too"):
        model.render("song.mid", "flute", keymap="keys.kbm")


def test_a_song_of_hours_is_refused_before_it_is_played(model: nl.Model) -> None:
    song = mido.MidiFile(ticks_per_beat=480)
    messages = [mido.Message("note_on", note=69, time=0), mido.Message("note_off", note=69, time=480 * 2 * 3_700)]
    song.tracks.append(mido.MidiTrack(messages))
    song.save("long.mid")
    with pytest.raises(errors.UsageError, match="62 minutes; expected an hour at most"):
        model.render("long.mid", "flute")


def test_importing_it_imports_next_to_nothing_and_names_come_when_they_are_asked_for() -> None:
    script = """
import sys
before = set(sys.modules)
import nsynth_lab as nl
own = {name for name in set(sys.modules) - before if not name.startswith("nsynth_lab")}
assert set(sys.modules) & {"nsynth_lab.audio", "numpy", "typing", "dataclasses"} == set(), own
assert nl.__version__
nl.NsynthLabError
assert "numpy" not in sys.modules
[getattr(nl, name) for name in nl.__all__]
assert "torch" not in sys.modules and "numba" not in sys.modules
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_what_is_asked_of_the_bank_waits_neither_for_torch_nor_for_the_compiler(model: nl.Model) -> None:
    script = f"""
import sys
import nsynth_lab as nl
model = nl.load({str(model.checkpoint)!r})
assert model.describe("flute") and model.presets() and len(model.instruments()) == 3
assert model.latents("flute", "cello", seconds=0.2).frames == 19
assert "torch" not in sys.modules and "numba" not in sys.modules
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_only_public_names_are_shown_and_each_has_its_page() -> None:
    assert dir(nl) == sorted([*nl.__all__, "__version__"])
    with pytest.raises(AttributeError, match="no attribute 'blnd'"):
        nl.blnd  # type: ignore[attr-defined]  # noqa: B018
    for name in nl.__all__:
        page = getattr(nl, name)
        assert page.__doc__, name
        members = {} if not isinstance(page, type) or issubclass(page, Exception) else vars(page)
        for member, value in members.items():
            if not member.startswith("_") and callable(value):
                assert value.__doc__, f"{name}.{member}"


def test_help_begins_with_what_a_notebook_needs() -> None:
    script = "import nsynth_lab as nl; help(nl); help(nl.Model.blend)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    page = done.stdout
    places = [page.index(words) for words in ("model = nl.load()", "class Model", "class Sound", "load(checkpoint")]
    assert places == sorted(places)
    assert "MIDI velocity, 1 to 127" in page[places[-1] :]
