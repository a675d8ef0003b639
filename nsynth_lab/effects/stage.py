"""Stage: one slot of a chain: its effect, how much of it is heard, and what happens when it misbehaves."""

from __future__ import annotations

import numpy as np

from nsynth_lab.effects.effect import Delay, Effect, Knob
from nsynth_lab.effects.smoothing import Glide
from nsynth_lab.effects.watchdog import Watch
from nsynth_lab.patch.rules import Parameter, Rule
from nsynth_lab.units import FloatArray

MIX = Rule("number", low=0.0, high=1.0)


class Stage:
    """dry * (1 - mix) + wet * mix, the dry sound delayed by the effect's latency.

    `mix` and `bypass` move within 10 ms, sample by sample, so that neither clicks nor depends on the blocks. A stage
    that is bypassed keeps its latency: what follows stays in time.

    Attributes:
        label: its name within the chain.
        trouble: why it was taken out of the chain for good; empty while it works.
    """

    def __init__(self, label: str, effect: Effect, *, mix: float, bypass: bool, watch: Watch | None = None) -> None:
        self.label = label
        self.effect = effect
        self.trouble = ""
        self._watch = watch
        self._wanted, self._bypass = mix, bypass
        self._mix = Glide(0.0 if bypass else mix)

    def prepare(self) -> None:
        """Make it ready, on the main thread."""
        self.effect.prepare()
        self._dry = Delay(self.effect.latency_samples)

    @property
    def latency_samples(self) -> int:
        """How late the sound comes."""
        return self.effect.latency_samples

    def process(self, block: FloatArray) -> FloatArray:
        """The next block [2, samples]."""
        dry = self._dry.process(block)
        mix = self._mix.next(block.shape[1])
        if self.trouble or (self._bypass and isinstance(mix, float) and mix == 0.0):
            return dry
        wet = self._wet(block)
        if wet is None:
            return dry
        return wet if isinstance(mix, float) and mix == 1.0 else np.asarray(dry + (wet - dry) * mix, np.float32)

    def knob(self, name: str, *ends: Parameter) -> Knob:
        """What moves `mix`, `bypass` or a parameter of the effect.

        Raises:
            PatchError: there is none of that name, or an end is out of its range.
        """
        if name not in ("mix", "bypass"):
            return self.effect.knob(name, *ends)
        for end in ends if name == "mix" else ():
            MIX.check(end)

        def turn(value: Parameter) -> None:
            if name == "mix":
                self._wanted = float(value)
            else:
                self._bypass = bool(value)
            self._mix.to(0.0 if self._bypass else self._wanted)

        return turn

    def reset(self) -> None:
        """Forget what has been heard, and stand where it was set to."""
        self.effect.reset()
        self._dry = Delay(self.effect.latency_samples)
        self._mix.finish()

    def close(self) -> None:
        """Give back what the effect holds."""
        self.effect.close()

    def _wet(self, block: FloatArray) -> FloatArray | None:
        """What the effect gives; None, and out of the chain, where it misbehaves."""
        if self._watch is None:
            return self.effect.process(block)
        wet, self.trouble = self._watch.run(self.effect, block)
        return None if self.trouble else wet
