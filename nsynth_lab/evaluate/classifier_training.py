"""train_classifier(notes): trains the classifier of `classifier` on recorded sounds that no model is evaluated with.

Each note is heard as it was recorded and as it might have been played otherwise (see `played_otherwise`). What is heard
is varied again every time it is used. It is transposed by up to three semitones, so that the classifier cannot memorise
which pitch belongs to which instrument; shifted by up to two frames (0.09 s); coloured by up to 6 dB; gets noise 45 to
80 dB below its loudest band, so that the noise floor of a recording reveals nothing; and in half of the cases its level
is led along another curve, or held. Notes of small families are used more often.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from nsynth_lab.errors import DatasetError
from nsynth_lab.evaluate.played_otherwise import played_otherwise
from nsynth_lab.model.classifier import (
    PITCHES,
    RANGE_DB,
    Classifier,
    Scores,
    accuracy,
    band_centres_hz,
    classifier_input,
)
from nsynth_lab.note import INSTRUMENT_FAMILIES, UNPITCHED
from nsynth_lab.units import FloatArray, Ints

EPOCHS = 9
BATCH = 32
RATE, LATER_RATE = 2e-3, 1e-3  # of what begins anew, and of what goes on
SMOOTHING = 0.05
WAYS = 2  # in which each note is heard: as it was recorded, and played otherwise
NOISE_DB = (-80.0, -45.0)
SHIFT_FRAMES = 2
SEMITONES = 3
TILT_DB, COLOUR_DB, COLOUR_WAVES = 5.0, 2.0, 4
HELD, LED = 0.2, 0.3  # shares of uses in which the level is held, or led
LED_DB, LED_POINTS = 8.0, 6

Progress = Callable[[int, int], None]
Inputs = NDArray[np.float16]


class Notes(Protocol):
    """Recorded notes, such as `dataset.prepare.PreparedNotes`.

    Attributes:
        index: of each note at least its family, its pitch (-1 if it has none), and whether it is held out.
    """

    @property
    def index(self) -> Sequence[Mapping[str, object]]:
        """See above."""

    def __len__(self) -> int: ...

    def samples(self, note: int) -> FloatArray:
        """The samples of one note at 48 kHz."""


def train_classifier(
    notes: Notes,
    *,
    start: Classifier | None = None,
    epochs: int = EPOCHS,
    ways: int = WAYS,
    seed: int = 0,
    progress: Progress = lambda *_: None,
) -> tuple[Classifier, dict[str, float]]:
    """A classifier trained on all notes that are not held out, and its accuracy on those that are.

    It goes on from `start` if that is given. `progress(done, total)` counts notes heard, then notes trained on.

    Raises:
        DatasetError: every note is held out.
    """
    chosen = np.array([number for number, note in enumerate(notes.index) if not note["held_out"]], np.int64)
    if not len(chosen):
        raise DatasetError("every note is held out: none is left to train a classifier with")
    total = len(notes) + epochs * len(chosen)
    spectra, labels = hear_all(notes, ways, seed, lambda done: progress(done, total)), _labels(notes)
    torch.manual_seed(seed)
    classifier = Classifier()
    if start is not None:
        classifier.load_state_dict(start.state_dict())
    steps = epochs * math.ceil(len(chosen) / BATCH)
    optimizer = torch.optim.AdamW(classifier.parameters(), weight_decay=0.02)
    done = len(notes)
    for step, batch in enumerate(_batches(chosen, labels[chosen, 0].numpy(), epochs, seed)):
        for group in optimizer.param_groups:
            group["lr"] = (RATE if start is None else LATER_RATE) * _rate(step, steps)
        way = np.random.default_rng((seed, step)).integers(ways, size=len(batch))
        augmented, semitones = augment(torch.from_numpy(spectra[batch, way].astype(np.float32)), seed=step)
        with torch.autocast("cpu", torch.bfloat16):  # half the time where there are matrix units
            scores = Scores(*(logits.float() for logits in classifier(augmented)))
        families, pitches = labels[batch].unbind(dim=1)
        loss = _error(scores.family, families)
        pitched = pitches != UNPITCHED
        if pitched.any():
            moved = (pitches + semitones).clamp(0, PITCHES - 1)
            loss = loss + _error(scores.pitch[pitched], moved[pitched])
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        done += len(batch)
        progress(done, total)
    classifier.eval().requires_grad_(False)
    held_out = np.setdiff1d(np.arange(len(notes)), chosen)
    return classifier, _accuracy(classifier, spectra[held_out, 0], labels[held_out])


def hear_all(notes: Notes, ways: int, seed: int, progress: Callable[[int], None]) -> Inputs:
    """The classifier's input [notes, ways, frames, bands] for each note: as it was recorded, then played otherwise."""
    heard: list[Inputs] = []
    for number, labels in enumerate(notes.index):
        samples, random = notes.samples(number), np.random.default_rng((seed, number))
        others = [
            played_otherwise(samples, random, has_pitch=labels["pitch"] != UNPITCHED)
            for _ in range(0 if labels["held_out"] else ways - 1)
        ]
        own = [classifier_input(sound).astype(np.float16) for sound in (samples, *others)]
        heard.append(np.stack(own + own[:1] * (ways - len(own))))
        progress(number + 1)
    return np.stack(heard)


def augment(spectra: Tensor, *, seed: int) -> tuple[Tensor, Tensor]:
    """Transpose, shift and colour `spectra` [notes, frames, bands] randomly, lead their levels, and add light noise.

    Returns the result and the semitones [notes] by which each was transposed.
    """
    generator = torch.Generator().manual_seed(seed)
    count, frames, bands = spectra.shape
    shifts = torch.randint(0, SHIFT_FRAMES + 1, (count,), generator=generator)
    semitones = torch.randint(-SEMITONES, SEMITONES + 1, (count,), generator=generator)
    padded = functional.pad(spectra, (0, 0, 0, SHIFT_FRAMES))
    late = torch.stack([note[shift : shift + frames] for note, shift in zip(padded, shifts.tolist(), strict=True)])
    position = _sources(bands)[semitones + SEMITONES][:, None].expand(-1, frames, -1)  # [notes, frames, bands]
    below = position.floor().clamp(0, bands - 2)
    left, right = late.gather(2, below.long()), late.gather(2, below.long() + 1)
    transposed = torch.lerp(left, right, position - below) * (position <= bands - 1)
    low, high = NOISE_DB
    noise_db = low + (high - low) * torch.rand(count, 1, 1, generator=generator)
    noise = torch.randn(2, *transposed.shape, generator=generator).square().mean(dim=0)  # power per bin, mean 1
    level_db = (transposed - 1.0) * RANGE_DB + _colour_db(count, bands, generator) + _led_db(transposed, generator)
    power = 10.0 ** (level_db / 10.0) * (transposed > 0) + 10.0 ** (noise_db / 10.0) * noise
    level = 1.0 + 10.0 * torch.log10(power.clamp(min=1e-12)) / RANGE_DB
    return (level - level.amax(dim=(1, 2), keepdim=True) + 1.0).clamp(min=0.0), semitones


def _colour_db(count: int, bands: int, generator: torch.Generator) -> Tensor:
    """Brighter or darker, and a few waves over the bands, [notes, 1, bands]."""
    at = torch.linspace(0.0, 1.0, bands)
    tilt = TILT_DB * (2.0 * torch.rand(count, 1, 1, generator=generator) - 1.0) * (2.0 * at - 1.0)
    waves = torch.randn(count, 1, COLOUR_WAVES, generator=generator) / math.sqrt(COLOUR_WAVES)
    return tilt + COLOUR_DB * waves @ torch.cos(math.pi * torch.arange(2, COLOUR_WAVES + 2)[:, None] * at)


def _led_db(spectra: Tensor, generator: torch.Generator) -> Tensor:
    """What holds the level of some notes, leads that of others, and leaves the rest, [notes, frames, 1]."""
    count, frames, _ = spectra.shape
    kind = torch.rand(count, 1, 1, generator=generator)
    own = spectra.amax(dim=2, keepdim=True)
    held = (1.0 - own) * RANGE_DB * (own > 0.5)  # what is far below is noise already
    points = LED_DB * torch.randn(count, 1, LED_POINTS, generator=generator)
    led = functional.interpolate(points, size=frames, mode="linear", align_corners=True).transpose(1, 2)
    return torch.where(kind < HELD, held, torch.where(kind < HELD + LED, led, torch.zeros(())))


@functools.cache
def _sources(bands: int) -> Tensor:
    """For each transposition by -3 .. 3 semitones: the position [bands] that each band is read from."""
    centres_hz = torch.from_numpy(band_centres_hz(bands))
    steps = torch.arange(-SEMITONES, SEMITONES + 1)
    wanted_hz = centres_hz / 2.0 ** (steps[:, None] / 12.0)
    read = [np.interp(row, centres_hz, np.arange(bands), right=bands) for row in wanted_hz.numpy()]
    return torch.from_numpy(np.stack(read)).float()


def _batches(chosen: Ints, families: Ints, epochs: int, seed: int) -> Iterator[Ints]:
    """As many as if every note were in one once an epoch; large families are drawn less often than their share."""
    rng = np.random.default_rng(seed)
    share = 1.0 / np.sqrt(np.bincount(families))[families]
    for _ in range(epochs * math.ceil(len(chosen) / BATCH)):
        yield rng.choice(chosen, size=BATCH, p=share / share.sum())


def _rate(step: int, steps: int) -> float:
    """The share of the learning rate: it rises over a twentieth of the run while it falls to zero along a cosine."""
    warm_up = min(1.0, (step + 1) / max(1.0, 0.05 * steps))
    return warm_up * 0.5 * (1.0 + math.cos(math.pi * step / steps))


def _error(logits: Tensor, labels: Tensor) -> Tensor:
    return functional.cross_entropy(logits, labels, label_smoothing=SMOOTHING)


def _labels(notes: Notes) -> Tensor:
    """Family and pitch of each note, [notes, 2]."""
    families, pitches = ([str(one[key]) for one in notes.index] for key in ("family", "pitch"))
    return torch.tensor([[INSTRUMENT_FAMILIES.index(family) for family in families], [*map(int, pitches)]]).T


def _accuracy(classifier: Classifier, spectra: Inputs, labels: Tensor) -> dict[str, float]:
    if not len(spectra):
        return {}
    starts = range(0, len(spectra), BATCH)
    with torch.no_grad():
        parts = [classifier(torch.from_numpy(spectra[at : at + BATCH].astype(np.float32))) for at in starts]
    family, pitch = (torch.cat(logits) for logits in zip(*parts, strict=True))
    return accuracy(Scores(family, pitch), labels)
