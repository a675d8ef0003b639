"""Repairs the end of an encoded note if its fundamental becomes louder while the recording fades out.

A recording that was cut off ends in a fade faster than any decay within it, and the encoder's centred window reaches
into the silence after it. The timbre it estimates for these last frames may put most of the power into the fundamental.
In a low note that has almost no A-weighted level, so it can rise by 20 dB while the loudness falls as recorded. Fitting
seldom corrects this, because these frames are about a sixtieth of the note. So the end is decoded again with its timbre
held constant from one of several frames on, and the version closest to the recording is kept.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from nsynth_lab.dsp.mel import loudest_db
from nsynth_lab.dsp.rises import levels_db, peak_level_db, rise_db
from nsynth_lab.dsp.spectral_distance import spectral_distance
from nsynth_lab.latents import Latents
from nsynth_lab.model.checkpoint import Checkpoint
from nsynth_lab.model.note_decoder import NoteDecoder
from nsynth_lab.units import HOP_SAMPLES, FloatArray, note_to_hz, track_hz

MAX_EXCESS_DB = 3.0  # tolerated rise beyond the recording's own
RANGE_DB = 45.0  # rises further below the loudest frame are not counted
LAST_FRAMES = 24  # a quarter of a second: the end of a note without a release
WARM_UP_FRAMES = 40  # decoded before the end and discarded
MEAN_FRAMES, JOIN_FRAMES = 5, 4
HELD_FROM_RELEASE = (-12, -6, 0, 6)  # frames relative to the key-up
HELD_FROM_END = (-36, -24, -16, -10)  # frames relative to the end
RISE_WEIGHT = 0.05  # spectral distance in dB that weighs as much as 1 dB of rise


def steady_end(
    latents: Latents, samples: FloatArray, checkpoint: Checkpoint, decoder: NoteDecoder | None = None
) -> Latents:
    """`latents` of the recording `samples` [frames * 512], with the timbre at the end held if the sound rises there.

    `decoder` is that of these latents, if there is one already.
    """
    watched = _watched(latents)
    recorded = _Recorded(latents, samples, watched)
    came = (decoder or NoteDecoder(latents, checkpoint)).bare(latents.timbre)[1].samples
    if recorded.excess_db(came[watched * HOP_SAMPLES :]) <= MAX_EXCESS_DB:
        return latents
    timbres = np.stack([latents.timbre, *(_held(latents.timbre, frame) for frame in _frames(latents))])
    sounds = _decoded(latents, timbres, watched, checkpoint)
    best = min(range(len(timbres)), key=lambda number: recorded.distance(sounds[number]))
    return replace(latents, timbre=timbres[best])


def rise_beyond_db(latents: Latents, samples: FloatArray, checkpoint: Checkpoint) -> float:
    """How many dB more the level or the fundamental rises at the end than in the recording `samples` [frames * 512]."""
    recorded = _Recorded(latents, samples, watched := _watched(latents))
    return max(0.0, recorded.excess_db(_decoded(latents, latents.timbre[None], watched, checkpoint)[0]))


def _watched(latents: Latents) -> int:
    """The first frame of the end."""
    return max(0, min(latents.release_frame, latents.frames - LAST_FRAMES) - LAST_FRAMES // 2)


class _Recorded:
    """The recording from frame `watched` on, with which decoded versions are compared."""

    def __init__(self, latents: Latents, samples: FloatArray, watched: int) -> None:
        whole = samples[: latents.samples]
        self._f0_hz = note_to_hz(float(latents.note))
        self._floor_db = peak_level_db(whole) - RANGE_DB
        self._whole = whole
        self._samples = np.asarray(whole[watched * HOP_SAMPLES :], np.float32)
        self._rises = self._rises_db(self._samples)

    def excess_db(self, decoded: FloatArray) -> float:
        """How many dB more the level or the fundamental of `decoded` rises than the recording's."""
        own = self._rises_db(decoded[: len(self._samples)])
        return max(came - recorded for came, recorded in zip(own, self._rises, strict=True))

    def distance(self, decoded: FloatArray) -> float:
        """Distance of the spectra plus the weighted excess rise."""
        came, wanted = (torch.from_numpy(part)[None] for part in (decoded[: len(self._samples)], self._samples))
        apart = float(spectral_distance(came, wanted, torch.tensor([loudest_db(self._whole)])))
        return apart + RISE_WEIGHT * max(0.0, self.excess_db(decoded))

    def _rises_db(self, samples: FloatArray) -> list[float]:
        levels = levels_db(samples, f0_hz=self._f0_hz)
        return [rise_db(level[2:], floor_db=self._floor_db) for level in levels]  # their windows begin earlier


def _frames(latents: Latents) -> list[int]:
    """The candidate frames from which the timbre may be held, ascending."""
    from_release = {latents.release_frame + frame for frame in HELD_FROM_RELEASE}
    from_end = {latents.frames + frame for frame in HELD_FROM_END}
    first = max(latents.attack_frames, MEAN_FRAMES)
    return sorted(frame for frame in from_release | from_end if first <= frame < latents.frames - JOIN_FRAMES)


def _held(timbre: FloatArray, frame: int) -> FloatArray:
    """`timbre` [frames, 16] that from `frame` on moves to the mean of the five frames before it, and stays there."""
    out, kept = timbre.copy(), timbre[frame - MEAN_FRAMES : frame].mean(axis=0)
    share = np.minimum((np.arange(len(timbre) - frame) + 1) / (JOIN_FRAMES + 1), 1.0)[:, None]
    out[frame:] = (1.0 - share) * timbre[frame:] + share * kept
    return np.asarray(out, np.float32)


def _decoded(latents: Latents, timbres: FloatArray, watched: int, checkpoint: Checkpoint) -> FloatArray:
    """Samples [timbres, samples] from frame `watched` on, for each of `timbres` [timbres, frames, 16]."""
    decoder = checkpoint.model.decoder
    device = next(decoder.parameters()).device
    begin = max(0, watched - WARM_UP_FRAMES)

    def batched(stream: FloatArray) -> Tensor:
        return torch.tensor(stream[begin:], device=device).expand(len(timbres), *stream[begin:].shape)

    with torch.no_grad():
        sound, _ = decoder.step(
            torch.tensor(timbres[:, begin:], device=device),
            batched(latents.loudness_db),
            batched(track_hz(latents.note, latents.f0_cents)),
            batched(latents.partials_per_frame()),
            decoder.start(len(timbres), device=device),
        )
    return np.asarray(sound[:, (watched - begin) * HOP_SAMPLES :].cpu().numpy(), np.float32)
