"""Where the program finds what comes with it, and where it keeps what it compiles, in a checkout and installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from nsynth_lab import resources
from nsynth_lab.model.banks import bank_names
from nsynth_lab.patch.library import FACTORY, files_in

COMPILE = """
import numpy as np
from nsynth_lab import messages
messages.subscribe(print)
from nsynth_lab.compiled import CACHE_FOLDER, maths
print(CACHE_FOLDER)
maths.exp(np.float32(0))
"""


def test_a_checkout_uses_its_own_folders(repository: Path) -> None:
    assert not resources.is_installed()
    assert resources.default_checkpoint() == repository / "checkpoints" / "default"
    assert resources.factory_presets() == FACTORY == repository / "presets"
    assert "flute" in bank_names(resources.default_checkpoint())
    assert len(files_in(FACTORY)) == 40


@pytest.fixture
def copy(tmp_path: Path, repository: Path) -> Path:
    """A folder with a copy of what compiling takes, in which nothing has been compiled."""
    package = tmp_path / "lib" / "nsynth_lab"
    shutil.copytree(repository / "nsynth_lab" / "compiled", package / "compiled", ignore=lambda *_: {"__pycache__"})
    for path in (repository / "nsynth_lab").glob("*.py"):
        shutil.copy(path, package)
    return package


def compiled_in(package: Path, home: Path) -> list[str]:
    """What a first or second process says that compiles there: the cache folder comes last."""
    unset = {"NSYNTH_LAB_HOME", "NUMBA_CACHE_DIR", "XDG_CACHE_HOME"}
    environment = {name: value for name, value in os.environ.items() if name not in unset}
    environment |= {"HOME": str(home), "PYTHONPATH": str(package.parent), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-c", COMPILE]
    return subprocess.run(
        command, cwd=home, env=environment, capture_output=True, text=True, check=True
    ).stdout.splitlines()


def files(folder: Path) -> set[Path]:
    return {path.relative_to(folder) for path in folder.rglob("*")}


def test_a_checkout_keeps_compiled_code_beside_the_source(copy: Path, tmp_path: Path) -> None:
    assert Path(compiled_in(copy, tmp_path)[-1]).is_relative_to(copy / "compiled" / "__pycache__")


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the user's caches are in another place")
@pytest.mark.parametrize("installed", [True, False], ids=["installed", "a checkout that cannot be written"])
def test_elsewhere_compiled_code_is_kept_with_the_users_caches(copy: Path, tmp_path: Path, installed: bool) -> None:
    if installed:
        (copy / "_data").mkdir()
    else:
        (copy / "compiled" / "__pycache__").touch()  # no folder can be made there, not even by root
    before = files(copy)
    first, folder = compiled_in(copy, tmp_path)
    assert "once" in first
    assert Path(folder).is_relative_to(tmp_path / ".cache" / "nsynth-lab" / "compiled")
    if installed:
        assert compiled_in(copy, tmp_path) == [folder]
    assert files(copy) == before


def test_where_nothing_can_be_kept_it_says_so_and_compiles_all_the_same(copy: Path, tmp_path: Path) -> None:
    (copy / "_data").mkdir()
    home = tmp_path / "home"
    home.mkdir()
    for caches in (".cache", "Library"):  # Linux, macOS
        (home / caches).touch()
    before = files(copy)
    first, folder = compiled_in(copy, home)
    assert first.endswith(f"because {folder} cannot be written")
    assert files(copy) == before
