"""What the package's help and the README show in Python is run as it stands, in a real notebook too, and is typed."""

from __future__ import annotations

import doctest
import re
import subprocess
import sys
from pathlib import Path

import mido
import numpy as np
import pytest
from test_sound_shown import shown
from test_train import pluck

import nsynth_lab as nl
from nsynth_lab.audio import write_audio

README = Path(__file__).resolve().parent.parent / "README.md"
WITHOUT_A_KERNEL = "no notebook can be run here: pip install nbclient nbformat ipykernel"


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder with what the examples name: a recording and a song."""
    monkeypatch.chdir(tmp_path)
    write_audio("my-kalimba.wav", pluck(72, seconds=0.3))
    song = mido.MidiFile(ticks_per_beat=480)
    song.tracks.append(
        mido.MidiTrack([mido.Message("note_on", note=69, time=0), mido.Message("note_off", note=69, time=240)])
    )
    song.save("song.mid")


def in_the_help() -> doctest.DocTest:
    return doctest.DocTestParser().get_doctest(nl.__doc__ or "", {}, "nsynth_lab", nl.__file__, 0)


def in_the_readme() -> list[str]:
    return re.findall(r"^```python\n(.*?)^```", README.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def test_the_examples_of_the_help_run() -> None:
    told: list[str] = []
    examples = in_the_help()
    result = doctest.DocTestRunner(verbose=False).run(examples, out=told.append)
    assert result.failed == 0, "".join(told)
    assert result.attempted > 10


def test_the_python_of_the_readme_runs() -> None:
    blocks = in_the_readme()
    if not blocks:
        pytest.skip("the README shows no Python")
    for block in blocks:
        exec(compile(block, str(README), "exec"), {})


def test_a_notebook_runs_them_and_plays_the_sound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The README's lines, or those of the help, in a kernel of Jupyter; the sound is in the notebook, playable."""
    nbclient = pytest.importorskip("nbclient", reason=WITHOUT_A_KERNEL)
    nbformat = pytest.importorskip("nbformat", reason=WITHOUT_A_KERNEL)
    pytest.importorskip("ipykernel", reason=WITHOUT_A_KERNEL)
    for name in ("IPYTHONDIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "JUPYTER_CONFIG_DIR"):
        monkeypatch.setenv(name, str(tmp_path / name.lower()))
    lines = [*in_the_readme()[:1], "".join(example.source for example in in_the_help().examples[:5])][0]
    assert "import nsynth_lab as nl\n" in lines
    keep = "import numpy as np\nnp.savez('kept.npz', sound=sound.samples, song=song.samples)"
    cells = [lines, "sound", "song", "sound.plot()", keep]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    client = nbclient.NotebookClient(
        notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}
    )
    client.execute()
    outputs = [cell.outputs for cell in notebook.cells]
    assert outputs[0] == [], "silent"
    kept = np.load("kept.npz")
    for output, name in zip(outputs[1:3], ("sound", "song"), strict=True):
        assert len(output) == 1
        data = output[0]["data"]
        assert data["text/plain"].startswith("Sound(float32 [")
        samples, rate = shown(data["text/html"])
        assert rate == 48_000
        assert samples.shape == kept[name].shape
        assert np.abs(kept[name]).max() > 0.01
        assert np.abs(samples - kept[name]).max() < 2 / 32_768
    assert outputs[3][0]["data"]["image/png"].startswith("iVBORw0KGgo"), "a PNG file's first bytes in base64"


RIGHT = """
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import nsynth_lab as nl

model: nl.Model = nl.load("my-checkpoint", compute="cpu", seed=1)
names: list[str] = model.instruments() + model.presets()
mine = nl.Sound(np.zeros(48_000, np.float32), 48_000)
latents: nl.Latents = model.encode(mine, note="C5")
sound: nl.Sound = model.blend("flute", Path("a.wav"), latents, mine, position=(0.3, 0.5), note=69, seconds=2)
samples: NDArray[np.float32] = model.decode(latents, note="A4").samples
song = model.render("song.mid", "flute", parts={2: "cello", "3-4": ["oboe", latents]}, settings={"volume_db": -3})
path: Path = song.save("song.wav", force=True)
page: bytes = song.plot().png
try:
    latents.save("a.latents")
except (nl.errors.UsageError, nl.NsynthLabError) as error:
    print(error, nl.__version__)
"""
WRONG = {
    "nl.blnd('flute')": "has no attribute",
    "nl.load(seed='1')": "incompatible type",
    "nl.load().blend('flute', position='middle')": "incompatible type",
    "nl.load().blend('flute', second=2)": "Unexpected keyword argument",
    "nl.load().blend(5)": "incompatible type",
    "nl.load().encode('a.wav').sample_rate": "has no attribute",
    "nl.load().render()": "Missing positional argument",
    "nl.Sound(nl.load().decode('a.latents').samples)": "Missing positional argument",
}


def test_a_users_program_is_typed(tmp_path: Path, repository: Path) -> None:
    """mypy accepts what is right, and finds each thing that is wrong, although nothing is imported before its use."""
    (tmp_path / "right.py").write_text(RIGHT)
    (tmp_path / "wrong.py").write_text("\n".join(["import nsynth_lab as nl", *WRONG]) + "\n")
    line = [sys.executable, "-m", "mypy", "--strict", "--no-error-summary"]
    files = [str(tmp_path / name) for name in ("right.py", "wrong.py")]
    done = subprocess.run([*line, *files], cwd=repository, capture_output=True, text=True, check=False)
    told = done.stdout.splitlines()
    assert not [message for message in told if "wrong.py" not in message], done.stdout
    for number, says in enumerate(WRONG.values(), start=2):
        assert any(f"wrong.py:{number}: error" in message and says in message for message in told), (number, says, told)
