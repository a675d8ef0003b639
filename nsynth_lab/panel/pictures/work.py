"""Work: what the process beside the engine can be asked for. Each request carries the latents that it needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nsynth_lab.blend import blend
from nsynth_lab.blend.modulation import weights_of
from nsynth_lab.dsp.impression import Impression, impression
from nsynth_lab.latents import Latents, beginning
from nsynth_lab.note import Note
from nsynth_lab.panel.pictures.keys import key_of
from nsynth_lab.panel.pictures.spectrogram import spectrogram
from nsynth_lab.panel.pictures.tools import Tools
from nsynth_lab.panel.pictures.wav import wav_bytes
from nsynth_lab.patch import Blend, Patch
from nsynth_lab.patch.place import Place
from nsynth_lab.patch.sound import SPHERICAL
from nsynth_lab.render.preset import play_note
from nsynth_lab.units import note_to_hz

PREVIEW_FRAMES, AUDITION_SECONDS = 150, 2.5
NOTE_FRAMES, HEARD_FRAMES = 141, 60  # of a note of 1.5 s, the first 0.64 s


@dataclass(frozen=True)
class Impressions:
    """What a blend sounds like at each of `places`: its own sound, before the envelope and the effects of a patch.

    Attributes:
        blend: without movement.
        sources: its corners at one note.
    """

    blend: Blend
    sources: Sequence[Latents]
    places: Sequence[Place]

    def do(self, tools: Tools) -> list[Impression]:
        """One for each place."""
        notes = [self._note(place) for place in self.places]
        f0_hz = note_to_hz(float(self.sources[0].note))
        return [impression(sound, f0_hz=f0_hz) for sound in tools.decoded(notes)]

    def _note(self, place: Place) -> Latents:
        moved = self.blend.at(place) if place else self.blend
        weights = weights_of(moved, NOTE_FRAMES)
        whole = blend(
            self.sources,
            weights["timbre"],
            frames=NOTE_FRAMES,
            loudness=weights["loudness"],
            f0=weights["f0"],
            partials=weights["partials"],
            spherical=moved.interpolation == SPHERICAL,
        )
        return beginning(whole, HEARD_FRAMES)


@dataclass(frozen=True)
class Clip:
    """A sound file, WAV of 16 bits, and its spectrogram, where one is wanted; of `spectrogram`'s size."""

    sound: bytes
    picture: bytes = b""


@dataclass(frozen=True)
class InstrumentClip:
    """An instrument by itself: one of its notes, 1.6 s long."""

    note: Latents

    def do(self, tools: Tools) -> Clip:
        """The clip, with its picture."""
        short = blend([self.note], [1.0], frames=PREVIEW_FRAMES)
        (samples,) = tools.decoded([short])
        return Clip(wav_bytes(samples[None]), spectrogram(samples))


@dataclass(frozen=True)
class Audition:
    """A patch as it sounds: one note with its envelope and effects, 2.5 s long."""

    patch: Patch

    def do(self, tools: Tools) -> Clip:
        """The clip, in stereo.

        Raises:
            UsageError, PatchError, PluginError: it cannot be played.
        """
        session = tools.session_with(self.patch.blend.corners)
        note = Note(key_of(session.bank, self.patch.blend.corners))
        return Clip(wav_bytes(play_note(session, self.patch, note, seconds=AUDITION_SECONDS).audio.samples))
