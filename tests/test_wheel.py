"""What is in the wheel and in the sdist. `scripts/test_wheel` installs them and uses what is installed."""

from __future__ import annotations

import re
import subprocess
import sys
import tarfile
import zipfile
from email import message_from_string
from email.message import Message
from pathlib import Path

import pytest

from nsynth_lab import __version__

REPOSITORY = Path(__file__).resolve().parent.parent
MOST_BYTES = 38_000_000  # of which the default checkpoint takes 34
DATA = "nsynth_lab/_data"
CHECKPOINT = (
    "MELODY.md", "README.md", "bank.safetensors", "classifier.safetensors", "flute-cello.png", "heard.safetensors",
    "melody.safetensors", "onsets.safetensors",
    "weights.safetensors",
)  # fmt: skip
INFO = f"nsynth_lab-{__version__}.dist-info"


@pytest.fixture(scope="module")
def built(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The sdist, and the wheel that is built from it."""
    for module in ("build", "hatchling", "hatch_fancy_pypi_readme"):
        pytest.importorskip(module)
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(repository)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (sdist,), (wheel,) = folder.glob("*.tar.gz"), folder.glob("*.whl")
    return sdist, wheel


@pytest.fixture(scope="module")
def wheel(built: tuple[Path, Path]) -> Path:
    return built[1]


def metadata(wheel: Path) -> Message:
    with zipfile.ZipFile(wheel) as opened:
        return message_from_string(opened.read(f"{INFO}/METADATA").decode())


def below(folder: Path) -> set[str]:
    """The files that the repository has in a folder, by their paths there."""
    if not (REPOSITORY / ".git").exists():
        pytest.skip("not a checkout: which files belong to the repository is not known")
    found = subprocess.run(["git", "ls-files", "-z"], cwd=folder, capture_output=True, text=True, check=True).stdout
    return {name for name in found.split("\0") if name and (folder / name).exists()}


def test_the_wheel_holds_the_package_the_checkpoint_and_the_presets_and_nothing_else(
    wheel: Path, repository: Path
) -> None:
    with zipfile.ZipFile(wheel) as opened:
        names = set(opened.namelist())
        assert (
            opened.read(f"{DATA}/checkpoints/default/bank.safetensors")
            == (repository / "checkpoints" / "default" / "bank.safetensors").read_bytes()
        )
    package = {f"nsynth_lab/{name}" for name in below(repository / "nsynth_lab")}
    assert "nsynth_lab/py.typed" in package
    presets = {f"{DATA}/presets/{name}" for name in below(repository / "presets")}
    assert len(presets) == 41
    checkpoint = {f"{DATA}/checkpoints/default/{name}" for name in CHECKPOINT}
    licences = {f"{INFO}/licenses/LICENSE", f"{INFO}/licenses/checkpoints/default/README.md"}
    about = {f"{INFO}/{name}" for name in ("METADATA", "WHEEL", "RECORD", "entry_points.txt")}
    untracked = {name for name in names - package if name.startswith("nsynth_lab/") and name.endswith(".py")}
    assert names - untracked == package | presets | checkpoint | licences | about
    assert wheel.stat().st_size < MOST_BYTES


def test_the_sdist_holds_what_builds_the_wheel_and_what_tests_it(built: tuple[Path, Path], repository: Path) -> None:
    sdist, _ = built
    with tarfile.open(sdist) as opened:
        names = {name.partition("/")[2] for name in opened.getnames()}
    tracked = below(repository)
    assert tracked <= names
    assert {name.partition("/")[0] for name in names} == {path.partition("/")[0] for path in tracked} | {"PKG-INFO"}
    assert sdist.stat().st_size < MOST_BYTES


def test_the_metadata_says_what_it_is_and_for_which_pythons(wheel: Path) -> None:
    said = metadata(wheel)
    assert (said["Name"], said["Version"]) == ("nsynth-lab", __version__)
    assert said["License-Expression"] == "GPL-3.0-or-later"
    assert said.get_all("License-File") == ["LICENSE", "checkpoints/default/README.md"]
    assert said["Requires-Python"] == ">=3.11"
    pythons = re.findall(r"Python :: (3\.\d+)", "\n".join(said.get_all("Classifier") or ()))
    assert pythons == ["3.11", "3.12", "3.13"]
    assert "Typing :: Typed" in (said.get_all("Classifier") or ())


def test_the_readme_stands_alone_in_the_metadata(wheel: Path, repository: Path) -> None:
    said = metadata(wheel)
    assert said["Description-Content-Type"] == "text/markdown"
    text = str(said.get_payload())
    targets = re.findall(r"\]\(([^)]*)\)", text)
    assert targets
    assert all(target.startswith("https://") for target in targets)
    # the words of its links are still there, and nothing else went
    assert "presets/README.md" in text
    readme = (repository / "README.md").read_text(encoding="utf-8")
    lost = [line for line in readme.splitlines() if "](" not in line and line not in text]
    assert lost == []


def test_the_citation_names_this_version(repository: Path) -> None:
    assert f"\nversion: {__version__}\n" in (repository / "CITATION.cff").read_text(encoding="utf-8")
