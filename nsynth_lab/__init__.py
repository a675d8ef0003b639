"""nsynth_lab: blend recorded instruments in latent space and decode the blend to 48 kHz audio.

    audio file --> Note --> Encoder --> Latents --> blend --> Decoder --> effects --> sink
      audio        note      model/      latents     blend     model/     effects/    sinks/
                                                       ^          ^                    file
                                           patch ------+          |                    pack
                                           midi -> synth/ (voices, notes on and off)   device
                                                       |                               websocket
                                            render: the one loop that pulls blocks through all of it

A station on the picture is a file or a folder of that name; a room that is not there yet is still to be
built. Imports go down only (`pyproject.toml`, import-linter):

    cli | panel
    capture
    render, train, evaluate, doctor
    synth, effects, sinks
    model
    dsp, blend
    compiled
    patch, midi
    note, audio, latents
    aside
    units | errors, hush, notice, process, html_page
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
