"""Which notes are held by keys and pedals, and which key a mono synth returns to when one goes up."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from nsynth_lab.synth.channels import Channels
from nsynth_lab.synth.voice import Voice

MAX_KEYS = 128


@dataclass(frozen=True)
class Key:
    """A key that is down."""

    channel: int
    number: int
    velocity: int


@dataclass
class HeldKeys:
    """Keys that are down, the latest last: that is the one a mono synth plays."""

    down: list[Key] = field(default_factory=list)

    def press(self, key: Key) -> None:
        """A key goes down."""
        self.lift(key.channel, key.number)
        self.down = [*self.down[-MAX_KEYS + 1 :], key]

    def lift(self, channel: int, number: int) -> None:
        """A key goes up."""
        self.down = [key for key in self.down if (key.channel, key.number) != (channel, number)]


def sostenuto_down(voices: Iterable[Voice], channels: Channels, channel: int) -> None:
    """The sostenuto pedal of `channel` goes down: it holds the keys that are down now, not later ones."""
    for voice in voices:
        if _obeys(voice, channel, channels) and voice.key_down:
            voice.sostenuto_held = True


def sostenuto_up(voices: Iterable[Voice], channels: Channels, channel: int) -> None:
    """The sostenuto pedal goes up."""
    for voice in voices:
        if _obeys(voice, channel, channels):
            voice.sostenuto_held = False


def unheld_voices(voices: Iterable[Voice], channels: Channels) -> list[Voice]:
    """Voices that no key or pedal holds any more, and that are not yet in release."""
    return [
        voice
        for voice in voices
        if not (voice.key_down or voice.sostenuto_held or voice.released or channels.sustains(voice.channel))
    ]


def _obeys(voice: Voice, channel: int, channels: Channels) -> bool:
    return channel in (voice.channel, channels.zones.get(voice.channel))
