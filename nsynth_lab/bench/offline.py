"""Offline: encode and decode whole notes, one by one and many together, and how both grow."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from nsynth_lab.bench.made import recording
from nsynth_lab.bench.timing import Spread, real_time, seconds_of
from nsynth_lab.bench.work import Advance, Work, spread_notes
from nsynth_lab.model.codec import encode
from nsynth_lab.model.config import ROUNDS
from nsynth_lab.model.decoder import noise_places
from nsynth_lab.pack.blend_clips import ClipLatents
from nsynth_lab.pack.decode import decode_clips, late_frames
from nsynth_lab.pack.request import ClipKey
from nsynth_lab.units import frames_to_seconds, seconds_to_frames

NOTE = 60
MANY = 64
USUAL_RATE = 50.0  # x real time, to say how long it will take
PACK = 255  # clips of a usual pack; for a card alone, since a processor takes minutes for them


@dataclass(frozen=True)
class Rate:
    """Several notes of equal length, as a multiple of real time: their seconds of audio per second of work."""

    notes: int
    seconds: float
    real_time: Spread


@dataclass(frozen=True)
class Offline:
    """Figures of encoding and decoding.

    Attributes:
        encode: one note: measured, guessed by the encoder, fitted in rounds.
        encode_without_fitting: one note, then many, one after the other.
        decode: one note as `blend` decodes it, then many in one batch as `pack` does.
        decode_one_by_one: those many as `blend` would decode them, one after the other.
        decode_by_seconds: one note, longer and longer.
        decode_by_notes: more and more notes in one batch.
        batch_gain: multiples of real time of the batch of many over those of the same notes one by one.
    """

    encode: tuple[Rate, ...]
    encode_without_fitting: tuple[Rate, ...]
    decode: tuple[Rate, ...]
    decode_one_by_one: tuple[Rate, ...]
    decode_by_seconds: tuple[Rate, ...]
    decode_by_notes: tuple[Rate, ...]
    batch_gain: float


@dataclass(frozen=True)
class _Plan:
    repeats: int
    batch_repeats: int
    seconds: float
    encoded_notes: int
    lengths: Sequence[float]
    counts: Sequence[int]


FULL = _Plan(5, 2, 4.0, MANY, (1.0, 2.0, 4.0, 8.0, 16.0), (1, 4, 16, MANY, PACK))
QUICK = _Plan(2, 1, 1.0, 2, (1.0, 4.0), (1, MANY))


def measures(work: Work) -> int:
    """How far `measure` advances: about a step for each second that it takes."""
    plan = _plan(work)
    batches = [1, 1, plan.encoded_notes, MANY, *plan.counts]
    steps = [_steps(seconds, plan.repeats) for seconds in plan.lengths]
    return sum(steps) + sum(_steps(count * plan.seconds, plan.batch_repeats) for count in batches)


def measure(work: Work, advance: Advance) -> Offline:
    """Time encoding and decoding, in the batches of `pack`."""
    plan = _plan(work)

    def rate(notes: int, seconds: float, task: Callable[[], object], repeats: int = plan.repeats) -> Rate:
        took = seconds_of(task, repeats=repeats, device=work.device)
        advance(_steps(notes * seconds, repeats))
        return Rate(notes, seconds, real_time(notes * frames_to_seconds(seconds_to_frames(seconds)), took))

    encoded = rate(1, plan.seconds, _encoding(work, 1, plan.seconds, rounds=ROUNDS), plan.batch_repeats)
    guessed = [
        rate(count, plan.seconds, _encoding(work, count, plan.seconds, rounds=0), plan.batch_repeats)
        for count in (1, plan.encoded_notes)
    ]
    by_seconds = [rate(1, length, _decoding(work, [NOTE], length)) for length in plan.lengths]
    one = next(each for each in by_seconds if each.seconds == plan.seconds)
    one_by_one = rate(MANY, plan.seconds, _decoding(work, spread_notes(MANY), plan.seconds), plan.batch_repeats)
    by_notes = [
        rate(count, plan.seconds, _batch(work, count, plan.seconds), plan.batch_repeats) for count in plan.counts
    ]
    many = next(each for each in by_notes if each.notes == MANY)
    gain = many.real_time.median / one_by_one.real_time.median
    return Offline((encoded,), tuple(guessed), (one, many), (one_by_one,), tuple(by_seconds), tuple(by_notes), gain)


def _plan(work: Work) -> _Plan:
    plan = QUICK if work.quick else FULL
    return plan if work.device == "cuda" else replace(plan, counts=[count for count in plan.counts if count != PACK])


def _steps(audio_seconds: float, repeats: int) -> int:
    return max(1, round((1 + repeats) * audio_seconds / USUAL_RATE))


def _encoding(work: Work, count: int, seconds: float, *, rounds: int) -> Callable[[], object]:
    sounds = [(recording(note, seconds=seconds), note) for note in spread_notes(count)]
    checkpoint = work.session.checkpoint
    return lambda: [encode(sound, checkpoint, note=note, rounds=rounds) for sound, note in sounds]


def _decoding(work: Work, notes: Sequence[int], seconds: float) -> Callable[[], object]:
    sounds = [work.blend(note, seconds=seconds) for note in notes]
    return lambda: [work.session.render(latents) for latents in sounds]


def _batch(work: Work, count: int, seconds: float) -> Callable[[], object]:
    checkpoint = work.session.checkpoint
    late = frames_to_seconds(late_frames(checkpoint))
    notes = spread_notes(count) if count > 1 else [NOTE]
    rows = [
        ClipLatents(
            ClipKey(0, note, 100, 0), work.blend(note, seconds=seconds + late), None, True, noise_places(place), 0.0
        )
        for place, note in zip(noise_places(np.arange(len(notes))).tolist(), notes, strict=True)
    ]
    return lambda: decode_clips(rows, checkpoint)
