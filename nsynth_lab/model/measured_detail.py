"""What a recording has and its latents do not say, measured; see `nsynth_lab.detail`.

The latents are decoded, tones and noise apart, and levels are compared with the recording's: of each partial, and of
the noise between the partials in bands. Twice, because noise leaks into weak partials and the other way round; the
second time noise is compared as it is heard (`audible_noise`). Levels are compared in dB and averaged around each
anchor. Where neither sound is audible nothing is corrected, and what leads away from the recording is left out: also
through the attack, into which the windows smear what comes after it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from nsynth_lab.detail import BANDS, DB_LIMIT, DIMS, NOISE, NOISE_GAIN, anchors, between_anchors, from_stored, stored
from nsynth_lab.dsp.attack_distance import attack_distance
from nsynth_lab.dsp.line_levels import EVERY, Levels, LineLevels
from nsynth_lab.dsp.mel_spectrum import mel_db
from nsynth_lab.latents import Latents
from nsynth_lab.model.audible_noise import audible_noise_db
from nsynth_lab.model.checkpoint import Checkpoint
from nsynth_lab.model.detail_offsets import detail_matrix
from nsynth_lab.model.scales import noise_lines, noise_weighting
from nsynth_lab.model.sizes import control_outputs
from nsynth_lab.units import Doubles, FloatArray, track_hz

PASSES = 2
LARGEST_DB = 18.0  # of what is corrected
RANGE_DB, NOISE_RANGE_DB = 70.0, 80.0  # below the frame, partials and bands count as silent
QUIETEST = 1e-8  # power relative to the loudest partial
LEAST = 0.05  # share of a level that counts as its own, whatever leaks into it
MEL_RANGE_DB, TOLERATED_DB = 60.0, 0.05  # of mel spectra; noise may cost so much, for it is random
TOLERATED_ATTACK_DB = 0.05
CHUNK_FRAMES = 400  # decoded at a time, to bound memory


class Decoded(NamedTuple):
    """Tones [samples] and noise [samples] of a sound, and the spectra of the noise [frames, 513]."""

    tones: FloatArray
    noise: FloatArray
    spectra: FloatArray


def with_detail(latents: Latents, samples: FloatArray, checkpoint: Checkpoint) -> Latents:
    """`latents` of the recording `samples` [frames * 512] with what they do not say of it; any detail is replaced."""
    lines = LineLevels(track_hz(latents.note, latents.f0_cents), latents.partials)
    if not len(lines.bins_between):
        return replace(latents, detail=None)
    recorded, recorded_db = lines(samples), mel_db(samples)
    floors, floor_db = _floors(recorded), float(recorded_db.max()) - MEL_RANGE_DB
    to_anchors, frames_to_anchors = (_weights(latents.frames, every=every) for every in (EVERY, 1))
    rows = np.zeros((len(to_anchors), DIMS))
    bare = came = _decoded(replace(latents, detail=None), checkpoint, seed=0)
    for done in range(PASSES):
        levels = lines(came.tones), lines(came.noise)
        rows[:, : lines.count] += to_anchors @ _partial_db(recorded, levels, lines, floors[0])
        noise_db = _all_bands(to_anchors @ _noise_db(recorded, levels, lines, floors[1]), lines.bins_between)
        if done:
            spectra = recorded_db, mel_db(came.tones), mel_db(came.noise)
            heard_db, share = audible_noise_db(*spectra, frames_to_anchors, floor_db=floor_db)
            noise_db += share * (heard_db - noise_db)
        rows[:, NOISE] += noise_db
        rows = rows.clip(-LARGEST_DB, LARGEST_DB)
        rows[:, NOISE_GAIN] = _lift_db(rows, bare.spectra[anchors(latents.frames)], checkpoint)
        latents = _with_rows(latents, rows)
        came = _decoded(latents, checkpoint, seed=1 + done)
    return _nearest(latents, rows, samples, recorded_db, bare, came)


def _with_rows(latents: Latents, rows: Doubles) -> Latents:
    """`latents` with the detail whose anchors are `rows`, as a file keeps it."""
    small = stored(between_anchors(rows.astype(np.float32), latents.frames))
    return replace(latents, detail=from_stored(small, latents.frames))


def _nearest(
    latents: Latents, rows: Doubles, samples: FloatArray, recorded_db: FloatArray, bare: Decoded, came: Decoded
) -> Latents:
    """`latents`, decoded as `came`, without those of their `rows` [anchors, 129] that lead away from `samples`.

    `bare` is decoded without any; noise does without its offsets in it, and tones alone do not depend on them. All are
    left out, or those of noise, by the mel spectra of the whole note, `recorded_db` [frames, 128] that of `samples`;
    those of the first anchor by the attack.
    """
    floor_db = recorded_db.max() - MEL_RANGE_DB
    wanted = np.maximum(recorded_db, floor_db)
    without = bare.tones + bare.noise
    sounds = came.tones + came.noise, came.tones + bare.noise, without
    whole, tones, none = (float(np.abs(np.maximum(mel_db(sound), floor_db) - wanted).mean()) for sound in sounds)
    kept, sound = rows.copy(), sounds[0]
    if whole > min(tones + TOLERATED_DB, none):
        if tones > none:
            return replace(latents, detail=None)
        kept[:, NOISE.start :], sound = 0.0, sounds[1]
    with_rows, without_rows = _attacks_apart_db(sound, without, samples, latents)
    if with_rows > without_rows + TOLERATED_ATTACK_DB:
        kept[0] = 0.0
    return _with_rows(latents, kept)


def _attacks_apart_db(one: FloatArray, other: FloatArray, samples: FloatArray, latents: Latents) -> list[float]:
    """Distances of the attacks of `one` and of the `other` from that of the recording `samples`."""
    f0_hz = torch.tensor(np.median(track_hz(latents.note, latents.f0_cents[:CHUNK_FRAMES])))
    recorded = torch.from_numpy(np.stack([samples, samples]))
    decoded = torch.from_numpy(np.stack([one, other]))
    return attack_distance(decoded, recorded, f0_hz.expand(2)).tolist()


def _floors(recorded: Levels) -> tuple[Doubles, Doubles]:
    """Power below which partials, and bands of noise, count as silent, [times, 1] each."""
    whole = (recorded.partials.sum(axis=1) + recorded.noise.sum(axis=1))[:, None]
    least = max(QUIETEST * float(recorded.partials.max()), 1e-20)
    return np.maximum(whole * 10.0 ** (-RANGE_DB / 10.0), least), np.maximum(
        whole * 10.0 ** (-NOISE_RANGE_DB / 10.0), least / 10.0
    )


def _partial_db(recorded: Levels, came: tuple[Levels, Levels], lines: LineLevels, floor: Doubles) -> Doubles:
    """How much louder each partial is in the recording, in dB [times, partials]; the noise around it is not counted."""
    density = recorded.noise / np.maximum(lines.bins_between, 1e-9)
    around = density[:, lines.band] * lines.bins_per_partial
    own = np.maximum(recorded.partials - around, LEAST * recorded.partials)
    return _apart_db(own, came[0].partials, floor)


def _noise_db(recorded: Levels, came: tuple[Levels, Levels], lines: LineLevels, floor: Doubles) -> Doubles:
    """How much louder the noise of each band is in the recording, in dB [times, 64]; what tones leak is not counted."""
    own = np.maximum(recorded.bins - came[0].bins, LEAST * recorded.bins)
    least = (floor * BANDS / own.shape[1]).astype(np.float32)
    levels = [lines.floor_db(np.maximum(power, least)) for power in (own, came[1].bins)]
    return np.asarray((levels[0] - levels[1]).clip(-40.0, 40.0))


def _apart_db(wanted: Doubles, came: Doubles, floor: Doubles) -> Doubles:
    apart = 10.0 * np.log10(np.maximum(wanted, floor) / np.maximum(came, floor))
    return np.asarray(apart.clip(-40.0, 40.0))


def _all_bands(rows: Doubles, bins_between: Doubles) -> Doubles:
    """`rows` [anchors, 64], read from the bands beside it where a band holds nothing but partials."""
    known = np.flatnonzero(bins_between.mean(axis=0) >= 1.0)
    if not len(known):
        return np.zeros_like(rows)
    return np.stack([np.interp(np.arange(BANDS), known, row[known]) for row in rows])


def _lift_db(rows: Doubles, spectra: FloatArray, checkpoint: Checkpoint) -> Doubles:
    """By how much the `spectra` [anchors, 513] of noise become louder by `rows`: what normalising them takes away."""
    points, corrections, bands = control_outputs(checkpoint.config)[:3]
    noise = slice(points + corrections, points + corrections + bands)
    matrix = detail_matrix(points, corrections, bands)[NOISE, noise] @ noise_lines(bands)
    weighted = np.square(spectra.astype(np.float64)) * noise_weighting()
    louder = 10.0 ** (rows[:, NOISE] @ matrix)  # outputs are in units of 10 dB
    lifted = (weighted * louder).sum(axis=1) / np.maximum(weighted.sum(axis=1), 1e-20)
    return np.asarray((10.0 * np.log10(np.maximum(lifted, 1e-20))).clip(-DB_LIMIT, DB_LIMIT))


def _weights(frames: int, *, every: int) -> Doubles:
    """Weights [anchors, times] of the times at which levels are measured around each anchor; each row sums to 1."""
    times = np.arange(every - 1, frames, every)
    places = anchors(frames)
    hats = np.stack([np.interp(times, places, row) for row in np.eye(len(places))])
    alone = hats.sum(axis=1) == 0
    hats[alone] = np.abs(times - places[alone][:, None]) == np.abs(times - places[alone][:, None]).min(
        axis=1, keepdims=True
    )
    return np.asarray(hats / hats.sum(axis=1, keepdims=True))


@torch.no_grad()
def _decoded(latents: Latents, checkpoint: Checkpoint, *, seed: int) -> Decoded:
    decoder = checkpoint.model.decoder
    device = next(decoder.parameters()).device
    state = decoder.start(1, device=device, seed=seed)
    f0_hz, partials = track_hz(latents.note, latents.f0_cents), latents.partials_per_frame()
    parts: list[tuple[Tensor, Tensor, Tensor]] = []
    for first in range(0, latents.frames, CHUNK_FRAMES):
        part = slice(first, first + CHUNK_FRAMES)
        now = [
            torch.tensor(stream[part], device=device)[None]
            for stream in (latents.timbre, latents.loudness_db, f0_hz, partials)
        ]
        detail = None if latents.detail is None else torch.tensor(latents.detail[part], device=device)[None]
        tones, noise, controls, state = decoder.excite(
            now[0], now[1], now[2], now[3], state, every=False, detail=detail
        )
        parts.append((tones[0], noise[0], controls.noise[0]))
    whole = [torch.cat(column).cpu().numpy() for column in zip(*parts, strict=True)]
    return Decoded(whole[0], whole[1], whole[2])
