"""A small classifier of family and pitch, NSynth's own measure: are decoded notes recognised as well as recorded ones?

The classifier was trained on recorded sounds only, as they were recorded and as they might have been played otherwise
(see `evaluate.classifier_training`): a cello whose level follows somebody's humming is a cello. Its input is 1.7 s from
the onset, as 256 mel bands every 2048 samples in windows of 8192, in dB relative to the note's loudest band and limited
to 60 dB below it, so neither the level nor anything quieter matters.

    mel [frames, bands] -> four convolutions, each halves time and frequency -> mean and maximum -> family, pitch

Source: Engel et al., Neural Audio Synthesis of Musical Notes with WaveNet Autoencoders (2017), section 4.2, where pitch
is recognised in 91.6 % of real notes and 79.6 % of reconstructed ones.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import save
from torch import Tensor, nn
from torch.nn import functional

from nsynth_lab.dsp.mel import mel, mel_weights
from nsynth_lab.errors import CheckpointError
from nsynth_lab.model.checkpoint import read_tensors, write_bytes
from nsynth_lab.model.headers import FIXED, KEY
from nsynth_lab.note import INSTRUMENT_FAMILIES, UNPITCHED
from nsynth_lab.resources import default_checkpoint
from nsynth_lab.units import SAMPLE_RATE, Doubles, FloatArray, Ints

CLASSIFIER = default_checkpoint() / "classifier.safetensors"
PITCHES = 128
BANDS, WINDOW_SAMPLES, HOP_SAMPLES, FRAMES = 256, 8192, 2048, 40
RANGE_DB = 60.0
ONSET_DB = 40.0
SILENT_DB = -110.0
CHANNELS = (24, 48, 64, 64)
HIDDEN, DROPOUT = 192, 0.3


class Scores(NamedTuple):
    """Logits of each family [notes, 13] and of each MIDI pitch [notes, 128]."""

    family: Tensor
    pitch: Tensor


class Classifier(nn.Module):
    """[notes, 40, 256] from `classifier_input` -> Scores; 0.5 million weights."""

    def __init__(self) -> None:
        super().__init__()
        sizes = zip((1, *CHANNELS), CHANNELS, strict=False)
        self.layers = nn.ModuleList(nn.Conv2d(before, after, (3, 5), 2, (1, 2)) for before, after in sizes)
        self.norms = nn.ModuleList(nn.GroupNorm(8, channels) for channels in CHANNELS)
        self.hidden = nn.Linear(2 * CHANNELS[-1] * BANDS // 2 ** len(CHANNELS), HIDDEN)
        self.family = nn.Linear(HIDDEN, len(INSTRUMENT_FAMILIES))
        self.pitch = nn.Linear(HIDDEN, PITCHES)

    def forward(self, spectra: Tensor) -> Scores:
        """The scores of `spectra` [notes, frames, bands], as `classifier_input` computes them."""
        return self.scores(self.features(spectra))

    def scores(self, features: Tensor) -> Scores:
        """The scores of notes with these features [notes, 192]."""
        return Scores(self.family(features), self.pitch(features))

    def features(self, spectra: Tensor) -> Tensor:
        """What `scores` are linear in, [notes, 192]; `spectra` [notes, frames, bands]."""
        x = spectra[:, None]  # [notes, channels, frames, bands]
        for layer, norm in zip(self.layers, self.norms, strict=True):
            x = functional.gelu(norm(layer(x)))
        over_time = torch.cat([x.mean(dim=2), x.amax(dim=2)], dim=1).flatten(1)
        pooled = functional.dropout(over_time, DROPOUT, self.training)
        return functional.gelu(self.hidden(pooled))


def classifier_input(samples: FloatArray, *, range_db: float = RANGE_DB) -> FloatArray:
    """The classifier's input for `samples` [samples] at 48 kHz: [40, 256], 1 at the loudest band, 0 from 60 dB below.

    `range_db` other than 60 is for what is still to be varied (see `evaluate.classifier_variation`).

    >>> classifier_input(np.zeros(96_000, np.float32)).max()
    np.float32(0.0)
    """
    with torch.no_grad():
        whole = torch.from_numpy(np.pad(samples, (0, max(0, WINDOW_SAMPLES - len(samples)))))[None]
        bands = mel(whole, bands=BANDS, window_samples=WINDOW_SAMPLES, hop_samples=HOP_SAMPLES)[0]
        level_db = 20.0 * torch.log10(bands.clamp(min=1e-7))
    loudest = level_db.amax(dim=1)
    if float(loudest.max()) < SILENT_DB:
        return np.zeros((FRAMES, BANDS), np.float32)
    onset = int((loudest > loudest.max() - ONSET_DB).int().argmax())
    spectra = (1.0 + (level_db[onset:][:FRAMES] - loudest.max()) / range_db).clamp(min=0.0)
    return np.asarray(functional.pad(spectra, (0, 0, 0, FRAMES - len(spectra))).numpy(), np.float32)


def band_centres_hz(bands: int = BANDS) -> Doubles:
    """The centre frequencies of the mel bands, [bands]."""
    weights = mel_weights(bands, WINDOW_SAMPLES // 2 + 1, torch.device("cpu")).double().numpy()
    hz = np.linspace(0.0, SAMPLE_RATE / 2, len(weights))
    return np.asarray(hz @ weights / weights.sum(axis=0))


def named_families(spectra: NDArray[np.floating[Any]], classifier: Classifier) -> list[str]:
    """The family assigned to each of `spectra` [notes, 40, 256], which `classifier_input` makes."""
    if not len(spectra):
        return []
    with torch.no_grad():
        scores = classifier(torch.from_numpy(spectra.astype(np.float32)))
    return [INSTRUMENT_FAMILIES[number] for number in scores.family.argmax(dim=1).tolist()]


def classify(samples: FloatArray, classifier: Classifier) -> tuple[str, int]:
    """The family and MIDI pitch that the classifier assigns to `samples` [samples] at 48 kHz."""
    with torch.no_grad():
        scores = classifier(torch.from_numpy(classifier_input(samples))[None])
    return INSTRUMENT_FAMILIES[int(scores.family.argmax())], int(scores.pitch.argmax())


class Heard(NamedTuple):
    """Features [notes, 192], probabilities of the families [notes, 13] and MIDI pitches [notes] of sounds."""

    features: FloatArray
    families: FloatArray
    pitches: Ints


def hear(sounds: Sequence[FloatArray], classifier: Classifier) -> Heard:
    """What the classifier makes of `sounds`, each [samples] at 48 kHz."""
    with torch.no_grad():
        features = classifier.features(torch.from_numpy(np.stack([classifier_input(sound) for sound in sounds])))
        scores = classifier.scores(features)
    families = scores.family.softmax(dim=1)
    return Heard(features.numpy(), families.numpy(), scores.pitch.argmax(dim=1).numpy())


def accuracy(scores: Scores, labels: Tensor) -> dict[str, float]:
    """The shares of notes whose family and whose pitch are recognised, the latter of those that have one.

    `labels` [notes, 2] holds their numbers; the pitch of what has none is -1.
    """
    family, pitch = (logits.argmax(dim=1) == labels[:, column] for column, logits in enumerate(scores))
    return {
        "family": float(family.float().mean()),
        "pitch": float(pitch[labels[:, 1] != UNPITCHED].float().mean()),
    }


def save_classifier(path: Path, classifier: Classifier, *, about: dict[str, Any]) -> None:
    """Write the weights in float16 with a JSON header, to which `about` (JSON values) is added."""
    tensors = {name: value.detach().cpu().half().contiguous() for name, value in classifier.state_dict().items()}
    header = {**FIXED, "kind": "classifier", "families": list(INSTRUMENT_FAMILIES), **about}
    write_bytes(path, save(tensors, metadata={KEY: json.dumps(header)}))


def load_classifier(path: Path) -> tuple[Classifier, dict[str, Any]]:
    """The classifier, ready to use, and its header.

    Raises:
        CheckpointError: missing, damaged, or not a classifier of this version.
    """
    if not path.is_file():
        raise CheckpointError(f"{path}: no such file; train a classifier first (classifier_training.train_classifier)")
    header, arrays = read_tensors(path)
    classifier = Classifier()
    expected = {name: value.shape for name, value in classifier.state_dict().items()}
    fits = {name: array.shape for name, array in arrays.items()} == expected
    if not fits or header.get("families") != list(INSTRUMENT_FAMILIES):
        raise CheckpointError(f"{path}: not a classifier of this version; train it again")
    classifier.load_state_dict({name: torch.from_numpy(array).float() for name, array in arrays.items()})
    classifier.eval().requires_grad_(False)
    return classifier, header
