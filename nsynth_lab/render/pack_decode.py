"""Many clips at a time through one decoder: rows of one step.

A batch is always made of the same rows, whatever of it is there already, so that a clip's last bit does not depend on
what was decoded beside it. On a processor it goes through in groups that its cache can hold, as many at once as torch
has threads, each on one of them: whole operations side by side wait less for one another than parts of one do.
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
from nsynth_lab.latents import Latents
from nsynth_lab.model.checkpoint import Checkpoint
from nsynth_lab.model.codec import BLOCK_FRAMES
from nsynth_lab.model.decoder import Decoder, DecoderState
from nsynth_lab.render.pack_latents import Row, with_silence
from nsynth_lab.render.pack_preset import PresetRow
from nsynth_lab.units import HOP_SAMPLES, FloatArray, cents_to_ratio, note_to_hz, samples_to_frames

GROUP_ROWS, GROUP_FRAMES = 16, 16


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
    if next(decoder.parameters()).device.type != "cpu":
        return _decode_group(rows, decoder, block_frames=BLOCK_FRAMES)
    groups = [rows[first : first + GROUP_ROWS] for first in range(0, len(rows), GROUP_ROWS)]
    if len(groups) == 1:
        return _decode_group(rows, decoder, block_frames=_block_frames(rows))
    threads = torch.get_num_threads()
    with ThreadPoolExecutor(threads, initializer=torch.set_num_threads, initargs=(1,)) as pool:
        decoded = list(pool.map(lambda group: _decode_group(group, decoder, block_frames=_block_frames(group)), groups))
    torch.set_num_threads(threads)  # a thread that torch meets for the first time takes over what was set last
    return np.concatenate(decoded)


def _block_frames(rows: Sequence[Row]) -> int:
    """As many as fill a step of a group, fewer rows more of them."""
    return min(BLOCK_FRAMES, GROUP_ROWS * GROUP_FRAMES // len(rows))


def _decode_group(rows: Sequence[Row], decoder: Decoder, *, block_frames: int) -> FloatArray:
    """`decode_rows`, in steps of all the rows."""
    device = next(decoder.parameters()).device
    frames = rows[0].latents.frames
    streams = [torch.from_numpy(stream).to(device) for stream in _stacked([row.latents for row in rows])]
    places = torch.tensor([row.noise_place for row in rows], device=device)
    state = replace(decoder.start(len(rows), device=device), noise_position=places)
    blocks: list[FloatArray] = []
    settled = [row.period.begin + row.period.frames if row.period else 0 for row in rows]
    for begin, end in _blocks(frames, settled, block_frames):
        if begin in settled:
            state = _repeat_noise(state, rows, [begin > 0 and begin == own for own in settled])
        timbre, level, f0_hz, partials = (stream[:, begin:end] for stream in streams)
        with torch.no_grad():
            samples, state = decoder.step(timbre, level, f0_hz, partials, state)
        blocks.append(samples.cpu().numpy())
    audio = np.concatenate(blocks, axis=1)[:, decoder.delay_samples :]
    audio = audio[:, : (frames - samples_to_frames(decoder.delay_samples)) * HOP_SAMPLES]
    if not np.isfinite(audio).all():
        raise LatentsError("decoding gave NaN or infinite samples: these latents are out of the model's range")
    return np.ascontiguousarray(audio)


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


def _repeat_noise(state: DecoderState, rows: Sequence[Row], due: Sequence[bool]) -> DecoderState:
    begins = [row.noise_place + row.period.begin if row.period else 0 for row in rows]
    looped = torch.tensor(due, device=state.noise_position.device)
    again = torch.tensor(begins, device=state.noise_position.device) % TABLE_FRAMES
    return replace(state, noise_position=torch.where(looped, again, state.noise_position))
