"""RowControls: `ControlNet` for some of many rows, its tables and weights as compiled loops take them."""

from __future__ import annotations

import numpy as np
import torch

from nsynth_lab.compiled.controls import Driven, control
from nsynth_lab.compiled.inputs import Scales
from nsynth_lab.compiled.outputs import Tables
from nsynth_lab.model.controls import (
    BUMP_NOTES,
    DB_PER_UNIT,
    HALF_PARTIALS,
    KNEE_DB,
    LOWEST_HZ,
    MIDDLE_DB,
    MIDDLE_NOTE,
    PARTIALS_SCALE,
    QUIET_DB,
    QUIETEST_DB,
    SEEN_PARTIALS,
    SPREAD_DB,
    SPREAD_NOTES,
    TOP_GAIN_DB,
    ControlNet,
    partial_places,
    pitch_centres,
)
from nsynth_lab.model.distribution import (
    AUDIBLE_HZ,
    FADE_HZ,
    LOUDEST_DB,
    noise_tables,
    warp_ends,
    weighting_table,
)
from nsynth_lab.model.stack_rows import StackRows
from nsynth_lab.units import FloatArray, Ints

F = np.float32
POWER_PER_DB, GAIN_PER_DB = np.log(10.0) / 10.0, np.log(10.0) / 20.0
SCALES = Scales(
    middle_db=F(MIDDLE_DB),
    spread_db=F(SPREAD_DB),
    quiet_db=F(QUIET_DB),
    middle_note=F(MIDDLE_NOTE),
    spread_notes=F(SPREAD_NOTES),
    lowest_hz=F(LOWEST_HZ),
    centres=pitch_centres().numpy(),
    bump=F(-0.5 / BUMP_NOTES**2),
    partials=F(PARTIALS_SCALE),
    seen=SEEN_PARTIALS,
)


class RowControls:
    """`step(rows, streams) -> Driven`; what it remembers of a row is its stack's."""

    def __init__(self, controls: ControlNet, rows: int) -> None:
        self.stack = StackRows(controls.stack, rows)
        self.tables = _tables(controls)

    def step(
        self, rows: Ints, timbre: FloatArray, level_db: FloatArray, f0_hz: FloatArray, slots: FloatArray
    ) -> Driven:
        """The next frames of `rows`, as many of each: streams [due, ...], the frames of a row one after the other."""
        stack = self.stack
        return control(stack.weights, stack.past, SCALES, self.tables, rows, timbre, level_db, f0_hz, slots)


def _tables(controls: ControlNet) -> Tables:
    points, corrections, bands, *_ = controls.sizes
    cpu = torch.device("cpu")
    lines, weighting, audible = (table.numpy() for table in noise_tables(bands, cpu))
    low_end, high_end = warp_ends()
    warp_scale = (points - 1) / (high_end - low_end)
    low = np.minimum((lines > 0).argmax(axis=0), bands - 2)
    return Tables(
        order=partial_places(torch.zeros(1, 1), controls.config.oscillators)[0].numpy(),
        halves=HALF_PARTIALS,
        points=points,
        corrections=corrections,
        bands=bands,
        power_per_unit=F(DB_PER_UNIT * POWER_PER_DB),
        loudest=F(LOUDEST_DB * POWER_PER_DB),
        warp_scale=F(warp_scale),
        warp_offset=F(low_end * warp_scale),
        audible_hz=F(AUDIBLE_HZ),
        fades_per_hz=F(1.0 / FADE_HZ),
        weighting=weighting_table(cpu).numpy(),
        low=low,
        share=np.take_along_axis(lines, low[None] + 1, axis=0)[0],
        noise_weighting=weighting,
        noise_audible=audible,
        knee_db=F(KNEE_DB),
        top_gain_db=F(TOP_GAIN_DB),
        quietest_db=F(QUIETEST_DB),
        db_per_unit=F(DB_PER_UNIT),
        gain_per_db=F(GAIN_PER_DB),
    )
