"""Where the blend is computed: a weighted mean of aligned latents, stream by stream."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nsynth_lab import unpitched
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
    """Blend notes of the same pitch into one note, `frames` frames long.

    Weights are scaled to sum to 1. With all weight on one source the result is that source, stretched.

    Args:
        sources: notes of the same pitch and model.
        weights: [sources], or [frames, sources] for a morph (see `pair`, `corners` and `Curve`).
        frames: length of the result.
        timbre: weights for this stream, noise, resonances, width and detail instead of `weights`, in the same shapes.
        loudness: likewise for the level, and with it the lengths of attack and release.
        f0: likewise for vibrato and drift.
        partials: likewise for the inharmonicity. Without movement the result's `partials` are [128].
        spherical: interpolate the timbre's direction on a sphere, with the mean of the sources' lengths, rather than
            linearly (see `compiled.sphere`); the other streams are linear.

    Raises:
        UsageError: no source, sources at different notes, or weights of the wrong shape.
        LatentsError: sources made by different models.
    """
    _check_sources(sources)
    common = _weights(weights, sources, frames, "weights")

    def stream_weights(given: ArrayLike | None, name: str) -> Weights:
        return common if given is None else _weights(given, sources, frames, name)

    level = stream_weights(loudness, "loudness")
    tonal = np.array([source.has_tone for source in sources])

    def tone_weights(given: ArrayLike | None, name: str) -> Weights:
        return of_tones(stream_weights(given, name), tonal)

    aligned = align(sources, level, frames)
    every = np.broadcast_to(np.atleast_2d(stream_weights(timbre, "timbre")), (frames, len(sources)))
    tonal_every = np.broadcast_to(np.atleast_2d(tone_weights(timbre, "timbre")), every.shape)
    audible = np.atleast_2d(level).mean(axis=0) > 0
    levels_db = [source.loudness_db for source in aligned]
    level_db = _mean(levels_db, level)
    return Latents(
        timbre=(_spherical_mean if spherical else _mean)(
            [source.timbre for source in aligned], tone_weights(timbre, "timbre")
        ),
        loudness_db=level_db,
        f0_cents=_mean([source.f0_cents for source in aligned], tone_weights(f0, "f0")),
        partials=_mean_partials(aligned, tone_weights(partials, "partials")),
        note=sources[0].note,
        velocity=round(float(np.atleast_2d(level)[0] @ np.array([source.velocity for source in sources]))),
        attack_frames=aligned[0].attack_frames,
        release_frame=min(source.release_frame for source, counts in zip(aligned, audible, strict=True) if counts),
        model_id=sources[0].model_id,
        unpitched=unpitched.mean_rows(
            [source.unpitched for source in aligned], every, levels_db=levels_db, level_db=level_db
        ),
        width=_mean_rows([source.width for source in aligned], every),
        detail=_mean_rows([source.detail for source in aligned], tonal_every),
    )


def of_tones(weights: Weights, tonal: NDArray[np.bool_]) -> Weights:
    """Weights [..., sources] shared among the `tonal` [sources]: a drum has no timbre, f0 or partials to give."""
    if tonal.all() or not tonal.any():
        return weights
    own = weights * tonal
    total = own.sum(axis=-1, keepdims=True)
    return np.where(total > 0, own / np.where(total > 0, total, 1.0), tonal / tonal.sum())


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


def _mean_rows(rows: Sequence[FloatArray | None], weights: NDArray[np.float64]) -> FloatArray | None:
    """The rows between sounds, of width or of detail: `rows` of each [frames, columns]; weights [frames, sounds].

    A sound without rows counts as zeros. None if nobody who is heard has any.
    """
    own = [(part, weights[:, index]) for index, part in enumerate(rows) if part is not None]
    if not any((weight > 0).any() for _, weight in own):
        return None
    return np.asarray(np.sum([weight[:, None] * part for part, weight in own], axis=0), np.float32)
