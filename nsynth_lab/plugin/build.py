"""Build: the plugin in three formats, from `shell/`, DPF, and headers that are made from our tables."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

from nsynth_lab.errors import MissingError, PluginError
from nsynth_lab.folders import cache_folder, make_folder
from nsynth_lab.patch import Patch
from nsynth_lab.patch.library import preset_files, read_entry
from nsynth_lab.plugin import dpf, layout, parameters
from nsynth_lab.plugin.place import USUAL_PRESET, check_system
from nsynth_lab.resources import PACKAGE
from nsynth_lab.threads import usable_processors

SHELL = PACKAGE / "plugin" / "shell"
NAME, EFFECT_NAME = "nsynth-lab", "nsynth-lab-translate"
FORMATS = {"VST3": f"{NAME}.vst3", "CLAP": f"{NAME}.clap", "LV2": f"{NAME}.lv2"}
EFFECTS = {name: file.replace(NAME, EFFECT_NAME) for name, file in FORMATS.items()}
STEPS = ("fetching DPF", *FORMATS, *(f"{name} effect" for name in EFFECTS))
PROGRAMS = ("make", "g++")
MOST_PRESETS = 250  # DPF counts choices in a byte
Advance = Callable[[], object]


def build(folder: Path | None = None, *, advance: Advance = lambda: None) -> Path:
    """Build the plugin into `folder`, by default the one that `built` looks into; `advance` is called after each step.

    Raises:
        MissingError: make or a compiler is not installed.
        PluginError: this system is none that it can be built on, DPF cannot be fetched, or the build fails.
    """
    check_system()
    if missing := [program for program in PROGRAMS if shutil.which(program) is None]:
        raise MissingError(
            f"building the plugin needs {' and '.join(missing)}: `apt-get install make g++`, or their like"
        )
    folder = folder or built_folder()
    work = make_folder(folder.parent / f".{folder.name}.work", PluginError)
    try:
        sources = dpf.fetched(make_folder(cache_folder() / "plugin", PluginError))
        advance()
        shutil.copytree(SHELL, work / "shell", dirs_exist_ok=True)
        (work / "shell" / "layout.h").write_text(layout.header(), encoding="utf-8")
        (work / "shell" / "parameters.h").write_text(_parameters(), encoding="utf-8")
        for name, files in ((NAME, FORMATS), (EFFECT_NAME, EFFECTS)):
            for target in ("vst3", "clap", "lv2_dsp"):
                _make(work, sources, target, name=name)
                advance()
            _describe_lv2(work, sources, work / "bin" / files["LV2"], name=name)
        shutil.rmtree(folder, ignore_errors=True)
        (work / "bin").rename(folder)
    except OSError as error:
        raise PluginError(f"{folder}: the plugin cannot be built there ({error.strerror})") from error
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return folder


def built_folder() -> Path:
    """Where a plugin of this version, with these presets, is built to."""
    return cache_folder() / "plugin" / f"built-{_fingerprint()}"


def built() -> Path | None:
    """The folder with the plugin of this version, if it has been built."""
    folder = built_folder()
    files = (*FORMATS.values(), *EFFECTS.values())
    return folder if all((folder / name).exists() for name in files) else None


def _fingerprint() -> str:
    digest = hashlib.sha256(f"{dpf.DIGEST} {dpf.CHANGES}".encode())
    shell = [path.read_text(encoding="utf-8") for path in sorted(SHELL.iterdir())]
    for text in (layout.header(), _parameters(), *shell):
        digest.update(text.encode())
    return digest.hexdigest()[:12]


def _parameters() -> str:
    presets = list(_presets())[:MOST_PRESETS]
    usual = next((place for place, (name, *_) in enumerate(presets) if name == USUAL_PRESET), 0)
    return parameters.header(presets, usual=usual)


def _presets() -> Iterator[tuple[str, Patch, str]]:
    for path in preset_files():
        patch = read_entry(path).patch
        if patch is not None:
            yield path.stem, patch, path.read_text(encoding="utf-8")


def _make(work: Path, sources: Path, target: str, *, name: str) -> None:
    where = {"DPF_PATH": sources, "DPF_TARGET_DIR": work / "bin", "DPF_BUILD_DIR": work / "objects" / name}
    options = [f"NAME={name}", *(f"{word}={path}" for word, path in where.items())]
    _run(["make", "-s", f"-j{usable_processors()}", "-C", str(work / "shell"), target, *options])


def _describe_lv2(work: Path, sources: Path, bundle: Path, *, name: str) -> None:
    """Write the bundle's descriptions, as DPF's own tool finds them in the plugin."""
    describe = work / "describe"
    source = sources / "utils" / "lv2-ttl-generator" / "lv2_ttl_generator.c"
    _run(["g++", "-x", "c", str(source), "-o", str(describe), "-ldl"])
    library = next(path for path in bundle.iterdir() if path.stem == f"{name}_dsp")
    _run([str(describe), f"./{library.name}"], folder=bundle)


def _run(command: list[str], *, folder: Path | None = None) -> None:
    done = subprocess.run(
        command, cwd=folder, env=os.environ | {"LC_ALL": "C"}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        said = next((line for line in done.stderr.splitlines() if " error" in line.lower()), done.stderr.strip()[-200:])
        raise PluginError(f"{Path(command[0]).name} failed: {' '.join(said.split())}")
