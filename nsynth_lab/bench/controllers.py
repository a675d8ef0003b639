"""Controllers: the cost of a thousand controller messages per second, compared with blocks in which nothing moves.

Presets are played with their effects and knobs, but with the instruments of the bench. Stretches with and without
messages alternate, so that other programs on the machine affect both alike.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from nsynth_lab.bench.load import Load, start_voices
from nsynth_lab.bench.work import Advance, Work
from nsynth_lab.midi.events import CHANNELS, Event, Kind, bend, control
from nsynth_lab.patch.library import find_preset
from nsynth_lab.render.instrument import make_engine
from nsynth_lab.render.live import undisturbed
from nsynth_lab.render.preset_synth import PatchEffects, settings_of
from nsynth_lab.synth.engine import Engine
from nsynth_lab.synth.settings import Settings
from nsynth_lab.threads import set_thread_count, thread_count
from nsynth_lab.units import SAMPLE_RATE, Doubles

PRESETS = ("glass-cello", "slow-weather", "old-sampler", "choir-of-strings-and-steam")
VOICES, BLOCK_SAMPLES, MESSAGES_PER_SECOND = 16, 64, 1000
STRETCHES, STRETCH_SECONDS = 12, 0.5
WHEEL, SLIDE = 1, 74

Message = Callable[[int, int], Event]  # (index of the message, sample at which it arrives) -> message


@dataclass(frozen=True)
class ControllerLoad:
    """Load of one patch while nothing moves (`still`) and while controllers move (`moved`)."""

    name: str
    still: Load
    moved: Load


@dataclass(frozen=True)
class Controllers:
    """Loads of all patches, and how they were played."""

    messages_per_second: int
    voices: int
    block_samples: int
    storms: tuple[ControllerLoad, ...]


def progress_steps(work: Work) -> int:
    """Number of steps by which `measure` advances the progress bar."""
    return len(_names(work))


def measure(work: Work, advance: Advance) -> Controllers:
    """Move the mod wheel of a plain blend, all MPE controllers, and the controllers of some presets."""
    storms = []
    for name in _names(work):
        storms.append(_controller_load(work, name))
        advance()
    return Controllers(MESSAGES_PER_SECOND, VOICES, BLOCK_SAMPLES, tuple(storms))


def _names(work: Work) -> tuple[str, ...]:
    return ("blend", "mpe", *PRESETS)[:3] if work.quick else ("blend", "mpe", *PRESETS)


def _controller_load(work: Work, name: str) -> ControllerLoad:
    threads = thread_count()
    engine, message, close = _played(work, name)
    start_voices(work, engine, voices=VOICES, block_samples=BLOCK_SAMPLES, channel=_channel)
    still, moved = [], []
    for _ in range(2 if work.quick else STRETCHES):
        still.append(_stretch(engine, None))
        moved.append(_stretch(engine, message))
    loads = [
        Load.of(np.concatenate(shares), block_samples=BLOCK_SAMPLES, voices=engine.state().voices)
        for shares in (still, moved)
    ]
    set_thread_count(threads)
    close()
    return ControllerLoad(name, *loads)


def _played(work: Work, name: str) -> tuple[Engine, Message, Callable[[], None]]:
    """(an engine, a function that makes the messages to send to it, a function that closes it)."""
    names = list(work.names)
    if name == "blend":
        engine = make_engine(work.session, [names], Settings(voices=VOICES))
        return engine, lambda number, at: control(WHEEL, _value(number), at_sample=at), lambda: None
    if name == "mpe":
        return make_engine(work.session, [names], Settings(voices=VOICES, mpe=True)), _expressed, lambda: None
    patch = find_preset(name).with_macros_applied()
    corners = [names[place % len(names)] for place in range(len(patch.blend.corners))]
    output_stage, knobs = PatchEffects(patch, live=True), sorted({route.cc for route in patch.midi})
    settings = settings_of(patch).changed({"voices": VOICES, "mode": "poly", "unison": 1})
    engine = make_engine(work.session, [corners], settings, output_stage=output_stage)
    return (
        engine,
        lambda number, at: control(knobs[number % len(knobs)], _value(number), at_sample=at),
        output_stage.close,
    )


def _expressed(number: int, at_sample: int) -> Event:
    """Bend, pressure and slide (MPE) on all channels in turn."""
    channel, value = number // 3 % CHANNELS, _value(number)
    if number % 3 == 0:
        return bend(64 * (value - 64), channel=channel, at_sample=at_sample)
    if number % 3 == 1:
        return Event(Kind.PRESSURE, channel, 0, value, at_sample=at_sample)
    return control(SLIDE, value, channel=channel, at_sample=at_sample)


def _channel(place: int) -> int:
    """A channel for each of 15 notes, as in MPE."""
    return 1 + place % (CHANNELS - 1)


def _value(number: int) -> int:
    """A triangle wave between 0 and 127."""
    return abs(number * 5 % 254 - 127)


def _stretch(engine: Engine, message: Message | None) -> Doubles:
    """Half a second of blocks, each as a share of its deadline."""
    shares = np.empty(round(STRETCH_SECONDS * SAMPLE_RATE / BLOCK_SAMPLES))
    between, sent = SAMPLE_RATE // MESSAGES_PER_SECOND, 0
    first = engine.clock
    with undisturbed():
        for index in range(len(shares)):
            events: Sequence[Event] = []
            if message is not None:
                due = (engine.clock + BLOCK_SAMPLES - first) // between
                events = [message(number, first + number * between) for number in range(sent, due)]
                sent = due
            begun = time.perf_counter()
            engine.send(events)
            engine.render(BLOCK_SAMPLES)
            shares[index] = (time.perf_counter() - begun) * SAMPLE_RATE / BLOCK_SAMPLES
    return shares
