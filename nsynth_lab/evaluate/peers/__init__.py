"""Peers: methods without a network, measured on the same notes with the same metrics.

    crossfade             two recordings played at once: not a blend, and the least that any morph should beat
    world                 the WORLD vocoder: f0, a full spectral envelope and aperiodicity every 5 ms
    harmonic_plus_noise   the measured amplitude of each partial and the noise between partials, every 10.7 ms

Every peer takes sounds [samples] at 48 kHz whose MIDI note is known. The two vocoders keep hundreds of numbers per
frame where latents have 16: they show what analysis alone can reach, but could not store a bank of instruments.
"""

from __future__ import annotations

from collections.abc import Callable

from nsynth_lab.evaluate.peers import crossfade, harmonic_noise, world
from nsynth_lab.units import FloatArray

Reconstruct = Callable[..., FloatArray]
Morph = Callable[..., list[FloatArray]]

# name -> reconstruct(samples, *, note) -> samples of the same length
RECONSTRUCT: dict[str, Reconstruct] = {
    "world": world.reconstruct,
    "harmonic_plus_noise": harmonic_noise.reconstruct,
}

# name -> morph(first, second, *, positions, note) -> a sound for each position (0 is the first, 1 the second), each as
# long as the longer of the two
MORPH: dict[str, Morph] = {
    "crossfade": crossfade.morph,
    "world": world.morph,
    "harmonic_plus_noise": harmonic_noise.morph,
}
