from __future__ import annotations

import numpy as np
import pytest

from nsynth_lab import units


@pytest.mark.parametrize("note", [0.0, 21.0, 60.5, 69.0, 127.0])
def test_hz_and_notes_undo_each_other(note: float) -> None:
    assert units.hz_to_note(units.note_to_hz(note)) == pytest.approx(note, abs=1e-9)


def test_an_octave_is_twelve_notes_and_1200_cents() -> None:
    assert units.note_to_hz(81.0) / units.note_to_hz(69.0) == pytest.approx(2.0)
    assert units.cents_to_ratio(1200.0) == 2.0
    assert units.ratio_to_cents(2.0) == 1200.0


@pytest.mark.parametrize("db", [-120.0, -6.02, 0.0, 12.0])
def test_db_and_gain_undo_each_other(db: float) -> None:
    assert units.gain_to_db(units.db_to_gain(db)) == pytest.approx(db, abs=1e-9)


def test_silence_has_a_floor() -> None:
    assert units.gain_to_db(0.0, floor_db=-90.0) == -90.0
    assert units.gain_to_db(1e-30) == -120.0


def test_arrays_keep_their_shape_and_type() -> None:
    notes = np.array([[57.0, 69.0], [81.0, 93.0]], np.float32)
    hz = units.note_to_hz(notes)
    assert hz.dtype == np.float32
    np.testing.assert_allclose(hz, [[220.0, 440.0], [880.0, 1760.0]], rtol=1e-6)
    assert units.db_to_gain(np.zeros(3, np.float32)).dtype == np.float32


def test_frames_hold_every_sample() -> None:
    for samples in (1, 511, 512, 513, 48_000):
        frames = units.samples_to_frames(samples)
        assert (frames - 1) * units.HOP_SAMPLES < samples <= frames * units.HOP_SAMPLES


def test_seconds_and_frames_undo_each_other() -> None:
    for frames in (1, 94, 9_375):
        assert units.seconds_to_frames(units.frames_to_seconds(frames)) == frames
