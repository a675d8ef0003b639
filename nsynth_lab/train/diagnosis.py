"""What is wrong with a run, heard from held-out notes and their decoded twins: each failure in one line, with a remedy.

    silence     decoded notes lie far below the recorded ones
    noise       partials come as noise: noise against partials, decoded and recorded (see `dsp.harmonics`)
    timbre      one timbre for all: it varies less than training jitters it, or not from instrument to instrument
    learning    the loss has hardly fallen

Where the limits lie: 24 held-out notes of the default checkpoint come 0 to 2 dB low, with noise 30 dB below their
partials, and two thirds of the variance of timbre lie between instruments. An untrained model has the level right and
noise 30 dB down too, but a timbre that hardly moves.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nsynth_lab.dataset.prepare import PreparedNotes
from nsynth_lab.dsp.harmonics import lines_of, noise_to_harmonic_db, steady
from nsynth_lab.dsp.loudness import level_bias_db, loudness_db
from nsynth_lab.model.autoencoder import Autoencoder
from nsynth_lab.train.forward import TIMBRE_NOISE
from nsynth_lab.train.options import Report
from nsynth_lab.train.reconstruction import Twin, encode_note
from nsynth_lab.units import FloatArray, note_to_hz

SILENT_DB = -20.0
ADDED_NOISE_DB, NOISE_DB = 12.0, -12.0
OFTEN = 0.5
SURE_INSTRUMENTS, LEAST_SHARE = 4, 0.1
INSTRUMENTS, NOTES_EACH = 16, 2
HEARD_DB = 40.0
LEARNT_STEPS, LEARNT = 400, 0.9


@dataclass(frozen=True)
class Failure:
    """One word for what is wrong, and the line that says what was seen and what to do."""

    kind: str
    message: str


@dataclass(frozen=True)
class NoteHealth:
    """A decoded note beside the recorded one.

    Attributes:
        level_db: how much louder it is.
        noise_db: its noise against its partials.
        added_noise_db: by how much that is more than in the recording.
    """

    level_db: float
    noise_db: float
    added_noise_db: float


@dataclass(frozen=True)
class TimbreSpread:
    """Variance of notes' mean timbre, summed over its dimensions: within and between so many instruments."""

    within: float
    between: float
    instruments: int

    @property
    def share(self) -> float:
        """What part of it lies between instruments (the intraclass correlation; Shrout and Fleiss 1979)."""
        return self.between / max(self.within + self.between, 1e-12)


def note_health(twin: Twin) -> NoteHealth:
    """Compare a note with its twin, where the recording has its partials."""
    recorded, decoded = (lines_of(samples, twin.streams, note=twin.pitch) for samples in (twin.recorded, twin.decoded))
    heard = steady(recorded)
    noise_db = noise_to_harmonic_db(decoded, heard)
    return NoteHealth(
        level_bias_db(loudness_db(twin.decoded, f0_hz=note_to_hz(float(twin.pitch))), twin.streams.loudness_db),
        noise_db,
        noise_db - noise_to_harmonic_db(recorded, heard),
    )


def timbre_spread(timbre: FloatArray, instruments: Sequence[str]) -> TimbreSpread | None:
    """Of the mean timbre [notes, dims] of notes of these `instruments`; None without two notes of two instruments.

    One-way analysis of variance: what the means of instruments differ by beyond what notes of one instrument do.
    """
    groups = [timbre[[name == one for name in instruments]].astype(np.float64) for one in dict.fromkeys(instruments)]
    notes, count = len(timbre), len(groups)
    if count < 2 or notes <= count:
        return None
    sizes = np.array([len(group) for group in groups])
    within = sum(np.square(group - group.mean(axis=0)).sum() for group in groups) / (notes - count)
    apart = np.stack([group.mean(axis=0) for group in groups]) - timbre.mean(axis=0, dtype=np.float64)
    mean_square = (sizes * np.square(apart).sum(axis=1)).sum() / (count - 1)
    each = (notes - np.square(sizes).sum() / notes) / (count - 1)
    return TimbreSpread(float(within), max(0.0, float((mean_square - within) / each)), count)


def measure_spread(model: Autoencoder, notes: PreparedNotes) -> TimbreSpread | None:
    """The spread of timbre over two notes, far apart in pitch, of each of up to sixteen instruments."""
    found: dict[str, list[int]] = defaultdict(list)
    for note in sorted(range(len(notes)), key=lambda one: int(str(notes.index[one]["pitch"]))):
        found[str(notes.index[note]["instrument"])].append(note)
    able = [name for name in sorted(found) if len(found[name]) >= NOTES_EACH]
    asked = able[:: max(1, len(able) // INSTRUMENTS)][:INSTRUMENTS]
    pairs = [(name, note) for name in asked for note in (found[name][0], found[name][-1])]
    if not pairs:
        return None
    return timbre_spread(np.stack([_mean_timbre(model, notes, note) for _, note in pairs]), [name for name, _ in pairs])


def diagnose(heard: Sequence[NoteHealth], spread: TimbreSpread | None, at: Report | None) -> list[Failure]:
    """Every failure that shows; none in a healthy run. `at` is the last report of a run that began afresh."""
    found = [_silence(heard), _noise(heard), _one_timbre(spread), _learning(at)]
    return [failure for failure in found if failure is not None]


def _silence(heard: Sequence[NoteHealth]) -> Failure | None:
    silent = [note for note in heard if note.level_db < SILENT_DB]
    if not silent or len(silent) < OFTEN * len(heard):
        return None
    level = -float(np.median([note.level_db for note in silent]))
    return Failure(
        "silence",
        f"silence: {len(silent)} of {len(heard)} decoded notes lie {level:.0f} dB below the recorded ones; start again "
        "with a lower --learning-rate, and see with `nsynth-lab dataset check` whether the recordings are silent "
        "themselves",
    )


def _noise(heard: Sequence[NoteHealth]) -> Failure | None:
    audible = [note for note in heard if note.level_db >= SILENT_DB]
    noisy = [note for note in audible if note.added_noise_db > ADDED_NOISE_DB and note.noise_db > NOISE_DB]
    if not noisy or len(noisy) < OFTEN * len(audible):
        return None
    added = float(np.median([note.added_noise_db for note in noisy]))
    return Failure(
        "noise",
        f"noise: {len(noisy)} of {len(audible)} decoded notes hiss, with {added:.0f} dB more noise against their "
        "partials than the recorded ones; start again with a lower --learning-rate, and check the pitch labels with "
        "`nsynth-lab dataset check`: partials cannot sound where the label does not expect them",
    )


def _one_timbre(spread: TimbreSpread | None) -> Failure | None:
    if spread is None:
        return None
    if spread.within + spread.between < 16 * TIMBRE_NOISE**2:
        what = "hardly differs from note to note"
    elif spread.instruments >= SURE_INSTRUMENTS and spread.share < LEAST_SHARE:
        what = f"differs no more between the {spread.instruments} instruments heard than within one"
    else:
        return None
    return Failure(
        "timbre",
        f"one timbre: it {what}, so all will sound alike; start again with --decorrelate 1 and a lower "
        "--learning-rate, and see that every instrument has its own name in the data",
    )


def _learning(at: Report | None) -> Failure | None:
    if at is None or at.step < LEARNT_STEPS or at.loss_db < LEARNT * at.first_loss_db:
        return None
    return Failure(
        "learning",
        f"nothing learnt: the loss is {at.loss_db:.1f} dB after {at.step} steps and was {at.first_loss_db:.1f} in the "
        f"beginning; start again with a --learning-rate below {at.rate:.2g}",
    )


def _mean_timbre(model: Autoencoder, notes: PreparedNotes, note: int) -> FloatArray:
    latents = encode_note(model, notes, note)
    sounding = latents.loudness_db > latents.loudness_db.max() - HEARD_DB
    return np.asarray(latents.timbre[sounding].mean(axis=0), np.float32)
