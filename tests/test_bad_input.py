"""What strangers do to the commands: one clear line, the right exit code, nothing left behind.

A tiny model with random weights is enough: what is asked here is how things fail, not how they sound.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch
from made_notes import flute
from safetensors import safe_open
from safetensors.torch import save_file
from tiny_model import tiny_checkpoint

from nsynth_lab.audio import read_audio
from nsynth_lab.capture.bank_builder import UNFINISHED_FOLDER
from nsynth_lab.cli import run
from nsynth_lab.dataset.notes import is_held_out, read_dataset
from nsynth_lab.latents import Latents, read_latents, write_latents
from nsynth_lab.model.bank import BANK
from nsynth_lab.model.checkpoint import load_checkpoint
from nsynth_lab.model.headers import KEY, WEIGHTS
from nsynth_lab.units import FloatArray

Refused = Callable[..., str]
Change = Callable[[dict[str, Any], dict[str, torch.Tensor]], object]

USAGE, FAILED, INTERRUPTED = 2, 1, 130
PROGRESS = re.compile(r"(decoding|measuring|encoding|evaluating|training|rendering|fitting): ")
BLEND = ("blend", "flute", "cello", "-o", "out.wav", "--duration", "0.3")
MODEL = ("--checkpoint", "model")
FONT = Path("/usr/share/sounds/sf2/FluidR3_GM.sf2")


def tone(*, seconds: float = 1.0, sample_rate: int = 48_000, hz: float = 440.0) -> FloatArray:
    at = np.arange(round(seconds * sample_rate)) / sample_rate
    ends = np.minimum(1.0, np.minimum(at / 0.02, (seconds - at) / 0.05))
    return np.asarray(0.3 * ends * (np.sin(2 * np.pi * hz * at) + 0.5 * np.sin(4 * np.pi * hz * at)), np.float32)


def write(path: str, samples: FloatArray, sample_rate: int = 48_000) -> None:
    soundfile.write(path, samples, sample_rate, subtype="FLOAT")


@pytest.fixture(scope="module")
def model_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny checkpoint with a flute and an organ called cello in its bank."""
    return tiny_checkpoint(tmp_path_factory.mktemp("model"))


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, model_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty folder to work in, with a link to the checkpoint."""
    monkeypatch.chdir(tmp_path)
    Path("model").mkdir()
    for name in (WEIGHTS, BANK):
        Path("model", name).write_bytes((model_folder / name).read_bytes())


def everything() -> dict[str, bytes]:
    """Every file of the folder, hidden ones too, and every folder."""
    return {str(path): path.read_bytes() if path.is_file() else b"" for path in Path().rglob("*")}


@pytest.fixture
def refused(capsys: pytest.CaptureFixture[str]) -> Refused:
    """Run a command that must fail with `code`; returns the one line it says, having changed nothing."""

    def refused(*words: str, code: int) -> str:
        before = everything()
        capsys.readouterr()
        assert run(words) == code
        told = capsys.readouterr()
        assert told.out == ""
        assert everything() == before
        return one_line(told.err)

    return refused


def one_line(told: str) -> str:
    """The line that a refusal consists of, progress aside."""
    lines = [line for line in told.splitlines() if not PROGRESS.match(line)]
    assert len(lines) == 1, told
    assert lines[0].startswith("error: ")
    assert "defect" not in lines[0]
    return lines[0]


def spoil(path: Path, change: Change) -> None:
    """Rewrite a safetensors file of ours with another header or other tensors."""
    with safe_open(str(path), framework="pt") as file:
        header = json.loads(file.metadata()[KEY])
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  (not a dict)
    change(header, tensors)
    save_file(tensors, str(path), {KEY: json.dumps(header)})


# --- sound files ---


def with_value(value: float) -> FloatArray:
    samples = tone()
    samples[1000] = value
    return samples


UNUSABLE: dict[str, tuple[FloatArray | bytes, str]] = {
    "empty": (b"", "the file is empty"),
    "text": (b"hello, this is text\n" * 50, "not a sound file"),
    "junk": (np.random.default_rng(0).bytes(9000), "not a sound file"),
    "short": (tone(seconds=0.01), "0.010 s long"),
    "silent": (np.zeros(48_000, np.float32), "silent throughout"),
    "nan": (with_value(np.nan), "NaN or infinite"),
    "infinite": (with_value(np.inf), "NaN or infinite"),
    "steady": (np.full(48_000, 0.5, np.float32), "silent throughout apart from a constant"),
}


@pytest.mark.parametrize("kind", UNUSABLE)
def test_a_recording_that_cannot_be_used(kind: str, refused: Refused) -> None:
    content, says = UNUSABLE[kind]
    if isinstance(content, bytes):
        Path("mine.wav").write_bytes(content)
    else:
        write("mine.wav", content)
    for words in (("blend", "mine.wav", "cello", "-o", "out.wav"), ("encode", "mine.wav", "-o", "out.latents")):
        said = refused(*words, *MODEL, code=FAILED)
        assert "mine.wav: " in said
        assert says in said


TONELESS = {
    "noise": (0.1 * np.random.default_rng(0).standard_normal(48_000)).astype(np.float32),
    "click": np.eye(1, 48_000, 100, dtype=np.float32)[0],
}


@pytest.mark.parametrize("note", ["C4", "none"])
@pytest.mark.parametrize("kind", TONELESS)
def test_a_sound_without_pitch_is_taken_with_a_note_and_without(kind: str, note: str) -> None:
    write("mine.wav", TONELESS[kind])
    assert run(["encode", "mine.wav", "--source-note", note, "-o", "mine.latents", *MODEL]) == 0
    assert run(["blend", "mine.latents", "cello", "-o", "out.wav", *MODEL]) == 0


@pytest.mark.parametrize(
    ("sample_rate", "channels", "gain"),
    [(8_000, 1, 1.0), (192_000, 1, 1.0), (48_000, 6, 1.0), (44_100, 2, 32_768.0), (48_000, 1, 1e30), (48_000, 1, 1e-3)],
)
def test_an_unusual_recording_works(sample_rate: int, channels: int, gain: float) -> None:
    samples = np.float32(gain) * tone(sample_rate=sample_rate)
    write("mine.wav", np.repeat(samples[:, None], channels, axis=1), sample_rate)
    assert run(["encode", "mine.wav", "-o", "mine.latents", *MODEL]) == 0
    assert read_latents("mine.latents").note == 69
    assert read_latents("mine.latents").seconds == pytest.approx(1.0, abs=0.03)
    assert run(["blend", "mine.wav", "cello", "-o", "out.wav", "--duration", "0.5", *MODEL]) == 0
    assert 1e-5 < read_audio("out.wav").peak < 1.0


@pytest.mark.patient
def test_of_an_hour_the_first_half_minute_is_used() -> None:
    with soundfile.SoundFile("hour.flac", "w", 8_000, 1) as file:
        file.write(tone(seconds=60, sample_rate=8_000))
        for _ in range(59):
            file.write(np.zeros(60 * 8_000, np.float32))
    tracemalloc.start()
    try:
        assert run(["encode", "hour.flac", "-o", "hour.latents", *MODEL]) == 0
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert read_latents("hour.latents").seconds == pytest.approx(30.0, abs=0.1)
    assert most < 400 * 2**20


# --- requests ---


REQUESTS: dict[str, tuple[tuple[str, ...], str]] = {
    "position 1.5": (("--position", "1.5"), "position 1.5 is outside 0 to 1"),
    "position nan": (("--position", "nan"), "outside 0 to 1"),
    "position inf": (("--position", "-inf"), "outside 0 to 1"),
    "position words": (("--position", "half"), "'half'"),
    "position empty": (("--position", ""), "expected a number"),
    "position of four": (("--position", "0.5,0.5"), "2 sources take one"),
    "position and steps": (("--position", "0.5", "--steps", "2"), "leave one of them out"),
    "position and curve": (("--position", "0.5", "--curve", "0:0,1:1"), "leave one of them out"),
    "timbre": (("--timbre", "1.5"), "1.5 is outside 0 to 1"),
    "loudness": (("--loudness", "nan"), "outside 0 to 1"),
    "partials": (("--partials", "-0.1"), "-0.1 is outside 0 to 1"),
    "note": (("--note", "H9"), "'H9' is not a note"),
    "note number": (("--note", "128"), "'128' is not a note"),
    "note empty": (("--note", ""), "not a note"),
    "velocity 0": (("--velocity", "0"), "velocity 0"),
    "velocity 128": (("--velocity", "128"), "velocity 128"),
    "duration 0": (("--duration", "0"), "0.05 to 600 s"),
    "duration negative": (("--duration", "-3"), "0.05 to 600 s"),
    "duration nan": (("--duration", "nan"), "0.05 to 600 s"),
    "duration inf": (("--duration", "inf"), "0.05 to 600 s"),
    "duration huge": (("--duration", "1e9"), "0.05 to 600 s"),
    "steps 0": (("--steps", "0"), "1 to 200"),
    "steps huge": (("--steps", "1000000"), "1 to 200"),
    "a series of a day": (("--steps", "200", "--duration", "600"), "1800 s at most"),
    "steps and curve": (("--steps", "2", "--curve", "0:0,1:1"), "without --curve"),
    "curve": (("--curve", "later"), "time:position"),
    "curve nan": (("--curve", "0:nan"), "time:position"),
    "curve back": (("--curve", "1:0,0:1"), "must ascend"),
    "curve outside": (("--curve", "0:0,1:2"), "outside 0 to 1"),
    "device": (("--compute", "gpu"), "auto, cpu or cuda"),
    "folder": (("-o", "nowhere/out.wav"), "folder nowhere does not exist"),
    "ending": (("-o", "out.xyz"), "unknown ending '.xyz'"),
    "no ending": (("-o", "out"), "unknown ending"),
    "only an ending": (("-o", ".wav"), "unknown ending"),
    "no name": (("-o", ""), "is a folder"),
    "a folder": (("-o", "model"), "model: "),
    "a name too long": (("-o", "x" * 300 + ".wav"), "cannot be written"),
    "picture's folder": (("--plot", "nowhere/out.png"), "folder nowhere does not exist"),
    "picture's ending": (("--plot", "out.wav"), "unknown ending '.wav'"),
}


@pytest.mark.parametrize("kind", REQUESTS)
def test_a_request_that_cannot_be_met(kind: str, refused: Refused) -> None:
    words, says = REQUESTS[kind]
    assert says in refused(*BLEND, *words, *MODEL, code=USAGE)


@pytest.mark.parametrize("option", ["--seed", "--duration", "--steps", "--velocity", "--timbre"])
def test_an_option_that_is_no_number(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    before = everything()
    assert run([*BLEND, *MODEL, option, "many"]) == USAGE
    told = capsys.readouterr()
    assert option in told.err
    assert told.out == ""
    assert everything() == before


@pytest.mark.parametrize("count", [0, 9])
def test_a_blend_takes_one_to_eight(count: int, refused: Refused) -> None:
    said = refused("blend", *["flute"] * count, "-o", "out.wav", *MODEL, code=USAGE)
    assert f"{count} sources; a blend takes 1 to 8" in said


def test_streams_of_their_own_take_a_place_as_the_position_does(refused: Refused) -> None:
    said = refused("blend", *["flute", "cello"] * 2, "--timbre", "0.5", "-o", "out.wav", *MODEL, code=USAGE)
    assert "timbre has 1 number; 4 sources take two" in said


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("floot", "did you mean flute"),
        ("chello", "did you mean cello"),
        ("zzzqqq", "nsynth-lab instruments"),
        ("", "nsynth-lab instruments"),
        ("[bold]x[/bold]", "'[bold]x[/bold]'"),
        ("y" * 300, "neither an instrument"),
        ("model", "neither an instrument"),
        ("/dev/zero", "neither an instrument"),
    ],
)
def test_an_unknown_instrument(name: str, says: str, refused: Refused) -> None:
    assert says in refused("blend", name, "cello", "-o", "out.wav", *MODEL, code=USAGE)


@pytest.mark.parametrize("name", ["gone.wav", "gone.latents"])
def test_a_source_that_is_not_there(name: str, refused: Refused) -> None:
    assert f"{name}: no such file" in refused("blend", name, "cello", "-o", "out.wav", *MODEL, code=FAILED)


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a CUDA device")
def test_a_device_that_is_not_there(refused: Refused) -> None:
    write("mine.wav", tone())
    for words in (BLEND, ("encode", "mine.wav", "-o", "out.latents"), ("pack", "flute", "cello", "-o", "out")):
        assert "--compute cpu" in refused(*words, *MODEL, "--compute", "cuda", code=USAGE)


# --- outputs ---


def test_nothing_is_replaced_without_being_told_to(refused: Refused) -> None:
    write("mine.wav", tone())
    for name in ("out.wav", "out-2.wav", "out.latents", "out.png"):
        Path(name).write_text("precious")
    series = ("blend", "flute", "cello", "-o", "fresh.wav", "--steps", "2")
    Path("fresh-2.wav").write_text("precious")
    for words in (
        BLEND,
        series,
        ("blend", "flute", "cello", "-o", "other.wav", "--plot", "out.png"),
        ("encode", "mine.wav", "-o", "out.latents"),
    ):
        assert "add --force" in refused(*words, *MODEL, code=USAGE)
    assert "add --force" in refused("bank", ".", *MODEL, code=USAGE)
    assert run([*BLEND, *MODEL, "--force"]) == 0
    assert read_audio("out.wav").seconds == pytest.approx(0.3, abs=0.02)


def test_a_source_is_never_written_over(refused: Refused) -> None:
    for name in ("mine.wav", "out-2.wav"):
        write(name, tone())
    Path("also.wav").symlink_to("mine.wav")
    for words in (
        ("blend", "mine.wav", "cello", "-o", "mine.wav"),
        ("blend", "cello", "./mine.wav", "-o", "also.wav"),
        ("blend", "out-2.wav", "cello", "--steps", "2", "-o", "out.wav"),
    ):
        assert "one of the sources" in refused(*words, *MODEL, "--force", code=USAGE)


def test_latents_go_into_files_of_that_ending(refused: Refused) -> None:
    write("mine.wav", tone())
    assert ".latents" in refused("encode", "mine.wav", "-o", "mine.wav", "--force", *MODEL, code=USAGE)
    assert run(["encode", "mine.wav", "-o", "mine.latents", *MODEL]) == 0
    assert "ending" in refused("decode", "mine.latents", "-o", "mine.latents", "--force", *MODEL, code=USAGE)


def test_a_read_only_output(refused: Refused, monkeypatch: pytest.MonkeyPatch) -> None:
    # Root may write anywhere, so ask the permissions themselves.
    def allowed(path: str | Path, mode: int) -> bool:
        return bool(os.stat(path).st_mode & (0o222 if mode == os.W_OK else 0o444))

    monkeypatch.setattr(os, "access", allowed)
    write("mine.wav", tone())
    Path("out.wav").write_text("precious")
    Path("out.wav").chmod(0o444)
    assert "out.wav: is read-only" in refused(*BLEND, "--force", *MODEL, code=USAGE)
    Path("locked").mkdir(0o555)
    assert "folder locked is read-only" in refused(*BLEND, "-o", "locked/out.wav", *MODEL, code=USAGE)
    said = refused("encode", "mine.wav", "-o", "locked/out.latents", *MODEL, code=USAGE)
    assert "folder locked is read-only" in said


# A process of its own: the limit holds for every file that a process writes to, pytest's own output too.
FULL_DISK = """
import resource, sys
from nsynth_lab import cli
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
sys.exit(cli.run(sys.argv[1:]))
"""


def test_a_full_disk() -> None:
    write("mine.wav", tone())
    make_dataset(Path("notes"), count=9)
    before = everything()
    for words in (BLEND, ("encode", "mine.wav", "-o", "out.latents"), ("bank", "notes", "--force")):
        tried = subprocess.run(
            [sys.executable, "-c", FULL_DISK, *words, *MODEL], capture_output=True, text=True, check=False
        )
        assert tried.returncode == FAILED
        assert "cannot be written" in one_line(tried.stderr)
        assert everything() == before


@pytest.mark.parametrize("name", ["sp ace", "[red]x[/red]".replace("/", ":"), "%s {0} $x$", "ünï☃", "new\nline", "-o"])
def test_odd_names_are_names(name: str) -> None:
    write(f"{name}.wav", tone())
    words = ["blend", f"./{name}.wav", "cello", "-o", f"./{name}-out.wav", "--plot", f"./{name}.png"]
    assert run([*words, "--duration", "0.2", *MODEL]) == 0
    assert Path(f"{name}-out.wav").is_file()
    assert Path(f"{name}.png").is_file()
    assert run(["encode", f"./{name}.wav", "-o", f"./{name}.latents", *MODEL]) == 0
    assert run(["decode", f"./{name}.latents", "-o", f"./{name}-again.wav", *MODEL]) == 0


# --- checkpoints and latents ---


def cut_in_half(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


CHECKPOINTS: dict[str, tuple[Callable[[], None], str]] = {
    "weights cut in half": (lambda: cut_in_half(Path("model", WEIGHTS)), "cut short"),
    "bank cut in half": (lambda: cut_in_half(Path("model", BANK)), "cut short"),
    "no weights": (Path("model", WEIGHTS).unlink, "no such file"),
    "no bank": (Path("model", BANK).unlink, "has no bank"),
    "weights of another version": (
        lambda: spoil(Path("model", WEIGHTS), lambda header, _: header.update(format_version=99)),
        "format_version 99",
    ),
    "bank of another version": (
        lambda: spoil(Path("model", BANK), lambda header, _: header.update(format_version=99)),
        "format_version 99",
    ),
    "bank of other weights": (
        lambda: spoil(Path("model", BANK), lambda header, _: header.update(model_id="0123456789ab")),
        "bank build --from-checkpoint default --checkpoint model",
    ),
    "bank with impossible notes": (
        lambda: spoil(Path("model", BANK), lambda _, tensors: tensors["marks"][:, 0].fill_(9999)),
        "note 9999",
    ),
    "bank without numbers": (
        lambda: spoil(Path("model", BANK), lambda _, tensors: tensors["loudness_db"].fill_(np.nan)),
        "NaN",
    ),
}


@pytest.mark.parametrize("kind", CHECKPOINTS)
def test_a_checkpoint_that_cannot_be_used(kind: str, refused: Refused) -> None:
    damage, says = CHECKPOINTS[kind]
    damage()
    for words in (BLEND, ("instruments",)):
        said = refused(*words, *MODEL, code=FAILED)
        assert says in said
        assert "model" in said


@pytest.mark.parametrize("name", ["loudness_db", "f0_cents", "partials"])
def test_a_bank_far_out_of_range_is_brought_into_it(name: str) -> None:
    spoil(Path("model", BANK), lambda _, tensors: tensors[name].fill_(60_000.0))
    assert run([*BLEND, *MODEL]) == 0
    assert read_audio("out.wav").peak <= 1.0


def test_a_folder_without_a_checkpoint(refused: Refused) -> None:
    assert "no such file" in refused(*BLEND, "--checkpoint", "nowhere", code=FAILED)


def test_recordings_need_no_bank() -> None:
    Path("model", BANK).unlink()
    write("mine.wav", tone())
    assert run(["encode", "mine.wav", "-o", "mine.latents", *MODEL]) == 0
    assert run(["blend", "mine.latents", "mine.wav", "-o", "out.wav", *MODEL]) == 0


@pytest.mark.parametrize(
    "content", [b"", b"hello", np.random.default_rng(0).bytes(5000)], ids=["empty", "text", "junk"]
)
def test_what_is_only_named_latents(content: bytes, refused: Refused) -> None:
    Path("mine.latents").write_bytes(content)
    for words in (("blend", "mine.latents", "cello"), ("decode", "mine.latents")):
        assert "mine.latents: not a latents file" in refused(*words, "-o", "out.wav", *MODEL, code=FAILED)


def test_a_sound_file_is_no_latents_file(refused: Refused) -> None:
    write("mine.wav", tone())
    assert "not a latents file" in refused("decode", "mine.wav", "-o", "out.wav", *MODEL, code=FAILED)


def latents(**changes: Any) -> Latents:
    return replace(flute(), **{"model_id": load_checkpoint("model").model_id, **changes})


def test_latents_of_another_model(refused: Refused) -> None:
    write_latents("mine.latents", latents(model_id="0123456789ab"))
    for words in (("blend", "mine.latents", "cello"), ("blend", *["mine.latents"] * 2), ("decode", "mine.latents")):
        assert "0123456789ab" in refused(*words, "-o", "out.wav", *MODEL, code=FAILED)


def test_silent_and_extreme_latents_do_no_harm() -> None:
    own = latents()
    write_latents("silent.latents", replace(own, loudness_db=np.full_like(own.loudness_db, -100.0)))
    write_latents("extreme.latents", replace(own, timbre=own.timbre * 1e30, loudness_db=own.loudness_db * 0 + 20.0))
    for name in ("silent", "extreme"):
        assert run(["decode", f"{name}.latents", "-o", f"{name}.wav", *MODEL]) in (0, FAILED)
        assert run(["blend", *[f"{name}.latents"] * 2, "-o", f"{name}-2.wav", "--plot", f"{name}.png", *MODEL]) in (
            0,
            1,
        )
    assert read_audio("silent.wav").peak < 1e-3
    for path in Path().glob("*.wav"):
        assert read_audio(path).peak <= 1.0  # and finite, or it could not be read


DECODINGS = {
    "note": (("--note", "H9"), "'H9' is not a note"),
    "duration nan": (("--duration", "nan"), "0.05 to 600 s"),
    "duration short": (("--duration", "0.01"), "0.05 to 600 s"),
    "duration long": (("--duration", "601"), "0.05 to 600 s"),
    "folder": (("-o", "nowhere/out.wav"), "does not exist"),
    "ending": (("-o", "out.xyz"), "unknown ending"),
}


@pytest.mark.parametrize("kind", DECODINGS)
def test_a_decoding_that_cannot_be_done(kind: str, refused: Refused) -> None:
    write_latents("mine.latents", latents())
    words, says = DECODINGS[kind]
    assert says in refused("decode", "mine.latents", "-o", "out.wav", *words, *MODEL, code=USAGE)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--source-note", "H9"), "not a note"),
        (("--source-velocity", "0"), "velocity 0"),
        (("--source-velocity", "128"), "velocity 128"),
    ],
)
def test_an_encoding_that_cannot_be_done(words: tuple[str, ...], says: str, refused: Refused) -> None:
    write("mine.wav", tone())
    assert says in refused("encode", "mine.wav", "-o", "out.latents", *words, *MODEL, code=USAGE)


def test_an_unknown_family(refused: Refused) -> None:
    assert "reed" in refused("instruments", "--family", "reeds", *MODEL, code=USAGE)


# --- training, banks, evaluation ---


def make_dataset(folder: Path, *, count: int) -> Path:
    """A data set of so many tones, in NSynth's layout; some of them held out."""
    (folder / "audio").mkdir(parents=True)
    names = [f"flute_acoustic_000-{pitch:03d}-100" for pitch in range(60, 60 + count)]
    for name in names:
        write(str(folder / "audio" / f"{name}.wav"), tone(hz=440 * 2 ** ((int(name[-7:-4]) - 69) / 12)))
    (folder / "examples.json").write_text(json.dumps({name: {} for name in names}))
    return folder


TRAININGS = {
    "rate nan": (("--learning-rate", "nan"), USAGE, "rate nan"),
    "rate 0": (("--learning-rate", "0"), USAGE, "rate 0"),
    "rate negative": (("--learning-rate", "-1"), USAGE, "rate -1"),
    "stage": (("--stage", "all"), USAGE, "excitation, distil"),
    "stage of the band stack": (("--stage", "bands"), USAGE, "nsynth_lab.research.bands"),
    "adversarial stage": (("--stage", "adversarial"), USAGE, "nsynth_lab.research.discriminators"),
    "stage without base": (("--stage", "distil", "--fresh"), USAGE, "--base"),
    "fresh and base": (("--fresh", "--base", "model"), USAGE, "use only one of them"),
    "base": (("--base", "nowhere"), FAILED, "no such file"),
    "device": (("--compute", "gpu"), USAGE, "auto, cpu or cuda"),
    "a file in the way": (("-o", "notes/examples.json"), USAGE, "is a file"),
}


@pytest.mark.parametrize("kind", TRAININGS)
def test_a_training_that_cannot_begin(kind: str, refused: Refused) -> None:
    make_dataset(Path("notes"), count=2)
    words, code, says = TRAININGS[kind]
    assert says in refused("train", "notes", "-o", "run", "--steps", "1", *words, code=code)


def test_a_folder_that_is_no_data_set(refused: Refused) -> None:
    Path("model", BANK).unlink()
    for words in (("train", "model", "-o", "run"), ("bank", "model", *MODEL), ("evaluate", "model", *MODEL)):
        assert "not a note data set" in refused(*words, code=FAILED)


def test_a_bank_of_a_damaged_checkpoint(refused: Refused) -> None:
    make_dataset(Path("notes"), count=2)
    cut_in_half(Path("model", WEIGHTS))
    assert "cut short" in refused("bank", "notes", "--force", *MODEL, code=FAILED)


def test_an_evaluation_without_a_usable_note(refused: Refused) -> None:
    make_dataset(Path("notes"), count=2)
    for path in Path("notes", "audio").iterdir():
        write(str(path), np.zeros(48_000, np.float32))
    said = refused("evaluate", "notes", "--all", "--figures", "figures.json", *MODEL, code=FAILED)
    assert "none of 2 notes" in said
    assert "silent" in said
    assert "folder" in refused("evaluate", "notes", "--figures", "nowhere/figures.json", *MODEL, code=USAGE)


# --- Ctrl-C ---


# Progress after every piece of work, so that a test knows when a command is in the midst of it.
DRIVER = """
import sys
from nsynth_lab import cli
from nsynth_lab.cli import console
console.SECONDS_BETWEEN_LINES = 0.0
if sys.argv[1] == "encode":
    from nsynth_lab.model import codec
    measure = codec.measure
    def telling(samples, *, note):
        console.say("measuring: now")
        return [measure(samples, note=note) for again in range(20)][-1]
    codec.measure = telling
sys.exit(cli.run(sys.argv[1:]))
"""


def interrupt(*words: str, after: str) -> str:
    """Ctrl-C, as a terminal sends it, once the command has said a line that matches `after`; what it said last."""
    script = [sys.executable, "-c", DRIVER, *words]
    with subprocess.Popen(
        script, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        assert process.stderr is not None
        said = []
        for line in process.stderr:
            said.append(line)
            if re.match(after, line):
                os.killpg(process.pid, signal.SIGINT)
                break
        out, rest = process.communicate(timeout=60)
    said += rest.splitlines(keepends=True)
    assert process.returncode == INTERRUPTED, "".join(said)
    assert out == ""
    plain = [line for line in said if not PROGRESS.match(line)]
    assert plain == ["interrupted\n"]
    return said[-1]


posix = pytest.mark.skipif(os.name == "nt", reason="POSIX signals")


@posix
def test_a_blend_is_interrupted() -> None:
    before = everything()
    long = ("--duration", "500", "--steps", "3")
    interrupt("blend", "flute", "cello", *long, "-o", "out.wav", "--plot", "out.png", *MODEL, after="decoding: ")
    assert everything() == before


@posix
def test_an_encoding_is_interrupted() -> None:
    write("long.wav", tone(seconds=30, sample_rate=16_000), 16_000)
    before = everything()
    interrupt("encode", "long.wav", "-o", "out.latents", *MODEL, after="measuring: ")
    assert everything() == before


@posix
def test_an_evaluation_and_a_bank_are_interrupted() -> None:
    make_dataset(Path("notes"), count=60)
    before = everything()
    interrupt("evaluate", "notes", "--all", "--figures", "figures.json", *MODEL, after="evaluating: 1/")
    assert everything() == before
    words = ("bank", "notes", "--spacing", "1", "--jobs", "1", "--force", *MODEL)
    interrupt(*words, after="encoding: 3/")
    left = everything()
    kept = {path for path in left if path.startswith(f"model/{UNFINISHED_FOLDER}")}
    assert len(kept) > 3  # what it goes on with
    assert {path: data for path, data in left.items() if path not in kept} == before


@posix
def test_a_training_is_interrupted_and_goes_on(capsys: pytest.CaptureFixture[str]) -> None:
    folder = make_dataset(Path("notes"), count=20)
    assert any(is_held_out(record) for record in read_dataset(folder))
    words = ("train", "notes", "-o", "run", "--base", "model", "--batch", "1", "--jobs", "1")
    interrupt(*words, "--steps", "100000", after="training: 4/")
    left = {str(path) for path in Path("run").rglob("*") if path.is_file() and "log" not in path.parts}
    assert left == {f"run/notes/{name}" for name in ("audio.i16", "streams.safetensors", "index.json")} | {
        "run/state.safetensors"
    }
    with safe_open("run/state.safetensors", framework="pt") as file:
        step = json.loads(file.metadata()["run"])["step"]
    assert step >= 4
    assert run([*words, "--steps", str(step + 2)]) == USAGE
    assert "--resume" in capsys.readouterr().err
    assert run([*words, "--steps", str(step + 2), "--resume"]) == 0
    assert f"trained to step {step + 2}" in capsys.readouterr().out
    assert load_checkpoint("run").header["steps"] == step + 2
    assert run([*words, "--steps", "1", "--resume"]) == 0
    assert f"trained to step {step + 2}" in capsys.readouterr().out


@posix
@pytest.mark.skipif(not FONT.is_file(), reason=f"no {FONT} (Debian: fluid-soundfont-gm)")
def test_a_rendering_is_interrupted_and_goes_on(capsys: pytest.CaptureFixture[str]) -> None:
    words = ("dataset", "soundfont", str(FONT), "-o", "notes", "--programs", "0-5", "--jobs", "1")
    few = ("--step", "2", "--velocities", "100", "--holds", "0.3", "--max-duration", "0.5", "--format", "wav")
    interrupt(*words, *few, after=r"rendering: [1-9]")
    assert not Path("notes", "examples.json").exists()
    assert not list(Path("notes").rglob(".*"))
    assert run([*words, *few, "--resume"]) == 0
    assert "notes" in capsys.readouterr().out
    assert len(read_dataset("notes")) > 10
