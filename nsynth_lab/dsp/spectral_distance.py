"""Distance of mel spectra in dB at three resolutions, and of level: the loss that training and refinement minimise.

Both spectra are clamped at 66 dB below the target's loudest band, so that silence costs nothing and inaudible hiss
cannot outweigh the note. Several resolutions at once follow Yamamoto et al. 2020 and Engel et al. 2020. The level is
compared as well because spectra alone let it sink: in a sound that beats or rustles, the mean of its dB is below the
level of its mean power. Frames in which the target rises count up to four times, because attacks are short but decide
how an instrument is recognised.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

from nsynth_lab.dsp.loudness import a_weighting_db
from nsynth_lab.dsp.mel import magnitudes, mel_weights
from nsynth_lab.units import SAMPLE_RATE

Resolution = tuple[int, int, int, float]  # mel bands, window, hop, weight
RESOLUTIONS: tuple[Resolution, ...] = ((128, 2048, 512, 1.0), (256, 4096, 1024, 0.7), (64, 512, 128, 0.7))
LEVEL_WEIGHT = 0.25
RISE_WEIGHT, RISE_DB, RISE_SAMPLES = 3.0, 20.0, 960
RANGE_DB = 66.0
QUIETEST_DB = -100.0


def spectral_distance(
    decoded: Tensor, target: Tensor, loudest_db: Tensor, *, total: Callable[[Tensor], Tensor] = lambda count: count
) -> Tensor:
    """Distance in dB of `decoded` from `target`, both [notes, samples]: summed over all frames, per sounding frame.

    `loudest_db` [notes] is the level of each whole note's loudest band. If a batch is divided among processes, `total`
    adds up the number of sounding frames over all of them; the distances of the parts then add up to that of the whole.
    """
    apart_db = torch.zeros((), device=target.device)
    floor_db = (loudest_db - RANGE_DB).clamp(min=QUIETEST_DB)[:, None, None]
    for resolution in RESOLUTIONS:
        bands, window, hop, weight = resolution
        with torch.no_grad():
            wanted, counts, sounding = wanted_levels(target, floor_db, resolution)
        came = _levels(decoded, floor_db, bands=bands, window_samples=window, hop_samples=hop)
        apart = (came - wanted).abs()
        distance = (apart[..., 1:].mean(dim=-1) + LEVEL_WEIGHT * apart[..., 0]) * counts
        apart_db = apart_db + weight * distance.sum() / (total(sounding.sum()) + 1.0)
    return apart_db / sum(weight for *_, weight in RESOLUTIONS)


def wanted_levels(target: Tensor, floor_db: Tensor, resolution: Resolution) -> tuple[Tensor, Tensor, Tensor]:
    """Levels of `target` [notes, samples] in dB, weights of its frames, and the weights of those that sound."""
    bands, window, hop, _ = resolution
    wanted = _levels(target, floor_db, bands=bands, window_samples=window, hop_samples=hop)
    counts = _rising(wanted[..., 0], frames=max(1, round(RISE_SAMPLES / hop)))
    return wanted, counts, (wanted[..., 1:].amax(dim=-1) > floor_db[..., 0] + 3.0) * counts


def _rising(level_db: Tensor, *, frames: int) -> Tensor:
    """Weight of each frame, [notes, frames]: 1, and up to 4 where the level rises by 20 dB around it."""
    edged = functional.pad(level_db[:, None], (frames, frames), mode="replicate")[:, 0]
    rise_db = edged[:, 2 * frames :] - edged[:, : -2 * frames]
    return 1.0 + RISE_WEIGHT * (rise_db / RISE_DB).clamp(0.0, 1.0)


def _levels(samples: Tensor, floor_db: Tensor, *, bands: int, window_samples: int, hop_samples: int) -> Tensor:
    """A-weighted level and the level of each mel band, in dB, [notes, frames, 1 + bands].

    The floor is soft, so that levels just below it still have a gradient.
    """
    spectrum = magnitudes(samples, window_samples=window_samples, hop_samples=hop_samples)
    power = spectrum.square() @ weighting(window_samples, samples.device)
    whole = torch.cat(
        [power.sqrt()[..., None], spectrum @ mel_weights(bands, window_samples // 2 + 1, samples.device)], -1
    )
    floor = torch.exp(floor_db * 0.1151292546)
    return 20.0 * torch.log10(torch.sqrt(whole.square() + floor.square()))


@functools.cache
def weighting(window_samples: int, device: torch.device) -> Tensor:
    """A-weighting of power, [bins], divided by the number of bins over which a Hann window spreads a sine."""
    hz = torch.linspace(0.0, SAMPLE_RATE / 2, window_samples // 2 + 1)
    return (10.0 ** (torch.from_numpy(a_weighting_db(hz.numpy())).float() / 10.0) / 1.5).to(device)
