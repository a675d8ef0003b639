"""Distance of mel spectra in dB at three resolutions: what training and refinement minimise.

Both spectra are clamped so far below the target's own loudest band that silence costs nothing and hiss below
hearing cannot outweigh the note. Several resolutions at once after Yamamoto et al. 2020 and Engel et al. 2020.
"""

from __future__ import annotations

import torch
from torch import Tensor

from nsynth_lab.dsp.mel import mel

RESOLUTIONS = ((128, 2048, 512, 1.0), (256, 4096, 1024, 0.7), (64, 512, 128, 0.7))
RANGE_DB = 66.0
QUIETEST_DB = -100.0


def spectral_distance(decoded: Tensor, target: Tensor, loudest_db: Tensor) -> Tensor:
    """Distance in dB of `decoded` from `target`, both [notes, samples], in all frames by the count of sounding ones.

    `loudest_db` [notes] is the level of the loudest part of each whole note.
    """
    total = torch.zeros((), device=target.device)
    weights = sum(weight for *_, weight in RESOLUTIONS)
    floor_db = (loudest_db - RANGE_DB).clamp(min=QUIETEST_DB)[:, None, None]
    for bands, window, hop, weight in RESOLUTIONS:
        with torch.no_grad():
            wanted = _db(mel(target, bands=bands, window_samples=window, hop_samples=hop), floor_db)
            sounding = (wanted.amax(dim=-1, keepdim=True) > floor_db + 3.0).float()
        came = _db(mel(decoded, bands=bands, window_samples=window, hop_samples=hop), floor_db)
        distance = (came - wanted).abs().mean(dim=-1, keepdim=True)
        total = total + weight * distance.sum() / (sounding.sum() + 1.0)
    return total / weights


def _db(magnitude: Tensor, floor_db: Tensor) -> Tensor:
    """Level in dB, with a soft floor so that what lies just below it still has a gradient."""
    floor = torch.exp(floor_db * 0.1151292546)
    return 20.0 * torch.log10(torch.sqrt(magnitude.square() + floor.square()))
