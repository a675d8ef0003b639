"""`PROBES` has one row per capability; to check something new, write a probe and add a row."""

from __future__ import annotations

from nsynth_lab.doctor import program, sound
from nsynth_lab.doctor.probe import Probe
from nsynth_lab.doctor.program import OTHER_HOME, how_to_restore
from nsynth_lab.priority import ADVICE
from nsynth_lab.resources import default_checkpoint, factory_presets

PROBES = (
    Probe("python", "everything", True, program.python, "use Python 3.11 or newer"),
    Probe("nsynth-lab", "everything", True, program.program, "pip install --force-reinstall --no-deps nsynth-lab"),
    Probe("torch", "encode, decode, train", True, program.torch_works, "pip install 'torch==2.11.*'"),
    Probe(
        "torchaudio",
        "encode, blend, train",
        True,
        program.torchaudio_works,
        "pip install 'torchaudio==2.11.*' (as torch's version)",
    ),
    Probe("compiled loops", "play, render, pack", False, program.compiled_loops, "pip install 'numba>=0.61'"),
    Probe("audio files", "read and write sound", True, sound.audio_files, "pip install soundfile"),
    Probe("checkpoint", "blend instruments by name", True, program.checkpoint, how_to_restore(default_checkpoint())),
    Probe("presets", "blend, play, pack --preset", False, program.presets_are_read, how_to_restore(factory_presets())),
    Probe("your files", "your presets, instruments, caches", False, program.your_files, OTHER_HOME),
    Probe("disk", "write results", False, program.disk, "free some space"),
    Probe("effects", "effects chain, plugins", False, sound.effects, "pip install pedalboard"),
    Probe("plugins", "third-party effects and instruments", False, sound.plugins, "nsynth-lab plugins scan"),
    Probe("SFZ", "capture SFZ instruments", False, sound.sfz, "pip install 'nsynth-lab[sfz]'"),
    Probe("sound devices", "play live", False, sound.sound_devices, "pip install sounddevice"),
    Probe("priority", "play beside busy programs", False, sound.priority, ADVICE),
    Probe("panel", "play on a page in the browser", False, sound.panel, "pip install 'nsynth-lab[panel]'"),
    Probe("wires", "play with a DAW: OSC, Link, JACK", False, sound.wires, "pip install 'nsynth-lab[osc,link,jack]'"),
    Probe("MIDI ports", "play from a keyboard", False, sound.midi_ports, "pip install 'nsynth-lab[midi]'"),
    Probe(
        "SoundFonts",
        "render training notes",
        False,
        sound.soundfonts,
        "apt-get install libfluidsynth3 fluid-soundfont-gm",
    ),
)
