"""Where `blend`, `decode` and `render` put what they have made: into a file or stdout, and to the loudspeakers."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from nsynth_lab.cli import console
from nsynth_lab.cli.options import is_stdout
from nsynth_lab.errors import DeviceError, MissingError, UsageError

if TYPE_CHECKING:
    from nsynth_lab.audio import Audio
    from nsynth_lab.cli.recipes import Recipe
    from nsynth_lab.sound_format import SoundFormat


@dataclass(frozen=True)
class Delivery:
    """What a command line says of its sound file.

    Attributes:
        output: the file to write; `-` is stdout, as WAV.
        sound_format: its rate, bits, channels and quality.
        listen: whether it is also played through the default audio output.
    """

    output: Path
    sound_format: SoundFormat
    listen: bool = False

    def check(self, *, as_json: bool) -> None:
        """Refuse before the work what the file or stdout cannot hold; the file's name is checked elsewhere.

        Raises:
            UsageError: see above.
        """
        ending = ".wav" if is_stdout(self.output) else self.output.suffix.lower()
        self.sound_format.check(ending)
        if is_stdout(self.output) and as_json:
            raise UsageError("-o - writes the sound to stdout, where --json would write the result: choose one")
        if is_stdout(self.output) and sys.stdout.isatty():
            raise UsageError("-o - writes a WAV file to stdout; send it somewhere: `| sox - reverb.wav reverb`")

    @contextmanager
    def written(self) -> Iterator[Path]:
        """Yields the file to write, which then goes to stdout, if that is what `-` asks for, and is played.

        Whatever else is shown goes to stderr where the sound goes to stdout.
        """
        if not is_stdout(self.output):
            yield self.output
            if self.listen:
                _play(self.output, f"the sound is in {self.output}")
            return
        with tempfile.TemporaryDirectory() as folder, console.results_on_stderr():
            path = Path(folder) / "sound.wav"
            yield path
            with path.open("rb") as file:
                shutil.copyfileobj(file, sys.stdout.buffer)
            sys.stdout.buffer.flush()
            if self.listen:
                _play(path, "the sound went to stdout")

    def write(self, path: Path, audio: Audio, recipe: Recipe) -> None:
        """Write sound, and the recipe into it or beside it."""
        from nsynth_lab.sinks.file import write_sound

        place = self.place(path)
        write_sound(path, audio, self.sound_format, comment=recipe.comment(place), force=True)
        recipe.put_beside(place)

    def place(self, path: Path) -> Path:
        """The file that a path of `written` is for the user."""
        return self.output if is_stdout(self.output) else path


def _play(path: Path, where: str) -> None:
    from nsynth_lab.sinks.listen import listen_to

    try:
        listen_to(path)
    except (DeviceError, MissingError) as error:
        raise type(error)(f"it was not played: {error}; {where}") from error
