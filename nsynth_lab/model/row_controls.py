"""RowControls: `ControlNet` for some of many rows, its tables and weights as compiled loops take them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch

from nsynth_lab.compiled.controls import Scales, Tables, amplitudes_of, gains_of, inputs_of, magnitudes_of
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
    pitch_centres,
)
from nsynth_lab.model.distribution import LOUDEST_DB, TOP_HZ, noise_tables, warp_ends, weighting_table
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


class RowFrames(NamedTuple):
    """`Controls` of the frames that are due, those of a row one after the other.

    Attributes:
        partials: [due, oscillators] amplitudes of A-weighted level 0 dB together.
        noise: [due, 513] magnitudes likewise.
        gains: [due, 8] amplitude factors, of partials four times a frame, then of noise.
    """

    partials: FloatArray
    noise: FloatArray
    gains: FloatArray


class RowControls:
    """`step(rows, streams) -> RowFrames`; what it remembers of a row is its stack's."""

    def __init__(self, controls: ControlNet, rows: int) -> None:
        self.stack = StackRows(controls.stack, rows)
        self.tables = _tables(controls)

    def step(
        self, rows: Ints, timbre: FloatArray, level_db: FloatArray, f0_hz: FloatArray, slots: FloatArray, *,
        places: FloatArray,
    ) -> RowFrames:  # fmt: skip
        """The next frames of `rows`, as many of each: streams [due, ...], the frames of a row one after the other.

        `places` [due, oscillators] in units of f0.
        """
        counts = np.minimum(
            (F(TOP_HZ) / np.maximum(f0_hz, F(1.0))).astype(np.int64) + HALF_PARTIALS + 1, places.shape[1]
        )
        out = self.stack.step(rows, inputs_of(SCALES, timbre, level_db, f0_hz, slots))
        return RowFrames(
            partials=amplitudes_of(self.tables, out, f0_hz, places, counts),
            noise=magnitudes_of(self.tables, out),
            gains=gains_of(self.tables, out, level_db),
        )


def _tables(controls: ControlNet) -> Tables:
    points, corrections, bands, *_ = controls.sizes
    cpu = torch.device("cpu")
    lines, weighting = (table.numpy() for table in noise_tables(bands, cpu))
    low_end, high_end = warp_ends()
    warp_scale = (points - 1) / (high_end - low_end)
    low = np.minimum((lines > 0).argmax(axis=0), bands - 2)
    return Tables(
        points=points,
        corrections=corrections,
        bands=bands,
        power_per_unit=F(DB_PER_UNIT * POWER_PER_DB),
        loudest=F(LOUDEST_DB * POWER_PER_DB),
        warp_scale=F(warp_scale),
        warp_offset=F(low_end * warp_scale),
        top_hz=F(TOP_HZ),
        weighting=weighting_table(cpu).numpy(),
        low=low,
        share=np.take_along_axis(lines, low[None] + 1, axis=0)[0],
        noise_weighting=weighting,
        knee_db=F(KNEE_DB),
        top_gain_db=F(TOP_GAIN_DB),
        quietest_db=F(QUIETEST_DB),
        db_per_unit=F(DB_PER_UNIT),
        gain_per_db=F(GAIN_PER_DB),
    )
