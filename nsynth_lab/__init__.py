"""Blend recorded instruments in latent space and decode the blend to 48 kHz audio.

    >>> import nsynth_lab as nl
    >>> model = nl.load()
    >>> sound = model.blend("flute", "cello", position=0.3, note="A4", seconds=2)
    >>> kalimba = model.encode("my-kalimba.wav", note="C5")
    >>> song = model.render("song.mid", kalimba, "cello")

A sound is an array with its rate. As the last line of a notebook's cell it becomes a player:

    >>> sound
    Sound(float32 [1, 96000], 48000 Hz, 2.00 s)
    >>> sound.samples.dtype, sound.samples.shape, sound.sample_rate
    (dtype('float32'), (1, 96000), 48000)
    >>> sound.save("between.wav")
    PosixPath('between.wav')

Latents are what a recording is encoded to. They can be blended, kept in files, and decoded at any note:

    >>> kalimba.save("kalimba.latents")
    PosixPath('kalimba.latents')
    >>> high = model.decode(kalimba, note="C6", seconds=1.5)
    >>> between = model.blend("kalimba.latents", "choir aahs", note="C5")

`model.instruments()` lists what can be blended by name, `model.presets()` the presets:

    >>> glass = model.blend(preset="glass-cello", note="C4")
    >>> song = model.render("song.mid", preset="glass-cello")

`help(nl.Model)` has it all. What goes wrong raises an `nl.NsynthLabError`, or one of its kinds in `nl.errors`: one line
that says what was expected, what came and what to do. The names in `nsynth_lab.__all__` stay as they are from release
to release; everything else in this package is its own business, and changes.

How it works inside:

    audio file --> Note --> Encoder --> Latents --> blend --> Decoder --> effects --> sink
      audio        note      model/      latents     blend/    runtime/   effects/    sinks/
                                                       ^          ^                    file
    recipe: patch/ ------------------------------------+          |                    device
    midi/ -> events -> synth/ (voices, notes on and off) ---------+                    pack/
                                                                  |
                                             render: the one loop that pulls blocks through all of it

A station on the picture is a file or a folder of that name. Around it stand `dataset`, `train` and `evaluate`, which
make and measure models, `capture`, which brings instruments in, `bench`, the page in the browser, `panel`, and in front
the command line, `cli`, and `library`, which makes the names above. Imports go down only; CONTRIBUTING.md shows the
floors and takes you for a walk.
"""

from nsynth_lab import errors
from nsynth_lab.errors import NsynthLabError
from nsynth_lab.lazy import lazy_names
from nsynth_lab.version import __version__ as __version__

TYPE_CHECKING = False  # what `typing` has too, but takes longer to import than all the rest
if TYPE_CHECKING:
    from nsynth_lab.latents import Latents, read_latents
    from nsynth_lab.library.model import Model, load
    from nsynth_lab.library.sound import Picture, Sound

_ROOMS = {  # imported when they are first asked for
    "nsynth_lab.latents": ("Latents", "read_latents"),
    "nsynth_lab.library.model": ("Model", "load"),
    "nsynth_lab.library.sound": ("Picture", "Sound"),
}

__all__ = ["Latents", "Model", "NsynthLabError", "Picture", "Sound", "errors", "load", "read_latents"]

if not TYPE_CHECKING:  # the types are those of the imports above, and a misspelt name has none
    __getattr__ = lazy_names(__name__, _ROOMS)


def __dir__() -> list[str]:
    """The public names."""
    return [*__all__, "__version__"]
