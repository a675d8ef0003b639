"""Synthetic recordings, so that encoding and training can be measured without data."""

from __future__ import annotations

import numpy as np

from nsynth_lab.audio import Audio
from nsynth_lab.dataset.prepare import FULL_SCALE, PreparedNotes
from nsynth_lab.dsp.measure import measure
from nsynth_lab.dsp.mel import loudest_db
from nsynth_lab.note import FAMILIES
from nsynth_lab.units import HOP_SAMPLES, SAMPLE_RATE, note_to_hz, seconds_to_frames

PARTIALS = 24
DECAY_PER_SECOND = 1.5


def recording(note: int, *, seconds: float) -> Audio:
    """A plucked tone with a little noise, a whole number of frames long; the same for the same MIDI note."""
    at = np.arange(seconds_to_frames(seconds) * HOP_SAMPLES) / SAMPLE_RATE
    orders = np.arange(1, PARTIALS + 1)[:, None]
    hz = note_to_hz(float(note)) * orders
    tone = (np.where(hz < 0.45 * SAMPLE_RATE, 0.2 / orders, 0.0) * np.cos(2 * np.pi * hz * at + orders)).sum(axis=0)
    noise = 0.003 * np.random.default_rng(note).standard_normal(len(at))
    samples = (tone + noise) * np.exp(-DECAY_PER_SECOND * at)
    return Audio(samples.astype(np.float32)[None])


def prepared_notes(count: int, *, seconds: float) -> PreparedNotes:
    """Synthetic recordings in memory, in the form that `dataset.prepare` gives."""
    pitches = [40 + 5 * number % 36 for number in range(count)]
    sounds = [recording(pitch, seconds=seconds).mono() for pitch in pitches]
    streams = [measure(sound, note=pitch) for sound, pitch in zip(sounds, pitches, strict=True)]
    lengths = [len(one.loudness_db) for one in streams]
    return PreparedNotes(
        audio=np.concatenate([np.asarray((sound * FULL_SCALE).round(), np.int16) for sound in sounds]),
        starts=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        loudness_db=np.concatenate([one.loudness_db for one in streams]),
        f0_cents=np.concatenate([one.f0_cents for one in streams]),
        partials=np.stack([one.partials for one in streams]),
        loudest_db=np.array([loudest_db(sound) for sound in sounds], np.float32),
        index=[_entry(number, pitch) for number, pitch in enumerate(pitches)],
    )


def _entry(number: int, pitch: int) -> dict[str, object]:
    family = FAMILIES[number % 2]
    return {
        "note_str": f"{family}_synthetic_{number:03d}-{pitch:03d}-100",
        "instrument": f"made/{family}",
        "family": family,
        "pitch": pitch,
        "velocity": 100,
        "hold_seconds": None,
        "licence": "",
        "held_out": False,
    }
