"""Instruments recorded out of tune: their clips are in tune, and every file and reader agrees on the root key."""

from __future__ import annotations

import json
import struct
import subprocess
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from made_notes import organ_cut_short
from pack_reading import Sfizz, cents_off, chunks, fluidsynth, need_module, need_program, regions
from tiny_model import tiny_model

from nsynth_lab.cli import run
from nsynth_lab.model.bank import Bank, BankEntry, write_bank
from nsynth_lab.model.checkpoint import save_weights
from nsynth_lab.note import Instrument
from nsynth_lab.patch import Blend, Patch, write_preset
from nsynth_lab.units import SAMPLE_RATE

OFF_CENTS = (-70, -49, -20, 20, 49)
ROOTS, KEYS = (48, 60), (45, 48, 50, 60, 62)
HEARD = 2.0  # cents


@pytest.fixture(scope="module")
def packs(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    """By how many cents off an instrument is recorded: the pack of a preset that plays it."""
    folder = tmp_path_factory.mktemp("tuning")
    model_id = save_weights(folder / "model", tiny_model(), about={})
    entries = [
        BankEntry(Instrument(f"off {cents}", "string"), (zone,), "CC0-1.0", "made")
        for zone, cents in enumerate(OFF_CENTS)
    ]
    note = organ_cut_short()
    note = replace(note, partials=np.zeros_like(note.partials))  # harmonic, so that its pitch is that of its partials
    zones = [replace(note, f0_cents=note.f0_cents + np.float32(cents), model_id=model_id) for cents in OFF_CENTS]
    write_bank(folder / "model", Bank(entries, zones, model_id=model_id), about={})
    made = {}
    for cents in OFF_CENTS:
        made[cents] = folder / f"pack{cents}"
        write_preset(folder / "off.toml", Patch("Off", Blend((f"off {cents}",) * 2)), force=True)
        words = ["--notes", "C3,C4", "--velocities", "100", "--duration", "2", "--checkpoint", str(folder / "model")]
        assert run(["pack", "--preset", str(folder / "off.toml"), *words, "-o", str(made[cents])]) == 0
    return made


@pytest.mark.parametrize("cents", OFF_CENTS)
def test_a_clip_is_in_tune_and_each_of_its_chunks_says_so(packs: dict[int, Path], cents: int) -> None:
    for record in json.loads((packs[cents] / "manifest.json").read_text("utf-8"))["clips"]:
        root, path = record["zone"]["root"], packs[cents] / record["file"]
        samples = soundfile.read(path, dtype="float32", always_2d=True)[0].mean(axis=1)
        assert abs(cents_off(samples, root, begin_seconds=0.5, end_seconds=1.5)) < HEARD
        assert abs(record["quality"]["pitch_cents"]) < HEARD
        found = chunks(path.read_bytes())
        assert struct.unpack_from("<2I", found[b"smpl"], 12) == (root, 0)
        assert struct.unpack_from("<Bb", found[b"inst"]) == (root, 0)
    for region in regions(next(packs[cents].glob("Off_*.sfz"))):
        assert "tune" not in region
        assert int(region["pitch_keycenter"]) in ROOTS


@pytest.mark.parametrize("cents", OFF_CENTS)
def test_samplers_play_it_in_tune(packs: dict[int, Path], cents: int, tmp_path: Path) -> None:
    need_module("pysfizz")
    engine = Sfizz(next(packs[cents].glob("Off_*.sfz")))
    for key in KEYS:
        assert abs(cents_off(engine.play(key, 100, seconds=1.5), key, begin_seconds=0.5, end_seconds=1.4)) < HEARD
    need_program("fluidsynth")
    sound = fluidsynth(packs[cents] / "Off.sf2", tmp_path, program=0, key=60, velocity=100, seconds=1.5)
    assert abs(cents_off(sound, 60, begin_seconds=0.5, end_seconds=1.4)) < HEARD


@pytest.mark.parametrize("cents", OFF_CENTS)
def test_tinysoundfont_plays_it_in_tune(packs: dict[int, Path], cents: int) -> None:
    need_module("tinysoundfont")
    import tinysoundfont

    synth = tinysoundfont.Synth(samplerate=SAMPLE_RATE)
    font = synth.sfload(str(packs[cents] / "Off.sf2"))
    synth.program_select(0, font, 0, 0)
    for key in KEYS:
        synth.noteon(0, key, 100)
        played = np.frombuffer(bytes(synth.generate(round(1.5 * SAMPLE_RATE))), np.float32)[::2].copy()
        synth.noteoff(0, key)
        synth.generate(4 * SAMPLE_RATE)
        assert abs(cents_off(played, key, begin_seconds=0.5, end_seconds=1.4)) < HEARD, key


@pytest.mark.parametrize("cents", OFF_CENTS)
def test_a_wav_alone_is_read_in_tune(packs: dict[int, Path], cents: int) -> None:
    """Root key by sfizz from `smpl`, by libsndfile from `inst`."""
    need_module("pysfizz")
    record = json.loads((packs[cents] / "manifest.json").read_text("utf-8"))["clips"][-1]
    alone = packs[cents] / "alone.sfz"
    alone.write_text(f"<region> sample={record['file']} pitch_keycenter=sample\n", "utf-8")
    played = Sfizz(alone).play(62, 100, seconds=1.5)
    assert abs(cents_off(played, 62, begin_seconds=0.5, end_seconds=1.4)) < HEARD
    need_program("sndfile-info", "sndfile-programs")
    told = subprocess.run(["sndfile-info", str(packs[cents] / record["file"])], capture_output=True, text=True).stdout
    assert f"Midi Note : {record['zone']['root']}" in " ".join(told.split())


@pytest.mark.parametrize("cents", OFF_CENTS)
def test_a_soundfont_says_the_same_root(packs: dict[int, Path], cents: int) -> None:
    need_module("sf2utils")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # it imports audioop
        from sf2utils.sf2parse import Sf2File
    with (packs[cents] / "Off.sf2").open("rb") as file:
        samples = [sample for sample in Sf2File(file).samples if sample.name != "EOS"]
        assert [(sample.original_pitch, sample.pitch_correction) for sample in samples] == [(root, 0) for root in ROOTS]
