"""A variational autoencoder of two bars, of LSTMs, after the small one of MusicVAE (Roberts et al. 2018).

Latents are as many and cost as much as those of ours; the decoder writes a sixteenth after the other, knowing the last.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from nsynth_lab.melody.conditions import METRES, MODES
from nsynth_lab.melody.loops_shape import LATENTS
from nsynth_lab.melody.slots import SYMBOLS
from nsynth_lab.train.melody.loops_training import PRICE, PRICE_RISES, Loops
from nsynth_lab.train.melody.run import Plan, Run
from nsynth_lab.units import Ints

RATE, SHOWN, IN_WIDE, OUT_WIDE = 2e-3, 32, 128, 256
TOGETHER = 128  # loops of a batch


class VaeNet(nn.Module):
    """Sixteenths to latents and back."""

    def __init__(self) -> None:
        super().__init__()
        self.shown = nn.Embedding(SYMBOLS + 1, SHOWN)
        self.kind = nn.Embedding(len(METRES) * len(MODES), SHOWN)
        self.encoder = nn.LSTM(SHOWN, IN_WIDE, batch_first=True, bidirectional=True)
        self.to_latents = nn.Linear(2 * IN_WIDE, 2 * LATENTS)
        self.begin = nn.Linear(LATENTS + SHOWN, 2 * OUT_WIDE)
        self.decoder = nn.LSTM(SHOWN + LATENTS, OUT_WIDE, batch_first=True)
        self.to_symbol = nn.Linear(OUT_WIDE, SYMBOLS)

    def encode(self, slots: Tensor) -> tuple[Tensor, Tensor]:
        """Means and logarithms of variances [loops, LATENTS]."""
        _, (hidden, _) = self.encoder(self.shown(slots))
        mean, share = self.to_latents(torch.cat([*hidden], -1)).chunk(2, -1)
        return mean, share.clamp(-9.0, 2.0)

    def state(self, latents: Tensor, kind: Tensor) -> tuple[Tensor, Tensor]:
        """Where the decoder begins."""
        hidden, cell = self.begin(torch.cat([latents, self.kind(kind)], -1)).tanh().chunk(2, -1)
        return hidden[None].contiguous(), cell[None].contiguous()

    def decode(
        self, before: Tensor, latents: Tensor, state: tuple[Tensor, Tensor]
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Scores [loops, slots, SYMBOLS] after what was before each slot, and where the decoder is then."""
        x = torch.cat([self.shown(before), latents[:, None].expand(-1, before.shape[1], -1)], -1)
        found, after = self.decoder(x, state)
        return self.to_symbol(found), after


@dataclass(frozen=True)
class Vae:
    """The trained peer."""

    weights: dict[str, Tensor]

    def rebuilt(self, loops: Loops) -> tuple[float, float]:
        """Share of slots, and of whole loops, that come back from their latents, the likeliest symbol each time."""
        net = VaeNet().eval()
        net.load_state_dict(self.weights)
        slots, metre, mode = (torch.as_tensor(one) for one in loops)
        with torch.no_grad():
            latents, _ = net.encode(slots)
            state = net.state(latents, metre * len(MODES) + mode)
            last, found = torch.full((len(slots), 1), SYMBOLS), []
            for _ in range(slots.shape[1]):
                scores, state = net.decode(last, latents, state)
                last = scores.argmax(-1)
                found.append(last)
        right = torch.cat(found, 1) == slots
        return float(right.float().mean()), float(right.all(1).float().mean())


def train_vae(loops: dict[int, Loops], plan: Plan, *, seed: int) -> Vae:
    """Learn from loops."""
    torch.manual_seed(seed)
    net = VaeNet()
    run = Run(net, [], plan)
    sizes = sorted(loops)
    counts = np.array([len(loops[size].slots) for size in sizes])

    def loss_of(step: int) -> Tensor:
        by = np.random.default_rng((seed, step))
        size = sizes[by.choice(len(sizes), p=counts / counts.sum())]
        at: Ints = by.integers(len(loops[size].slots), size=TOGETHER)
        slots, metre, mode = (torch.as_tensor(one[at]) for one in loops[size])
        mean, share = net.encode(slots)
        latents = mean + (0.5 * share).exp() * torch.randn_like(mean)
        before = functional.pad(slots[:, :-1], (1, 0), value=SYMBOLS)
        scores, _ = net.decode(before, latents, net.state(latents, metre * len(MODES) + mode))
        wrong = functional.cross_entropy(scores.flatten(0, 1), slots.flatten(), reduction="none").view(slots.shape)
        nats = 0.5 * (mean.square() + share.exp() - 1 - share).sum(1).mean()
        price = PRICE * min(1.0, step / (PRICE_RISES * plan.steps))
        return (wrong.sum(1).mean() + price * nats) / size

    run.fit(loss_of)
    return Vae(run.averaged)
