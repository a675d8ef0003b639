"""Many clips at a time through one decoder.

A batch is always made of the same clips, whatever of it is there already, so that a clip's last bit does not depend on
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
from nsynth_lab.pack.blend_clips import ClipLatents
from nsynth_lab.pack.preset_clips import PresetClipLatents
from nsynth_lab.runtime.choose import is_compiled
from nsynth_lab.units import HOP_SAMPLES, FloatArray, cents_to_ratio, note_to_hz, samples_to_frames

GROUP_CLIPS = 8


def late_frames(checkpoint: Checkpoint) -> int:
    """Frames beyond its end that a clip's latents must have, because the decoder is late."""
    return samples_to_frames(checkpoint.model.decoder.delay_samples)


def decode_clips(clips: Sequence[ClipLatents], checkpoint: Checkpoint) -> FloatArray:
    """Samples [clips, samples] at 48 kHz of clips that are equally long.

    Where the period of a clip's loop ends, its noise goes back to where it was when the period began: then it repeats
    too.

    Raises:
        LatentsError: what comes is no sound.
    """
    decoder: Decoder = checkpoint.model.decoder
    frames = clips[0].latents.frames
    settled = [clip.period.begin + clip.period.frames if clip.period else 0 for clip in clips]
    blocks = _blocks(frames, settled, BLOCK_FRAMES)
    audio = (_decode_in_threads if is_compiled(decoder) else _decode_in_steps)(clips, decoder, settled, blocks)
    audio = audio[:, decoder.delay_samples :]
    audio = audio[:, : (frames - samples_to_frames(decoder.delay_samples)) * HOP_SAMPLES]
    if not np.isfinite(audio).all():
        raise LatentsError("decoding gave NaN or infinite samples: these latents are out of the model's range")
    return np.ascontiguousarray(audio)


def _decode_in_threads(
    clips: Sequence[ClipLatents], decoder: Decoder, settled: Sequence[int], blocks: Sequence[tuple[int, int]]
) -> FloatArray:
    """Groups of clips in compiled loops, as many at once as torch has threads, each on one of them."""
    from nsynth_lab.runtime.numba_batch import NumbaBatch  # Numba takes a second to import

    made = NumbaBatch(decoder, len(clips))
    made.seek_noise(range(len(clips)), [clip.noise_place for clip in clips])

    def decode(first: int) -> FloatArray:
        group = range(first, min(first + GROUP_CLIPS, len(clips)))
        streams = _stacked([clips[clip].latents for clip in group])
        parts = []
        for begin, end in blocks:
            looped = [clip for clip in group if begin > 0 and begin == settled[clip]]
            made.seek_noise(looped, [_noise_at_loop(clips[clip]) for clip in looped])
            timbre, level_db, f0_hz, partials = (stream[:, begin:end] for stream in streams)
            parts.append(made.frames(np.array(group), timbre, level_db, f0_hz, partials))
        return np.concatenate(parts, axis=1)

    with ThreadPoolExecutor(torch.get_num_threads()) as pool:
        return np.concatenate(list(pool.map(decode, range(0, len(clips), GROUP_CLIPS))))


def _decode_in_steps(
    clips: Sequence[ClipLatents], decoder: Decoder, settled: Sequence[int], blocks: Sequence[tuple[int, int]]
) -> FloatArray:
    """All the clips in steps of the decoder, on its device."""
    device = next(decoder.parameters()).device
    streams = [torch.from_numpy(stream).to(device) for stream in _stacked([clip.latents for clip in clips])]
    places = torch.tensor([clip.noise_place for clip in clips], device=device)
    again = torch.tensor([_noise_at_loop(clip) for clip in clips], device=device)
    loops = torch.tensor(settled, device=device)
    state = replace(decoder.start(len(clips), device=device), noise_position=places)
    parts: list[FloatArray] = []
    for begin, end in blocks:
        looped = (loops == begin) & (loops > 0)
        state = replace(state, noise_position=torch.where(looped, again, state.noise_position))
        timbre, level, f0_hz, partials = (stream[:, begin:end] for stream in streams)
        with torch.no_grad():
            samples, state = decoder.step(timbre, level, f0_hz, partials, state)
        parts.append(samples.cpu().numpy())
    return np.concatenate(parts, axis=1)


def _noise_at_loop(clip: ClipLatents) -> int:
    """Where in the table a clip's noise is when its loop begins."""
    return (clip.noise_place + (clip.period.begin if clip.period else 0)) % TABLE_FRAMES


def decode_voices(clips: Sequence[PresetClipLatents], checkpoint: Checkpoint) -> list[FloatArray]:
    """Samples [voices, samples] of each clip, which may be of different lengths."""
    longest = max(voice.latents.frames for clip in clips for voice in clip.voices)
    voices = [
        replace(voice, latents=with_silence(voice.latents, longest - voice.latents.frames))
        for clip in clips
        for voice in clip.voices
    ]
    audio = decode_clips(voices, checkpoint)
    decoded, first = [], 0
    for clip in clips:
        frames = clip.voices[0].latents.frames - late_frames(checkpoint)
        decoded.append(audio[first : first + len(clip.voices), : frames * HOP_SAMPLES])
        first += len(clip.voices)
    return decoded


def _stacked(notes: Sequence[Latents]) -> list[FloatArray]:
    """Timbre [clips, frames, 16], loudness_db and f0_hz [clips, frames], partials [clips, frames, 128]."""
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
