"""Training of the code, and fresh classifiers that judge what it still tells of the instrument and of the pitch.

The encoder's gradient from the classifiers is reversed: it learns what helps to rebuild each instrument's timbre and
what leaves the classifiers at a loss (Ganin et al. 2016, Domain-adversarial training of neural networks).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.numpy import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional

from nsynth_lab.research.code.features import COUNT
from nsynth_lab.research.code.performances import Performance
from nsynth_lab.units import Doubles, FloatArray

NUMBERS, HIDDEN = 4, 24
CONFUSION = 0.1
STEPS, BATCH, NOISE, LIMIT = 2_000, 1_024, 0.1, 4.0
PITCH_BINS, PITCH_LOWEST, PITCH_WIDTH = 15, 24.0, 6.0
PART_HOPS = 400  # halves of a performance alternate: one is learnt, the other judges
PROBE_STEPS = 1_000


@dataclass(frozen=True)
class UniversalCode:
    """The encoder and each instrument's matrix; runs in NumPy.

    Attributes:
        arrays: `scale` [11]; `first` [24, 11], `first_bias`, `second` [4, 24], `second_bias`: the encoder; `matrices`
            [instruments, 16, 4] and `biases` [instruments, 16], in spreads of the instrument.
        names: of the instruments.
    """

    arrays: Mapping[str, FloatArray]
    names: tuple[str, ...]

    def encode(self, features: Doubles) -> Doubles:
        """The code [..., 4], each number within -1 and 1, of features [..., 11]."""
        own = self.arrays
        scaled = np.clip(features / own["scale"], -LIMIT, LIMIT)
        hidden = np.tanh(scaled @ own["first"].T + own["first_bias"])
        return np.asarray(np.tanh(hidden @ own["second"].T + own["second_bias"]))

    def displacement(self, name: str, code: Doubles) -> Doubles:
        """How far [16] the timbre of an instrument lies from the centre of its key, in spreads."""
        place = self.names.index(name)
        return np.asarray(self.arrays["matrices"][place] @ code + self.arrays["biases"][place])

    def save(self, path: Path) -> None:
        """Write it, 60 kB for 186 instruments."""
        save_file(dict(self.arrays), path, metadata={"names": "\n".join(self.names)})

    @staticmethod
    def load(path: Path) -> UniversalCode:
        """Read it."""
        from safetensors import safe_open

        with safe_open(str(path), framework="numpy") as file:
            names = tuple((file.metadata() or {})["names"].split("\n"))
        return UniversalCode(load_file(path), names)


@dataclass(frozen=True)
class Judged:
    """What is left in the code, on hops that were not learnt.

    Attributes:
        explained: the share of the variance of timbre within each instrument that is rebuilt.
        instrument, pitch: the share of hops that a fresh classifier names right, and by always naming the commonest.
    """

    explained: float
    instrument: tuple[float, float]
    pitch: tuple[float, float]


@dataclass(frozen=True)
class _Hops:
    features: Tensor
    displacement: Tensor
    instrument: Tensor
    pitch: Tensor
    learnt: Tensor

    @staticmethod
    def of(played: Mapping[str, Performance]) -> _Hops:
        def joined(column: str) -> Tensor:
            return torch.from_numpy(np.concatenate([getattr(one, column) for one in played.values()]))

        counts = [len(one.note) for one in played.values()]
        instrument = torch.cat([torch.full((count,), place) for place, count in enumerate(counts)])
        learnt = torch.cat([torch.arange(count) // PART_HOPS % 2 == 0 for count in counts])
        pitch = ((joined("note") - PITCH_LOWEST) / PITCH_WIDTH).clamp(0, PITCH_BINS - 1).long()
        return _Hops(joined("features"), joined("displacement").clamp(-LIMIT, LIMIT), instrument, pitch, learnt)


def train(
    played: Mapping[str, Performance],
    *,
    steps: int = STEPS,
    probe_steps: int = PROBE_STEPS,
    batch_hops: int = BATCH,
    confusion: float = CONFUSION,
    seed: int = 0,
) -> tuple[UniversalCode, Judged]:
    """The code, and what fresh classifiers find in it; `confusion` weighs the classifiers, 0 leaves them out."""
    torch.manual_seed(seed)
    hops, instruments = _Hops.of(played), len(played)
    scale = hops.features.std(0) + 1e-3
    inputs = (hops.features / scale).clamp(-LIMIT, LIMIT)
    encoder = nn.Sequential(nn.Linear(COUNT, HIDDEN), nn.Tanh(), nn.Linear(HIDDEN, NUMBERS), nn.Tanh())
    matrices = nn.Parameter(0.02 * torch.randn(instruments, hops.displacement.shape[1], NUMBERS))
    biases = nn.Parameter(torch.zeros(instruments, hops.displacement.shape[1]))
    judges = nn.ModuleList([_classifier(instruments), _classifier(PITCH_BINS)])
    optimizer = torch.optim.Adam(
        [{"params": encoder.parameters(), "lr": 2e-3}, {"params": [matrices, biases], "lr": 1e-2}]
    )
    against = torch.optim.Adam(judges.parameters(), 4e-3)
    decay = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    learnt = torch.where(hops.learnt)[0]
    most = [0.999 * float(np.log(classes)) for classes in (instruments, PITCH_BINS)]
    for step in range(steps):
        batch = learnt[torch.randint(len(learnt), (batch_hops,))]
        labels = (hops.instrument[batch], hops.pitch[batch])
        code = encoder(inputs[batch])
        code = code + NOISE * torch.randn_like(code)
        made = torch.einsum("nij,nj->ni", matrices[labels[0]], code) + biases[labels[0]]
        loss = functional.smooth_l1_loss(made, hops.displacement[batch]) + 1e-4 * matrices.square().sum() / instruments
        if confusion:
            heard = code.detach()
            _step(against, _loss(judges[0], heard, labels[0]) + _loss(judges[1], heard, labels[1]))
            weight = confusion * min(1.0, step / (0.3 * steps))
            for judge, label, limit in zip(judges, labels, most, strict=True):
                loss = loss - weight * _loss(judge, code, label).clamp(max=limit)
        _step(optimizer, loss)
        decay.step()
    state = encoder.state_dict()
    arrays: dict[str, Tensor] = {
        "scale": scale, "first": state["0.weight"], "first_bias": state["0.bias"], "second": state["2.weight"],
        "second_bias": state["2.bias"], "matrices": matrices, "biases": biases,
    }  # fmt: skip
    made_code = UniversalCode(
        {name: value.detach().numpy().astype(np.float32) for name, value in arrays.items()}, tuple(played)
    )
    return made_code, judged(made_code, played, steps=probe_steps, seed=seed)


def judged(
    code: UniversalCode, played: Mapping[str, Performance], *, steps: int = PROBE_STEPS, seed: int = 0
) -> Judged:
    """What fresh classifiers find in the code, and how much of the timbre it rebuilds."""
    torch.manual_seed(seed + 1)
    hops = _Hops.of(played)
    codes = torch.from_numpy(code.encode(hops.features.numpy().astype(np.float64)).astype(np.float32))
    rest = ~hops.learnt
    own = hops.instrument[rest]
    biases, matrices = (torch.from_numpy(code.arrays[name]) for name in ("biases", "matrices"))
    away = hops.displacement[rest] - biases[own]
    left = away - torch.einsum("nij,nj->ni", matrices[own], codes[rest])
    explained = 1.0 - float(left.square().sum() / away.square().sum())
    return Judged(
        explained,
        _probed(codes, hops.instrument, hops.learnt, len(played), steps),
        _probed(codes, hops.pitch, hops.learnt, PITCH_BINS, steps),
    )


def _classifier(classes: int) -> nn.Module:
    return nn.Sequential(
        nn.Linear(NUMBERS, 64), nn.LeakyReLU(0.1), nn.Linear(64, 64), nn.LeakyReLU(0.1), nn.Linear(64, classes)
    )


def _step(optimizer: torch.optim.Optimizer, loss: Tensor) -> None:
    optimizer.zero_grad()
    torch.autograd.backward(loss)
    optimizer.step()


def _loss(judge: nn.Module, code: Tensor, labels: Tensor) -> Tensor:
    return functional.cross_entropy(judge(code), labels)


def _probed(codes: Tensor, labels: Tensor, learnt: Tensor, classes: int, steps: int) -> tuple[float, float]:
    """The share that a fresh classifier names right on hops it has not learnt, and that of the commonest label."""
    judge, places = _classifier(classes), torch.where(learnt)[0]
    optimizer = torch.optim.Adam(judge.parameters(), 3e-3)
    for _ in range(steps):
        batch = places[torch.randint(len(places), (BATCH,))]
        _step(optimizer, _loss(judge, codes[batch], labels[batch]))
    with torch.no_grad():
        right = float((judge(codes[~learnt]).argmax(1) == labels[~learnt]).float().mean())
    return right, float(torch.bincount(labels[~learnt]).max()) / int((~learnt).sum())
