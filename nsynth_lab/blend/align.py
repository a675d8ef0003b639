"""Sources aligned in time before they are blended, so that a blend has one attack, one sustain and one release.

Notes blended as they are sound like two notes: a glockenspiel's stroke, then a choir coming in. So every source starts
at its onset and is stretched to a common attack and a common release, whose lengths are the weighted means of the
sources' own. Levels need no alignment: loudness is blended in dB, where the mean of two envelopes is the envelope in
between. Only silence, which has no level in dB, counts as 80 dB below each source's peak.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nsynth_lab.blend.parts import find_parts
from nsynth_lab.blend.stretch import warp
from nsynth_lab.blend.weights import Weights
from nsynth_lab.latents import Latents


def align(sources: Sequence[Latents], weights: Weights, frames: int) -> list[Latents]:
    """Each source, `frames` frames long, all with the same attack and release.

    Args:
        sources: notes of the same pitch and model.
        weights: [sources] or, for a morph, [frames, sources], summing to 1. A morph's first frame decides the length
            of the attack, its last frame that of the release.
        frames: length of the result.

    Raises:
        UsageError: latents cannot have this length.
    """
    first, last = np.atleast_2d(weights)[[0, -1]]
    parts = [find_parts(source) for source in sources]
    attack = float(first @ np.array([part.attack_frames for part in parts]))
    release = float(last @ np.array([part.release_frames for part in parts]))
    return [warp(source, attack=attack, release=release, frames=frames) for source in sources]
