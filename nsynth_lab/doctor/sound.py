"""Probes of everything that brings sound in or out: files, effects, plugins, devices, MIDI, the panel, SoundFonts."""

from __future__ import annotations

import ctypes.util
import importlib
import os
import sys
import tempfile
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from nsynth_lab.doctor.probe import ProbeError, system_package
from nsynth_lab.priority import ADVICE, NICENESS, PRIORITY, raise_priority

PANEL = ("starlette", "uvicorn", "websockets")
WIRES = {"python-osc": "osc", "LinkPython-extern": "link", "JACK-Client": "jack"}
SOUNDFONT_FOLDERS = (
    "/usr/share/sounds/sf2",
    "/usr/share/sounds/sf3",
    "/usr/share/soundfonts",
    "/usr/local/share/soundfonts",
    "/opt/homebrew/share/soundfonts",
    "~/.local/share/soundfonts",
)


def audio_files() -> str:
    """Check that every sound file format can be written and read back."""
    import numpy as np

    from nsynth_lab.audio import Audio, read_audio, write_audio

    tone = Audio(0.5 * np.sin(np.arange(24_000) * 0.05, dtype=np.float32)[None])
    formats = ("wav", "flac", "ogg", "mp3", "aiff")
    broken = {}
    with tempfile.TemporaryDirectory() as folder:
        for ending in formats:
            try:
                back = read_audio(write_audio(Path(folder) / f"tone.{ending}", tone))
                if abs(back.peak - 0.5) > 0.1:
                    broken[ending] = f"peak {back.peak:.2f} for 0.50"
            except Exception as error:
                broken[ending] = str(error)
    if broken:
        raise ProbeError(
            "cannot write and read back " + "; ".join(f"{ending} ({why})" for ending, why in broken.items()),
            "pip install --upgrade soundfile (its wheel brings libsndfile)",
        )
    return f"soundfile {version('soundfile')}: wrote and read back {', '.join(formats)}"


def effects() -> str:
    """Check that pedalboard applies a gain correctly."""
    import numpy as np
    import pedalboard

    board = pedalboard.Pedalboard([pedalboard.Gain(gain_db=-6.0)])
    gain = float(np.abs(board(np.ones((2, 480), np.float32), 48_000)).max())
    if abs(gain - 0.501) > 0.01:
        raise ProbeError(f"a gain of -6 dB came out as {gain:.3f}", "pip install --upgrade pedalboard")
    return f"pedalboard {pedalboard.__version__}"


def plugins() -> str:
    """Count the VST3 plugins that have been scanned."""
    from nsynth_lab.effects import scanned_plugins

    found = scanned_plugins()
    if not found:
        raise ProbeError("no VST3 plugin has been scanned", "nsynth-lab plugins scan [FOLDER]")
    broken = [one.name for one in found if one.error]
    told = f"; left out: {', '.join(broken[:4])}" if broken else ""
    return f"{len(found) - len(broken)} VST3 plugins{told}"


def sfz() -> str:
    """Check that the SFZ sampler is installed."""
    importlib.import_module("pysfizz")
    return f"pysfizz {version('pysfizz')}"


def sound_devices() -> str:
    """List the audio outputs."""
    try:
        import sounddevice
    except OSError as error:
        raise ProbeError(str(error), system_package("libportaudio2", "portaudio")) from error
    devices = [device for device in sounddevice.query_devices() if device["max_output_channels"] > 0]
    if not devices:
        raise ProbeError("PortAudio works, but there is no output device", "connect or enable an audio interface")
    names = ", ".join(str(device["name"]) for device in devices[:4])
    more = f" and {len(devices) - 4} more" if len(devices) > 4 else ""
    return f"{sounddevice.get_portaudio_version()[1].split(',')[0]}; outputs: {names}{more}"


def priority() -> str:
    """Find the priority at which the audio thread may run."""
    if sys.platform != "linux":
        return "the system gives the sound card's thread real-time priority by itself"
    if not raise_priority():
        raise ProbeError("the system grants this user no priority: beside busy programs the sound may drop out", ADVICE)
    if os.sched_getscheduler(0) & os.SCHED_RR:
        return f"real-time priority {PRIORITY}"
    return f"nice value {NICENESS}, but no real-time priority"


def midi_ports() -> str:
    """List the MIDI inputs."""
    rtmidi = importlib.import_module("rtmidi")
    try:
        ports = rtmidi.MidiIn().get_ports()
    except Exception as error:
        raise ProbeError(
            f"python-rtmidi is there, but the system's MIDI is not ({error})",
            "on Linux load the ALSA sequencer (modprobe snd-seq) or start JACK",
        ) from error
    if not ports:
        raise ProbeError("MIDI works, but no input port is there", "connect a MIDI keyboard")
    return "inputs: " + ", ".join(ports)


def wires() -> str:
    """List which of OSC, Link and JACK are installed."""
    found, missing = [], []
    for package, extra in WIRES.items():
        try:
            found.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            missing.append(extra)
    if not found:
        raise ModuleNotFoundError(f"no {', '.join(WIRES)}")
    return ", ".join(found) + (f"; not installed: {', '.join(missing)}" if missing else "")


def panel() -> str:
    """Check that the panel's server is installed."""
    for name in PANEL:
        importlib.import_module(name)
    return ", ".join(f"{name} {version(name)}" for name in PANEL)


def soundfonts() -> str:
    """Check that FluidSynth is installed, and list the SoundFonts."""
    if not ctypes.util.find_library("fluidsynth"):
        raise ProbeError("FluidSynth's library is not installed", system_package("libfluidsynth3", "fluidsynth"))
    folders = [Path(folder).expanduser() for folder in SOUNDFONT_FOLDERS]
    files = [path for folder in folders if folder.is_dir() for path in folder.iterdir()]
    fonts = {path.resolve() for path in files if path.suffix.lower() in (".sf2", ".sf3")}
    if not fonts:
        raise ProbeError("no SoundFont found", "apt-get install fluid-soundfont-gm, or name any .sf2 or .sf3 file")
    return "FluidSynth; " + ", ".join(sorted(str(font) for font in fonts))
