"""The rules of the house that import-linter cannot see."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

# What a bare GPU box lacks; torch, torchaudio, numpy and safetensors are there.
ABSENT = (
    "librosa",
    "matplotlib",
    "mido",
    "pedalboard",
    "rich",
    "rtmidi",
    "sounddevice",
    "soundfile",
    "triton",
    "typer",
)

IMPORT_EVERYTHING = """
import importlib, importlib.abc, pkgutil, sys

class Absent(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {absent}:
            raise ModuleNotFoundError(f"No module named {{name!r}} (absent on purpose)", name=name)
        return None

sys.meta_path.insert(0, Absent())
import nsynth_lab

failed = []
for module in pkgutil.walk_packages(nsynth_lab.__path__, "nsynth_lab.", onerror=lambda name: None):
    if module.name.startswith(("nsynth_lab.cli", "nsynth_lab.panel")) or module.name.endswith("__main__"):
        continue
    try:
        importlib.import_module(module.name)
    except ImportError as error:
        if not module.name.startswith("nsynth_lab.runtime.fused."):  # a door that its users open only where they can
            failed.append(f"{{module.name}}: {{error}}")
sys.exit("\\n".join(failed) or 0)
"""


def test_what_trains_and_decodes_imports_on_a_bare_machine() -> None:
    script = IMPORT_EVERYTHING.format(absent=set(ABSENT))
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_picture_in_contributing_is_the_one_in_the_code(repository: Path) -> None:
    import nsynth_lab

    assert nsynth_lab.__doc__ is not None
    picture = next(part for part in nsynth_lab.__doc__.split("\n\n") if "audio file -->" in part)
    assert picture in (repository / "CONTRIBUTING.md").read_text(encoding="utf-8")


def test_scripts_may_be_run_and_stop_at_the_first_error(repository: Path) -> None:
    scripts = [path for folder in ("scripts", ".ci") for path in (repository / folder).iterdir() if path.is_file()]
    assert {"setup", "demo", "test", "run"} <= {path.name for path in scripts}
    for path in scripts:
        if path.read_text(encoding="utf-8").startswith("#!/usr/bin/env bash"):
            assert path.stat().st_mode & 0o111, path
            assert "\nset -euo pipefail\n" in path.read_text(encoding="utf-8"), path


def test_the_tracked_tree_can_travel(repository: Path) -> None:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=repository, capture_output=True, text=True, check=False)
    files = [repository / name for name in listed.stdout.split("\0") if name]
    assert sum(path.stat().st_size for path in files if path.exists()) < 48 * 2**20


def test_the_walk_through_the_house_leads_where_it_says(repository: Path) -> None:
    text = (repository / "CONTRIBUTING.md").read_text(encoding="utf-8")
    walk = text[text.index("| where is ...") : text.index("## Adding a command")]
    places = re.findall(r"`([\w/]+(?:\.py|/))(?:: (\w+))?`", walk)
    assert len(places) > 25
    for path, name in places:
        place = repository / "nsynth_lab" / path
        assert place.exists(), path
        if name:
            source = place.read_text(encoding="utf-8")
            assert re.search(rf"^(?:(?:async )?def {name}\b|class {name}\b|{name}\b.* = )", source, re.MULTILINE), (
                f"{path}: {name}"
            )
