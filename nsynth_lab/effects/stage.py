"""Stage: one effect in the chain, with its wet/dry mix, its bypass and its watchdog."""

from __future__ import annotations

import numpy as np

from nsynth_lab.effects.effect import Delay, Effect, ParameterSetter
from nsynth_lab.effects.smoothing import SmoothedValue
from nsynth_lab.effects.watchdog import Watchdog
from nsynth_lab.patch.rules import Parameter, Rule
from nsynth_lab.units import FloatArray

MIX = Rule("number", low=0.0, high=1.0)


class Stage:
    """dry * (1 - mix) + wet * mix, with the dry signal delayed by the effect's latency.

    Changes of `mix` and `bypass` are smoothed over 10 ms, so they neither click nor depend on the block size. A
    bypassed stage keeps its latency, so that everything after it stays in time.

    Attributes:
        label: its name within the chain.
        trouble: why the watchdog bypassed it for good; empty while it works.
    """

    def __init__(
        self, label: str, effect: Effect, *, mix: float, bypass: bool, watchdog: Watchdog | None = None
    ) -> None:
        self.label = label
        self.effect = effect
        self.trouble = ""
        self._watchdog = watchdog
        self._mix_setting, self._bypass = mix, bypass
        self._mix = SmoothedValue(0.0 if bypass else mix)

    def prepare(self) -> None:
        """Prepare the effect. On the main thread."""
        self.effect.prepare()
        self._dry = Delay(self.effect.latency_samples)

    @property
    def latency_samples(self) -> int:
        """Latency of the effect."""
        return self.effect.latency_samples

    def process(self, block: FloatArray) -> FloatArray:
        """Process the next block [2, samples]."""
        dry = self._dry.process(block)
        mix = self._mix.next(block.shape[1])
        if self.trouble or (self._bypass and isinstance(mix, float) and mix == 0.0):
            return dry
        wet = self._wet(block)
        if wet is None:
            return dry
        return wet if isinstance(mix, float) and mix == 1.0 else np.asarray(dry + (wet - dry) * mix, np.float32)

    def setter(self, name: str, *ends: Parameter) -> ParameterSetter:
        """A function that sets `mix`, `bypass` or a parameter of the effect, to values between `ends`.

        Raises:
            PatchError: no such parameter, or an end is out of its range.
        """
        if name not in ("mix", "bypass"):
            return self.effect.setter(name, *ends)
        for end in ends if name == "mix" else ():
            MIX.check(end)

        def set_value(value: Parameter) -> None:
            if name == "mix":
                self._mix_setting = float(value)
            else:
                self._bypass = bool(value)
            self._mix.set(0.0 if self._bypass else self._mix_setting)

        return set_value

    def reset(self) -> None:
        """Clear all state, and finish the ramp of the mix."""
        self.effect.reset()
        self._dry = Delay(self.effect.latency_samples)
        self._mix.finish()

    def close(self) -> None:
        """Release the effect."""
        self.effect.close()

    def _wet(self, block: FloatArray) -> FloatArray | None:
        """The effect's output; None if the watchdog has just taken it out."""
        if self._watchdog is None:
            return self.effect.process(block)
        wet, self.trouble = self._watchdog.run(self.effect, block)
        return None if self.trouble else wet
