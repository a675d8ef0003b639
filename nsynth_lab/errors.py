"""The exception tree: everything this package raises on purpose.

    NsynthLabError            exit code 1: the work failed
    ├── UsageError            exit code 2: the request itself is wrong
    ├── AudioError            a sound file or array that cannot be used
    ├── LatentsError          a latents file or value that cannot be used
    ├── CheckpointError       weights or bank missing, damaged, or of another version
    ├── MidiError             a MIDI file, port or tuning that cannot be used
    ├── TuneError             a tune that cannot be read, written or engraved
    ├── DeviceError           an audio device that cannot be used
    ├── DatasetError          a data set folder that cannot be read or written
    ├── PatchError            a patch or preset file that cannot be used
    ├── PluginError           a third-party plugin that cannot be loaded, or misbehaves
    ├── PackError             a sample pack that cannot be read or written
    ├── TrainingError         a training that cannot continue
    └── MissingError          a library or program that this command needs is not installed

A message is one line: what was expected, what was found, what to do. Only the command line prints or exits.
"""

from __future__ import annotations


class NsynthLabError(Exception):
    """Root of the tree; `exit_code` is what the command line ends with."""

    exit_code = 1


class UsageError(NsynthLabError):
    """A request that is wrong in itself: an unknown name, a value out of range, a file in the way."""

    exit_code = 2


class AudioError(NsynthLabError):
    """A sound file or array that cannot be used."""


class LatentsError(NsynthLabError):
    """A latents file or value that cannot be used."""


class PhraseError(NsynthLabError):
    """A phrase cannot be used, or a file of one cannot be read or written."""


class CheckpointError(NsynthLabError):
    """Weights or bank missing, damaged, or of another version."""


class MidiError(NsynthLabError):
    """A MIDI file, port or tuning that cannot be used."""


class TuneError(NsynthLabError):
    """A tune that cannot be read, written or engraved."""


class DeviceError(NsynthLabError):
    """An audio device that cannot be used."""


class DatasetError(NsynthLabError):
    """A data set folder that cannot be read or written."""


class PatchError(NsynthLabError):
    """A patch or preset file that cannot be used.

    Attributes:
        what: what was expected and what was found, without the place.
        place: dotted path of the field, such as `blend.position` or `effects.2.mix`; empty for the whole patch.
    """

    def __init__(self, what: str, *, place: str = "") -> None:
        super().__init__(f"{place}: {what}" if place else what)
        self.what = what
        self.place = place

    def below(self, place: str) -> PatchError:
        """The same error, with `place` put before its own place."""
        return PatchError(self.what, place=f"{place}.{self.place}".strip("."))


class PluginError(NsynthLabError):
    """A third-party plugin that cannot be loaded, or misbehaves."""


class PackError(NsynthLabError):
    """A sample pack that cannot be read or written."""


class ExportError(NsynthLabError):
    """A file for other programs that cannot be written, read, or played right."""


class TrainingError(NsynthLabError):
    """A training that cannot continue."""


class MissingError(NsynthLabError):
    """A library or program that this command needs is not installed."""
