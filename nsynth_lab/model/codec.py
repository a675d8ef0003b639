"""From a recording of one note to latents and back.

audio -> mono, 48 kHz, trimmed -> measured streams + encoder -> detail -> analysis by synthesis -> latents
audio -> both sides, cut in the same way -> width
latents -> decoder, in blocks -> samples
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import numpy as np
import torch

from nsynth_lab.audio import SILENCE, Audio
from nsynth_lab.dsp.envelope import find_marks, onset_frame
from nsynth_lab.dsp.framing import whole_frames
from nsynth_lab.dsp.loudness import FLOOR_DB, loudness_db
from nsynth_lab.dsp.measure import Measured, measure
from nsynth_lab.dsp.offset import middle, to_sides, without_offset
from nsynth_lab.dsp.pitch_guess import clear_note
from nsynth_lab.dsp.recording_resampling import resample_recording
from nsynth_lab.dsp.unpitched import measure_unpitched
from nsynth_lab.dsp.width import measure_width
from nsynth_lab.errors import AudioError
from nsynth_lab.latents import PARTIAL_SLOTS, TIMBRE_DIMS, Latents
from nsynth_lab.model.checkpoint import Checkpoint
from nsynth_lab.model.config import ROUNDS
from nsynth_lab.model.ending import steady_end
from nsynth_lab.model.half_pitched import is_poor, with_rest
from nsynth_lab.model.measured_detail import Detailed, with_detail
from nsynth_lab.model.note_decoder import NoteDecoder
from nsynth_lab.model.refine import fit, fit_with_detail
from nsynth_lab.note import UNPITCHED, Note
from nsynth_lab.threads import limited_to
from nsynth_lab.units import HOP_SAMPLES, SAMPLE_RATE, FloatArray, track_hz

LEAD_FRAMES = 1
TAIL_DB = 80.0
MIN_FRAMES = 10  # fitting compares windows of up to 8 frames
SILENCE_MARGIN_DB = 1.0  # above the lowest measured level, that of digital silence
UNPITCHED_NOTE = 60  # the key of a sound without a pitch


def encode(
    audio: Audio,
    checkpoint: Checkpoint,
    *,
    note: int | None = None,
    velocity: int = 100,
    rounds: int = ROUNDS,
    detail: bool = True,
    advance: Callable[[], None] = lambda: None,
) -> Latents:
    """Latents of one recorded note; silence before and after it is removed.

    Args:
        audio: the recording; if its peak exceeds 0 dBFS it is scaled down to that.
        checkpoint: the model that encodes it.
        note: its MIDI note number, or `note.UNPITCHED`; measured if not given.
        velocity: with which it was played, 1 to 127.
        rounds: of `analysis_by_synthesis` over the whole note, before details.
        detail: whether what the latents leave unsaid is measured (see `measured_detail`). The beginning is then fitted
            with it, or the whole note if it is still far from the recording; without rounds and detail the latents are
            the encoder's estimate.
        advance: called after each round.

    A sound without a clear pitch, such as a drum, needs no network: its noise and resonances are measured. So is the
    width of a stereo recording.

    Raises:
        AudioError: silent.
    """
    part = cut(audio)
    number = part.clear_note() if note is None else note
    return encode_cut(part, checkpoint, note=number, velocity=velocity, rounds=rounds, detail=detail, advance=advance)


@dataclass(frozen=True)
class Cut:
    """The part of a recording that is encoded, at 48 kHz from its onset to its end.

    Attributes:
        mono: [frames * 512] what becomes latents.
        sides: [1 or 2, frames * 512].
        first_frame: of the recording.
    """

    mono: FloatArray
    sides: FloatArray
    first_frame: int

    def clear_note(self) -> int:
        """The MIDI note number that it sounds at, or `note.UNPITCHED`."""
        found = clear_note(self.mono, SAMPLE_RATE)
        return UNPITCHED if found is None else found

    def width(self) -> FloatArray | None:
        """How wide it is, rows [frames, 17] of `nsynth_lab.width`; None if it is mono."""
        return measure_width(self.sides) if len(self.sides) == 2 else None


def cut(audio: Audio) -> Cut:
    """The part of a recording that `encode` encodes, at most 0 dBFS.

    Raises:
        AudioError: silent apart from a constant (DC) offset.
    """
    still = to_sides(without_offset(audio.samples, audio.sample_rate))
    sides = still / np.float32(max(1.0, float(np.abs(still).max())))
    if float(np.abs(middle(sides)).max()) < SILENCE:
        raise AudioError("silent throughout apart from a constant (DC) offset")
    return cut_sides(resample_recording(sides, audio.sample_rate))


def cut_sides(sides: FloatArray) -> Cut:
    """As `cut`, of `sides` [1 or 2, samples] at 48 kHz without offset."""
    mono, first = trim(middle(sides))
    kept = sides[:, first * HOP_SAMPLES :][:, : len(mono)]
    return Cut(mono, np.pad(kept, ((0, 0), (0, len(mono) - kept.shape[1]))), first)


def encode_cut(
    part: Cut,
    checkpoint: Checkpoint,
    *,
    note: int,
    velocity: int = 100,
    rounds: int = ROUNDS,
    detail: bool = True,
    advance: Callable[[], None] = lambda: None,
) -> Latents:
    """As `encode`, of a recording that has been cut, at a `note`; without a pitch nothing is fitted, in no rounds."""
    mono = part.mono
    if note == UNPITCHED:
        latents = encode_unpitched(mono, checkpoint.model_id, note=Note(UNPITCHED_NOTE, velocity))
    else:
        latents = encode_note(
            mono,
            measure(mono, note=note),
            checkpoint,
            note=Note(note, velocity),
            rounds=rounds,
            detail=detail,
            advance=advance,
        )
    return replace(latents, width=part.width())


@contextmanager
def on_one_thread() -> Iterator[None]:
    """Run the code inside with one torch thread, so that results do not depend on the number of cores.

    Sums split between threads differ in their last bits, and the rounds of a fit amplify the difference. Threads would
    not help anyway: the tensors are small, and on a busy machine waiting for one another makes it ten times slower.
    """
    threads = torch.get_num_threads()
    try:
        with limited_to(1):
            yield
    finally:
        torch.set_num_threads(threads)


@on_one_thread()
def encode_note(
    samples: FloatArray,
    streams: Measured,
    checkpoint: Checkpoint,
    *,
    note: Note,
    release_frame: int | None = None,
    rounds: int = ROUNDS,
    detail: bool = True,
    advance: Callable[[], None] = lambda: None,
) -> Latents:
    """Latents of a note that is already trimmed, resampled and measured, with noise beside it where it needs that.

    The result does not depend on the number of torch threads.

    Args:
        samples: [frames * 512] at 48 kHz.
        streams: measured from `samples`.
        checkpoint: the model that encodes it.
        note: its MIDI note and velocity.
        release_frame: the frame of the key-up, if known; otherwise it is detected.
        rounds: as in `encode`.
        detail: likewise; without it the network is all there is.
        advance: called after each round.
    """
    whole = _encoded(samples, streams, checkpoint, note, release_frame, rounds, detail, advance)
    if not is_poor(whole.errors_db):
        return whole.latents

    def encoded(tone: FloatArray) -> Latents:
        own = measure(tone, note=note.number)
        return _encoded(tone, own, checkpoint, note, release_frame, rounds, detail, lambda: None).latents

    return with_rest(whole.latents, samples, checkpoint, encode=encoded)


@on_one_thread()
def encode_measured(
    samples: FloatArray,
    streams: Measured,
    checkpoint: Checkpoint,
    *,
    note: Note,
    release_frame: int | None = None,
    rounds: int = ROUNDS,
    detail: bool = True,
    advance: Callable[[], None] = lambda: None,
) -> Latents:
    """As `encode_note`, of a note that the network plays alone."""
    return _encoded(samples, streams, checkpoint, note, release_frame, rounds, detail, advance).latents


def _encoded(
    samples: FloatArray,
    streams: Measured,
    checkpoint: Checkpoint,
    note: Note,
    release_frame: int | None,
    rounds: int,
    detail: bool,
    advance: Callable[[], None],
) -> Detailed:
    """Latents of a note, and how near their sound comes, which is not known without detail."""
    device = checkpoint.device
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
    unknown = np.zeros(0, np.float32)
    if not rounds and not detail:
        return Detailed(latents, unknown)
    decoder = NoteDecoder(latents, checkpoint)
    fitted = steady_end(fit(latents, samples, decoder, rounds=rounds, advance=advance), samples, checkpoint, decoder)
    if not detail:
        return Detailed(fitted, unknown)
    found = with_detail(fitted, samples, checkpoint, decoder)
    return found._replace(latents=fit_with_detail(found, samples, decoder))


def encode_unpitched(samples: FloatArray, model_id: str, *, note: Note, track: float = 0.0) -> Latents:
    """Latents of a sound without a pitch that is already trimmed and resampled, `samples` [frames * 512].

    `model_id` is that of the model it is to be blended by, `note` the key and velocity that sound as it was recorded,
    `track` how far it follows the keys, 0 to 1.
    """
    level_db = loudness_db(samples)
    marks = find_marks(level_db)
    frames = len(level_db)
    return Latents(
        timbre=np.zeros((frames, TIMBRE_DIMS), np.float32),
        loudness_db=level_db,
        f0_cents=np.zeros(frames, np.float32),
        partials=np.zeros(PARTIAL_SLOTS, np.float32),
        note=note.number,
        velocity=note.velocity,
        attack_frames=marks.attack_frames,
        release_frame=frames,  # a stroke is not released: it rings on
        model_id=model_id,
        unpitched=measure_unpitched(samples, level_db, track=track),
    )


def trim(samples: FloatArray) -> tuple[FloatArray, int]:
    """(trimmed samples [frames * 512], the frame of `samples` with which they begin).

    Kept is the sound from just before the onset to where the tail has decayed to 80 dB below the peak or to digital
    silence. Sounds shorter than a tenth of a second are padded to that length.
    """
    level = loudness_db(samples)
    first = max(0, onset_frame(level) - LEAD_FRAMES)
    tail_db = min(max(level.max() - TAIL_DB, FLOOR_DB + SILENCE_MARGIN_DB), level.max() - 1)
    last = int(np.flatnonzero(level > tail_db)[-1]) + 1
    part = samples[first * HOP_SAMPLES : last * HOP_SAMPLES]
    return whole_frames(np.pad(part, (0, max(0, MIN_FRAMES * HOP_SAMPLES - len(part))))), first
