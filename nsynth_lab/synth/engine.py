"""Engine: events in, blocks out.

    send(events) -> queue -> [ at multiples of 64 samples: Player handles the events
                               between them: the planner plans frames ] -> Renderer -> Mixer -> OutputStage

Planning is only arithmetic, so a whole block is planned before anything is decoded, and all voices with a frame in it
take one batched step: first frames of notes at once, others in their update phase (see `voice_allocator`). The plan
depends on the clock alone, not on the block size.
"""

from __future__ import annotations

import math
from bisect import insort
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

import numpy as np

from nsynth_lab.midi.events import CHANNELS, OF_THE_SONG, Event, Kind, note_off, note_on
from nsynth_lab.model.checkpoint import Checkpoint
from nsynth_lab.patch.place import normalised
from nsynth_lab.runtime.choose import choose_voice_batch
from nsynth_lab.runtime.growing_batch import GrowingBatch
from nsynth_lab.runtime.step_time import step_seconds
from nsynth_lab.runtime.voice_batch import VoiceBatch
from nsynth_lab.synth.channels import Channels
from nsynth_lab.synth.mixer import CUT_SAMPLES, Mixer
from nsynth_lab.synth.output_stage import BYPASS, OutputStage
from nsynth_lab.synth.planner import GRID_SAMPLES, on_grid, plan_until
from nsynth_lab.synth.player import Player
from nsynth_lab.synth.renderer import EVERYTHING, Renderer
from nsynth_lab.synth.settings import PARAMETERS, Settings
from nsynth_lab.synth.sources import Sources
from nsynth_lab.synth.voice import Voice
from nsynth_lab.synth.voice_allocator import PHASE_SAMPLES, VoiceAllocator
from nsynth_lab.synth.zone_reader import ZoneReader
from nsynth_lab.units import HOP_SAMPLES, FloatArray

MAX_QUEUED = 200_000
WARM_UP_BLOCKS = 64


@dataclass(frozen=True)
class EngineState:
    """A snapshot of the engine for display.

    Attributes:
        voices: sounding now.
        overload_stolen: voices stolen because the machine was too slow.
        stolen: voices stolen because all were in use.
        dropped: events lost because too many were queued.
        x, y: blend position.
        peak: amplitude of the last block.
        learning: the parameter that waits for a controller, if any.
        taken_out: effects that had to be removed, by label, and why.
        weights: of each source, which sum to 1, where these and not x and y say where the blend is.
    """

    voices: int
    overload_stolen: int
    stolen: int
    dropped: int
    x: float
    y: float
    peak: float
    learning: str
    weights: tuple[float, ...] = ()
    taken_out: Mapping[str, str] = field(default_factory=dict)


class Engine:
    """`send(events)`, `render(samples) -> block [2, samples]`; the audio comes `delay_samples` late.

    Up to `ahead_samples` are planned at once: live one frame; offline more, so that a step of the decoder takes many
    frames of each voice. The sound is the same to rounding.

    Program changes choose between `programs`, except those `assigned` to a channel, which play only its notes. With
    `unlimited` no voice is ever stolen, whatever the settings say.

    Attributes:
        batch: what decodes the frames of all voices.
        delay_samples: how late the audio comes.
    """

    def __init__(
        self,
        checkpoint: Checkpoint,
        programs: Sequence[Sources],
        settings: Settings,
        *,
        output_stage: OutputStage = BYPASS,
        seed: int = 0,
        ahead_samples: int = HOP_SAMPLES,
        assigned: Mapping[int, int] = MappingProxyType({}),
        unlimited: bool = False,
    ) -> None:
        allocator = VoiceAllocator(settings.voices, unlimited=unlimited)
        slots = len(allocator.table.frames)
        self._output_stage = output_stage
        self._ahead = ahead_samples
        self._checkpoint, self._programs = checkpoint, programs
        self._troubles: list[str] = []
        self._one_by_one = ahead_samples <= HOP_SAMPLES
        self.batch = self._make_batch(slots, unlimited=unlimited)
        self.delay_samples = output_stage.latency_samples
        self._mixer = Mixer(slots, ahead_samples=ahead_samples)
        readers = [ZoneReader(sources, slots) for sources in programs]
        has_noise = any(sources.unpitched is not None for sources in programs)
        has_width = any(sources.width is not None for sources in programs)
        self._renderer = Renderer(
            self.batch,
            self._mixer,
            count=slots,
            one_by_one=self._one_by_one,
            has_noise=has_noise,
            has_width=has_width,
        )
        self.player = Player(
            settings,
            readers,
            allocator,
            Channels(),
            cut=self._cut,
            clear=self._flush,
            on_control_change=output_stage.on_control_change,
            assigned=assigned,
            seed=seed,
        )
        output_stage.set_tempo(settings.tempo_bpm, 0)
        self._queue: list[Event] = []
        self._peak = 0.0
        self._dropped = 0

    def _make_batch(self, slots: int, *, unlimited: bool) -> VoiceBatch:
        def make(count: int) -> VoiceBatch:
            one_by_one, warn = self._one_by_one and not unlimited, self._troubles.append
            return choose_voice_batch(self._checkpoint, count, one_by_one=one_by_one, warn=warn)

        return GrowingBatch(make) if unlimited else make(slots)

    @property
    def clock(self) -> int:
        """Samples rendered so far."""
        return self._mixer.clock

    @property
    def idle(self) -> bool:
        """Whether nothing sounds and nothing is queued."""
        return not self.player.allocator.voices and not self._queue and self._renderer.idle and self._output_stage.quiet

    def send(self, events: Iterable[Event]) -> None:
        """Queue events, each for its `at_sample`, or for now where that has passed."""
        for event in events:
            at = on_grid(max(event.at_sample, self.clock))
            if event.kind in OF_THE_SONG:  # its time counts, though it takes effect later
                event = replace(event, number=event.number + at - event.at_sample)
            if len(self._queue) < MAX_QUEUED:
                insort(self._queue, event.at(at), key=_when)
            else:
                self._dropped += 1

    def render(self, samples: int) -> FloatArray:
        """The next block [2, samples]."""
        blocks = []
        while samples > 0:
            size = min(samples, self._ahead)
            blocks.append(self._render(size))
            samples -= size
        block = blocks[0] if len(blocks) == 1 else np.concatenate(blocks, axis=1)
        self._peak = float(np.abs(block).max(initial=0.0))
        return block

    def warm_up(self) -> None:
        """Play a few notes on a second engine and discard them, so that all code and weights are loaded.

        Call it before anything is played.
        """
        engine = Engine(self._checkpoint, self._programs, Settings(voices=1), ahead_samples=self._ahead)
        middle = WARM_UP_BLOCKS // 2 * GRID_SAMPLES
        engine.send([note_on(60), note_off(60, at_sample=middle // 2), note_on(61, at_sample=middle)])
        for _ in range(WARM_UP_BLOCKS):
            engine.render(GRID_SAMPLES)

    def step_seconds(self) -> float:
        """Seconds that a step of half the voices takes. Call it before anything is played."""
        return step_seconds(self.batch, max(1, self.player.settings.voices // 2))

    def steal(self, count: int) -> int:
        """Steal `count` voices because the machine is too slow, released ones first; returns how many."""
        return self.player.steal(count, on_grid(self.clock))

    @property
    def max_voices(self) -> int:
        """How many voices may sound at once at present."""
        return self.player.allocator.max_voices

    @property
    def limited(self) -> bool:
        """Whether fewer voices may sound than the settings allow."""
        return self.max_voices < self.player.settings.voices

    def limit(self, voices: int) -> None:
        """Set how many voices may sound at once, at most as many as the settings allow."""
        self.player.allocator.max_voices = min(voices, self.player.settings.voices)

    def let_go(self) -> None:
        """It plays no more: its effects are closed, on the main thread if there are plugins.

        Its memory is free as soon as nobody refers to it, though nothing collects garbage.
        """
        self.player.let_go()
        self._output_stage.close()

    def troubles(self) -> list[str]:
        """Problems since the last call, one line each: effects that were removed, a slower way to decode."""
        told = self._troubles[:]
        self._troubles.clear()
        return told + self._output_stage.troubles()

    def state(self) -> EngineState:
        """A snapshot for display."""
        player = self.player
        place = player.settings.place(len(self._programs[0].corners), math.nan)
        return EngineState(
            voices=len(player.allocator.voices),
            overload_stolen=player.overload_stolen_count,
            stolen=player.stolen_count,
            dropped=self._dropped,
            x=player.settings.x,
            y=player.settings.y,
            peak=self._peak,
            learning=next(iter(player.settings.learn), ""),
            weights=normalised(place) if len(place) > 2 else (),
            taken_out=self._output_stage.taken_out,
        )

    def _render(self, samples: int) -> FloatArray:
        begin, end = self.clock, self.clock + samples
        while self._queue and self._queue[0].at_sample < end:
            now = self._queue[0].at_sample
            if now > begin:  # the samples before it were planned with the last block
                self._plan(now)
            count = next((i for i, event in enumerate(self._queue) if event.at_sample > now), len(self._queue))
            events, self._queue = self._queue[:count], self._queue[count:]
            for event in events:
                self._handle(event, now)
        self._output_stage.begin(begin, samples)
        self._plan(end)
        self._decode(end if samples < PHASE_SAMPLES else EVERYTHING)
        return self._output_stage.process(self._mixer.take(samples), begin)

    def _handle(self, event: Event, now: int) -> None:
        if event.kind is Kind.SETTING and event.name not in PARAMETERS:
            if changes := self._output_stage.set(event.name, event.value, now):
                self.player.settings = self.player.settings.changed(changes)
        else:
            self._output_stage.hear(event, now)
            self.player.handle(event, now)
            if event.kind is Kind.TEMPO:
                self._output_stage.set_tempo(self.player.beats.bpm, now)

    def _plan(self, until_sample: int) -> None:
        """Plan the frames that are due and queue them for rendering."""
        for frames in plan_until(self.player, until_sample):
            if self._one_by_one and any(self._renderer.has_frames_of(part.slots) for part in frames):
                self._decode(EVERYTHING)  # rare: the second frame of a note
            self._renderer.add(frames)

    def _decode(self, until_sample: int) -> None:
        self._renderer.render(until_sample, self.player.take_starts())

    def _cut(self, voice: Voice, at_sample: int, *, at_once: bool = False) -> None:
        """Fade a voice out within 5 ms: in its planned frames or, if less than that is left, in one more.

        With `at_once` its slot is freed now, and the fade is as long as its planned frames allow.
        """
        if voice.frames and voice.next_sample - at_sample < CUT_SAMPLES and not at_once:
            voice.fading = True
            return
        self._renderer.cut(voice.slot, at_sample)
        self.player.allocator.remove([voice.slot])

    def _flush(self, slot: int) -> None:
        """Finish what is pending for `slot`, which another voice is about to take."""
        if self._renderer.is_pending(slot):
            self._decode(EVERYTHING)


def _when(event: Event) -> int:
    return event.at_sample


def panic() -> list[Event]:
    """Events after which nothing sounds."""
    return [Event(Kind.CONTROL, channel, 120, 0) for channel in range(CHANNELS)]
