"""nsynth_lab: blend recorded instruments in latent space and decode the blend to 48 kHz audio.

    audio file --> Note --> Encoder --> Latents --> blend --> Decoder --> effects --> sink
      audio        note      model/      latents     blend/    runtime/   effects/    sinks/
                                                       ^          ^                    file
    recipe: patch/ ------------------------------------+          |                    device
    midi/ -> events -> synth/ (voices, notes on and off) ---------+                    pack/
                                                                  |
                                             render: the one loop that pulls blocks through all of it

A station on the picture is a file or a folder of that name. Around it stand `dataset`, `train` and `evaluate`, which
make and measure models, `capture`, which brings instruments in, `bench`, and the command line, `cli`. Imports go down
only; CONTRIBUTING.md shows the floors and takes you for a walk.
"""

from typing import Any


def __getattr__(name: str) -> Any:
    """`__version__`, looked up when it is asked for: what finds it takes a tenth of a second to import."""
    if name != "__version__":
        raise AttributeError(f"module 'nsynth_lab' has no attribute '{name}'")
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("nsynth-lab")
    except PackageNotFoundError:  # read from a checkout or a copy that was never installed, as on a training box
        return "0+unknown"
