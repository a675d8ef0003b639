"""Keeps the dimensions of timbre apart.

Left alone, the sixteen numbers soon say the same thing sixteen times: after 10,000 steps two directions held nearly
all of their variance, and loud partials were 5 dB off even on notes trained on. The penalty is VICReg's (Bardes et
al. 2022): the mean squared correlation between dimensions, and a hinge that keeps each one's spread at 1.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

HEARD_DB = 40.0
SPREAD = 1.0


def timbre_penalty(
    timbre: Tensor, loudness_db: Tensor, *, total: Callable[[Tensor], Tensor] = lambda value: value
) -> Tensor:
    """Zero for sixteen independent dimensions of spread 1; about 1 for sixteen copies of one.

    Args:
        timbre: [notes, frames, dims].
        loudness_db: [notes, frames]; frames 40 dB below their note's loudest do not count.
        total: sums over all parts of a batch, where this is one; every part then gets the penalty of the whole.
    """
    heard = timbre[loudness_db > loudness_db.amax(dim=1, keepdim=True) - HEARD_DB]
    count = total(torch.tensor(float(len(heard)), device=heard.device))
    centred = heard - total(heard.sum(dim=0)) / count
    covariance = total(centred.T @ centred) / count
    spread = (covariance.diag() + 1e-4).sqrt()
    correlation = covariance / torch.outer(spread, spread)
    others = correlation - torch.diag(torch.diag(correlation))
    dims = timbre.shape[-1]
    return others.square().sum() / (dims * (dims - 1)) + (SPREAD - spread).clamp(min=0.0).mean()
