"""Many clips at a time through one decoder.

A batch is always made of the same rows, whatever of it is there already, so that a clip's last bit does not depend on
what was decoded beside it. On a processor it goes through in groups that its cache can hold, on all threads.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import torch

from nsynth_lab.dsp.noise import TABLE_FRAMES
from nsynth_lab.errors import LatentsError
from nsynth_lab.latents import Latents, with_silence
from nsynth_lab.model.checkpoint import Checkpoint
from nsynth_lab.model.codec import BLOCK_FRAMES
from nsynth_lab.model.decoder import Decoder
from nsynth_lab.pack.blend_clips import Row
from nsynth_lab.pack.preset_clips import PresetRow
from nsynth_lab.runtime.choose import is_compiled
from nsynth_lab.units import HOP_SAMPLES, FloatArray, cents_to_ratio, note_to_hz, samples_to_frames

GROUP_ROWS = 8


def late_frames(checkpoint: Checkpoint) -> int:
    """Frames beyond its end that a clip's latents must have, because the decoder is late."""
    return samples_to_frames(checkpoint.model.decoder.delay_samples)


def decode_rows(rows: Sequence[Row], checkpoint: Checkpoint) -> FloatArray:
    """Samples [rows, samples] at 48 kHz of rows that are equally long.

    Where the period of a row's loop ends, its noise goes back to where it was when the period began: then it repeats
    too.

    Raises:
        LatentsError: what comes is no sound.
    """
    decoder: Decoder = checkpoint.model.decoder
    frames = rows[0].latents.frames
    settled = [row.period.begin + row.period.frames if row.period else 0 for row in rows]
    blocks = _blocks(frames, settled, BLOCK_FRAMES)
    audio = (_decode_in_threads if is_compiled(decoder) else _decode_in_steps)(rows, decoder, settled, blocks)
    audio = audio[:, decoder.delay_samples :]
    audio = audio[:, : (frames - samples_to_frames(decoder.delay_samples)) * HOP_SAMPLES]
    if not np.isfinite(audio).all():
        raise LatentsError("decoding gave NaN or infinite samples: these latents are out of the model's range")
    return np.ascontiguousarray(audio)


def _decode_in_threads(
    rows: Sequence[Row], decoder: Decoder, settled: Sequence[int], blocks: Sequence[tuple[int, int]]
) -> FloatArray:
    """Groups of rows in compiled loops, as many at once as torch has threads, each on one of them."""
    from nsynth_lab.runtime.numba_batch import RowDecoder  # Numba takes a second to import

    made = RowDecoder(decoder, len(rows))
    made.go_on_at(range(len(rows)), [row.noise_place for row in rows])

    def decode(first: int) -> FloatArray:
        group = range(first, min(first + GROUP_ROWS, len(rows)))
        streams = _stacked([rows[row].latents for row in group])
        parts = []
        for begin, end in blocks:
            looped = [row for row in group if begin > 0 and begin == settled[row]]
            made.go_on_at(looped, [_noise_at_loop(rows[row]) for row in looped])
            timbre, level_db, f0_hz, partials = (stream[:, begin:end] for stream in streams)
            parts.append(made.frames(np.array(group), timbre, level_db, f0_hz, partials))
        return np.concatenate(parts, axis=1)

    with ThreadPoolExecutor(torch.get_num_threads()) as pool:
        return np.concatenate(list(pool.map(decode, range(0, len(rows), GROUP_ROWS))))


def _decode_in_steps(
    rows: Sequence[Row], decoder: Decoder, settled: Sequence[int], blocks: Sequence[tuple[int, int]]
) -> FloatArray:
    """All the rows in steps of the decoder, on its device."""
    device = next(decoder.parameters()).device
    streams = [torch.from_numpy(stream).to(device) for stream in _stacked([row.latents for row in rows])]
    places = torch.tensor([row.noise_place for row in rows], device=device)
    again = torch.tensor([_noise_at_loop(row) for row in rows], device=device)
    loops = torch.tensor(settled, device=device)
    state = replace(decoder.start(len(rows), device=device), noise_position=places)
    parts: list[FloatArray] = []
    for begin, end in blocks:
        looped = (loops == begin) & (loops > 0)
        state = replace(state, noise_position=torch.where(looped, again, state.noise_position))
        timbre, level, f0_hz, partials = (stream[:, begin:end] for stream in streams)
        with torch.no_grad():
            samples, state = decoder.step(timbre, level, f0_hz, partials, state)
        parts.append(samples.cpu().numpy())
    return np.concatenate(parts, axis=1)


def _noise_at_loop(row: Row) -> int:
    """Where in the table a row's noise is when its loop begins."""
    return (row.noise_place + (row.period.begin if row.period else 0)) % TABLE_FRAMES


def decode_voices(rows: Sequence[PresetRow], checkpoint: Checkpoint) -> list[FloatArray]:
    """Samples [voices, samples] of each row, which may be of different lengths."""
    longest = max(voice.latents.frames for row in rows for voice in row.voices)
    voices = [
        replace(voice, latents=with_silence(voice.latents, longest - voice.latents.frames))
        for row in rows
        for voice in row.voices
    ]
    audio = decode_rows(voices, checkpoint)
    decoded, first = [], 0
    for row in rows:
        frames = row.voices[0].latents.frames - late_frames(checkpoint)
        decoded.append(audio[first : first + len(row.voices), : frames * HOP_SAMPLES])
        first += len(row.voices)
    return decoded


def _stacked(notes: Sequence[Latents]) -> list[FloatArray]:
    """Timbre [rows, frames, 16], loudness_db and f0_hz [rows, frames], partials [rows, frames, 128]."""
    return [
        np.stack([note.timbre for note in notes]),
        np.stack([note.loudness_db for note in notes]),
        np.stack([exact_f0_hz(note) for note in notes]),
        np.stack([note.partials_per_frame() for note in notes]),
    ]


def exact_f0_hz(latents: Latents) -> FloatArray:
    """f0 [frames] in float32 whose running sum stays within half a step of the exact one's.

    Rounded frame by frame, a steady pitch is off by the same 3e-8 all the time, and after a thousand turns the loop
    misses its start by enough to be measured.
    """
    exact = note_to_hz(float(latents.note)) * cents_to_ratio(np.asarray(latents.f0_cents, np.float64))
    step = float(np.spacing(np.float32(exact.max())))
    return np.asarray(np.diff(np.round(np.cumsum(exact) / step), prepend=0.0) * step, np.float32)


def _blocks(frames: int, settled: Sequence[int], most: int) -> list[tuple[int, int]]:
    """Blocks of at most so many frames, some of which begin at the frames `settled`."""
    edges = sorted({*range(0, frames, most), frames, *(frame for frame in settled if 0 < frame < frames)})
    return list(itertools.pairwise(edges))
