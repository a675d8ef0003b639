"""The constants of the kernels, each from where everybody takes it; Triton wants them wrapped."""

from __future__ import annotations

import math

import triton.language as tl

from nsynth_lab.dsp import noise_table
from nsynth_lab.latents import PARTIAL_SLOTS, TIMBRE_DIMS
from nsynth_lab.model import scales, sizes
from nsynth_lab.runtime import slot_step
from nsynth_lab.units import HOP_SAMPLES, SAMPLE_RATE

AUDIBLE_HZ = tl.constexpr(scales.AUDIBLE_HZ)
BINS = tl.constexpr(noise_table.BINS - 1)
BUMP_NOTES = tl.constexpr(scales.BUMP_NOTES)
CENTRES = tl.constexpr(sizes.PITCH_CENTRES)
DB_PER_UNIT = tl.constexpr(scales.DB_PER_UNIT)
DEEP = tl.constexpr(32)
FADE_HZ = tl.constexpr(scales.FADE_HZ)
FRESH_AT = tl.constexpr(slot_step.FRESH)
GAINS = tl.constexpr(sizes.GAINS_PER_FRAME)
GAIN_PER_DB = tl.constexpr(scales.GAIN_PER_DB)
HALVES = tl.constexpr(sizes.HALF_PARTIALS)
HIGHEST_HZ = tl.constexpr(SAMPLE_RATE / 2 - 1.0)
HOP = tl.constexpr(HOP_SAMPLES)
HZ_AT = tl.constexpr(slot_step.HZ)
INPUTS = tl.constexpr(sizes.CONTROL_INPUTS)
KNEE_DB = tl.constexpr(scales.KNEE_DB)
KNOWN = tl.constexpr(PARTIAL_SLOTS)
LEAST_POWER = tl.constexpr(scales.LEAST_POWER)
LEAST_WEIGHTED = tl.constexpr(scales.LEAST_WEIGHTED)
LEVEL_AT = tl.constexpr(slot_step.LEVEL)
LOUDEST_DB = tl.constexpr(scales.LOUDEST_DB)
LOWEST_HZ = tl.constexpr(scales.LOWEST_HZ)
MIDDLE_DB = tl.constexpr(scales.MIDDLE_DB)
MIDDLE_NOTE = tl.constexpr(scales.MIDDLE_NOTE)
NOISE_AT = tl.constexpr(slot_step.NOISE)
PARTIALS_AT = tl.constexpr(slot_step.PARTIALS.start)
PARTIALS_SCALE = tl.constexpr(scales.PARTIALS_SCALE)
PLACE_AT = tl.constexpr(slot_step.PLACE)
POWER_PER_DB = tl.constexpr(scales.POWER_PER_DB)
QUIETEST_DB = tl.constexpr(scales.QUIETEST_DB)
QUIET_DB = tl.constexpr(scales.QUIET_DB)
RATE = tl.constexpr(SAMPLE_RATE)
SIDE = tl.constexpr(16)
SLOT_AT = tl.constexpr(slot_step.SLOT)
SPAN = tl.constexpr(HOP_SAMPLES // 2)
SPREAD_DB = tl.constexpr(scales.SPREAD_DB)
SPREAD_NOTES = tl.constexpr(scales.SPREAD_NOTES)
TABLE_FRAMES = tl.constexpr(noise_table.TABLE_FRAMES)
TIMBRE = tl.constexpr(TIMBRE_DIMS)
TIMBRE_AT = tl.constexpr(slot_step.TIMBRE.start)
TOP_GAIN_DB = tl.constexpr(scales.TOP_GAIN_DB)
TURN = tl.constexpr(2.0 * math.pi)
WARP_HIGH = tl.constexpr(scales.warp_ends()[1])
WARP_LOW = tl.constexpr(scales.warp_ends()[0])
WEIGHTING_STEP_HZ = tl.constexpr(scales.WEIGHTING_STEP_HZ)
WIDTH = tl.constexpr(slot_step.WIDTH)
