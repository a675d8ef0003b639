"""The exception tree: everything this package raises on purpose.

    NsynthLabError            exit code 1: the work failed
    ├── UsageError            exit code 2: the request itself cannot be met as it was put
    ├── AudioError            a sound file or array that cannot be used
    ├── LatentsError          a latents file or value that cannot be used
    ├── CheckpointError       weights or bank missing, damaged, or of another version
    ├── DatasetError          a data set folder that cannot be read or written
    ├── TrainingError         a training that cannot go on
    └── MissingError          a library or program that this command needs is not installed

A message is one line: what was expected, what came, what to do. Only the command line prints or exits.
"""


class NsynthLabError(Exception):
    """Root of the tree; `exit_code` is what the command line ends with."""

    exit_code = 1


class UsageError(NsynthLabError):
    """A request that cannot be met as it was put: unknown name, value out of range, path in the way."""

    exit_code = 2


class AudioError(NsynthLabError):
    """A sound file or array that cannot be used."""


class LatentsError(NsynthLabError):
    """A latents file or value that cannot be used."""


class CheckpointError(NsynthLabError):
    """Weights or bank missing, damaged, or of another version."""


class DatasetError(NsynthLabError):
    """A data set folder that cannot be read or written."""


class TrainingError(NsynthLabError):
    """A training that cannot go on."""


class MissingError(NsynthLabError):
    """A library or program that this command needs is not installed."""
