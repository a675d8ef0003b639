"""Follower: what a host plays into the effect is followed, and played by what stands on the track: `play --input`.

    host's block --> [ mono, 48 kHz ] --> Follower, NoteMaker (`translate`) --> Performer --> the engine

A hop is heard before the samples behind it are made, so its events are never late, and what is heard does not depend on
the host's blocks.
"""

from __future__ import annotations

import math

import numpy as np

from nsynth_lab.analysis.follower import HOP, Heard
from nsynth_lab.analysis.follower import Follower as Hearing
from nsynth_lab.dsp.resampling import StreamResampler
from nsynth_lab.midi.events import Event
from nsynth_lab.panel.switch import Switch
from nsynth_lab.panel.translation.performer import Performer
from nsynth_lab.patch import Patch
from nsynth_lab.plugin.layout import FOLLOWED_SAMPLES
from nsynth_lab.render.play_request import PlayRequest
from nsynth_lab.render.session import Session
from nsynth_lab.render.target_range import target_is_struck, target_range
from nsynth_lab.translate.live_hum import LiveHum
from nsynth_lab.translate.live_levelling import LiveLevelling
from nsynth_lab.translate.note_maker import NoteMaker
from nsynth_lab.translate.rules import Rules
from nsynth_lab.units import HOP_SAMPLES, SAMPLE_RATE, FloatArray

SILENT = 1e-6
UNHEARD = Heard(math.nan, -100.0, 0.0, 0)


class HostInput:
    """What a host plays in, as a `Performer` listens to it; `hear` blocks [2, frames] at the host's `rate`.

    Attributes:
        heard: the last moment.
        quiet_samples: since the last that was none.
    """

    latency_seconds = FOLLOWED_SAMPLES / SAMPLE_RATE

    def __init__(self, rate: int, rules: Rules) -> None:
        self.heard, self.quiet_samples = UNHEARD, 0
        self._resampler = None if rate == SAMPLE_RATE else StreamResampler(rate, SAMPLE_RATE, channels=1, prompt=True)
        self._late = HOP_SAMPLES if self._resampler else 0  # more than the resampler holds back
        self._hearing, self._levelling, self._maker = Hearing(), LiveLevelling(), NoteMaker(rules)
        self._hum = LiveHum()
        self._rules = self._suited = rules
        self._hops = self._begun = 0
        self._waiting: list[Event] = []

    def suit(self, rules: Rules) -> None:
        """From the next hop on play by these rules; from any thread."""
        self._rules = rules

    def hear(self, block: FloatArray) -> None:
        """The next block."""
        mono = block.mean(axis=0, dtype=np.float32)
        self.quiet_samples = 0 if float(np.abs(mono).max(initial=0.0)) > SILENT else self.quiet_samples + len(mono)
        if self._resampler is not None:
            mono = self._resampler.process(mono[np.newaxis])[0]
        for heard in self._hearing.feed(self._hum.process(mono)):
            self.heard = heard
            made = self._maker.hear(self._levelling.levelled(heard))
            self._hops += 1
            self._waiting += [event.at(event.at_sample + self._begun + self._late) for event in made]
            if self._rules is not self._suited:
                self._renew()

    def events(self, clock: int) -> list[Event]:
        """See `performer.Input`."""
        del clock
        waiting, self._waiting = self._waiting, []
        return waiting

    def troubles(self) -> list[str]:
        """None."""
        return []

    def _renew(self) -> None:
        ended = self._maker.end()
        self._waiting += [event.at(event.at_sample + self._begun + self._late) for event in ended]
        self._begun, self._suited = self._hops * HOP, self._rules
        self._maker = NoteMaker(self._suited)


class Follower(Performer):
    """Plays what the host plays in, for ever; a source of the engine, begun by `join`."""

    def __init__(self, engine: Switch, rate: int, rules: Rules) -> None:
        super().__init__(is_zone=lambda: engine.player.channels.is_member(1))
        self._engine, self._host = engine, HostInput(rate, rules)
        self.listen(self._host)

    def join(self) -> None:
        """Play from now on."""
        self._engine.sources = (*self._engine.sources, self)
        if self._engine.performer is None:
            self._engine.performer = self

    def hear(self, block: FloatArray) -> None:
        """The next block [2, frames] of the host, on the engine's thread."""
        self._host.hear(block)

    def suit(self, rules: Rules) -> None:
        """Play by these rules; from any thread."""
        self._host.suit(rules)

    @property
    def quiet(self) -> bool:
        """Whether nothing has come in for a second."""
        return self._host.quiet_samples > SAMPLE_RATE

    def stop(self) -> None:
        """A panic ends what sounds; what comes in then is followed again."""
        super().stop()
        self.listen(self._host)


def rules_for(session: Session, patch: Patch) -> Rules:
    """How a tune is played by this patch: moved by octaves into its range, and struck where its notes die away."""
    asked = PlayRequest(patch.blend.corners)
    lowest, highest = target_range(session, asked)
    return Rules(lowest=lowest, highest=highest, keeps_octaves=True, struck=target_is_struck(session, asked))
