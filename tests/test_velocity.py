"""Velocity: one curve, strictly rising from 1 to 127, for clips and for the synth."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from made_notes import flute, piano
from playing import corner, played
from tiny_model import tiny_model

from nsynth_lab.blend import blend
from nsynth_lab.blend.velocity import layers_at, level_db
from nsynth_lab.latents import write_latents
from nsynth_lab.midi.events import note_on
from nsynth_lab.model.bank import blend_layers
from nsynth_lab.model.checkpoint import Checkpoint
from nsynth_lab.note import Note
from nsynth_lab.render.instrument import make_engine
from nsynth_lab.render.offline import below_ceiling
from nsynth_lab.render.session import Session
from nsynth_lab.synth.engine import Engine
from nsynth_lab.synth.settings import Settings
from nsynth_lab.synth.sources import Sources
from nsynth_lab.units import FloatArray, gain_to_db

EVERY = range(1, 128)
LAYERS = {
    "one": ([100], [-20.0]),
    "one, softer than usual": ([75], [-20.0]),
    "one, the hardest": ([127], [-20.0]),
    "two": ([50, 100], [-30.0, -20.0]),
    "two, wide apart": ([25, 127], [-45.0, -20.0]),
    "two, both soft": ([25, 50], [-43.9, -38.3]),
    "brought to one level": ([25, 60, 127], [-21.0, -21.0, -21.0]),
    "falling": ([50, 75, 100], [-16.9, -20.0, -19.0]),
    "hardest and softest": ([1, 127], [-60.0, -20.0]),
}


@pytest.mark.parametrize("layers", LAYERS.values(), ids=LAYERS)
def test_the_level_rises_with_every_step(layers: tuple[list[int], list[float]]) -> None:
    levels = [level_db(*layers, velocity=velocity) for velocity in EVERY]
    assert np.diff(levels).min() >= 0.05
    assert np.diff(levels).max() < 1.0, "no step is a jump"
    assert levels[99] == pytest.approx(np.interp(100, *layers)), "at velocity 100 what the layers recorded"


def test_rising_layers_are_followed_and_extrapolated_at_the_stated_slopes() -> None:
    levels = [level_db([50, 100], [-30.0, -20.0], velocity=velocity) for velocity in EVERY]
    assert levels[49] == pytest.approx(-30.0)
    assert levels[74] == pytest.approx(-25.0)
    assert levels[0] == pytest.approx(-30.0 - 49 * 0.25)
    assert levels[126] == pytest.approx(-20.0 + 27 * 0.15)


@pytest.mark.parametrize("layers", LAYERS.values(), ids=LAYERS)
def test_timbre_moves_evenly_from_layer_to_layer(layers: tuple[list[int], list[float]]) -> None:
    velocities, peaks_db = layers
    for velocity in EVERY:
        own = layers_at(velocities, peaks_db, velocity=velocity)
        mean = (1 - own.share) * velocities[own.softer] + own.share * velocities[own.harder]
        assert mean == pytest.approx(min(max(velocity, velocities[0]), velocities[-1]))
        between = (1 - own.share) * peaks_db[own.softer] + own.share * peaks_db[own.harder]
        assert between + own.gain_db == pytest.approx(level_db(velocities, peaks_db, velocity=velocity), abs=1e-5)


def test_the_synth_and_clips_blend_the_same_layers_at_the_same_level() -> None:
    layers = [
        replace(one, timbre=one.timbre * np.float32(one.velocity / 100)) for one in corner(piano(), notes=[57, 69])
    ]
    sources = Sources([layers])
    for velocity in EVERY:
        note = blend_layers([zone for zone in layers if zone.note == 69], velocity=velocity)
        played = sources.layers(70, velocity)
        assert {sources.zones[layer.zone].note for layer in played} == {69}
        peak_db = sum(one.share * (sources.zones[one.zone].peak_db + one.gain_db) for one in played)
        assert note.loudness_db.max() == pytest.approx(peak_db, abs=0.02)
        assert note.velocity == velocity
        colour = sum(one.share * sources.timbre[sources.zones[one.zone].first + 30] for one in played)
        np.testing.assert_allclose(note.timbre[30], colour, atol=0.05)


def test_a_layer_at_its_recorded_velocity_is_unchanged() -> None:
    layers = corner(flute(), notes=[60], velocities=[40, 100])
    for layer in layers:
        note = blend_layers(layers, velocity=layer.velocity)
        np.testing.assert_array_equal(note.loudness_db, layer.loudness_db.clip(-100.0))
        np.testing.assert_array_equal(note.timbre, layer.timbre)


def test_between_layers_of_different_lengths_the_length_moves_evenly() -> None:
    soft, hard = corner(piano(), notes=[60], velocities=[50, 100])
    layers = [soft, replace(blend([hard], [1.0], frames=hard.frames // 2), velocity=100)]
    lengths = [blend_layers(layers, velocity=velocity).frames for velocity in (50, 75, 100)]
    assert lengths[1] == pytest.approx((lengths[0] + lengths[2]) / 2, abs=1)


def test_a_note_that_would_clip_is_turned_down_but_still_rises_with_velocity() -> None:
    wave = np.sin(np.arange(4_800) / 7.0).astype(np.float32)
    loud = [below_ceiling(wave * np.float32(10 ** (db / 20))) for db in np.arange(-3.0, 12.0, 0.15)]
    peaks_db = [gain_to_db(float(np.abs(sound).max())) for sound in loud]
    assert np.diff(peaks_db).min() > 0
    assert peaks_db[0] == pytest.approx(-3.0, abs=0.01), "what has room is left alone"
    assert peaks_db[-1] < -0.3


def test_a_soft_slow_attack_is_heard_in_the_engine() -> None:
    slow = flute()
    quiet = replace(slow, loudness_db=np.concatenate([np.full(40, -90.0), slow.loudness_db[:-40]]).astype(np.float32))
    quiet = replace(quiet, attack_frames=60, loudness_db=quiet.loudness_db - 20.0 * (quiet.loudness_db > -90))
    engine = Engine(Checkpoint.of(tiny_model()), [Sources([[quiet]])], Settings())
    assert np.abs(played(engine, [note_on(69, 1)], samples=96_000)).max() > 0


@cache
def session() -> Session:
    """The shipped checkpoint."""
    return Session(user_instruments=False)


def sounds(name: str, note: Note, *, samples: int = 24_000) -> tuple[FloatArray, FloatArray]:
    """Half a second of a held note, blended and played."""
    latents = blend([session().source(name, note)], [1.0], frames=180)
    engine = make_engine(session(), [[name]], Settings())
    live = played(engine, [note_on(note.number, note.velocity)], samples=samples, blocks=(512,))
    return session().render(latents).audio.samples[0, :samples], live.mean(axis=0)


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("flute", 69),
        ("acoustic grand piano", 60),
        ("salamander grand piano (yamaha c5)", 72),
        ("kalimba", 60),
        ("french horn (vsco 2 ce)", 50),
        ("headroom piano (yamaha c3)", 30),
        ("tubular bells", 64),
    ],
)
def test_instruments_grow_louder_from_1_to_127_however_they_are_played(name: str, number: int) -> None:
    found = []
    for velocity in (1, 2, 30, 49, 50, 51, 75, 99, 100, 101, 126, 127):
        levels = [
            gain_to_db(float(level))
            for sound in sounds(name, Note(number, velocity))
            for level in (np.abs(sound).max(), np.sqrt(np.mean(np.square(sound))))
        ]
        found.append(levels)
    steps = np.diff(found, axis=0)
    assert steps.min() > 0.05, "peak and mean, blended and played, are higher at every step"
    differences = np.array(found)[:, :2] - np.array(found)[:, 2:]
    assert np.abs(differences).max() < 0.5, "blended and played are equally loud"


def test_a_file_of_one_note_follows_velocity_too(tmp_path: Path) -> None:
    one = session().bank.zones[session().bank.find("viola").zones[-1]]
    path = write_latents(tmp_path / "one.latents", one)
    peaks = [float(session().source(str(path), Note(60, velocity)).loudness_db.max()) for velocity in EVERY]
    assert np.diff(peaks).min() > 0.1
    assert peaks[99] == pytest.approx(-20.0)
