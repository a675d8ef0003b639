"""What works on this machine, and what to install for everything that does not.

`PROBES` has one row per capability; to check something new, add a row. Each probe runs in a process of its own
(`python -m nsynth_lab.doctor NAME`), so that a library that fails to load, crashes or hangs becomes a result instead of
the end of the examination. A probe returns what it found, or raises `ProbeError` with advice.
"""

from __future__ import annotations

import contextlib
import ctypes.util
import importlib
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from nsynth_lab.folders import HOME, cache_folder, data_folder
from nsynth_lab.priority import ADVICE, NICENESS, PRIORITY, raise_priority
from nsynth_lab.resources import PACKAGE, default_checkpoint, factory_presets, is_installed
from nsynth_lab.threads import usable_processors
from nsynth_lab.version import __version__

TIMEOUT_SECONDS = 60.0
FREE_GIB_NEEDED = 1.0
OTHER_HOME = f"name a folder that can be written, for all that is yours: {HOME}=FOLDER"
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


class ProbeError(Exception):
    """What is wrong, and what to do about it."""

    def __init__(self, what: str, advice: str) -> None:
        super().__init__(what)
        self.advice = advice


@dataclass(frozen=True)
class ProbeResult:
    """The result of one probe.

    Attributes:
        name: what was examined.
        purpose: what it is needed for.
        needed: whether the main job, blending to a file, needs it.
        works: whether it works.
        detail: what was found, or what went wrong.
        advice: what to do; empty if it works.
    """

    name: str
    purpose: str
    needed: bool
    works: bool
    detail: str
    advice: str = ""


@dataclass(frozen=True)
class Probe:
    """How one capability is examined."""

    name: str
    purpose: str
    needed: bool
    examine: Callable[[], str]
    advice: str


def examine_machine() -> list[ProbeResult]:
    """Run every probe, a few at a time; the order is that of `PROBES`."""
    with ThreadPoolExecutor(max_workers=4) as pool:
        return list(pool.map(_run_probe, PROBES))


def main_job_works(findings: list[ProbeResult]) -> bool:
    """Whether everything needed for blending to a file works."""
    return all(finding.works for finding in findings if finding.needed)


def _run_probe(probe: Probe) -> ProbeResult:
    command = [sys.executable, "-m", "nsynth_lab.doctor", probe.name]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=TIMEOUT_SECONDS, check=False
        )
        answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    except subprocess.TimeoutExpired:
        answer = {"works": False, "detail": f"no answer within {TIMEOUT_SECONDS:.0f} s"}
    except (IndexError, ValueError):
        lines = done.stderr.strip().splitlines()
        reason = lines[-1] if lines else "no message"
        answer = {"works": False, "detail": f"ended with code {done.returncode}: {reason}"}
    if not answer["works"]:
        answer.setdefault("advice", probe.advice)
    return ProbeResult(probe.name, probe.purpose, probe.needed, **answer)


def _answer(probe: Probe) -> dict[str, Any]:
    try:
        return {"works": True, "detail": probe.examine()}
    except ProbeError as problem:
        return {"works": False, "detail": str(problem), "advice": problem.advice}
    except Exception as error:  # whatever a broken library raises is the result
        return {"works": False, "detail": " ".join(f"{type(error).__name__}: {error}".split())}


def _python() -> str:
    return f"{platform.python_version()} on {platform.system()} {platform.machine()}, {sys.prefix}"


def _program() -> str:
    return f"{__version__}, {'installed in' if is_installed() else 'in the checkout'} {PACKAGE.parent}"


def _torch() -> str:
    import torch

    product = float((torch.ones(8, 8) @ torch.ones(8, 8)).sum())
    if product != 512.0:
        raise ProbeError(f"torch {torch.__version__} multiplies wrongly ({product} for 512)", "install torch again")
    devices = [f"cuda: {torch.cuda.get_device_name(n)}" for n in range(torch.cuda.device_count())]
    devices += ["mps"] * torch.backends.mps.is_available()
    processors = f"{usable_processors()} of {os.cpu_count()} processors"
    devices += [f"cpu: {torch.get_num_threads()} threads, {processors}, {_cpu_arithmetic()}"]
    return f"torch {torch.__version__}; " + "; ".join(devices)


def _cpu_arithmetic() -> str:
    import torch

    flags = ""
    with contextlib.suppress(OSError):  # Linux only
        flags = Path("/proc/cpuinfo").read_text()
    if "amx_bf16" in flags:
        return "AMX: bf16 convolutions run 3 to 6 times as fast as fp32"
    if "avx512_bf16" in flags:
        return "AVX-512 bf16"
    return f"{torch.backends.cpu.get_cpu_capability()}, no fast bf16"


def _torchaudio() -> str:
    import torch
    import torchaudio

    torchaudio.functional.resample(torch.zeros(1, 480), 48_000, 16_000)
    return f"torchaudio {torchaudio.__version__}"


def _compiled_loops() -> str:
    import numpy as np

    from nsynth_lab.compiled import CACHE_FOLDER, IS_KEPT
    from nsynth_lab.compiled.maths import exp

    found = float(exp(np.float32(1.0)))
    if abs(found - 2.7182817) > 1e-5:
        raise ProbeError(f"numba {version('numba')} compiles wrongly (e came out as {found})", "install numba again")
    if not IS_KEPT:
        raise ProbeError(f"they work, but {CACHE_FOLDER} cannot be written: they are compiled every time", OTHER_HOME)
    return f"numba {version('numba')}, llvmlite {version('llvmlite')}; kept in {CACHE_FOLDER}"


def _audio_files() -> str:
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


def _checkpoint() -> str:
    from nsynth_lab.model.bank import load_bank
    from nsynth_lab.model.checkpoint import load_checkpoint

    folder = default_checkpoint()
    found = examine_checkpoint(folder)
    weights, bank = load_checkpoint(folder), load_bank(folder)
    if bank.model_id != weights.model_id:
        raise ProbeError(f"{found}; the bank belongs to other weights", _restore(folder))
    return f"{found}; model {weights.model_id}, {len(bank.entries)} instruments"


def examine_checkpoint(folder: Path) -> str:
    """A summary of a checkpoint folder from its files' headers.

    Raises:
        ProbeError: a file is missing, truncated, or not safetensors.
    """
    from safetensors import SafetensorError, safe_open

    found = []
    for name in ("weights.safetensors", "bank.safetensors"):
        path = folder / name
        if not path.is_file():
            raise ProbeError(f"{path} is missing", _restore(path))
        try:
            with safe_open(str(path), framework="numpy") as file:
                tensors = len(list(file.keys()))
        except (SafetensorError, OSError) as error:
            raise ProbeError(f"{path} is damaged: {error}", _restore(path)) from error
        found.append(f"{name} {tensors} tensors, {_mib(path.stat().st_size)}")
    return f"{folder}: " + "; ".join(found)


def _restore(path: Path) -> str:
    """How to get a file back that comes with the program."""
    if is_installed():
        return "install it again: pip install --force-reinstall --no-deps nsynth-lab"
    return f"restore it: git checkout -- {path}"


def _presets() -> str:
    from nsynth_lab.patch.library import files_in, presets

    folder = factory_presets()
    if not files_in(folder):
        raise ProbeError(f"{folder} has no presets", _restore(folder))
    found = presets()
    if wrong := [entry.key for entry in found if entry.patch is None]:
        raise ProbeError(f"these cannot be read: {', '.join(wrong[:4])}", "see why: nsynth-lab preset check")
    own = sum(entry.path.parent != folder for entry in found)
    return f"{folder}: {len(found) - own} presets, and {own} of your own"


def _your_files() -> str:
    data, caches = data_folder(), cache_folder()
    for folder in (data, caches):
        nearest = next(parent for parent in (folder, *folder.parents) if parent.exists())
        if not (nearest.is_dir() and os.access(nearest, os.W_OK)):
            raise ProbeError(f"{folder} cannot be written", OTHER_HOME)
    kept = _size_bytes(data) - (_size_bytes(caches) if caches.is_relative_to(data) else 0)
    return (
        f"{data}: your presets and instruments, {_mib(kept)}; {caches}: caches, which may be deleted, "
        f"{_mib(_size_bytes(caches))}; uninstalling leaves both"
    )


def _size_bytes(folder: Path) -> int:
    """The size of all files in a folder; 0 if it does not exist."""
    return sum((Path(place) / name).lstat().st_size for place, _, names in os.walk(folder) for name in names)


def _mib(size_bytes: int) -> str:
    return f"{size_bytes / 2**20:.1f} MiB"


def _disk() -> str:
    places = {"here": Path.cwd(), "temporary files": Path(tempfile.gettempdir())}
    free = {name: shutil.disk_usage(place).free / 2**30 for name, place in places.items()}
    told = ", ".join(f"{name} {gib:.1f} GiB free" for name, gib in free.items())
    if min(free.values()) < FREE_GIB_NEEDED:
        raise ProbeError(told, f"free some space: below {FREE_GIB_NEEDED:.0f} GiB long commands may fail")
    return told


def _effects() -> str:
    import numpy as np
    import pedalboard

    board = pedalboard.Pedalboard([pedalboard.Gain(gain_db=-6.0)])
    gain = float(np.abs(board(np.ones((2, 480), np.float32), 48_000)).max())
    if abs(gain - 0.501) > 0.01:
        raise ProbeError(f"a gain of -6 dB came out as {gain:.3f}", "pip install --upgrade pedalboard")
    return f"pedalboard {pedalboard.__version__}"


def _plugins() -> str:
    from nsynth_lab.effects import scanned_plugins

    found = scanned_plugins()
    if not found:
        raise ProbeError("no VST3 plugin has been scanned", "nsynth-lab plugins scan [FOLDER]")
    broken = [one.name for one in found if one.error]
    told = f"; left out: {', '.join(broken[:4])}" if broken else ""
    return f"{len(found) - len(broken)} VST3 plugins{told}"


def _sfz() -> str:
    importlib.import_module("pysfizz")
    return f"pysfizz {version('pysfizz')}"


def _sound_devices() -> str:
    try:
        import sounddevice
    except OSError as error:
        raise ProbeError(str(error), _system_package("libportaudio2", "portaudio")) from error
    devices = [device for device in sounddevice.query_devices() if device["max_output_channels"] > 0]
    if not devices:
        raise ProbeError("PortAudio works, but there is no output device", "connect or enable an audio interface")
    names = ", ".join(str(device["name"]) for device in devices[:4])
    more = f" and {len(devices) - 4} more" if len(devices) > 4 else ""
    return f"{sounddevice.get_portaudio_version()[1].split(',')[0]}; outputs: {names}{more}"


def _system_package(debian: str, elsewhere: str) -> str:
    """How to install a system library on this machine."""
    if shutil.which("apt-get"):
        return f"apt-get install {debian}"
    return (
        f"brew install {elsewhere}" if shutil.which("brew") else f"install {elsewhere} with your system's package tool"
    )


def _priority() -> str:
    if sys.platform != "linux":
        return "the system gives the sound card's thread real-time priority by itself"
    if not raise_priority():
        raise ProbeError("the system grants this user no priority: beside busy programs the sound may drop out", ADVICE)
    if os.sched_getscheduler(0) & os.SCHED_RR:
        return f"real-time priority {PRIORITY}"
    return f"nice value {NICENESS}, but no real-time priority"


def _midi_ports() -> str:
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


def _wires() -> str:
    found, missing = [], []
    for package, extra in WIRES.items():
        try:
            found.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            missing.append(extra)
    if not found:
        raise ModuleNotFoundError(f"no {', '.join(WIRES)}")
    return ", ".join(found) + (f"; not installed: {', '.join(missing)}" if missing else "")


def _panel() -> str:
    for name in PANEL:
        importlib.import_module(name)
    return ", ".join(f"{name} {version(name)}" for name in PANEL)


def _soundfonts() -> str:
    if not ctypes.util.find_library("fluidsynth"):
        raise ProbeError("FluidSynth's library is not installed", _system_package("libfluidsynth3", "fluidsynth"))
    folders = [Path(folder).expanduser() for folder in SOUNDFONT_FOLDERS]
    files = [path for folder in folders if folder.is_dir() for path in folder.iterdir()]
    fonts = {path.resolve() for path in files if path.suffix.lower() in (".sf2", ".sf3")}
    if not fonts:
        raise ProbeError("no SoundFont found", "apt-get install fluid-soundfont-gm, or name any .sf2 or .sf3 file")
    return "FluidSynth; " + ", ".join(sorted(str(font) for font in fonts))


PROBES = (
    Probe("python", "everything", True, _python, "use Python 3.11 or newer"),
    Probe("nsynth-lab", "everything", True, _program, "pip install --force-reinstall --no-deps nsynth-lab"),
    Probe("torch", "encode, decode, train", True, _torch, "pip install 'torch==2.11.*'"),
    Probe(
        "torchaudio", "encode, blend, train", True, _torchaudio, "pip install 'torchaudio==2.11.*' (as torch's version)"
    ),
    Probe("compiled loops", "play, render, pack", False, _compiled_loops, "pip install 'numba>=0.61'"),
    Probe("audio files", "read and write sound", True, _audio_files, "pip install soundfile"),
    Probe("checkpoint", "blend instruments by name", True, _checkpoint, _restore(default_checkpoint())),
    Probe("presets", "blend, play, pack --preset", False, _presets, _restore(factory_presets())),
    Probe("your files", "your presets, instruments, caches", False, _your_files, OTHER_HOME),
    Probe("disk", "write results", False, _disk, "free some space"),
    Probe("effects", "effects chain, plugins", False, _effects, "pip install pedalboard"),
    Probe("plugins", "third-party effects and instruments", False, _plugins, "nsynth-lab plugins scan"),
    Probe("SFZ", "capture SFZ instruments", False, _sfz, "pip install 'nsynth-lab[sfz]'"),
    Probe("sound devices", "play live", False, _sound_devices, "pip install sounddevice"),
    Probe("priority", "play beside busy programs", False, _priority, ADVICE),
    Probe("panel", "play on a page in the browser", False, _panel, "pip install 'nsynth-lab[panel]'"),
    Probe("wires", "play with a DAW: OSC, Link, JACK", False, _wires, "pip install 'nsynth-lab[osc,link,jack]'"),
    Probe("MIDI ports", "play from a keyboard", False, _midi_ports, "pip install 'nsynth-lab[midi]'"),
    Probe(
        "SoundFonts", "render training notes", False, _soundfonts, "apt-get install libfluidsynth3 fluid-soundfont-gm"
    ),
)


def _main() -> None:
    probe = next(probe for probe in PROBES if probe.name == sys.argv[1])
    with contextlib.redirect_stdout(sys.stderr):
        answer = _answer(probe)
    print(json.dumps(answer), flush=True)
    os._exit(0)  # the result is reported: a library that hangs or crashes while unloading does no harm


def as_dicts(findings: list[ProbeResult]) -> list[dict[str, Any]]:
    """The results as plain values, for JSON."""
    return [asdict(finding) for finding in findings]


if __name__ == "__main__":
    _main()
