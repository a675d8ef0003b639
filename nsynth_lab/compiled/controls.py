"""The control net, compiled: streams -> its stack -> what drives the excitation."""

from __future__ import annotations

from typing import NamedTuple

from nsynth_lab.compiled import compiled
from nsynth_lab.compiled.inputs import Scales, inputs_of
from nsynth_lab.compiled.outputs import Tables, add_detail, amplitudes_of, gains_of, magnitudes_of, ratios_of
from nsynth_lab.compiled.stack import Past, Stack, step_stack
from nsynth_lab.units import FloatArray, Ints


class ExcitationControls(NamedTuple):
    """What drives the excitation, [active]: the next frames of some slots, those of one slot in a row.

    Attributes:
        slots: each of them once.
        f0_hz: [active].
        ratios: [active, oscillators] frequencies as multiples of f0.
        partials: [active, oscillators] amplitudes, normalised to an A-weighted level of 0 dB together.
        noise: [active, 513] magnitudes, normalised likewise.
        gains: [active, 8] amplitude factors: four a frame for the partials, then four for the noise.
    """

    slots: Ints
    f0_hz: FloatArray
    ratios: FloatArray
    partials: FloatArray
    noise: FloatArray
    gains: FloatArray


@compiled
def control(
    stack: Stack,
    past: Past,
    scales: Scales,
    tables: Tables,
    slots: Ints,
    timbre: FloatArray,
    level_db: FloatArray,
    f0_hz: FloatArray,
    offsets: FloatArray,
    detail: FloatArray,
) -> ExcitationControls:
    """As `ControlNet`, for the next frames of `slots`, equally many of each: streams [active, ...].

    `detail` is [active, 129], or [0, 129] where there is none.
    """
    out = step_stack(stack, past, slots, inputs_of(scales, timbre, level_db, f0_hz, offsets))
    add_detail(tables, out, detail)
    ratios = ratios_of(tables, offsets)
    partials = amplitudes_of(tables, out, f0_hz, ratios)
    return ExcitationControls(
        slots, f0_hz, ratios, partials, magnitudes_of(tables, out), gains_of(tables, out, level_db)
    )
