"""Trains the network that tells where keys are struck in a recording (`analysis.onset_network`).

    python -m nsynth_lab.train.onsets FONT.sf2 [-o onsets.safetensors] [--pieces 400] [--passes 12] [--seed 0]

From pieces of known notes, see `onset_pieces`: each known note belongs to the candidate near it that Basic Pitch is
surest of; others near it are left out, all others are no strikes.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from safetensors.numpy import save
from torch import Tensor, nn
from torch.nn import functional

from nsynth_lab.analysis.basic_pitch import FRAME_SAMPLES, LOWEST_KEY, RATE, Activations, BasicPitch
from nsynth_lab.analysis.onset_candidates import AROUND, Candidates, candidates
from nsynth_lab.analysis.onset_network import LATE_FRAMES, NAMES, WEIGHTS
from nsynth_lab.analysis.semitone_spectrum import SemitoneSpectrum
from nsynth_lab.analysis.transcription import FFT, WINDOW
from nsynth_lab.model.checkpoint import write_bytes
from nsynth_lab.model.headers import FIXED, KEY
from nsynth_lab.train.onset_pieces import KnownNote, Piece, made_pieces
from nsynth_lab.units import FloatArray

HIDDEN, DROPOUT, BATCH, RATE_OF_LEARNING, DECAY = 64, 0.3, 512, 4e-3, 1e-3
LATE_WEIGHT, JITTER = 0.05, 0.05
EARLIEST, LATEST = 0.06, 0.2  # seconds from a note to its candidate
USUAL_DELAY, DELAY_COST = 0.015, 0.8
MOST_LATE_SECONDS = 0.2


class Examples(NamedTuple):
    """What is learnt from.

    Attributes:
        features: [examples, features] of candidates.
        struck: [examples] 1 for a strike, 0 for none.
        late_frames: [examples] how long after the strike the candidate lies.
    """

    features: FloatArray
    struck: FloatArray
    late_frames: FloatArray


def examples_of(piece: Piece, network: BasicPitch) -> Examples:
    """The candidates of a piece that are surely a strike or surely none."""
    found = candidates_in(piece.samples, network)
    struck, late = _labels(found, piece.notes)
    kept = ~np.isnan(struck)
    return Examples(found.features[kept], struck[kept], late[kept])


def candidates_in(samples: FloatArray, network: BasicPitch) -> Candidates:
    """The candidates of a sound [samples] at 22,050 Hz."""
    given = Activations._make(np.concatenate(rows) for rows in zip(*network.activations([samples]), strict=True))
    spectrum = SemitoneSpectrum(WINDOW, FRAME_SAMPLES, fft_samples=FFT)
    power = np.concatenate([spectrum.hear(samples), spectrum.end()])[: len(given.sounding)]
    return candidates(*(np.pad(rows, ((AROUND, AROUND), (0, 0))) for rows in (given.sounding, given.begins, power)))


def _labels(found: Candidates, notes: Sequence[KnownNote]) -> tuple[FloatArray, FloatArray]:
    """(1 for a strike, 0 for none, NaN for what is not to be learnt; frames after the strike)."""
    struck, late = np.zeros(len(found.frames), np.float32), np.zeros(len(found.frames), np.float32)
    times = found.frames * (FRAME_SAMPLES / RATE)
    for note in notes:
        after = times - note.at
        near = (found.keys == note.key - LOWEST_KEY) & (after >= -EARLIEST) & (after <= min(LATEST, note.held + 0.05))
        free = np.flatnonzero(near & (struck != 1.0))
        if len(free):
            best = free[np.argmax(found.begins[free] - DELAY_COST * np.abs(after[free] - USUAL_DELAY))]
            struck[free] = np.nan
            struck[best], late[best] = 1.0, min(after[best], MOST_LATE_SECONDS) * RATE / FRAME_SAMPLES
    return struck, late


def trained(examples: Examples, *, passes: int, seed: int) -> dict[str, FloatArray]:
    """The weights of an `OnsetNetwork`."""
    torch.manual_seed(seed)
    mean, scale = examples.features.mean(axis=0), examples.features.std(axis=0) + 1e-3
    features = torch.from_numpy((examples.features - mean) / scale)
    struck, late = torch.from_numpy(examples.struck), torch.from_numpy(examples.late_frames / LATE_FRAMES)
    network = nn.Sequential(
        nn.Linear(features.shape[1], HIDDEN), nn.ReLU(), nn.Dropout(DROPOUT),
        nn.Linear(HIDDEN, HIDDEN), nn.ReLU(),
        nn.Linear(HIDDEN, 2),
    )  # fmt: skip
    optimizer = torch.optim.AdamW(network.parameters(), RATE_OF_LEARNING, weight_decay=DECAY)
    steps = passes * (len(features) // min(BATCH, len(features)))
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE_OF_LEARNING, total_steps=steps)
    for rows in _batches(len(features), passes):
        came = network(features[rows] + JITTER * torch.randn_like(features[rows]))
        loss = _loss(came, struck[rows], late[rows])
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()
    weights = [parameter.detach().numpy() for parameter in network.parameters()]
    return dict(zip(NAMES, (mean, scale, *weights), strict=True))


def _batches(count: int, passes: int) -> Iterator[Tensor]:
    size = min(BATCH, count)
    for _ in range(passes):
        order = torch.randperm(count)
        yield from torch.split(order[: count // size * size], size)


def _loss(came: Tensor, struck: Tensor, late: Tensor) -> Tensor:
    wrong = functional.binary_cross_entropy_with_logits(came[:, 0], struck)
    off = functional.huber_loss(came[:, 1], late, reduction="none")
    return wrong + LATE_WEIGHT * (off * struck).sum() / struck.sum().clamp(min=1.0)


def write_weights(path: Path, weights: dict[str, FloatArray], *, about: dict[str, object]) -> None:
    """Write them in float16 with a JSON header, to which `about` is added.

    Raises:
        CheckpointError: the file cannot be written.
    """
    tensors = {name: np.ascontiguousarray(value.astype(np.float16)) for name, value in weights.items()}
    write_bytes(path, save(tensors, metadata={KEY: json.dumps({**FIXED, "kind": "onsets", **about})}))


def main(arguments: Sequence[str] | None = None) -> None:
    """Play, learn, and write the weights."""
    parser = argparse.ArgumentParser(description="Train the network that tells where keys are struck.")
    parser.add_argument("font", type=Path)
    parser.add_argument("-o", "--output", type=Path, default=WEIGHTS)
    parser.add_argument("--pieces", type=int, default=400)
    parser.add_argument("--passes", type=int, default=12)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args(arguments)
    network, parts = BasicPitch(), list[Examples]()
    for place, piece in enumerate(made_pieces(asked.font, asked.pieces, seed=asked.seed), start=1):
        parts.append(examples_of(piece, network))
        if place % 20 == 0:
            print(f"{place} of {asked.pieces} pieces", flush=True)
    examples = Examples._make(np.concatenate(rows) for rows in zip(*parts, strict=True))
    print(f"{len(examples.struck)} candidates, {int(examples.struck.sum())} of them strikes")
    weights = trained(examples, passes=asked.passes, seed=asked.seed)
    about = {"font": asked.font.name, "pieces": asked.pieces, "passes": asked.passes, "seed": asked.seed}
    write_weights(asked.output, weights, about=about)


if __name__ == "__main__":
    main()
