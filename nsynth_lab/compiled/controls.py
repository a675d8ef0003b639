"""The control net for compiled loops: streams -> its stack -> what drives the excitation."""

from __future__ import annotations

from typing import NamedTuple

from nsynth_lab.compiled import compiled
from nsynth_lab.compiled.inputs import Scales, inputs_of
from nsynth_lab.compiled.outputs import Tables, amplitudes_of, gains_of, magnitudes_of, places_of
from nsynth_lab.compiled.stack import Past, Stack, step_stack
from nsynth_lab.units import FloatArray, Ints


class Driven(NamedTuple):
    """What drives the excitation in the frames that are due, those of a row one after the other.

    Attributes:
        rows: each once.
        f0_hz: [due].
        places: [due, oscillators] in units of f0.
        partials: [due, oscillators] amplitudes of A-weighted level 0 dB together.
        noise: [due, 513] magnitudes likewise.
        gains: [due, 8] amplitude factors, of partials four times a frame, then of noise.
    """

    rows: Ints
    f0_hz: FloatArray
    places: FloatArray
    partials: FloatArray
    noise: FloatArray
    gains: FloatArray


@compiled
def control(
    stack: Stack,
    past: Past,
    scales: Scales,
    tables: Tables,
    rows: Ints,
    timbre: FloatArray,
    level_db: FloatArray,
    f0_hz: FloatArray,
    slots: FloatArray,
) -> Driven:
    """As `ControlNet`, of the next frames of `rows`, as many of each: streams [due, ...]."""
    out = step_stack(stack, past, rows, inputs_of(scales, timbre, level_db, f0_hz, slots))
    places = places_of(tables, slots)
    partials = amplitudes_of(tables, out, f0_hz, places)
    return Driven(rows, f0_hz, places, partials, magnitudes_of(tables, out), gains_of(tables, out, level_db))
