"""Where `blend`, `decode` and `render` put what they have made: a file or stdout, and the loudspeakers as well."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nsynth_lab.cli import console
from nsynth_lab.errors import DeviceError, MissingError, UsageError

STDOUT = Path("-")


def check_delivery(output: Path, *, as_json: bool) -> None:
    """Refuse what stdout cannot carry.

    Raises:
        UsageError: sound and JSON both, or sound onto a terminal.
    """
    if output == STDOUT and as_json:
        raise UsageError("-o - writes the sound to stdout, and --json the result: choose one")
    if output == STDOUT and sys.stdout.isatty():
        raise UsageError("-o - writes a WAV file to stdout; send it somewhere: `| sox - out.wav reverb`, `> out.wav`")


@contextmanager
def delivered(output: Path, *, listen: bool) -> Iterator[Path]:
    """Yields the file to write; then it goes to stdout, if that is what `-` was asked for, and is played.

    Whatever else is shown goes to stderr when the sound goes to stdout.
    """
    if output != STDOUT:
        yield output
        if listen:
            _play(output, f"the sound is in {output}")
        return
    with tempfile.TemporaryDirectory() as folder, console.results_on_stderr():
        path = Path(folder) / "sound.wav"
        yield path
        with path.open("rb") as file:
            shutil.copyfileobj(file, sys.stdout.buffer)
        sys.stdout.buffer.flush()
        if listen:
            _play(path, "the sound went to stdout")


def _play(path: Path, where: str) -> None:
    from nsynth_lab.sinks.listen import listen_to

    try:
        listen_to(path)
    except (DeviceError, MissingError) as error:
        raise type(error)(f"it was not played: {error}; {where}") from error
