"""The zones of a bank file: all of them checked when it is read, each converted to latents when it is first used.

A bank has 1,900 zones, of which a blend needs two: converting them all takes ten times as long as reading the file.
Noise, resonances, widths and details of those zones that have any stand end to end in tensors of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from nsynth_lab import detail, width
from nsynth_lab.latents import (
    CENTS_LIMIT,
    LOUDEST_DB,
    MAX_FRAMES,
    PARTIAL_SLOTS,
    SILENCE_DB,
    TIMBRE_DIMS,
    TIMBRE_LIMIT,
    Latents,
)
from nsynth_lab.note import Note
from nsynth_lab.unpitched import TENSORS, from_stored, stored

# the numbers of those that have any, ascending
UNPITCHED_ZONES, WIDE_ZONES, DETAILED_ZONES = "unpitched_zones", "wide_zones", "detailed_zones"
STEPS = 127.0  # of the 8-bit integers that stand for 0..3 in a timbre
HIGHEST_OFFSET = 0.5  # of a partial, in units of f0


class MadeOnce(Sequence[Latents]):
    """`count` latents, each made by `make(index)` when it is first asked for, and then kept."""

    def __init__(self, make: Callable[[int], Latents], count: int) -> None:
        self._make = make
        self._made: list[Latents | None] = [None] * count

    def __len__(self) -> int:
        return len(self._made)

    @overload
    def __getitem__(self, at: int) -> Latents: ...

    @overload
    def __getitem__(self, at: slice) -> Sequence[Latents]: ...

    def __getitem__(self, at: int | slice) -> Latents | Sequence[Latents]:
        if isinstance(at, slice):
            return [self[index] for index in range(*at.indices(len(self)))]
        made = self._made[at]
        if made is None:
            made = self._made[at] = self._make(range(len(self))[at])
        return made


def stored_zones(tensors: Mapping[str, NDArray[Any]], model_id: str) -> tuple[MadeOnce, list[Note]]:
    """The zones in the tensors of a bank file, as `bank.write_bank_file` writes them, and the note of each.

    Raises:
        KeyError, ValueError, UsageError: a tensor is missing, has another type or shape, or holds values that no zone
            can have.
    """
    marks, starts = tensors["marks"], tensors["starts"]
    _check_shapes(tensors, zones=len(marks), frames=len(tensors["timbre"]))
    lengths = np.diff(starts)
    if (lengths <= 0).any() or starts[0] != 0 or starts[-1] != len(tensors["timbre"]):
        raise ValueError("its zones are not contiguous")
    if (lengths > MAX_FRAMES).any():
        raise ValueError(f"a zone of {lengths.max()} frames, expected at most {MAX_FRAMES}")
    attack, release = marks[:, 2], np.where(marks[:, 3] < 0, lengths, marks[:, 3])
    if not ((attack >= 0) & (attack <= release) & (release <= lengths)).all():
        raise ValueError("attack and release must lie in order within the note")
    for name in ("loudness_db", "f0_cents", "partials"):
        if np.isnan(tensors[name]).any():
            raise ValueError(f"{name} holds NaN")
    notes = [Note(note, velocity) for note, velocity in marks[:, :2].tolist()]
    rows = _optional_rows(tensors, lengths, UNPITCHED_ZONES, TENSORS)
    sides = _optional_rows(tensors, lengths, WIDE_ZONES, (width.TENSOR,))
    offsets = _optional_rows(tensors, detail.anchor_count(lengths), DETAILED_ZONES, (detail.TENSOR,))
    if rows:
        from_stored(*(tensors[name][:0] for name in TENSORS))  # raises if it is of other types or widths
    if sides:
        width.from_stored(tensors[width.TENSOR][:0])
    if offsets:
        detail.from_stored(tensors[detail.TENSOR][:1], 1)

    def zone(at: int) -> Latents:
        return _zone(tensors, at, rows.get(at), sides.get(at), offsets.get(at), model_id)

    return MadeOnce(zone, len(marks)), notes


def optional_tensors(zones: Sequence[Latents]) -> dict[str, NDArray[Any]]:
    """What a bank file stores of the zones without a pitch, of the stereo ones and of those with details."""
    tensors: dict[str, NDArray[Any]] = {}
    if numbers := [index for index, zone in enumerate(zones) if zone.unpitched is not None]:
        small, notes = zip(*(stored(rows) for zone in zones if (rows := zone.unpitched) is not None), strict=True)
        tensors |= dict(zip(TENSORS, (np.concatenate(small), np.concatenate(notes)), strict=True))
        tensors[UNPITCHED_ZONES] = np.array(numbers, np.int32)
    if numbers := [index for index, zone in enumerate(zones) if zone.width is not None]:
        tensors[width.TENSOR] = np.concatenate([width.stored(zone.width) for zone in zones if zone.width is not None])
        tensors[WIDE_ZONES] = np.array(numbers, np.int32)
    if numbers := [index for index, zone in enumerate(zones) if zone.detail is not None]:
        kept = [detail.stored(zone.detail) for zone in zones if zone.detail is not None]
        tensors[detail.TENSOR], tensors[DETAILED_ZONES] = np.concatenate(kept), np.array(numbers, np.int32)
    return tensors


def _optional_rows(
    tensors: Mapping[str, NDArray[Any]], lengths: NDArray[np.int64], which: str, names: Sequence[str]
) -> dict[int, slice]:
    """Where the rows of each of the zones `which` are in the tensors `names`."""
    if which not in tensors:
        return {}
    numbers = tensors[which]
    if numbers.dtype != np.int32 or numbers.ndim != 1 or (np.diff(numbers) <= 0).any():
        raise ValueError(f"the numbers of its {which} are out of order")
    if len(numbers) and not 0 <= int(numbers[0]) <= int(numbers[-1]) < len(lengths):
        raise ValueError(f"it has no zone of a number among its {which}")
    ends = np.cumsum(lengths[numbers])
    if any(len(tensors[name]) != ends[-1:].sum() for name in names):
        raise ValueError(f"its {which} have other lengths than their rows")
    begins = ends - lengths[numbers]
    return {int(number): slice(begin, end) for number, begin, end in zip(numbers, begins, ends, strict=True)}


def _check_shapes(tensors: Mapping[str, NDArray[Any]], *, zones: int, frames: int) -> None:
    expected: dict[str, tuple[type[np.generic], tuple[int, ...]]] = {
        "timbre": (np.int8, (frames, TIMBRE_DIMS)),
        "loudness_db": (np.float16, (frames,)),
        "f0_cents": (np.float16, (frames,)),
        "partials": (np.float16, (zones, PARTIAL_SLOTS)),
        "starts": (np.int64, (zones + 1,)),
        "marks": (np.int32, (zones, 4)),
    }
    for name, (kind, shape) in expected.items():
        came = tensors[name]
        if came.dtype != kind or came.shape != shape:
            raise ValueError(f"{name} holds {came.dtype} of shape {came.shape}, expected {np.dtype(kind)} of {shape}")


def _zone(
    tensors: Mapping[str, NDArray[Any]],
    index: int,
    rows: slice | None,
    sides: slice | None,
    offsets: slice | None,
    model_id: str,
) -> Latents:
    begin, end = tensors["starts"][index : index + 2].tolist()
    note, velocity, attack, release = tensors["marks"][index].tolist()

    def read(name: str, low: float, high: float) -> NDArray[np.float32]:
        return tensors[name][begin:end].astype(np.float32).clip(low, high)

    return Latents(
        timbre=tensors["timbre"][begin:end].astype(np.float32) * np.float32(TIMBRE_LIMIT / STEPS),
        loudness_db=read("loudness_db", SILENCE_DB, LOUDEST_DB),
        f0_cents=read("f0_cents", -CENTS_LIMIT, CENTS_LIMIT),
        partials=tensors["partials"][index].astype(np.float32).clip(-HIGHEST_OFFSET, HIGHEST_OFFSET),
        note=note,
        velocity=velocity,
        attack_frames=attack,
        release_frame=release,
        model_id=model_id,
        unpitched=None if rows is None else from_stored(*(tensors[name][rows] for name in TENSORS)),
        width=None if sides is None else width.from_stored(tensors[width.TENSOR][sides]),
        detail=None if offsets is None else detail.from_stored(tensors[detail.TENSOR][offsets], end - begin),
    )
