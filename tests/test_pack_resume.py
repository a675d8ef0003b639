"""`pack --resume -o FOLDER` alone: goes on with what the folder says of itself, and makes again what it has lost."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from pack_reading import everything

from nsynth_lab.cli import run
from nsynth_lab.pack import store

USAGE, FAILED = 2, 1
WORDS = ["pack", "flute", "cello", "--notes", "C3,C4,C5", "--velocities", "60,120", "--positions", "0,1", "--duration",
         "0.5", "--round-robin", "2", "--name", "Two", "--checkpoint", "model"]  # fmt: skip
CLIPS = 24


@pytest.fixture(scope="module")
def pack_folder(tmp_path_factory: pytest.TempPathFactory, model_folder: Path) -> Path:
    folder = tmp_path_factory.mktemp("pack") / "out"
    assert run([*WORDS[:-1], str(model_folder), "-o", str(folder)]) == 0
    return folder


pytestmark = pytest.mark.usefixtures("beside_model")


@pytest.fixture
def expected(pack_folder: Path) -> dict[str, bytes]:
    """A whole pack in `out`, and what it holds."""
    shutil.copytree(pack_folder, "out")
    return everything(Path("out"))


def clips() -> list[Path]:
    return sorted(Path("out/Samples").rglob("*.wav"))


def test_an_unfinished_pack_goes_on_by_itself(expected: dict[str, bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    put, made = store.Store.put, 0

    def put_nine(*given: object) -> object:
        nonlocal made
        made += 1
        if made > 9:
            raise KeyboardInterrupt
        return put(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(store.Store, "put", put_nine)
    assert run([*WORDS, "-o", "out", "--force"]) not in (0, None)
    monkeypatch.setattr(store.Store, "put", put)
    assert len(list(Path("out/.unfinished/clips").glob("*.json"))) == 9
    assert run(["pack", "--resume", "-o", "out"]) == 0
    assert everything(Path("out")) == expected


def test_a_finished_pack_is_mended_and_told_of(expected: dict[str, bytes], capsys: pytest.CaptureFixture[str]) -> None:
    gone, cut, changed = clips()[0], clips()[5], clips()[11]
    gone.unlink()
    cut.write_bytes(cut.read_bytes()[:1000])
    changed.write_bytes(changed.read_bytes()[:-100] + bytes(100))
    Path("out/Two.sf2").unlink()
    kept = clips()[-1].stat().st_mtime_ns
    capsys.readouterr()
    assert run(["pack", "--resume", "-o", "out", "--checkpoint", "model"]) == 0
    assert "missing or damaged: 3 clips and 1 other files" in capsys.readouterr().err
    assert everything(Path("out")) == expected
    assert clips()[-1].stat().st_mtime_ns == kept, "what is whole is not made again"


def test_a_whole_pack_is_left_alone(expected: dict[str, bytes], capsys: pytest.CaptureFixture[str]) -> None:
    times = {path: path.stat().st_mtime_ns for path in Path("out").rglob("*")}
    capsys.readouterr()
    for words in (["pack", "--checkpoint", "model"], WORDS):
        assert run([*words, "--resume", "-o", "out"]) == 0
        assert f"all {CLIPS} clips and all other files are whole" in capsys.readouterr().err
    assert everything(Path("out")) == expected
    assert {path: path.stat().st_mtime_ns for path in Path("out").rglob("*")} == times


def test_a_clip_that_the_manifest_does_not_tell_of_is_made_again(expected: dict[str, bytes]) -> None:
    manifest = json.loads(Path("out/manifest.json").read_text("utf-8"))
    manifest["clips"][2] = 7
    Path("out/manifest.json").write_text(json.dumps(manifest), "utf-8")
    assert run(["pack", "--resume", "-o", "out", "--checkpoint", "model"]) == 0
    assert everything(Path("out")) == expected


def test_damage_that_the_manifest_of_a_stranger_hides_is_no_traceback(
    expected: dict[str, bytes], capsys: pytest.CaptureFixture[str]
) -> None:
    manifest = json.loads(Path("out/manifest.json").read_text("utf-8"))
    manifest["clips"][0]["zone"] = {"root": "high"}
    manifest["clips"][1]["quality"]["clicks"] = "many"
    manifest["clips"][2] = 7
    manifest["clips"][3]["file"] = "../../precious"
    manifest["documents"]["README.md"] = 5
    Path("out/manifest.json").write_text(json.dumps(manifest), "utf-8")
    assert run(["pack", "--resume", "-o", "out", "--checkpoint", "model"]) == 0
    assert "defect" not in capsys.readouterr().err
    assert everything(Path("out")) == expected


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["pack", "--resume", "-o", "new"], "holds no pack to go on with"),
        (["pack", "--resume", "-o", "model"], "holds no pack"),
        (["pack", "--resume", "-o", "out", "--notes", "C4"], "leave out what says it"),
        (["pack", "--resume", "-o", "out", "--seed", "3"], "leave out what says it"),
        ([*WORDS, "--resume", "-o", "out", "--seed", "3"], "holds another pack"),
        (["pack", "--resume", "-o", "out"], "name its folder with --checkpoint"),
    ],
)
def test_what_cannot_be_gone_on_with(
    words: list[str], says: str, expected: dict[str, bytes], capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert run(words) == USAGE
    assert says in " ".join(capsys.readouterr().err.split())
    assert everything(Path("out")) == expected
