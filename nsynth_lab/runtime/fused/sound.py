"""The sound that the control net's outputs stand for, on a card, in Triton.

Spectra as in `model.distribution`, the bank of partials as in `dsp.oscillators`, the noise as in `dsp.noise`.
"""

from __future__ import annotations

import triton
import triton.language as tl

from nsynth_lab.runtime.fused.constants import (
    AUDIBLE_HZ,
    BINS,
    DB_PER_UNIT,
    DEEP,
    FADE_HZ,
    FRESH_AT,
    GAIN_PER_DB,
    GAINS,
    HALVES,
    HIGHEST_HZ,
    HOP,
    HZ_AT,
    KNEE_DB,
    KNOWN,
    LEAST_POWER,
    LEAST_WEIGHTED,
    LEVEL_AT,
    LOUDEST_DB,
    NOISE_AT,
    PARTIALS_AT,
    PLACE_AT,
    POWER_PER_DB,
    QUIETEST_DB,
    RATE,
    SIDE,
    SLOT_AT,
    SPAN,
    TABLE_FRAMES,
    TOP_GAIN_DB,
    TURN,
    WARP_HIGH,
    WARP_LOW,
    WEIGHTING_STEP_HZ,
    WIDTH,
)


@triton.jit  # type: ignore[untyped-decorator]
def outputs_kernel(  # type: ignore[no-untyped-def]
    packed, out, weighting, low, share, bin_weights, bin_audible, white, start_turns,
    turns, f0_hz, position, begins, amplitudes, starts, steps, gains, spectra,
    points: tl.constexpr, corrections: tl.constexpr, bands: tl.constexpr, outputs: tl.constexpr,
    oscillators: tl.constexpr, block: tl.constexpr,
):  # fmt: skip
    """What the net's `out` [voices, outputs] means: amplitudes, phases, noise spectra and gains of the frame."""
    row = tl.program_id(0).to(tl.int64)
    own, raw = packed + row * WIDTH, out + row * outputs
    slot = tl.load(own + SLOT_AT).to(tl.int64)
    hz, fresh = tl.load(own + HZ_AT), tl.load(own + FRESH_AT) > 0
    before_hz = tl.load(f0_hz + slot)
    starting = fresh | (before_hz <= 0)
    before_hz = tl.where(starting, hz, before_hz)
    tl.store(begins + row, starting.to(tl.int32))

    # the partials: envelope at their frequency, plus a correction each
    k = tl.arange(0, block)
    inside = k < oscillators
    whole = k - HALVES + 1
    slot_of = tl.where(k == 0, 0, whole)
    has_offset = (k == 0) | ((k >= HALVES) & (whole < KNOWN))
    offset = tl.load(own + PARTIALS_AT + slot_of, mask=has_offset & inside, other=0.0)
    ratio = tl.where(k < HALVES, k + 0.5, whole.to(tl.float32)) + offset
    partial_hz = hz * ratio
    warped = (tl.log(1.0 + partial_hz / 700.0) - WARP_LOW) / (WARP_HIGH - WARP_LOW)
    at = tl.minimum(tl.maximum(warped, 0.0), 1.0) * (points - 1)
    below = tl.minimum(tl.maximum(tl.floor(at), 0.0), points - 2.0)
    index = below.to(tl.int32)
    left = tl.load(raw + index, mask=inside, other=0.0)
    right = tl.load(raw + index + 1, mask=inside, other=0.0)
    between = tl.minimum(tl.maximum(at - below, 0.0), 1.0)
    extra = tl.load(raw + points + k, mask=k < corrections, other=0.0)
    level_db = DB_PER_UNIT * (left + between * (right - left) + extra)
    audible = tl.minimum(tl.maximum((AUDIBLE_HZ - partial_hz) / FADE_HZ, 0.0), 1.0)
    power = tl.exp(tl.minimum(tl.maximum(level_db, -LOUDEST_DB), LOUDEST_DB) * POWER_PER_DB) * audible * audible
    looked = tl.minimum(tl.maximum(partial_hz, 0.0), HIGHEST_HZ) / WEIGHTING_STEP_HZ
    floor = tl.floor(looked)
    under = tl.load(weighting + floor.to(tl.int32), mask=inside, other=0.0)
    over = tl.load(weighting + floor.to(tl.int32) + 1, mask=inside, other=0.0)
    weighted = tl.sum(tl.where(inside, power * (under + (looked - floor) * (over - under)), 0.0), axis=0)
    amplitude = tl.sqrt(2.0 * power / (weighted + LEAST_WEIGHTED) + LEAST_POWER)
    tl.store(amplitudes + row * oscillators + k, amplitude, mask=inside)

    # their phases, in turns, at the start of both spans and after them
    turn = tl.where(
        fresh,
        tl.load(start_turns + k, mask=inside, other=0.0),
        tl.load(turns + slot * oscillators + k, mask=inside, other=0.0),
    )
    for span in tl.static_range(2):
        middle_hz = (before_hz + (hz - before_hz) * ((span + 0.5) / 2.0)) * ratio
        here = (row * 2 + span) * oscillators + k
        tl.store(starts + here, turn.to(tl.float32), mask=inside)
        tl.store(steps + here, middle_hz / RATE, mask=inside)
        turn += middle_hz.to(tl.float64) * (SPAN / RATE)
        turn -= tl.floor(turn)
    tl.store(turns + slot * oscillators + k, turn, mask=inside)

    # the noise: bands interpolated in dB, times a white spectrum; the last bin is silent
    b = tl.arange(0, BINS)
    band = tl.load(low + b)
    noise = raw + points + corrections
    first = tl.load(noise + band)
    second = tl.load(noise + band + 1)
    bin_db = DB_PER_UNIT * (first + tl.load(share + b) * (second - first))
    bin_power = tl.exp(tl.minimum(tl.maximum(bin_db, -LOUDEST_DB), LOUDEST_DB) * POWER_PER_DB)
    mean = tl.sum(bin_power * tl.load(bin_weights + b), axis=0)
    magnitude = tl.sqrt(bin_power / (mean + LEAST_WEIGHTED) + LEAST_POWER) * tl.load(bin_audible + b)
    place = tl.where(fresh, tl.load(own + PLACE_AT).to(tl.int64), tl.load(position + slot))
    for frame in tl.static_range(2):  # of now; of a frame before, whose tail a voice that starts now begins with
        line = white + ((place + TABLE_FRAMES - frame) % TABLE_FRAMES) * (2 * (BINS + 1))
        target = spectra + (row * 2 + frame) * (2 * (BINS + 1))
        for part in tl.static_range(2):
            value = magnitude * tl.load(line + 2 * b + part)
            tl.store(target + 2 * b + part, value)
            tl.store(target + 2 * BINS + part, 0.0)

    # four gains of the partials, then four of the noise
    g = tl.arange(0, 2 * GAINS)
    relative_db = DB_PER_UNIT * tl.load(noise + bands + g)
    scaled = relative_db / KNEE_DB
    soft = tl.where(scaled > 20.0, scaled, tl.log(1.0 + tl.exp(tl.minimum(scaled, 20.0))))
    gain_db = tl.maximum(tl.load(own + LEVEL_AT) + TOP_GAIN_DB - KNEE_DB * soft, QUIETEST_DB)
    turned_up = tl.where(g < GAINS, 1.0, tl.load(own + NOISE_AT))
    tl.store(gains + row * 2 * GAINS + g, turned_up * tl.exp(gain_db * GAIN_PER_DB))


@triton.jit  # type: ignore[untyped-decorator]
def tones_kernel(  # type: ignore[no-untyped-def]
    packed, begins, f0_hz, before, amplitudes, starts, steps, tones, oscillators: tl.constexpr,
):  # fmt: skip
    """A span of the bank of partials, as the outer product of 16 and 16 values (see `dsp.oscillators.bank`)."""
    row, span = tl.program_id(0).to(tl.int64), tl.program_id(1)
    own = packed + row * WIDTH
    slot = tl.load(own + SLOT_AT).to(tl.int64)
    starting, hz, before_hz = tl.load(begins + row) > 0, tl.load(own + HZ_AT), tl.load(f0_hz + slot)
    lowest = tl.where(starting, hz, tl.minimum(hz, before_hz))
    needed = tl.minimum(tl.floor(AUDIBLE_HZ / tl.maximum(lowest, 1.0)).to(tl.int32) + HALVES + 1, oscillators)
    side_index = tl.arange(0, SIDE)
    rising = tl.zeros((SIDE, SIDE), tl.float32)
    falling = tl.zeros((SIDE, SIDE), tl.float32)
    for begin in range(0, oscillators, DEEP):
        if begin < needed:
            k = begin + tl.arange(0, DEEP)
            inside = k < oscillators
            here = (row * 2 + span) * oscillators + k
            step, start = tl.load(steps + here, mask=inside, other=0.0), tl.load(starts + here, mask=inside, other=0.0)
            now = tl.load(amplitudes + row * oscillators + k, mask=inside, other=0.0)
            last = tl.where(starting, now, tl.load(before + slot * oscillators + k, mask=inside, other=0.0))
            leap = SIDE * step
            leap -= tl.floor(leap)
            coarse = start[None, :] + leap[None, :] * side_index[:, None]
            coarse = TURN * (coarse - tl.floor(coarse))
            fine = step[:, None] * side_index[None, :]
            fine = TURN * (fine - tl.floor(fine))
            cosine, sine = tl.cos(coarse), -tl.sin(coarse)
            fine_cosine, fine_sine = tl.cos(fine), tl.sin(fine)
            rising += tl.dot(cosine * now[None, :], fine_cosine, input_precision="ieee")
            rising += tl.dot(sine * now[None, :], fine_sine, input_precision="ieee")
            falling += tl.dot(cosine * last[None, :], fine_cosine, input_precision="ieee")
            falling += tl.dot(sine * last[None, :], fine_sine, input_precision="ieee")
    sample = span * SPAN + SIDE * side_index[:, None] + side_index[None, :]
    ramp = sample.to(tl.float32) / (2 * SPAN)
    tl.store(tones + row * 2 * SPAN + sample, falling + ramp * (rising - falling))


@triton.jit  # type: ignore[untyped-decorator]
def finish_kernel(  # type: ignore[no-untyped-def]
    packed, begins, tones, waves, window, gains, amplitudes,
    tails, last_gains, before, f0_hz, position, age, audio,
    oscillators: tl.constexpr, block: tl.constexpr,
):  # fmt: skip
    """Tones and noise with their gains into `audio` [voices, 512], and what the next frame must know of this one."""
    row = tl.program_id(0).to(tl.int64)
    own = packed + row * WIDTH
    slot = tl.load(own + SLOT_AT).to(tl.int64)
    fresh, starting = tl.load(own + FRESH_AT) > 0, tl.load(begins + row) > 0
    s = tl.arange(0, HOP)
    wave = waves + row * 4 * HOP
    falling = tl.load(window + HOP + s)
    tail = tl.where(starting, tl.load(wave + 3 * HOP + s) * falling, tl.load(tails + slot * HOP + s))
    noise = tl.load(wave + s) * tl.load(window + s) + tail
    tl.store(tails + slot * HOP + s, tl.load(wave + HOP + s) * falling)
    point, share = s // (HOP // GAINS), (s % (HOP // GAINS)).to(tl.float32) / (HOP // GAINS)
    mixed = tl.zeros((HOP,), tl.float32)
    for kind in tl.static_range(2):
        gain = gains + row * 2 * GAINS + kind * GAINS
        kept = tl.where(fresh, 0.0, tl.load(last_gains + slot * 2 + kind))
        earlier = tl.where(point == 0, kept, tl.load(gain + point - 1, mask=point > 0, other=0.0))
        curve = earlier + share * (tl.load(gain + point) - earlier)
        mixed += curve * (tl.load(tones + row * HOP + s) if kind == 0 else noise)
    tl.store(audio + row * HOP + s, mixed)
    for kind in tl.static_range(2):
        tl.store(last_gains + slot * 2 + kind, tl.load(gains + row * 2 * GAINS + kind * GAINS + GAINS - 1))
    k = tl.arange(0, block)
    tl.store(
        before + slot * oscillators + k,
        tl.load(amplitudes + row * oscillators + k, mask=k < oscillators, other=0.0),
        mask=k < oscillators,
    )
    place = tl.where(fresh, tl.load(own + PLACE_AT).to(tl.int64), tl.load(position + slot))
    tl.store(position + slot, (place + 1) % TABLE_FRAMES)
    tl.store(age + slot, tl.where(fresh, 0, tl.load(age + slot)) + 1)
    tl.store(f0_hz + slot, tl.load(own + HZ_AT))
