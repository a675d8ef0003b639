"""The first half of what is driven: the bank of partials, and the noise's spectra. After their FFT, `noise.sound`."""

from __future__ import annotations

from nsynth_lab.compiled import compiled
from nsynth_lab.compiled.controls import Driven
from nsynth_lab.compiled.noise import Noise, Spectra, loudest_of, spectra_of
from nsynth_lab.compiled.stack import Past
from nsynth_lab.compiled.tones import Tones, step_tones
from nsynth_lab.units import Doubles, FloatArray, Ints


@compiled
def reset(past: Past, tones: Tones, noise: Noise, fresh: Doubles, rows: Ints, places: Ints) -> None:
    """`rows` start anew: in silence, with the phases `fresh` [oscillators], from `places` [rows] in the noise on."""
    for index in range(len(rows)):
        row = rows[index]
        past.age[row] = 0
        tones.f0_hz[row] = 0.0
        for p in range(len(fresh)):
            tones.turns[row, p] = fresh[p]
        noise.begins[row], noise.position[row] = True, places[index]
        noise.gains[row, 0], noise.gains[row, 1] = 0.0, 0.0


@compiled
def excite(tones: Tones, noise: Noise, driven: Driven) -> tuple[FloatArray, Spectra]:
    """The partials [due, 512], not yet as loud as they will be, and spectra as of `spectra_of`."""
    rows = driven.rows
    loudest = loudest_of(noise, rows, driven.gains)
    audio = step_tones(tones, rows, driven.f0_hz, driven.places, driven.partials, loudest)
    return audio, spectra_of(noise, rows, driven.noise)
