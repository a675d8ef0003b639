"""`pack --resume -o FOLDER` alone: resumes the pack in the folder, and makes the files it has lost again."""

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
         "0.5", "--round-robin", "2", "--name", "Two", "--formats", "all", "--checkpoint", "model"]  # fmt: skip
CLIPS = 24


@pytest.fixture(scope="module")
def pack_folder(tmp_path_factory: pytest.TempPathFactory, model_folder: Path) -> Path:
    folder = tmp_path_factory.mktemp("pack") / "out"
    assert run([*WORDS[:-1], str(model_folder), "-o", str(folder)]) == 0
    return folder


pytestmark = pytest.mark.usefixtures("beside_model")


@pytest.fixture
def expected(pack_folder: Path) -> dict[str, bytes]:
    """A complete pack in `out`, and its files."""
    shutil.copytree(pack_folder, "out")
    return everything(Path("out"))


def clips() -> list[Path]:
    return sorted(Path("out/Samples").rglob("*.wav"))


def test_an_unfinished_pack_is_resumed_from_its_folder_alone(
    expected: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
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
    records = sorted(Path("out/.unfinished/clips").glob("*.json"))
    assert len(records) == 9
    records[3].write_text('{"file": "Sam')  # cut off by a crash: that clip is made again
    assert run(["pack", "--resume", "-o", "out"]) == 0
    assert everything(Path("out")) == expected


def test_lost_and_damaged_files_of_a_complete_pack_are_reported_and_made_again(
    expected: dict[str, bytes], capsys: pytest.CaptureFixture[str]
) -> None:
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
    assert clips()[-1].stat().st_mtime_ns == kept, "intact files are not made again"


def test_an_intact_pack_is_left_alone(expected: dict[str, bytes], capsys: pytest.CaptureFixture[str]) -> None:
    times = {path: path.stat().st_mtime_ns for path in Path("out").rglob("*")}
    capsys.readouterr()
    for words in (["pack", "--checkpoint", "model"], WORDS):
        assert run([*words, "--resume", "-o", "out"]) == 0
        assert f"all {CLIPS} clips and all other files are whole" in capsys.readouterr().err
    assert everything(Path("out")) == expected
    assert {path: path.stat().st_mtime_ns for path in Path("out").rglob("*")} == times


def test_a_clip_without_a_record_in_the_manifest_is_made_again(expected: dict[str, bytes]) -> None:
    manifest = json.loads(Path("out/manifest.json").read_text("utf-8"))
    manifest["clips"][2] = 7
    Path("out/manifest.json").write_text(json.dumps(manifest), "utf-8")
    assert run(["pack", "--resume", "-o", "out", "--checkpoint", "model"]) == 0
    assert everything(Path("out")) == expected


def test_a_manifest_with_wrong_values_leads_to_no_traceback_and_no_stray_file(
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


@pytest.mark.parametrize("damage", [b'{"nsynth_lab": "0', b"[]", b""])
@pytest.mark.parametrize("options", [("--resume",), ("--resume", "--force")])
def test_a_damaged_manifest_is_refused_with_what_to_do(
    damage: bytes, options: tuple[str, ...], expected: dict[str, bytes], capsys: pytest.CaptureFixture[str]
) -> None:
    Path("out/manifest.json").write_bytes(damage)
    capsys.readouterr()
    assert run(["pack", *options, "-o", "out"]) == FAILED
    told = " ".join(capsys.readouterr().err.split())
    assert "out/manifest.json: cannot be read as a manifest" in told
    assert "restore that file, or make the pack again in a new folder" in told
    assert everything(Path("out")) == expected | {"manifest.json": damage}


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["pack", "--resume", "-o", "new"], "holds no pack to resume"),
        (["pack", "--resume", "-o", "model"], "holds no pack"),
        (["pack", "--resume", "-o", "out", "--notes", "C4"], "leave out what says it"),
        (["pack", "--resume", "-o", "out", "--seed", "3"], "leave out what says it"),
        ([*WORDS, "--resume", "-o", "out", "--seed", "3"], "holds another pack"),
        (["pack", "--resume", "-o", "out"], "name its folder with --checkpoint"),
    ],
)
def test_what_cannot_be_resumed_is_refused_and_left_alone(
    words: list[str], says: str, expected: dict[str, bytes], capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert run(words) == USAGE
    assert says in " ".join(capsys.readouterr().err.split())
    assert everything(Path("out")) == expected
