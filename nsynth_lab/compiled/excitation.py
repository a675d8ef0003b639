"""The excitation up to its FFT: the bank of partials, and the spectra of the noise; `noise.mix_with_noise` follows."""

from __future__ import annotations

from nsynth_lab.compiled import compiled
from nsynth_lab.compiled.controls import ExcitationControls
from nsynth_lab.compiled.noise import NoiseState, Spectra, loudest_of, spectra_of
from nsynth_lab.compiled.oscillators import OscillatorState, step_oscillators
from nsynth_lab.compiled.stack import Past
from nsynth_lab.units import Doubles, FloatArray, Ints


@compiled
def reset(
    past: Past, oscillators: OscillatorState, noise: NoiseState, fresh: Doubles, slots: Ints, positions: Ints
) -> None:
    """Start `slots` in silence, at the phases `fresh` [oscillators] and at `positions` [slots] in the noise table."""
    for index in range(len(slots)):
        slot = slots[index]
        past.age[slot] = 0
        oscillators.f0_hz[slot] = 0.0
        for p in range(len(fresh)):
            oscillators.phases[slot, p] = fresh[p]
        noise.begins[slot], noise.position[slot] = True, positions[index]
        noise.gains[slot, 0], noise.gains[slot, 1] = 0.0, 0.0


@compiled
def excite(oscillators: OscillatorState, noise: NoiseState, controls: ExcitationControls) -> tuple[FloatArray, Spectra]:
    """The partials [active, 512] before their gains, and the noise's spectra (see `spectra_of`)."""
    slots = controls.slots
    loudest = loudest_of(noise, slots, controls.gains)
    audio = step_oscillators(oscillators, slots, controls.f0_hz, controls.ratios, controls.partials, loudest)
    return audio, spectra_of(noise, slots, controls.noise)
