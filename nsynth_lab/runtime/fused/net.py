"""The control net on a card, apart from its matrix products: inputs, taps and gates of `model.stack`, in Triton."""

from __future__ import annotations

import triton
import triton.language as tl

from nsynth_lab.runtime.fused.constants import (
    BUMP_NOTES,
    CENTRES,
    FRESH_AT,
    HZ_AT,
    INPUTS,
    LEVEL_AT,
    LOWEST_HZ,
    MIDDLE_DB,
    MIDDLE_NOTE,
    PARTIALS_AT,
    PARTIALS_SCALE,
    QUIET_DB,
    SLOT_AT,
    SPREAD_DB,
    SPREAD_NOTES,
    TIMBRE,
    TIMBRE_AT,
    WIDTH,
)


@triton.jit  # type: ignore[untyped-decorator]
def inputs_kernel(  # type: ignore[no-untyped-def]
    packed, centres, made, block: tl.constexpr,
):  # fmt: skip
    """`stack_inputs` into `made` [voices, INPUTS], of the streams in `packed` [voices, WIDTH]."""
    row = tl.program_id(0)
    own = packed + row * WIDTH
    column = tl.arange(0, block)
    level, hz = tl.load(own + LEVEL_AT), tl.load(own + HZ_AT)
    note = 69.0 + 12.0 * tl.log2(tl.maximum(hz, LOWEST_HZ) / 440.0)
    bumps, partials = TIMBRE + 3, TIMBRE + 3 + CENTRES
    out = tl.load(own + TIMBRE_AT + column, mask=column < TIMBRE, other=0.0)
    out = tl.where(column == TIMBRE, (level - MIDDLE_DB) / SPREAD_DB, out)
    out = tl.where(column == TIMBRE + 1, (note - MIDDLE_NOTE) / SPREAD_NOTES, out)
    out = tl.where(column == TIMBRE + 2, tl.maximum(level, -QUIET_DB) / QUIET_DB, out)
    of_pitch = (column >= bumps) & (column < partials)
    away = (note - tl.load(centres + column - bumps, mask=of_pitch, other=0.0)) / BUMP_NOTES
    out = tl.where(of_pitch, tl.exp(-0.5 * away * away), out)
    offsets = tl.load(own + PARTIALS_AT + column - partials, mask=(column >= partials) & (column < INPUTS), other=0.0)
    out = tl.where(column >= partials, PARTIALS_SCALE * offsets, out)
    tl.store(made + row * INPUTS + column, out, mask=column < INPUTS)


@triton.jit(do_not_specialize=["voices"])  # type: ignore[untyped-decorator]
def taps_kernel(  # type: ignore[no-untyped-def]
    packed, past, age, dilations, bases, taps, voices, ring: tl.constexpr, channels: tl.constexpr, block: tl.constexpr,
):  # fmt: skip
    """Into `taps` [layers, voices, 2 channels] what each layer took in two dilations and one ago, oldest first."""
    row, layer = tl.program_id(0), tl.program_id(1)
    slot = tl.load(packed + row * WIDTH + SLOT_AT).to(tl.int64)
    now = tl.where(tl.load(packed + row * WIDTH + FRESH_AT) > 0, 0, tl.load(age + slot))
    dilation, base = tl.load(dilations + layer), tl.load(bases + layer)
    channel = tl.arange(0, block)
    target = taps + (layer * voices + row).to(tl.int64) * (2 * channels)
    for tap in tl.static_range(2):
        back = (2 - tap) * dilation
        place = base + (now + tap * dilation) % (2 * dilation)
        known = (channel < channels) & (now >= back)
        value = tl.load(past + (slot * ring + place) * channels + channel, mask=known, other=0.0)
        tl.store(target + tap * channels + channel, value, mask=channel < channels)


@triton.jit  # type: ignore[untyped-decorator]
def gate_kernel(  # type: ignore[no-untyped-def]
    products, stream, bias, gated, after, gated_stride: tl.constexpr, channels: tl.constexpr, block: tl.constexpr,
):  # fmt: skip
    """The gate of `products` [voices, 2 channels] into `gated`, and `stream` plus the residual's bias into `after`."""
    row = tl.program_id(0).to(tl.int64)
    channel = tl.arange(0, block)
    inside = channel < channels
    signal = tl.load(products + row * 2 * channels + channel, mask=inside, other=0.0)
    gate = tl.load(products + row * 2 * channels + channels + channel, mask=inside, other=0.0)
    made = (2.0 * tl.sigmoid(2.0 * signal) - 1.0) * tl.sigmoid(gate)
    tl.store(gated + row * gated_stride + channel, made, mask=inside)
    kept = tl.load(stream + row * channels + channel, mask=inside, other=0.0)
    kept += tl.load(bias + channel, mask=inside, other=0.0)
    tl.store(after + row * channels + channel, kept, mask=inside)


@triton.jit(do_not_specialize=["voices"])  # type: ignore[untyped-decorator]
def keep_kernel(  # type: ignore[no-untyped-def]
    packed, past, age, dilations, bases, streams, voices,
    ring: tl.constexpr, channels: tl.constexpr, block: tl.constexpr,
):  # fmt: skip
    """Keep what each layer took in now, `streams` [layers, voices, channels], in place of the oldest."""
    row, layer = tl.program_id(0), tl.program_id(1)
    slot = tl.load(packed + row * WIDTH + SLOT_AT).to(tl.int64)
    now = tl.where(tl.load(packed + row * WIDTH + FRESH_AT) > 0, 0, tl.load(age + slot))
    place = tl.load(bases + layer) + now % (2 * tl.load(dilations + layer))
    channel = tl.arange(0, block)
    source = streams + (layer * voices + row).to(tl.int64) * channels
    value = tl.load(source + channel, mask=channel < channels, other=0.0)
    tl.store(past + (slot * ring + place) * channels + channel, value, mask=channel < channels)
