"""How much louder a recording is than what is decoded, in the bands of `nsynth_lab.detail` in which noise is heard.

Between two partials noise is measured bin by bin (`dsp.line_levels`). But where a recording has holes, as lossy files
and weak high bands have, the mean level of its bins is lower than what is heard. Here levels are compared in mel bands,
within 60 dB of the loudest, as `nsynth-lab evaluate` compares them; only in those bands that noise fills.
"""

from __future__ import annotations

import functools

import numpy as np

from nsynth_lab.detail import band_edges, erb_rate
from nsynth_lab.dsp.mel_spectrum import band_edges_hz
from nsynth_lab.units import Doubles, FloatArray

SOME, ALL = 0.5, 0.9  # share of noise in the power of a band from which it counts, and from which it counts wholly


def audible_noise_db(
    recorded_db: FloatArray, tones_db: FloatArray, noise_db: FloatArray, weights: Doubles, *, floor_db: float
) -> tuple[Doubles, Doubles]:
    """(how much louder the recording is in dB, the share of the band that is noise), both [anchors, 64].

    `recorded_db`, `tones_db` and `noise_db` are mel spectra [frames, 128] of the recording and of what is decoded,
    `weights` [anchors, frames] the weights of the frames around each anchor. Below `floor_db` nothing is heard.
    """
    tones, noise = (10.0 ** (level.astype(np.float64) / 10.0) for level in (tones_db, noise_db))
    both = np.maximum(tones + noise, 1e-20)
    share = ((noise / both - SOME) / (ALL - SOME)).clip(0.0, 1.0)
    apart = np.maximum(recorded_db, floor_db) - np.maximum(10.0 * np.log10(both), floor_db)
    shares = weights @ share @ _mel_bands_of_bands()
    return weights @ (apart * share) @ _mel_bands_of_bands() / np.maximum(shares, 1e-6), shares


@functools.cache
def _mel_bands_of_bands() -> Doubles:
    """Weights [128, 64] of the mel bands around the middle of each band of noise, or of the one that is nearest."""
    edges = band_edges()
    middles = (edges[1:] + edges[:-1]) / 2
    away = np.abs(erb_rate(band_edges_hz()[1:-1])[:, None] - middles) / (edges[1] - edges[0])
    near = np.where(away.min(axis=0) < 1.0, 1.0 - away, away == away.min(axis=0)).clip(min=0.0)
    return np.asarray(near / near.sum(axis=0))
