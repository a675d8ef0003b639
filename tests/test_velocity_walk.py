"""A voice that follows a phrase moves through the velocity layers of its instrument with its level."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from made_notes import bell, flute, pad
from numpy.typing import NDArray
from playing import Heard, played
from tiny_model import tiny_model

from nsynth_lab.compiled.zone_reader import DIES_DB
from nsynth_lab.latents import Latents
from nsynth_lab.midi.events import Event, follow, note_on
from nsynth_lab.model.checkpoint import Checkpoint
from nsynth_lab.synth.engine import Engine
from nsynth_lab.synth.followed import velocity_at
from nsynth_lab.synth.settings import Settings
from nsynth_lab.synth.sources import Sources

SECONDS = 3.0
HOP = 256


def layered(*velocities: int) -> list[Latents]:
    """One note in layers; the first number of its timbre is the velocity / 100, whatever the place in the note."""
    note = flute().at_note(60)
    made = []
    for velocity in velocities:
        timbre = np.array(note.timbre)
        timbre[:, 0] = velocity / 100.0
        made.append(replace(note, velocity=velocity, timbre=timbre))
    return made


def swell(begin_db: float, end_db: float) -> list[Event]:
    """A held note whose level goes from one to the other in a straight line, after half a second."""
    events = [*follow(0.0, begin_db, at_sample=0, channel=1), note_on(60, round(velocity_at(begin_db)), channel=1)]
    for at in range(HOP, int(SECONDS * 48_000), HOP):
        share = min(max((at / 48_000 - 0.5) / 1.5, 0.0), 1.0)
        events += follow(0.0, begin_db + share * (end_db - begin_db), at_sample=at, channel=1)
    return events


def heard(velocities: tuple[int, ...], begin_db: float, end_db: float) -> tuple[NDArray[np.float64], Heard]:
    """The first number of the timbre of every frame that was asked for, and all that was."""
    engine = Engine(Checkpoint.of(tiny_model()), [Sources([layered(*velocities)])], Settings(mpe=True))
    asked = Heard(engine)
    played(engine, swell(begin_db, end_db), samples=int(SECONDS * 48_000))
    return np.array([float(timbre[0]) for _, _, timbre in asked.timbre]), asked


@pytest.mark.parametrize("velocities", [(50, 100), (40, 70, 100), (20, 50, 80, 110)])
@pytest.mark.parametrize("ends_db", [(-45.0, -20.0), (-20.0, -45.0)])
def test_a_swell_moves_through_all_layers_without_a_leap(
    velocities: tuple[int, ...], ends_db: tuple[float, float]
) -> None:
    timbre, _ = heard(velocities, *ends_db)
    first, last = (velocity_at(end) / 100.0 for end in ends_db)
    assert timbre[20] == pytest.approx(np.clip(first, velocities[0] / 100.0, velocities[-1] / 100.0), abs=0.02)
    assert timbre[-10] == pytest.approx(np.clip(last, velocities[0] / 100.0, velocities[-1] / 100.0), abs=0.02)
    steps = np.diff(timbre[5:]) * np.sign(last - first)
    assert steps.min() > -1e-3, "it goes one way"
    assert steps.max() < 0.012, "and smoothly"


def test_it_is_as_loud_as_asked_for() -> None:
    _, asked = heard((50, 100), -45.0, -20.0)
    levels = asked.levels(1.0, SECONDS)
    wanted = np.interp(np.linspace(1.0, SECONDS, len(levels)), [0.5, 2.0], [-45.0, -20.0])
    assert np.abs(levels - wanted).max() < 1.5, "a frame and the lag of 24 ms"


def test_a_struck_note_that_follows_is_as_loud_as_asked_for_and_dies_away_more_slowly() -> None:
    """It falls by 35 dB in the first second where it follows nothing."""
    engine = Engine(Checkpoint.of(tiny_model()), [Sources([[bell().at_note(60)]])], Settings(mpe=True))
    asked = Heard(engine)
    played(engine, swell(-20.0, -20.0), samples=48_000)
    levels = asked.levels(0.1, 1.0)
    wanted = -20.0 - DIES_DB * np.log1p(35.0 * np.linspace(0.1, 1.0, len(levels)) / DIES_DB)
    assert np.abs(levels - wanted).max() < 3.5


def test_a_slow_attack_is_as_loud_as_asked_for_after_a_tenth_of_a_second() -> None:
    """A pad that takes a second by itself: what it follows says how fast it rises."""
    engine = Engine(Checkpoint.of(tiny_model()), [Sources([[pad().at_note(60)]])], Settings(mpe=True))
    asked = Heard(engine)
    played(engine, swell(-20.0, -20.0), samples=48_000)
    assert np.abs(asked.levels(0.11, 1.0) + 20.0).max() < 3.5
    assert asked.levels(0.0, 0.03)[0] < -40.0, "the beginning is its own"


def test_one_layer_and_notes_that_follow_nothing_stay_as_they_are() -> None:
    timbre, _ = heard((80,), -45.0, -20.0)
    np.testing.assert_allclose(timbre, 0.8, atol=1e-6)
    engine = Engine(Checkpoint.of(tiny_model()), [Sources([layered(50, 100)])], Settings(mpe=True))
    asked = Heard(engine)
    late = follow(0.0, -20.0, at_sample=24_000, channel=1)
    played(engine, [note_on(60, 50, channel=1), *late], samples=48_000)
    np.testing.assert_allclose([float(timbre[0]) for _, _, timbre in asked.timbre], 0.5, atol=1e-6)
