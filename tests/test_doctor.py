from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from nsynth_lab import resources
from nsynth_lab.doctor import (
    Probe,
    ProbeError,
    ProbeResult,
    examine_checkpoint,
    examine_machine,
    main_job_works,
    program,
)
from nsynth_lab.doctor.table import PROBES
from nsynth_lab.patch.own_presets import own_copy


def probe(name: str) -> Probe:
    return Probe(name, "a test", True, lambda: "never called here", "try again")


def findings(probes: tuple[Probe, ...], monkeypatch: pytest.MonkeyPatch) -> list[ProbeResult]:
    monkeypatch.setattr("nsynth_lab.doctor.examination.PROBES", probes)
    return examine_machine()


def test_a_probe_that_crashes_is_a_result(monkeypatch: pytest.MonkeyPatch) -> None:
    (found,) = findings((probe("unknown to the child process"),), monkeypatch)
    assert not found.works
    assert found.detail == "ended with code 1: StopIteration"
    assert found.advice == "try again"


def test_a_probe_that_hangs_is_a_result(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nsynth_lab.doctor.probe.TIMEOUT_SECONDS", 0.01)
    (found,) = findings((probe("python"),), monkeypatch)
    assert not found.works
    assert "no answer within" in found.detail


def test_only_needed_capabilities_decide() -> None:
    good, bad = ProbeResult("a", "", True, True, ""), ProbeResult("b", "", False, False, "")
    assert main_job_works([good, bad])
    assert not main_job_works([good, ProbeResult("c", "", True, False, "")])


def make_checkpoint(folder: Path) -> Path:
    folder.mkdir()
    for name in ("weights.safetensors", "bank.safetensors"):
        save_file({"a": np.zeros(100, np.float32), "b": np.ones(5, np.float32)}, folder / name)
    return folder


def test_an_intact_checkpoint_is_recognised(tmp_path: Path) -> None:
    assert "weights.safetensors 2 tensors" in examine_checkpoint(make_checkpoint(tmp_path / "mine"))


@pytest.mark.parametrize("name", ["weights.safetensors", "bank.safetensors"])
def test_a_missing_or_truncated_checkpoint_is_reported(tmp_path: Path, name: str) -> None:
    path = make_checkpoint(tmp_path / "mine") / name
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(ProbeError, match="is damaged") as caught:
        examine_checkpoint(path.parent)
    assert caught.value.advice
    path.unlink()
    with pytest.raises(ProbeError, match="is missing"):
        examine_checkpoint(path.parent)


@pytest.mark.parametrize(("installed", "says"), [(True, "pip install"), (False, "git checkout -- ")])
def test_a_damaged_checkpoint_comes_back_from_where_it_came(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, installed: bool, says: str
) -> None:
    monkeypatch.setattr(program, "is_installed", lambda: installed)
    folder = make_checkpoint(tmp_path / "default")
    (folder / "bank.safetensors").write_bytes(b"damaged")
    with pytest.raises(ProbeError) as caught:
        examine_checkpoint(folder)
    assert says in caught.value.advice
    assert ("git" in caught.value.advice) is not installed


def test_it_says_where_everything_is_kept_and_how_large_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NSYNTH_LAB_HOME", str(tmp_path))
    assert program.your_files().count("0.0 MiB") == 2
    for name, size_bytes in (("bank/mine", 3), ("cache/encodings/one", 1), ("cache/compiled/two", 1)):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_bytes(bytes(size_bytes * 2**20))
    told = program.your_files()
    assert f"{tmp_path}: your presets and instruments, 3.0 MiB" in told
    assert f"{tmp_path / 'cache'}: caches, which may be deleted, 2.0 MiB" in told
    assert str(resources.PACKAGE.parent) in program.program()


def test_folders_that_cannot_be_written_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("NSYNTH_LAB_HOME", str(tmp_path / "file" / "mine"))
    with pytest.raises(ProbeError, match="cannot be written") as caught:
        program.your_files()
    assert "NSYNTH_LAB_HOME" in caught.value.advice
    monkeypatch.setattr("nsynth_lab.compiled.IS_KEPT", False)
    with pytest.raises(ProbeError, match="compiled every time"):
        program.compiled_loops()


def test_presets_are_counted_and_those_that_cannot_be_read_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NSYNTH_LAB_HOME", str(tmp_path))
    assert program.presets_are_read() == f"{resources.factory_presets()}: 40 presets, and 0 of your own"
    own, _ = own_copy("glass-cello")
    assert program.presets_are_read() == f"{resources.factory_presets()}: 39 presets, and 1 of your own"
    own.write_text("version =")
    with pytest.raises(ProbeError, match="cannot be read: glass-cello"):
        program.presets_are_read()


def test_everything_blending_imports_is_probed_as_needed() -> None:
    needed = {probe.name: probe.needed for probe in PROBES}
    assert needed["torchaudio"], "resampling and mel bands are its own"
    assert not needed["compiled loops"], "blending to a file does without"
    assert "numba" in program.compiled_loops()
