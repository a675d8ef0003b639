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
from nsynth_lab.dsp.attack_distance import AttackTarget
from nsynth_lab.dsp.line_levels import Levels, LineLevels
from nsynth_lab.dsp.mel import mel
from nsynth_lab.dsp.mel_spectrum import RANGE_DB as MEL_RANGE_DB
from nsynth_lab.dsp.mel_spectrum import mel_distance_frames_db
from nsynth_lab.latents import Latents
from nsynth_lab.model.audible_noise import audible_noise_db
from nsynth_lab.model.checkpoint import Checkpoint
from nsynth_lab.model.detail_offsets import detail_matrix
from nsynth_lab.model.note_decoder import Decoded, NoteDecoder
from nsynth_lab.model.scales import noise_lines, noise_weighting
from nsynth_lab.model.sizes import control_outputs
from nsynth_lab.units import HOP_SAMPLES, Doubles, FloatArray, track_hz

PASSES = 2
LARGEST_DB = 18.0  # of what is corrected
RANGE_DB, NOISE_RANGE_DB = 70.0, 80.0  # below the frame, partials and bands count as silent
QUIETEST = 1e-8  # power relative to the loudest partial
LEAST = 0.05  # share of a level that counts as its own, whatever leaks into it
MEL_BANDS, MEL_EVERY, QUIETEST_MEL = 128, 2, 1e-8
TOLERATED_DB = 0.05  # of mel spectra; noise may cost so much, for it is random
BLURRED_DB = 0.3  # of an attack: so much further from the recording, and its row is left out


class Detailed(NamedTuple):
    """Latents with a detail, and how far they are from the recording as they sound.

    Attributes:
        latents: with their detail.
        errors_db: mel error of every second frame that is audible, [times]; [0] where nothing was measured.
    """

    latents: Latents
    errors_db: FloatArray

    @property
    def error_db(self) -> float:
        """The mean of the errors, 0 if there are none."""
        return float(self.errors_db.mean()) if len(self.errors_db) else 0.0


def with_detail(
    latents: Latents, samples: FloatArray, checkpoint: Checkpoint, decoder: NoteDecoder | None = None
) -> Detailed:
    """`latents` of the recording `samples` [frames * 512] with what they do not say of it; any detail is replaced.

    `decoder` is that of these latents, if there is one already. A sound too short to be measured has no detail.
    """
    lines = LineLevels(track_hz(latents.note, latents.f0_cents), latents.partials)
    if not len(lines.bins_between):
        return Detailed(replace(latents, detail=None), np.zeros(0, np.float32))
    decoder = decoder or NoteDecoder(latents, checkpoint)
    recorded, (recorded_db,) = lines(samples), _mel_db(torch.tensor(samples, device=decoder.device))
    floors, floor_db = _floors(recorded), float(recorded_db.max()) - MEL_RANGE_DB
    to_anchors, mel_to_anchors = (_weights(latents.frames, every=every) for every in (lines.every, MEL_EVERY))
    rows = np.zeros((len(to_anchors), DIMS))
    outputs, bare = decoder.bare(latents.timbre)
    spectra = bare.spectra[torch.from_numpy(anchors(latents.frames)).to(decoder.device)].cpu().numpy()
    came = bare
    for done in range(PASSES):
        levels = lines(came.tones.cpu().numpy()), lines(came.noise.cpu().numpy())
        rows[:, : lines.count] += to_anchors @ _partial_db(recorded, levels, lines, floors[0])
        noise_db = _all_bands(to_anchors @ _noise_db(recorded, levels, lines, floors[1]), lines.bins_between)
        if done:
            tones_db, hiss_db = _mel_db(came.tones, came.noise)
            heard_db, share = audible_noise_db(recorded_db, tones_db, hiss_db, mel_to_anchors, floor_db=floor_db)
            noise_db += share * (heard_db - noise_db)
        rows[:, NOISE] += noise_db
        rows = rows.clip(-LARGEST_DB, LARGEST_DB)
        rows[:, NOISE_GAIN] = _lift_db(rows, spectra, checkpoint)
        came = decoder.sound(outputs, seed=1 + done, detail=_detail_of(rows, latents.frames))
    return _nearest(latents, rows, samples, recorded_db, bare, came, decoder)


def _detail_of(rows: Doubles, frames: int) -> FloatArray:
    """The detail [frames, 129] whose anchors are `rows`, as a file keeps it."""
    return from_stored(stored(between_anchors(rows.astype(np.float32), frames)), frames)


def _nearest(
    latents: Latents,
    rows: Doubles,
    samples: FloatArray,
    recorded_db: FloatArray,
    bare: Decoded,
    came: Decoded,
    decoder: NoteDecoder,
) -> Detailed:
    """`latents`, decoded as `came`, with those of `rows` [anchors, 129] that do not lead away from `samples`.

    `bare` is decoded without any; noise does without its offsets in it, and tones alone do not depend on them. All are
    left out, or those of noise, by the mel spectra of the whole note, `recorded_db` that of `samples`; those of the
    first anchor by the attack, the more the further it is led away.
    """
    without = bare.tones + bare.noise
    sounds = came.tones + came.noise, came.tones + bare.noise, without
    errors = [mel_distance_frames_db(one, recorded_db) for one in _mel_db(*sounds)]
    whole, tones, none = (float(one.mean()) for one in errors)
    kept, sound, errors_db = rows.copy(), sounds[0], errors[0]
    if whole > min(tones + TOLERATED_DB, none):
        if tones > none:
            return Detailed(replace(latents, detail=None), errors[2])
        kept[:, NOISE.start :], sound, errors_db = 0.0, sounds[1], errors[1]
    f0_hz = decoder.f0_hz[:, decoder.parts[0]].median(dim=1).values
    attack = AttackTarget(torch.tensor(samples, device=decoder.device)[None], f0_hz)
    with_rows, without_rows = attack.distance(torch.stack([sound, without])).tolist()
    kept[0] *= 1.0 - min(1.0, max(0.0, with_rows - without_rows) / BLURRED_DB)
    return Detailed(replace(latents, detail=_detail_of(kept, latents.frames)), errors_db)


def _mel_db(*sounds: Tensor) -> list[FloatArray]:
    """Mel spectra [frames / 2, 128] in dB of `sounds` [samples], of every second frame."""
    bands = mel(torch.stack(sounds), bands=MEL_BANDS, hop_samples=MEL_EVERY * HOP_SAMPLES)
    return list(bands.clamp_(min=QUIETEST_MEL).log10_().mul_(20.0).cpu().numpy())


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
