"""This project's decoder and engine, set up like the peers they are compared with."""

from __future__ import annotations

import numpy as np

from nsynth_lab.bench.peers.task import Task
from nsynth_lab.bench.work import Work
from nsynth_lab.latents import PARTIAL_SLOTS, TIMBRE_DIMS
from nsynth_lab.midi.events import note_on
from nsynth_lab.render.instrument import make_engine
from nsynth_lab.runtime.choose import choose_voice_batch
from nsynth_lab.runtime.voice_batch import FrameStreams
from nsynth_lab.synth.settings import Settings
from nsynth_lab.units import HOP_SAMPLES, SAMPLE_RATE, frames_to_seconds, note_to_hz

NOTE = 48  # C3, an octave below middle C, 165 partials; lower notes cost more, higher ones less
WARM_BLOCKS = 24


def decoder(work: Work, *, block_samples: int, blocks: int) -> Task:
    """The decoder alone with one voice, a block of whole frames per step."""
    frames = block_samples // HOP_SAMPLES
    batch = choose_voice_batch(work.session.checkpoint, 1, one_by_one=frames == 1)
    batch.reset([0], [0])
    slots = np.zeros(frames, np.int64)
    streams = FrameStreams(
        np.random.default_rng(0).standard_normal((frames, TIMBRE_DIMS)).astype(np.float32),
        np.full(frames, -20.0, np.float32),
        np.full(frames, note_to_hz(float(NOTE)), np.float32),
        np.zeros((frames, PARTIAL_SLOTS), np.float32),
    )
    seconds = blocks * block_samples / SAMPLE_RATE
    return Task(
        lambda: [batch.step(slots, streams) for _ in range(blocks)], seconds, f"decoder, blocks of {block_samples}"
    )


def engine(work: Work, *, block_samples: int, blocks: int) -> Task:
    """The whole engine with one voice, planning a block at a time as `render` does: events, decoder, mixing."""
    played = make_engine(work.session, [list(work.names)], Settings(voices=1), ahead_samples=block_samples)
    played.send([note_on(NOTE, 90)])
    for _ in range(WARM_BLOCKS):
        played.render(block_samples)
    seconds = blocks * block_samples / SAMPLE_RATE
    about = f"whole engine, blocks of {block_samples} planned at once"
    return Task(lambda: [played.render(block_samples) for _ in range(blocks)], seconds, about)


def whole(work: Work, *, audio_seconds: float) -> Task:
    """Decode one note as `blend` does."""
    latents = work.blend(NOTE, seconds=audio_seconds)
    return Task(lambda: work.session.render(latents), frames_to_seconds(latents.frames), "a whole note")
