"""A recording to latents and back: the one way in and out of the model for single notes.

audio -> mono, 48 kHz, trimmed -> measured streams + encoder -> analysis by synthesis -> latents
latents -> decoder, in blocks -> samples
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import torch

from nsynth_lab.audio import SILENCE, Audio
from nsynth_lab.dsp.envelope import find_marks, onset_frame
from nsynth_lab.dsp.framing import whole_frames
from nsynth_lab.dsp.loudness import FLOOR_DB, loudness_db
from nsynth_lab.dsp.measure import Measured, measure
from nsynth_lab.dsp.offset import to_mono, without_offset
from nsynth_lab.dsp.pitch_guess import measure_note
from nsynth_lab.dsp.resampling import resample
from nsynth_lab.errors import AudioError
from nsynth_lab.latents import Latents
from nsynth_lab.model.checkpoint import Checkpoint
from nsynth_lab.model.config import ROUNDS
from nsynth_lab.model.ending import steady_end
from nsynth_lab.model.refine import fit
from nsynth_lab.note import Note
from nsynth_lab.units import HOP_SAMPLES, SAMPLE_RATE, FloatArray, track_hz

LEAD_FRAMES = 1
TAIL_DB = 80.0
SHORTEST_FRAMES = 10  # what is fitted is compared in windows of up to 8 frames
NOTHING_DB = 1.0  # above the lowest level that is measured, which is that of digital silence
LEAST_CONFIDENCE = 0.3


def encode(
    audio: Audio,
    checkpoint: Checkpoint,
    *,
    note: int | None = None,
    velocity: int = 100,
    rounds: int = ROUNDS,
    advance: Callable[[], None] = lambda: None,
) -> Latents:
    """One recorded note to its code; silence before and after it is cut off.

    `note` is its MIDI number; without it the pitch is measured. A sound that exceeds full scale is turned down to it.
    `advance` is called after each of the `rounds` of `analysis_by_synthesis`.

    Raises:
        AudioError: the pitch is not given and cannot be heard clearly.
    """
    mono = cut(audio)
    number = guess_note(mono) if note is None else note
    return encode_measured(
        mono, measure(mono, note=number), checkpoint, note=Note(number, velocity), rounds=rounds, advance=advance
    )


def cut(audio: Audio) -> FloatArray:
    """What `encode` encodes of a recording: mono, 48 kHz, within full scale, from onset to end, [frames * 512].

    Raises:
        AudioError: nothing sounds but a constant offset.
    """
    still = without_offset(audio.samples, audio.sample_rate)
    mono = to_mono(still / np.float32(max(1.0, float(np.abs(still).max()))))
    if float(np.abs(mono).max()) < SILENCE:
        raise AudioError("silent throughout but for a constant offset")
    return trim(resample(mono[None], audio.sample_rate)[0])[0]


@contextmanager
def on_one_thread() -> Iterator[None]:
    """Torch has one thread: sums shared by several end in other last bits, which the rounds of a fit make large.

    Nor do several help: what they share is small, and on a busy machine they wait for each other ten times as long.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


@on_one_thread()
def encode_measured(
    samples: FloatArray,
    streams: Measured,
    checkpoint: Checkpoint,
    *,
    note: Note,
    release_frame: int | None = None,
    rounds: int = ROUNDS,
    advance: Callable[[], None] = lambda: None,
) -> Latents:
    """A note that is cut, resampled and measured already: `samples` [frames * 512] at 48 kHz.

    `release_frame` is where the key went up, if that is known; else it is looked for. Without `rounds` timbre is the
    encoder's guess alone. However many threads torch has, the code is the same.
    """
    device = next(checkpoint.model.parameters()).device
    f0_hz = track_hz(note.number, streams.f0_cents)
    partials = np.broadcast_to(streams.partials, (len(f0_hz), len(streams.partials)))
    heard = (torch.tensor(part, device=device)[None] for part in (samples, streams.loudness_db, f0_hz, partials))
    with torch.no_grad():
        timbre = checkpoint.model.encoder(*heard)[0]
    marks = find_marks(streams.loudness_db)
    latents = Latents(
        timbre=timbre.cpu().numpy(),
        loudness_db=streams.loudness_db,
        f0_cents=streams.f0_cents,
        partials=streams.partials,
        note=note.number,
        velocity=note.velocity,
        attack_frames=marks.attack_frames,
        release_frame=marks.release_frame if release_frame is None else max(marks.attack_frames, release_frame),
        model_id=checkpoint.model_id,
    )
    if not rounds:
        return latents
    return steady_end(fit(latents, samples, checkpoint, rounds=rounds, advance=advance), samples, checkpoint)


def trim(samples: FloatArray) -> tuple[FloatArray, int]:
    """From just before the onset to where the tail is 80 dB below the peak, or nothing: [frames * 512], and its first.

    The first frame is counted in `samples`. A click is followed by silence, up to a tenth of a second.
    """
    level = loudness_db(samples)
    first = max(0, onset_frame(level) - LEAD_FRAMES)
    tail_db = min(max(level.max() - TAIL_DB, FLOOR_DB + NOTHING_DB), level.max() - 1)
    last = int(np.flatnonzero(level > tail_db)[-1]) + 1
    part = samples[first * HOP_SAMPLES : last * HOP_SAMPLES]
    return whole_frames(np.pad(part, (0, max(0, SHORTEST_FRAMES * HOP_SAMPLES - len(part))))), first


def guess_note(samples: FloatArray) -> int:
    """The MIDI note nearest to what is heard in `samples` [samples] at 48 kHz.

    Raises:
        AudioError: no clear pitch.
    """
    heard, confidence = measure_note(samples, SAMPLE_RATE)
    if confidence < LEAST_CONFIDENCE or not 0 <= round(heard) <= 127:
        raise AudioError(
            "no clear pitch can be heard in the recording; say which note it is: "
            "`nsynth-lab encode RECORDING --source-note A4 -o NAME.latents`"
        )
    return round(heard)
