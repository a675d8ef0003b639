"""The bench: it runs, what it counts is what torch counts, bad requests are one line. No time is asserted."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from tiny_model import decode, streams, tiny_checkpoint, tiny_model
from torch.utils.flop_counter import FlopCounterMode

from nsynth_lab import cli
from nsynth_lab.bench import busy
from nsynth_lab.bench.bench import SECTIONS
from nsynth_lab.bench.child import run_child
from nsynth_lab.bench.operations import count_step, fft_operations
from nsynth_lab.bench.synthetic import prepared_notes, recording
from nsynth_lab.bench.tables import tables
from nsynth_lab.bench.work import Work
from nsynth_lab.dsp.noise_table import BINS, FFT_SAMPLES
from nsynth_lab.dsp.pitch_guess import measure_note
from nsynth_lab.errors import NsynthLabError
from nsynth_lab.model.decoder import Decoder
from nsynth_lab.render import Session
from nsynth_lab.units import HOP_SAMPLES, SAMPLE_RATE, note_to_hz

# Progress after every piece of work, so that a test knows when the command is in the midst of it.
DRIVER = """
import sys
from nsynth_lab.cli import console, run
console.SECONDS_BETWEEN_LINES = 0.0
sys.exit(run(sys.argv[1:]))
"""


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_checkpoint(tmp_path_factory.mktemp("tiny"))


def counted_by_torch(decoder: Decoder, pitches: list[float]) -> int:
    """One step after the first, without the FFT, which torch does not count."""
    inputs = streams(pitches, 2)
    inputs[2] = torch.tensor([[note_to_hz(pitch)] * 2 for pitch in pitches])
    first, second = ([part[:, frame : frame + 1] for part in inputs] for frame in (0, 1))
    _, state = decode(decoder, first, decoder.start(len(pitches)))
    with FlopCounterMode(display=False) as counter:
        decode(decoder, second, state)
    return int(counter.get_total_flops())


@pytest.mark.parametrize("pitch", [40.0, 69.0, 96.0])
def test_operations_are_those_that_torch_counts(pitch: float) -> None:
    decoder = tiny_model().decoder
    count = count_step(decoder, [float(note_to_hz(pitch))])
    interpolation = 2 * decoder.config.noise_bands * BINS
    assert count.operations - fft_operations(FFT_SAMPLES) + interpolation == counted_by_torch(decoder, [pitch])


def test_operations_are_those_counted_by_hand() -> None:
    decoder = tiny_model().decoder
    count = count_step(decoder, [440.0, 440.0])
    inputs, channels, layers, outputs = 16 + 3 + 24 + 32, 16, 4, 32 + (16 + 16) + 16 + 4 + 4
    weights = inputs * channels + layers * (3 + 1) * channels * 2 * channels + channels * (channels + outputs)
    assert count.net == 2 * 2 * weights
    partials = 45 + 16 + 1  # below 20 kHz, the half-way places, and the next
    assert count.tones == 2 * partials * 512 * 2 * 2 * 2
    assert count.weight_bytes == 2 * sum(parameter.numel() for parameter in decoder.parameters())


def test_weights_are_counted_once_for_all_voices_and_operations_for_each() -> None:
    decoder = tiny_model().decoder
    one, four = count_step(decoder, [440.0]), count_step(decoder, [440.0] * 4)
    assert (four.operations, four.weight_bytes) == (4 * one.operations, one.weight_bytes)


@pytest.mark.patient
def test_a_quick_bench_has_every_figure(checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    figures_file, report = tmp_path / "figures.json", tmp_path / "report"
    words = [
        "--checkpoint",
        str(checkpoint),
        "--compute",
        "cpu",
        "--figures",
        str(figures_file),
        "--report",
        str(report),
    ]
    assert cli.run(["bench", "--quick", "--threads", "1", *words]) == 0
    figures = json.loads(figures_file.read_text())
    assert set(SECTIONS) & set(figures) == {name for name, one in SECTIONS.items() if not one.takes_long}
    assert figures["machine"]["rates"]["matrix_gflops"] > 0
    assert {rate["notes"] for rate in figures["offline"]["decode"]} == {1, 64}
    assert all(load["median"] > 0 for load in figures["streaming"]["loads"])
    assert all(load["voices"] in (1, 8) for load in figures["streaming"]["loads"])
    assert figures["following"]["tones"] == 6
    assert figures["following"]["latency_ms"] > 0
    assert sum(part["share"] for part in figures["limit"]["parts"]) == pytest.approx(1.0)
    assert all(step["share_of_limit"] > 0 for step in figures["limit"]["steps"])
    assert all(figures["startup"][name]["median"] > 0 for name in ("blend_seconds", "help_seconds"))
    assert figures["training"]["steps_per_second"]["median"] > 0
    page = (report / "index.html").read_text()
    for picture in ("offline.png", "streaming.png", "parts.png"):
        assert (report / picture).stat().st_size > 1000
        assert f'src="{picture}"' in page
    assert json.loads((report / "figures.json").read_text()) == figures
    heard = capsys.readouterr()
    assert "x real time" in heard.out
    assert "left" in heard.err or "in all" in heard.err


def test_only_what_is_asked_for_is_measured(checkpoint: Path, tmp_path: Path) -> None:
    target = tmp_path / "figures.json"
    words = ["--quick", "--only", "streaming", "--checkpoint", str(checkpoint), "--figures", str(target)]
    assert cli.run(["bench", *words]) == 0
    assert set(json.loads(target.read_text())) & set(SECTIONS) == {"machine", "streaming"}


@pytest.mark.parametrize(
    ("words", "says", "code"),
    [
        (["--only", "singing"], "section 'singing'; expected one of machine, offline", 2),
        (["--compute", "abacus"], "device 'abacus'; expected auto, cpu or cuda", 2),
        (["--figures", "nowhere/figures.json"], "the folder nowhere does not exist", 2),
        (["--report", "nowhere/report"], "the folder nowhere does not exist", 2),
        (["--checkpoint", "nowhere"], "nowhere", 1),
        (["--threads", "-1"], "threads", 2),
    ],
)
def test_a_bad_request_is_one_line(words: list[str], says: str, code: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["bench", "--quick", *words]) == code
    heard = capsys.readouterr()
    assert says in heard.err
    assert "Traceback" not in heard.err
    assert heard.out == ""


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_without_a_gpu_cuda_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["bench", "--compute", "cuda"]) == 2
    assert "no CUDA device can be used on this machine" in capsys.readouterr().err


def test_what_exists_is_not_replaced_unasked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "figures.json"
    target.write_text("mine")
    assert cli.run(["bench", "--quick", "--figures", str(target)]) == 2
    assert "add --force" in capsys.readouterr().err
    assert target.read_text() == "mine"


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
def test_ctrl_c_ends_it_with_a_word(checkpoint: Path, tmp_path: Path) -> None:
    words = ["bench", "--only", "streaming", "--checkpoint", str(checkpoint), "--report", str(tmp_path / "report")]
    with subprocess.Popen([sys.executable, "-c", DRIVER, *words], stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert any(line.startswith("measuring: ") for line in iter(process.stderr.readline, ""))
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert said.splitlines()[-1] == "interrupted"
    assert list(tmp_path.iterdir()) == []


def test_a_child_that_fails_is_told() -> None:
    with pytest.raises(NsynthLabError, match="ended with code 3: of old age"):
        run_child(["-c", "import sys; sys.stderr.write('of old age'); sys.exit(3)"])


def test_a_childs_memory_is_its_own() -> None:
    held = torch.ones(2**26)  # 256 MiB here
    small = run_child(["-c", "print('here')"])
    large = run_child(["-c", "data = b'1' * 2**27; print('here')"])
    assert small.peak_bytes < held.numel()
    assert 2**27 < large.peak_bytes < 2**27 + 2**26
    assert 0 < small.first_line_seconds <= small.seconds


def test_made_recordings_are_notes_and_prepared_ones_fit_together() -> None:
    sound = recording(57, seconds=1.0)
    assert measure_note(sound.mono(), SAMPLE_RATE)[0] == pytest.approx(57, abs=0.1)
    notes = prepared_notes(3, seconds=0.5)
    assert len(notes) == 3
    assert len(notes.audio) == len(notes.loudness_db) * HOP_SAMPLES == int(notes.starts[-1]) * HOP_SAMPLES


def test_a_command_is_timed_alone_and_beside_a_busy_process(checkpoint: Path) -> None:
    work = Work(Session(checkpoint, device="cpu", user_instruments=False), quick=True)
    steps: list[int] = []
    (turn,) = busy._turns_of(work, ["-c", "import time; time.sleep(0.5)"], steps.append)
    (alone, nobody), (crowded, theirs) = turn
    assert min(alone, crowded) > 0.5
    assert nobody == 0.0
    assert 0.0 < theirs <= 1.1 or sys.platform != "linux"
    assert len(steps) == 2
    with pytest.raises(NsynthLabError, match="ended with code 3"):
        busy._turns_of(work, ["-c", "raise SystemExit(3)"], steps.append)


def test_play_asks_for_as_many_blocks_as_the_clock(checkpoint: Path) -> None:
    names = Work(Session(checkpoint, device="cpu", user_instruments=False)).names
    command = ["-m", "nsynth_lab.bench.live_child", str(checkpoint), "cpu", "2", "1", "512", *names]
    blocks, late = map(int, busy._said(command).split())
    assert blocks >= SAMPLE_RATE / 512  # a second, and those that fill the device at the beginning or the end
    assert 0 <= late <= blocks


def test_the_table_of_a_busy_machine_names_what_is_late() -> None:
    once = {"median": 1.0, "low": 0.9, "high": 1.1}
    each = {"command": "encode", "busy": 1, "seconds": once, "times": once, "theirs": {**once, "median": 0.5}}
    one = {"commands": [each], "voices": 8, "block_samples": 256, "late": {"0": {**once, "median": 0.0125}}}
    (table,) = tables({"busy": one})
    assert table.rows[0] == ("encode", "1 busy", "1.00 s", "1.00 (0.90 to 1.10)", "50 %")
    assert table.rows[1][:3] == ("play, 8 voices, blocks of 256", "nothing", "1.25 % of blocks late")
