"""Renderer: planned frames -> steps of the decoder -> the mixer.

On the CPU a step has two phases: the control net, then the excitation that it drives. Frames are planned before they
begin, so small blocks can share the work: each does one thing, either the first frames of new notes, which cannot wait,
or the first phase of a step, or the second. What has no tone is not decoded (`network`). Noise and resonances of sounds
without a pitch are added to what the decoder gives, and of stereo sounds half the difference of the sides.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from nsynth_lab.dsp.noise_table import noise_places
from nsynth_lab.dsp.width_renderer import WidthVoices
from nsynth_lab.runtime.unpitched_batch import UnpitchedBatch
from nsynth_lab.runtime.voice_batch import TwoPhase, VoiceBatch
from nsynth_lab.synth.mixer import Mixer
from nsynth_lab.synth.network import Network
from nsynth_lab.synth.planner import Frames
from nsynth_lab.units import FloatArray, Ints
from nsynth_lab.unpitched import PITCHED
from nsynth_lab.width import OPPOSED

EVERYTHING = 1 << 60  # until the end of time


class Renderer:
    """`add(frames)` and `cut(slot)` while planning, `render(until)` once a block.

    There are `count` slots. With `one_by_one` no slot ever has several frames at once: only then may frames wait.
    `has_noise` and `has_width` say whether any instrument has noise of its own, and is stereo.
    """

    def __init__(
        self,
        batch: VoiceBatch,
        mixer: Mixer,
        *,
        count: int,
        one_by_one: bool,
        has_noise: bool = False,
        has_width: bool = False,
    ) -> None:
        self._network, self._mixer = Network(batch, count), mixer
        self._unpitched = UnpitchedBatch(count) if has_noise else None
        self._width = WidthVoices(count) if has_width else None
        self._waiting = np.zeros(count, np.bool_)
        self._two_phase = batch if one_by_one and isinstance(batch, TwoPhase) else None
        self._planned: list[Frames] = []
        self._begun: tuple[Frames, Callable[[], FloatArray]] | None = None
        self._cuts: list[tuple[int, int]] = []

    def add(self, frames: Sequence[Frames]) -> None:
        """Queue frames to be rendered."""
        self._planned += frames
        for part in frames:
            self._waiting[part.slots] = True

    def cut(self, slot: int, at_sample: int) -> None:
        """Fade out `slot` within 5 ms from `at_sample` on, in all its frames added so far."""
        self._cuts.append((slot, at_sample))

    def has_frames_of(self, slots: Ints | int) -> bool:
        """Whether a frame of any of `slots` is waiting to be rendered."""
        return bool(self._waiting[slots].any())

    def is_pending(self, slot: int) -> bool:
        """Whether a frame or a fade-out of `slot` is pending."""
        return self.has_frames_of(slot) or any(slot == cut for cut, _ in self._cuts)

    @property
    def idle(self) -> bool:
        """Whether nothing waits to be rendered."""
        return not self._planned and self._begun is None

    def render(self, until_sample: int, starts: Sequence[tuple[int, int]]) -> None:
        """Mix all frames that begin before `until_sample`, then apply the pending fade-outs.

        A fade-out waits until the last frame of its slot has been rendered. `starts` are the slots of new notes in the
        frames added last, and their seeds.
        """
        if starts:
            slots, seeds = [slot for slot, _ in starts], [serial for _, serial in starts]
            self._network.reset(slots, seeds)
            if self._width is not None:
                self._width.reset(slots)
            if self._unpitched is not None:
                self._unpitched.reset(slots, noise_places(np.array(seeds, np.int64)).tolist())
        if self._planned or self._begun is not None:
            self._work(until_sample if self._two_phase is not None else EVERYTHING)
        for slot, at_sample in [cut for cut in self._cuts if not self.has_frames_of(cut[0])]:
            self._mixer.cut(slot, at_sample)
            self._cuts.remove((slot, at_sample))

    def _work(self, until_sample: int) -> None:
        """Do what is urgent; if nothing is, do one phase of what can wait, so that small blocks share the work."""
        worked = False
        if self._begun is not None and (self._begun[0].begins < until_sample).any():
            self._finish(*self._begun)
            worked = True
        if self._planned and (now := self._urgent(until_sample)) is not None:
            self._mix(now, self._network.step(now))
            worked = True
        if worked or self._two_phase is None:
            return
        if self._begun is not None:
            self._finish(*self._begun)
        else:
            frames, self._planned = Frames.joined(self._planned), []
            self._begun = frames, self._network.begin(frames, self._two_phase)

    def _urgent(self, until_sample: int) -> Frames | None:
        """The planned frames that must be rendered now: the first frames of notes, or all if others are due too."""
        frames, self._planned = Frames.joined(self._planned), []
        now = frames.begins < until_sample
        if not now.any():
            self._planned = [frames]
            return None
        if now.all() or (now & ~frames.first).any():
            return frames
        self._planned = [frames.at(np.flatnonzero(~now))]
        return frames.at(np.flatnonzero(now))

    def _finish(self, frames: Frames, excite: Callable[[], FloatArray]) -> None:
        self._begun = None
        self._mix(frames, excite())

    def _mix(self, frames: Frames, audio: FloatArray) -> None:
        self._waiting[frames.slots] = False
        if self._unpitched is not None and len(noisy := np.flatnonzero(frames.unpitched[:, PITCHED] < 1.0)):
            rows, level_db = frames.unpitched[noisy], frames.level_db[noisy]
            audio[noisy] += self._unpitched.step(frames.slots[noisy], rows, level_db)
        sides = None
        if self._width is not None and (wide := np.flatnonzero(np.isfinite(frames.width[:, OPPOSED]))).size:
            audio[wide], half = self._width.step(frames.slots[wide], audio[wide], frames.width[wide])
            sides = wide, half
        self._mixer.add(frames.slots, frames.begins, audio, frames.gains, fading=frames.fading, sides=sides)
