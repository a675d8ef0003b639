"""Exports for nn~ and ONNX play what the decoder plays, in buffers of any size, and say what they are."""

from __future__ import annotations

import importlib.util
import json
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from nsynth_lab import detail
from nsynth_lab.cli import run
from nsynth_lab.errors import ExportError, UsageError
from nsynth_lab.model.bank import Bank, load_bank
from nsynth_lab.model.checkpoint import Checkpoint, load_checkpoint
from nsynth_lab.runtime.export.about import FORMAT, NAME
from nsynth_lab.runtime.export.golden import SILENT_FRAMES, Golden, golden_streams
from nsynth_lab.runtime.export.make import check_export, played, write_export
from nsynth_lab.runtime.export.nn_host import NnHost
from nsynth_lab.runtime.export.onnx_host import OnnxHost
from nsynth_lab.runtime.export.step import ExportStep
from nsynth_lab.runtime.export.table import DETAIL_ROWS, bank_table
from nsynth_lab.units import HOP_SAMPLES, FloatArray
from nsynth_lab.unpitched import DIMS

NAMES = ["flute", "cello", "piano"]
MINUS_60_DB = 1e-3
needs_onnx = pytest.mark.skipif(
    any(importlib.util.find_spec(name) is None for name in ("onnx", "onnxruntime")),
    reason="onnx and onnxruntime are not installed",
)


@pytest.fixture(scope="module")
def checkpoint(model_folder: Path) -> Checkpoint:
    return load_checkpoint(model_folder)


@pytest.fixture(scope="module")
def bank(model_folder: Path) -> Bank:
    """Three instruments, of which the cello has details that move, recorded amid the keys of the golden streams."""
    plain = load_bank(model_folder)
    zones = list(plain.zones)
    for index in plain.entries["cello"].zones:
        along = np.linspace(-8.0, 8.0, zones[index].frames)[:, None]
        rows = along * np.sin(np.arange(detail.DIMS))
        zones[index] = replace(zones[index].at_note(57), detail=rows.astype(np.float32))
    return Bank(list(plain.entries.values()), zones, model_id=plain.model_id)


@pytest.fixture(scope="module")
def step(bank: Bank, checkpoint: Checkpoint) -> ExportStep:
    return ExportStep(checkpoint.model.decoder, bank_table(bank, NAMES)).eval()


@pytest.fixture(scope="module")
def exported(bank: Bank, checkpoint: Checkpoint, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("exported") / "blend.ts"
    assert write_export(path, "nn~", checkpoint, bank, NAMES).error_db < -60.0
    return path


def apart(one: FloatArray, other: FloatArray) -> float:
    """The root of the power of the difference, relative to `other`."""
    return float(np.sqrt(np.mean((one - other) ** 2) / np.mean(other**2)))


def at_audio_rate(streams: FloatArray) -> FloatArray:
    return np.repeat(streams, HOP_SAMPLES, axis=1)


@torch.no_grad()
def test_a_step_is_a_frame_of_the_decoder(step: ExportStep, checkpoint: Checkpoint) -> None:
    """Left is the voice of seed 0, right that of seed 1, and the bank is looked up at each frame."""
    streams = golden_streams()[:, : SILENT_FRAMES.start]
    f0_hz, loudness_db, x, y = torch.from_numpy(streams)
    corners, frames = torch.tensor([0, 1, 2, 0]), streams.shape[1]
    *looked_up, details = step.looked_up(f0_hz, x, y, corners, torch.arange(frames))
    timbre, partials = looked_up
    assert details is not None
    decoder, streams_of = checkpoint.model.decoder, (timbre[None], loudness_db[None], f0_hz[None], partials[None])
    sides, plain = (
        [decoder.step(*streams_of, decoder.start(1, seed=seed), detail=given)[0][0] for seed in (0, 1)]
        for given in (details[None], None)
    )
    assert apart(torch.stack(sides).numpy(), torch.stack(plain).numpy()) > 0.01
    assert apart(played(step, streams), torch.stack(sides).numpy()) < 1e-4


@torch.no_grad()
def test_the_bank_inside_is_the_bank(step: ExportStep, bank: Bank) -> None:
    """At a key of the table and at a corner, what is looked up is that instrument's sustain, also where it turns."""
    key = 60
    hz = torch.full((3,), 440.0 * 2.0 ** ((key - 69) / 12.0))
    for corner, (x, y) in enumerate(((0.0, 0.0), (1.0, 0.0), (0.0, 1.0))):
        right, down = torch.full((3,), x), torch.full((3,), y)
        walk = torch.tensor([0, 1, 2 * (step.walk_frames - 1) - 1])
        timbre, partials, details = step.looked_up(hz, right, down, torch.tensor([0, 1, 2, 0]), walk)
        note = bank_table(bank, NAMES)
        place = (key - 24) // 3
        np.testing.assert_allclose(timbre[0], note.timbre[corner, place, 0], atol=1e-4)
        np.testing.assert_allclose(timbre[1], timbre[2], atol=1e-6)
        np.testing.assert_allclose(partials[0], note.partials[corner, place], atol=1e-4)
        assert note.detail is not None
        assert details is not None
        np.testing.assert_allclose(details[0], note.detail[corner, place, 0], atol=1e-4)
        assert np.abs(note.detail[corner]).max() == pytest.approx(8.0 * (corner == 1), abs=1.0)


@torch.no_grad()
def test_details_lie_on_the_lines_between_their_anchors(step: ExportStep, bank: Bank) -> None:
    """To the end of the walk and back, on the lines between the rows that are kept."""
    kept = bank_table(bank, NAMES).detail
    assert kept is not None
    frames = step.walk_frames
    every = detail.between_anchors(kept[1, 12], frames)
    hz, right, down = torch.full((frames,), 440.0 * 2.0 ** (-9 / 12)), torch.ones(frames), torch.zeros(frames)
    found = step.looked_up(hz, right, down, torch.tensor([0, 1, 2, 0]), torch.arange(frames))[2]
    assert found is not None
    np.testing.assert_allclose(found, every, atol=1e-4)


@torch.no_grad()
def test_instruments_without_details_are_exported_without(model_folder: Path, checkpoint: Checkpoint) -> None:
    table = bank_table(load_bank(model_folder), NAMES)
    assert table.detail is None
    zeros = np.zeros((*table.timbre.shape[:2], DETAIL_ROWS, detail.DIMS), np.float32)
    plain, none = (ExportStep(checkpoint.model.decoder, one).eval() for one in (table, replace(table, detail=zeros)))
    np.testing.assert_array_equal(played(plain, golden_streams()), played(none, golden_streams()))


def test_an_instrument_without_a_pitch_is_refused(model_folder: Path) -> None:
    bank = load_bank(model_folder)
    drum = replace(bank.zones[0], unpitched=np.zeros((bank.zones[0].frames, DIMS), np.float32))
    drums = Bank(list(bank.entries.values()), [drum, *bank.zones[1:]], model_id=bank.model_id)
    with pytest.raises(UsageError, match="'flute' has sounds without a clear pitch"):
        bank_table(drums, NAMES)


@pytest.mark.parametrize("buffer_samples", [512, 1024, 8192])
def test_nn_tilde_plays_the_same_in_buffers_of_any_size(exported: Path, step: ExportStep, buffer_samples: int) -> None:
    streams = golden_streams()
    sound = NnHost(exported).play(at_audio_rate(streams), buffer_samples=buffer_samples)
    assert sound.shape == (2, streams.shape[1] * HOP_SAMPLES)
    assert apart(sound, played(step, streams)) < 1e-4
    silent = sound[:, (SILENT_FRAMES.start + 1) * HOP_SAMPLES : SILENT_FRAMES.stop * HOP_SAMPLES]
    assert np.abs(silent).max() < MINUS_60_DB * np.abs(sound).max()
    assert not np.array_equal(*sound), "the noise is not the same on both sides"


def test_nn_tilde_finds_what_its_contract_asks_for(exported: Path, step: ExportStep) -> None:
    host, streams = NnHost(exported), golden_streams()
    assert list(host.module.get_methods()) == ["forward"]
    assert (host.channels_in, host.ratio_in, host.channels_out, host.ratio_out) == (4, 512, 2, 1)
    assert len(host.module.forward_input_labels) == host.channels_in
    assert host.attributes() == {"instruments": [3, 3, 3, 3], "transpose": [2]}
    assert host.get("instruments") == ["flute", "cello", "piano", "flute"]
    with pytest.raises(ExportError, match="expected 4 in buffers that 512 divides"):
        host.play(at_audio_rate(streams), buffer_samples=256)
    assert not host.set("instruments", ["flute", "kazoo", "cello", "cello"])
    assert not host.set("transpose", [60.0])
    assert host.set("instruments", ["Cello", "flute", "piano", "cello"])
    assert host.get("instruments") == ["cello", "flute", "piano", "cello"]
    assert host.set("transpose", [12.0])
    assert host.get("transpose") == [12.0]
    swapped = streams.copy()
    swapped[0] *= 2.0
    corners = played(step, swapped, corners=(1, 0, 2, 1))
    assert apart(host.play(at_audio_rate(streams), buffer_samples=512), corners) < 1e-4


def test_nn_tilde_stays_in_tune_at_another_sample_rate_and_plays_several_voices(
    exported: Path, step: ExportStep
) -> None:
    host, streams = NnHost(exported), golden_streams()
    host.module.set_sample_rate(44_100)
    higher = streams.copy()
    higher[0] *= 48_000 / 44_100
    assert apart(host.play(at_audio_rate(streams), buffer_samples=512), played(step, higher)) < 1e-3
    host.module.set_sample_rate(48_000)
    with torch.no_grad():
        three = host.module(torch.from_numpy(streams)[None].repeat(3, 1, 1)).numpy()
    assert three.shape == (3, 2, streams.shape[1] * HOP_SAMPLES)
    assert apart(three[0], played(step, streams)) < 1e-4
    assert not np.array_equal(three[0], three[1]), "each voice has noise of its own"


@needs_onnx
def test_onnx_plays_what_the_decoder_plays(
    bank: Bank, checkpoint: Checkpoint, step: ExportStep, tmp_path: Path
) -> None:
    path = tmp_path / "blend.onnx"
    assert write_export(path, "onnx", checkpoint, bank, NAMES).error_db < -60.0
    host = OnnxHost(path)
    assert host.about.instruments == tuple(NAMES)
    assert apart(host.play(golden_streams()), played(step, golden_streams())) < MINUS_60_DB
    other = OnnxHost(path)
    other.instruments, other.transpose = np.array([1, 1, 1, 1]), 12.0
    swapped = golden_streams()
    swapped[0] *= 2.0
    assert apart(other.play(golden_streams()), played(step, swapped, corners=(1, 1, 1, 1))) < MINUS_60_DB


def rewritten(path: Path, to: Path, change: Callable[[dict[str, Any]], Mapping[str, Any]]) -> Path:
    """A copy of an export that says something else of itself."""
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(to, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            new.writestr(name, json.dumps(change(json.loads(data))) if name.endswith(NAME) else data)
    return to


def test_what_does_not_fit_is_refused_in_words(exported: Path, tmp_path: Path) -> None:
    later = rewritten(
        exported, tmp_path / "later.ts", lambda values: {**values, "format": 2, "made_by": "nsynth-lab 9"}
    )
    with pytest.raises(
        ExportError, match=f"has format 2, and nsynth-lab .* knows {FORMAT}: check it with nsynth-lab 9"
    ):
        check_export(later)

    def backwards(values: dict[str, Any]) -> dict[str, Any]:
        golden = Golden.from_dict(values["golden"])
        return {**values, "golden": Golden(golden.streams[:, ::-1], golden.sound).to_dict()}

    with pytest.raises(ExportError, match=r"does not play its golden sound here: it is .* dB off, expected -60 dB"):
        check_export(rewritten(exported, tmp_path / "other.ts", backwards))
    code = tmp_path / "code.ts"
    with zipfile.ZipFile(exported) as old, zipfile.ZipFile(code, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            new.writestr(name, data.replace(b"def forward", b"def backward") if name.endswith(".py") else data)
    with pytest.raises(ExportError, match=r"code.ts: needs torch \d+\.\d+\.\d+, here is torch"):
        check_export(code)


@pytest.mark.parametrize(
    ("words", "says", "code"),
    [
        (["flute"], "name the instruments and the file", 2),
        (["flute", "-o", "x.wav"], "x.wav: unknown ending '.wav'; expected nn~ (.ts) or onnx (.onnx)", 2),
        (["flute", "--to", "vst", "-o", "x.ts"], "--to 'vst'; expected nn~ (.ts) or onnx (.onnx)", 2),
        (["flute", "--to", "onnx", "-o", "x.ts"], "x.ts: files for onnx end in .onnx", 2),
        (["kazoo", "-o", "x.ts"], "kazoo", 2),
        (["flute", "-o", "nowhere/x.ts"], "the folder nowhere does not exist", 2),
        (["flute", "-o", "junk.ts"], "junk.ts: exists already; add --force", 2),
        (["flute", "--check", "x.ts"], "--check goes with nothing else", 2),
        (["--check", "x.wav"], "expected a .ts or an .onnx file", 1),
        (["--check", "nowhere.ts"], "nowhere.ts: cannot be read as an export for nn~", 1),
        (["--check", "junk.ts"], "junk.ts: cannot be read as an export for nn~", 1),
        (["--check", "other.ts"], "other.ts: it is no export of nsynth-lab", 1),
    ],
)
@pytest.mark.usefixtures("beside_model")
def test_a_bad_request_is_one_line(words: list[str], says: str, code: int, capsys: pytest.CaptureFixture[str]) -> None:
    Path("junk.ts").write_bytes(b"PK junk" * 20)
    with zipfile.ZipFile("other.ts", "w") as file:
        file.writestr("hello", "world")
    checkpoint = [] if "--check" in words else ["--checkpoint", "model"]
    assert run(["export", *words, *checkpoint]) == code
    error = capsys.readouterr().err.strip()
    assert says in error
    assert "\n" not in error


@pytest.mark.usefixtures("beside_model")
def test_the_command_writes_checks_and_tells(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["export", "flute", "cello", "--to", "nn~", "-o", "blend.ts", "--checkpoint", "model", "--json"]
    assert run(words) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["instruments"] == {"flute": "CC0-1.0; made", "cello": "CC0-1.0; made"}
    assert told["golden_error_db"] <= -60.0
    assert run(["export", "--check", "blend.ts"]) == 0
    assert "plays its golden sound" in capsys.readouterr().err
