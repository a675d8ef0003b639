"""diagnose(...): the failures of a training run, found on reconstructions of held-out notes, each with a remedy.

    silence     decoded notes are far quieter than the recorded ones
    noise       partials are decoded as noise (noise relative to partials, see `dsp.harmonics`)
    timbre      all notes have one timbre: it varies less than the noise added in training, or not between instruments
    learning    the loss has hardly fallen

The limits come from the default checkpoint: 24 held-out notes are 0 to 2 dB too quiet, with noise 30 dB below their
partials, and two thirds of the variance of timbre is between instruments. An untrained model has the right level and
noise 30 dB down too, but a timbre that hardly varies.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nsynth_lab.dataset.prepare import PreparedNotes
from nsynth_lab.model.autoencoder import Autoencoder
from nsynth_lab.train.losses import TIMBRE_NOISE
from nsynth_lab.train.options import TrainingProgress
from nsynth_lab.train.reconstruction import NoteHealth, encode_note
from nsynth_lab.units import FloatArray

SILENT_DB = -20.0
ADDED_NOISE_DB, NOISE_DB = 12.0, -12.0
MAJORITY = 0.5
MIN_INSTRUMENTS, MIN_BETWEEN_SHARE = 4, 0.1
INSTRUMENTS, NOTES_EACH = 16, 2
HEARD_DB = 40.0
LEARNING_STEPS, LEARNING_RATIO = 400, 0.9


@dataclass(frozen=True)
class Failure:
    """A failure: its kind in one word, and one line that says what was found and what to do."""

    kind: str
    message: str


@dataclass(frozen=True)
class TimbreSpread:
    """The variance of notes' mean timbre, summed over its dimensions, within and between `instruments` instruments."""

    within: float
    between: float
    instruments: int

    @property
    def share(self) -> float:
        """The share of the variance between instruments (intraclass correlation; Shrout and Fleiss 1979)."""
        return self.between / max(self.within + self.between, 1e-12)


def timbre_spread(timbre: FloatArray, instruments: Sequence[str]) -> TimbreSpread | None:
    """One-way analysis of variance of the mean timbre [notes, dims] of notes of these `instruments` [notes].

    None if there are fewer than two instruments, or no instrument with two notes.
    """
    groups = [timbre[[name == one for name in instruments]].astype(np.float64) for one in dict.fromkeys(instruments)]
    notes, count = len(timbre), len(groups)
    if count < 2 or notes <= count:
        return None
    sizes = np.array([len(group) for group in groups])
    within = sum(np.square(group - group.mean(axis=0)).sum() for group in groups) / (notes - count)
    offsets = np.stack([group.mean(axis=0) for group in groups]) - timbre.mean(axis=0, dtype=np.float64)
    mean_square = (sizes * np.square(offsets).sum(axis=1)).sum() / (count - 1)
    effective_size = (notes - np.square(sizes).sum() / notes) / (count - 1)
    return TimbreSpread(float(within), max(0.0, float((mean_square - within) / effective_size)), count)


def measure_spread(model: Autoencoder, notes: PreparedNotes) -> TimbreSpread | None:
    """The spread of timbre over the lowest and the highest note of each of up to sixteen instruments."""
    found: dict[str, list[int]] = defaultdict(list)
    for note in sorted(range(len(notes)), key=lambda one: int(str(notes.index[one]["pitch"]))):
        found[str(notes.index[note]["instrument"])].append(note)
    usable = [name for name in sorted(found) if len(found[name]) >= NOTES_EACH]
    chosen = usable[:: max(1, len(usable) // INSTRUMENTS)][:INSTRUMENTS]
    pairs = [(name, note) for name in chosen for note in (found[name][0], found[name][-1])]
    if not pairs:
        return None
    return timbre_spread(np.stack([_mean_timbre(model, notes, note) for _, note in pairs]), [name for name, _ in pairs])


def diagnose(
    notes: Sequence[NoteHealth], spread: TimbreSpread | None, progress: TrainingProgress | None
) -> list[Failure]:
    """All failures that are found; none in a healthy run.

    Args:
        notes: reconstructions compared with their recordings.
        spread: of timbre; None if it could not be measured.
        progress: of a run that started with a fresh model; None for others, whose loss need not fall much.
    """
    found = [_silence(notes), _noise(notes), _one_timbre(spread), _learning(progress)]
    return [failure for failure in found if failure is not None]


def _silence(notes: Sequence[NoteHealth]) -> Failure | None:
    silent = [note for note in notes if note.level_db < SILENT_DB]
    if not silent or len(silent) < MAJORITY * len(notes):
        return None
    level = -float(np.median([note.level_db for note in silent]))
    return Failure(
        "silence",
        f"silence: {len(silent)} of {len(notes)} decoded notes are {level:.0f} dB quieter than the recorded ones; "
        "start again with a lower --learning-rate, and check with `nsynth-lab dataset check` whether the recordings "
        "are silent",
    )


def _noise(notes: Sequence[NoteHealth]) -> Failure | None:
    audible = [note for note in notes if note.level_db >= SILENT_DB]
    noisy = [note for note in audible if note.added_noise_db > ADDED_NOISE_DB and note.noise_db > NOISE_DB]
    if not noisy or len(noisy) < MAJORITY * len(audible):
        return None
    added = float(np.median([note.added_noise_db for note in noisy]))
    return Failure(
        "noise",
        f"noise: {len(noisy)} of {len(audible)} decoded notes hiss: relative to their partials they have "
        f"{added:.0f} dB more noise than the recorded ones; start again with a lower --learning-rate, and check "
        "the pitch labels with `nsynth-lab dataset check`: the decoder places partials where the label says",
    )


def _one_timbre(spread: TimbreSpread | None) -> Failure | None:
    if spread is None:
        return None
    if spread.within + spread.between < 16 * TIMBRE_NOISE**2:
        what = "hardly differs from note to note"
    elif spread.instruments >= MIN_INSTRUMENTS and spread.share < MIN_BETWEEN_SHARE:
        what = f"differs no more between the {spread.instruments} instruments measured than within one"
    else:
        return None
    return Failure(
        "timbre",
        f"one timbre: it {what}, so all notes will sound the same; start again with --decorrelate 1 and a lower "
        "--learning-rate, and make sure that every instrument has a name of its own in the data",
    )


def _learning(progress: TrainingProgress | None) -> Failure | None:
    if progress is None or progress.step < LEARNING_STEPS:
        return None
    if progress.loss_db < LEARNING_RATIO * progress.first_loss_db:
        return None
    return Failure(
        "learning",
        f"nothing learnt: the loss is {progress.loss_db:.1f} dB after {progress.step} steps and was "
        f"{progress.first_loss_db:.1f} dB at the start; start again with a --learning-rate below {progress.rate:.2g}",
    )


def _mean_timbre(model: Autoencoder, notes: PreparedNotes, note: int) -> FloatArray:
    latents = encode_note(model, notes, note)
    sounding = latents.loudness_db > latents.loudness_db.max() - HEARD_DB
    return np.asarray(latents.timbre[sounding].mean(axis=0), np.float32)
