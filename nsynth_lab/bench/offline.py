"""Offline: speed of encoding and decoding whole notes, singly and in batches, and how it scales."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from nsynth_lab.audio import Audio
from nsynth_lab.bench.synthetic import recording
from nsynth_lab.bench.timing import Spread, real_time, seconds_of
from nsynth_lab.bench.work import Advance, Work, spread_notes
from nsynth_lab.dsp.noise_table import noise_places
from nsynth_lab.latents import Latents
from nsynth_lab.model.checkpoint import Checkpoint
from nsynth_lab.model.codec import encode, on_one_thread
from nsynth_lab.model.config import ROUNDS
from nsynth_lab.pack.blend_clips import ClipLatents
from nsynth_lab.pack.decode import decode_clips
from nsynth_lab.pack.request import ClipKey
from nsynth_lab.threads import thread_count
from nsynth_lab.units import frames_to_seconds, seconds_to_frames
from nsynth_lab.workers import with_helpers

NOTE = 60
MANY = 64
TYPICAL_RATE = 50.0  # x real time, for the progress bar
PACK = 255  # clips of a typical pack; only on a GPU, because a CPU takes minutes for them


@dataclass(frozen=True)
class Rate:
    """Several notes of equal length, as a multiple of real time: their seconds of audio per second of work."""

    notes: int
    seconds: float
    real_time: Spread


@dataclass(frozen=True)
class Offline:
    """Speeds of encoding and decoding.

    Attributes:
        encode: one note, then several in succession, as `encode` does it.
        encode_at_once: many notes, by a process for each processor, their start included, as `capture` does it.
        encode_without_fitting: one note, then many in succession, by the encoder alone.
        decode: one note as in `blend`, then many in one batch as in `pack`.
        decode_one_by_one: the same many notes in succession, as `blend` would decode them.
        decode_by_seconds: one note of increasing length.
        decode_by_notes: an increasing number of notes in one batch.
        batch_gain: how many times faster the batch of many notes is than the same notes in succession.
    """

    encode: tuple[Rate, ...]
    encode_at_once: tuple[Rate, ...]
    encode_without_fitting: tuple[Rate, ...]
    decode: tuple[Rate, ...]
    decode_one_by_one: tuple[Rate, ...]
    decode_by_seconds: tuple[Rate, ...]
    decode_by_notes: tuple[Rate, ...]
    batch_gain: float


@dataclass(frozen=True)
class _Effort:
    repeats: int
    batch_repeats: int
    seconds: float
    fitted_notes: int
    encoded_notes: int
    lengths: Sequence[float]
    counts: Sequence[int]


FULL = _Effort(5, 2, 4.0, 16, MANY, (1.0, 2.0, 4.0, 8.0, 16.0), (1, 4, 16, MANY, PACK))
QUICK = _Effort(2, 1, 1.0, 2, 2, (1.0, 4.0), (1, MANY))


def progress_steps(work: Work) -> int:
    """Number of steps by which `measure` advances the progress bar, about one per second."""
    effort = _effort(work)
    batches = [1, effort.fitted_notes, effort.encoded_notes, 1, effort.encoded_notes, MANY, *effort.counts]
    steps = [_steps(seconds, effort.repeats) for seconds in effort.lengths]
    return sum(steps) + sum(_steps(count * effort.seconds, effort.batch_repeats) for count in batches)


def measure(work: Work, advance: Advance) -> Offline:
    """Time encoding and decoding, in the batches of `pack`."""
    effort = _effort(work)

    def rate(notes: int, seconds: float, task: Callable[[], object], repeats: int = effort.repeats) -> Rate:
        took = seconds_of(task, repeats=repeats, device=work.device)
        advance(_steps(notes * seconds, repeats))
        return Rate(notes, seconds, real_time(notes * frames_to_seconds(seconds_to_frames(seconds)), took))

    encoded = [
        rate(count, effort.seconds, _encoding(work, count, effort.seconds, fitted=True), effort.batch_repeats)
        for count in (1, effort.fitted_notes)
    ]
    together = _encoding(work, effort.encoded_notes, effort.seconds, fitted=True, processes=thread_count())
    at_once = rate(effort.encoded_notes, effort.seconds, together, effort.batch_repeats)
    guessed = [
        rate(count, effort.seconds, _encoding(work, count, effort.seconds, fitted=False), effort.batch_repeats)
        for count in (1, effort.encoded_notes)
    ]
    by_seconds = [rate(1, length, _decoding(work, [NOTE], length)) for length in effort.lengths]
    one = next(each for each in by_seconds if each.seconds == effort.seconds)
    one_by_one = rate(MANY, effort.seconds, _decoding(work, spread_notes(MANY), effort.seconds), effort.batch_repeats)
    by_notes = [
        rate(count, effort.seconds, _batch(work, count, effort.seconds), effort.batch_repeats)
        for count in effort.counts
    ]
    many = next(each for each in by_notes if each.notes == MANY)
    gain = many.real_time.median / one_by_one.real_time.median
    return Offline(
        encode=tuple(encoded),
        encode_at_once=(at_once,),
        encode_without_fitting=tuple(guessed),
        decode=(one, many),
        decode_one_by_one=(one_by_one,),
        decode_by_seconds=tuple(by_seconds),
        decode_by_notes=tuple(by_notes),
        batch_gain=gain,
    )


def _effort(work: Work) -> _Effort:
    effort = QUICK if work.quick else FULL
    return (
        effort if work.device == "cuda" else replace(effort, counts=[count for count in effort.counts if count != PACK])
    )


def _steps(audio_seconds: float, repeats: int) -> int:
    return max(1, round((1 + repeats) * audio_seconds / TYPICAL_RATE))


def _encoding(work: Work, count: int, seconds: float, *, fitted: bool, processes: int = 1) -> Callable[[], object]:
    sounds = [(recording(note, seconds=seconds), note) for note in spread_notes(count)]
    encode_one = partial(_encode, work.session.checkpoint, fitted)

    def all_of_them() -> list[Latents]:
        with on_one_thread():
            return list(with_helpers(encode_one, sounds, jobs=processes))

    return all_of_them


def _encode(checkpoint: Checkpoint, fitted: bool, given: tuple[Audio, int]) -> Latents:
    return encode(given[0], checkpoint, note=given[1], rounds=ROUNDS if fitted else 0, detail=fitted)


def _decoding(work: Work, notes: Sequence[int], seconds: float) -> Callable[[], object]:
    sounds = [work.blend(note, seconds=seconds) for note in notes]
    return lambda: [work.session.render(latents) for latents in sounds]


def _batch(work: Work, count: int, seconds: float) -> Callable[[], object]:
    checkpoint = work.session.checkpoint
    notes = spread_notes(count) if count > 1 else [NOTE]
    clips = [
        ClipLatents(ClipKey(0, note, 100, 0), work.blend(note, seconds=seconds), None, True, noise_places(place), 0.0)
        for place, note in zip(noise_places(np.arange(len(notes))).tolist(), notes, strict=True)
    ]
    return lambda: decode_clips(clips, checkpoint)
