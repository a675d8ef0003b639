"""The blend itself: a weighted mean of aligned latents, stream by stream."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from nsynth_lab.blend.align import align
from nsynth_lab.blend.weights import Weights, normalised
from nsynth_lab.errors import LatentsError, UsageError
from nsynth_lab.latents import Latents
from nsynth_lab.note import note_name
from nsynth_lab.units import FloatArray


def blend(
    sources: Sequence[Latents],
    weights: ArrayLike,
    *,
    frames: int,
    timbre: ArrayLike | None = None,
    loudness: ArrayLike | None = None,
    f0: ArrayLike | None = None,
    partials: ArrayLike | None = None,
    spherical: bool = False,
) -> Latents:
    """One note between several, `frames` frames long, at the note of all of them.

    All weights are scaled to sum to 1. With all weight on one source the result is that source, stretched.

    Args:
        sources: notes of the same pitch and model.
        weights: [sources], or [frames, sources] for a morph (see `pair`, `corners` and `Curve`).
        frames: length of the result.
        timbre: weights for this stream instead of `weights`, in the same shapes; likewise
        loudness: for the level and with it the lengths of attack and release,
        f0: for vibrato and drift, and
        partials: for the places of the partials; these come out as [128] while nothing moves them.
        spherical: whether the timbre turns from source to source, its length the mean of their lengths, rather than
            going straight (see `compiled.sphere`); the other streams go straight.

    Raises:
        UsageError: no source, sources at different notes, or weights that do not fit.
        LatentsError: sources made by different models.
    """
    _check_sources(sources)
    usual = _weights(weights, sources, frames, "weights")

    def chosen(given: ArrayLike | None, name: str) -> Weights:
        return usual if given is None else _weights(given, sources, frames, name)

    level = chosen(loudness, "loudness")
    aligned = align(sources, level, frames)
    heard = np.atleast_2d(level).mean(axis=0) > 0
    return Latents(
        timbre=(_spherical_mean if spherical else _mean)(
            [source.timbre for source in aligned], chosen(timbre, "timbre")
        ),
        loudness_db=_mean([source.loudness_db for source in aligned], level),
        f0_cents=_mean([source.f0_cents for source in aligned], chosen(f0, "f0")),
        partials=_mean_partials(aligned, chosen(partials, "partials")),
        note=sources[0].note,
        velocity=round(float(np.atleast_2d(level)[0] @ np.array([source.velocity for source in sources]))),
        attack_frames=aligned[0].attack_frames,
        release_frame=min(source.release_frame for source, counts in zip(aligned, heard, strict=True) if counts),
        model_id=sources[0].model_id,
    )


def _check_sources(sources: Sequence[Latents]) -> None:
    if not sources:
        raise UsageError("blend: expected at least one source, came none")
    first = sources[0]
    for other in sources[1:]:
        if other.note != first.note:
            raise UsageError(
                f"blend: sources at {note_name(first.note)} and {note_name(other.note)}; "
                "move them to one note first (Latents.at_note)"
            )
        if other.model_id != first.model_id:
            raise LatentsError(
                f"blend: sources made by different models ('{first.model_id}' and '{other.model_id}'); "
                "encode both with one checkpoint"
            )


def _weights(given: ArrayLike, sources: Sequence[Latents], frames: int, name: str) -> Weights:
    weights = normalised(given)
    if weights.shape not in ((len(sources),), (frames, len(sources))):
        raise UsageError(
            f"blend: {name} has shape {weights.shape}, expected ({len(sources)},) or ({frames}, {len(sources)})"
        )
    return weights


def _mean(streams: Sequence[FloatArray], weights: Weights) -> FloatArray:
    """Weighted mean of streams, each [frames, ...]; weights [sources] or [frames, sources]."""
    total = np.zeros(streams[0].shape)
    for stream, weight in zip(streams, np.atleast_2d(weights).T, strict=True):
        total += weight.reshape(-1, *[1] * (stream.ndim - 1)) * stream
    return total.astype(np.float32)


def _spherical_mean(streams: Sequence[FloatArray], weights: Weights) -> FloatArray:
    """As `_mean`, on a sphere; streams [frames, dims]."""
    from nsynth_lab.compiled.sphere import spherical_means  # Numba takes a second to import

    whole = np.stack(streams).astype(np.float32, copy=False)
    every = np.ascontiguousarray(np.broadcast_to(np.atleast_2d(weights), (whole.shape[1], len(whole))))
    return spherical_means(whole, every)


def _mean_partials(aligned: Sequence[Latents], weights: Weights) -> FloatArray:
    if all(source.partials.ndim == 1 for source in aligned) and np.ptp(np.atleast_2d(weights), axis=0).max() == 0:
        steady = np.atleast_2d(weights)[0]
        return np.asarray(_mean([source.partials[None] for source in aligned], steady)[0])
    return _mean([source.partials_per_frame() for source in aligned], weights)
