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

__version__ = "0.2.0"  # the only place: the wheel takes it from here
