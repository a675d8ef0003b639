"""A small engine for tests, and a record of what its decoder was asked to play."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
import torch
from made_notes import flute, piano
from numpy.typing import NDArray
from tiny_model import tiny_model

from nsynth_lab.latents import Latents
from nsynth_lab.midi.events import Event, bend, control, note_off, note_on, setting
from nsynth_lab.model.checkpoint import Checkpoint
from nsynth_lab.runtime.voice_batch import FrameStreams
from nsynth_lab.synth.engine import Engine
from nsynth_lab.synth.output_stage import BYPASS, OutputStage
from nsynth_lab.synth.settings import Settings
from nsynth_lab.synth.sources import Sources
from nsynth_lab.units import FloatArray, Ints, hz_to_note

SECOND = 48_000


def corner(
    note: Latents, *, notes: Sequence[int] = (45, 57, 69), velocities: Sequence[int] = (40, 110)
) -> list[Latents]:
    """An instrument with several notes and two velocity layers, the harder 12 dB louder."""
    return [
        replace(note.at_note(number), velocity=velocity, loudness_db=note.loudness_db + np.float32(gain - 12.0))
        for number in notes
        for velocity, gain in zip(velocities, np.linspace(0, 12, len(velocities)), strict=True)
    ]


def small_engine(
    settings: Settings | None = None,
    *,
    corners: int = 2,
    output_stage: OutputStage = BYPASS,
    ahead_samples: int = 512,
    seed: int = 0,
) -> Engine:
    """A flute and a piano (twice, with four corners) played by the tiny model."""
    pair = [corner(flute()), corner(piano())]
    sources = Sources([*pair, *pair][:corners])
    return Engine(
        Checkpoint.of(tiny_model()),
        [sources],
        settings or Settings(),
        output_stage=output_stage,
        seed=seed,
        ahead_samples=ahead_samples,
    )


def played(engine: Engine, events: Iterable[Event], *, samples: int, blocks: Sequence[int] = (256,)) -> FloatArray:
    """`samples` of an engine in blocks of these sizes in turn, [2, samples]."""
    engine.send(events)
    out: list[FloatArray] = []
    while samples > 0:
        size = min(samples, blocks[len(out) % len(blocks)])
        out.append(engine.render(size))
        samples -= size
    return np.concatenate(out, axis=1)


class Heard:
    """What an engine asked its decoder for: pitch (MIDI), level, timbre and gain of the noise of every frame."""

    def __init__(self, engine: Engine) -> None:
        self.pitch: list[tuple[int, int, float]] = []  # (clock of the block, slot, MIDI pitch)
        self.level: list[tuple[int, int, float]] = []
        self.timbre: list[tuple[int, int, FloatArray]] = []
        self.noise_gain: list[float] = []
        step = engine.batch.step

        def listen(slots: Ints, streams: FrameStreams) -> FloatArray:
            gain = streams.noise_gain
            self.noise_gain += [1.0] * len(slots) if gain is None else gain.tolist()
            for slot, frame, level, hz in zip(slots.tolist(), *streams[:3], strict=True):
                self.pitch.append((engine.clock, slot, hz_to_note(float(hz))))
                self.level.append((engine.clock, slot, float(level)))
                self.timbre.append((engine.clock, slot, frame))
            return step(slots, streams)

        engine.batch.step = listen  # type: ignore[method-assign]

    def pitches(self, begin: float, end: float) -> NDArray[np.float64]:
        """Pitches asked for between two times in seconds."""
        return np.array([pitch for at, _, pitch in self.pitch if begin * SECOND <= at < end * SECOND])

    def levels(self, begin: float, end: float) -> NDArray[np.float64]:
        """Levels likewise."""
        return np.array([level for at, _, level in self.level if begin * SECOND <= at < end * SECOND])


def busy_events(seed: int = 0, *, seconds: float = 2.0, notes: int = 30) -> list[Event]:
    """Random chords, bends, pedals and moves of the blend; the same for the same seed."""
    rng = np.random.default_rng(seed)
    events: list[Event] = []
    for _ in range(notes):
        at, number = int(rng.uniform(0, seconds) * SECOND), int(rng.integers(40, 80))
        events.append(note_on(number, int(rng.integers(1, 128)), at_sample=at))
        events.append(note_off(number, at_sample=at + int(rng.uniform(0.01, 1.0) * SECOND)))
    for _ in range(notes):
        at = int(rng.uniform(0, seconds) * SECOND)
        events += [
            bend(int(rng.integers(-8192, 8192)), at_sample=at),
            control(int(rng.choice([1, 11, 64, 66])), int(rng.integers(0, 128)), at_sample=at + 700),
            setting("y", float(rng.uniform(0, 1)), at_sample=at + 300),
        ]
    return sorted(events, key=lambda event: event.at_sample)


def spectrum_peak_hz(sound: FloatArray) -> float:
    """Frequency of the strongest partial, by a parabola through the peak of a long spectrum."""
    window = sound * np.hanning(len(sound))
    power = np.log(np.abs(np.fft.rfft(window, 4 * len(sound))) + 1e-12)
    top = int(np.argmax(power[10:-10])) + 10
    left, middle, right = power[top - 1 : top + 2]
    return float((top + 0.5 * (left - right) / (left - 2 * middle + right)) * SECOND / (4 * len(sound)))


def overlapping(one: FloatArray, other: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Two recordings [samples] of the same sound, one of which may begin later: their overlap, aligned."""
    length = 2 ** int(np.ceil(np.log2(len(one) + len(other))))
    both = np.fft.irfft(np.fft.rfft(other, length) * np.conj(np.fft.rfft(one, length)))
    shift = int(np.argmax(both))
    shift = shift if shift < len(other) else shift - length  # what lies beyond the other's end is a shift to the left
    begin, end = max(0, -shift), min(len(one), len(other) - shift)
    return one[begin:end], other[begin + shift : end + shift]


torch.set_num_threads(1)
