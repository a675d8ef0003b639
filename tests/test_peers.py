"""Peers on sounds whose parts are known."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from tiny_model import tiny_model

from nsynth_lab.audio import Audio, write_audio
from nsynth_lab.dataset.notes import NoteRecord
from nsynth_lab.errors import MissingError
from nsynth_lab.evaluate.metrics.distances import f0_error_cents, level_error_db, mel_error_db
from nsynth_lab.evaluate.notes import read_note
from nsynth_lab.evaluate.peers import MORPH, RECONSTRUCT, crossfade, harmonic_noise
from nsynth_lab.evaluate.peers.section import PeersSection
from nsynth_lab.evaluate.sections.section import DecodedNote, EvaluationSetup
from nsynth_lab.model.checkpoint import Checkpoint
from nsynth_lab.model.sizes import HALF_PARTIALS
from nsynth_lab.units import SAMPLE_RATE, FloatArray, note_to_hz

needs_world = pytest.mark.skipif(importlib.util.find_spec("pyworld") is None, reason="pyworld is not installed")
WORLD = pytest.param("world", marks=needs_world)
Doubles = NDArray[np.float64]
ORDERS = np.arange(1, 13)
SAW = 0.3 / ORDERS
HOLLOW = np.where(ORDERS % 2, 0.3, 0.003) / ORDERS


def tone(note: float, amplitudes: Doubles, *, seconds: float = 1.0, stretch: float = 0.0) -> FloatArray:
    """Partials k (1 + stretch k^2) f0 of these amplitudes, each at a phase of its own."""
    at = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    hz = note_to_hz(note) * ORDERS * (1.0 + stretch * ORDERS**2)
    return np.asarray(amplitudes @ np.cos(2 * np.pi * hz[:, None] * at + ORDERS[:, None]), np.float32)


def noise(gain: float, *, seconds: float = 1.0, seed: int = 0) -> FloatArray:
    rng = np.random.default_rng(seed)
    return (gain * rng.standard_normal(round(seconds * SAMPLE_RATE))).astype(np.float32)


def steady_db(stream: Doubles) -> Doubles:
    """Level [columns] of the middle frames, in dB."""
    return np.asarray(10 * np.log10(np.square(stream[20:-20]).mean(axis=0) + 1e-12))


@pytest.mark.parametrize("note", [40, 62, 83])
@pytest.mark.parametrize("stretch", [0.0, 2e-4])
def test_partials_are_measured_where_they_are(note: int, stretch: float) -> None:
    parts = harmonic_noise.analyse(tone(note, SAW, stretch=stretch), note=note)
    found = steady_db(parts.amplitudes)[HALF_PARTIALS:][: len(ORDERS)]
    assert found == pytest.approx(20 * np.log10(SAW), abs=0.3)
    assert steady_db(parts.amplitudes)[HALF_PARTIALS + len(ORDERS) + 1 :].max(initial=-99) < -60
    assert steady_db(parts.noise).max() < -35


@pytest.mark.parametrize("note", [40, 83])
def test_noise_is_measured_between_partials(note: int) -> None:
    """White noise of -40 dB: so much in every bin, with a tone through it or without."""
    for sound in (noise(0.01), noise(0.01) + tone(note, SAW)):
        found = steady_db(harmonic_noise.analyse(sound, note=note).noise)[4:-1]
        assert found.mean() == pytest.approx(-40, abs=1.0)
        assert np.abs(found + 40).max() < 5


@pytest.mark.parametrize("name", [WORLD, "harmonic_plus_noise"])
@pytest.mark.parametrize("note", [45, 64, 88])
def test_a_steady_tone_comes_back(name: str, note: int) -> None:
    sound = tone(note + 0.1, SAW) + noise(0.001)
    back = RECONSTRUCT[name](sound, note=note)
    inside = slice(SAMPLE_RATE // 5, -SAMPLE_RATE // 5)
    assert mel_error_db(back[inside], sound[inside]) < {"world": 3.0, "harmonic_plus_noise": 1.0}[name]
    assert f0_error_cents(back, sound, note=note) < 3.0
    assert level_error_db(back[inside], sound[inside]) < 1.0


def test_a_sub_octave_is_kept() -> None:
    sound = tone(57, SAW) + tone(45, HOLLOW)
    assert mel_error_db(harmonic_noise.reconstruct(sound, note=57), sound) < 1.0


@pytest.mark.parametrize("name", [WORLD, "harmonic_plus_noise"])
@pytest.mark.parametrize("length", [5_000, 48_001])
def test_any_length_and_silence(name: str, length: int) -> None:
    sound = tone(60, SAW)[:length] if length < SAMPLE_RATE else np.pad(tone(60, SAW), (0, length - SAMPLE_RATE))
    assert RECONSTRUCT[name](sound, note=60).shape == sound.shape
    silence = RECONSTRUCT[name](np.zeros(length, np.float32), note=60)
    assert silence.shape == (length,)
    assert np.abs(silence).max() < 1e-4


@pytest.mark.parametrize("name", ["crossfade", WORLD, "harmonic_plus_noise"])
def test_the_ends_of_a_morph_are_its_sources(name: str) -> None:
    """WORLD's too, where no envelope is as empty as a pure tone's."""
    saw, hollow = tone(60, SAW) + noise(1e-3), tone(60, HOLLOW, seconds=0.8) + noise(1e-3, seconds=0.8, seed=1)
    padded = np.pad(hollow, (0, len(saw) - len(hollow)))
    ends = MORPH[name](saw, hollow, positions=(0.0, 1.0), note=60)
    for end, source in zip(ends, (saw, padded), strict=True):
        expected = RECONSTRUCT[name](source, note=60) if name in RECONSTRUCT else source
        assert end.shape == saw.shape
        assert mel_error_db(end, expected) < 0.2


def test_halfway_every_partial_is_halfway_in_db() -> None:
    (middle,) = MORPH["harmonic_plus_noise"](tone(60, SAW), tone(60, HOLLOW), positions=[0.5], note=60)
    found = steady_db(harmonic_noise.analyse(middle, note=60).amplitudes)[HALF_PARTIALS:][: len(ORDERS)]
    assert found == pytest.approx(10 * np.log10(SAW * HOLLOW), abs=0.3)


@needs_world
def test_halfway_world_is_halfway_in_db() -> None:
    (middle,) = MORPH["world"](tone(60, SAW), tone(60, SAW * 0.01), positions=[0.5], note=60)
    inside = slice(SAMPLE_RATE // 5, -SAMPLE_RATE // 5)
    assert level_error_db(middle[inside], tone(60, SAW * 0.1)[inside]) < 1.0


def test_a_crossfade_keeps_the_power_of_unrelated_sounds() -> None:
    first, second = noise(0.1), noise(0.1, seed=1)
    for sound in crossfade.morph(first, second, positions=np.linspace(0, 1, 11).tolist()):
        assert np.square(sound).mean() == pytest.approx(0.01, rel=0.03)


def test_without_pyworld_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyworld", None)
    with pytest.raises(MissingError, match=r"pip install .*peers"):
        RECONSTRUCT["world"](tone(60, SAW), note=60)


def test_peers_join_the_table(tmp_path: Path) -> None:
    """Every note through every vocoder, every pair through every morph; both ends of a crossfade are exact."""
    records = []
    for number, amplitudes in enumerate((SAW, HOLLOW)):
        path = write_audio(tmp_path / f"{number}.wav", Audio(tone(60, amplitudes)[None]))
        records.append(
            NoteRecord(path, f"{number}", "made", f"{number}", "", "reed", "synthetic", 60, 100, SAMPLE_RATE)
        )
    section = PeersSection(EvaluationSetup(Checkpoint.of(tiny_model(), model_id="tiny"), records[:1], records, pairs=3))
    counted: list[int] = []
    section.add_note(DecodedNote(read_note(records[0]), section.setup.checkpoint), counted.append)
    told = section.finish(counted.append)
    assert sum(counted) == section.steps() == len(section.reconstructions) + 11 * len(section.paths)
    assert told["harmonic_plus_noise"]["reconstruction"]["mel_error_db"]["by_family"]["reed"] < 2.0
    assert told["crossfade"]["blends"]["end_point_error_db"]["mean"] == 0.0
    assert "reconstruction" not in told["crossfade"]
    if "left_out" not in told["world"]:
        assert told["world"]["blends"]["monotonicity"]["mean"] > 0.9


def test_the_table_says_how_to_get_world(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyworld", None)
    section = PeersSection(EvaluationSetup(Checkpoint.of(tiny_model(), model_id="tiny"), (), ()))
    assert section.steps() == 0
    assert "pip install" in section.finish(lambda _: None)["world"]["left_out"]
