from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from nsynth_lab import doctor
from nsynth_lab.doctor import Probe, ProbeError, ProbeResult, examine_checkpoint, examine_machine, main_job_works


def probe(name: str) -> Probe:
    return Probe(name, "a test", True, lambda: "never called here", "try again")


def findings(probes: tuple[Probe, ...], monkeypatch: pytest.MonkeyPatch) -> list[ProbeResult]:
    monkeypatch.setattr(doctor, "PROBES", probes)
    return examine_machine()


def test_a_probe_that_crashes_is_a_result(monkeypatch: pytest.MonkeyPatch) -> None:
    (found,) = findings((probe("unknown to the child process"),), monkeypatch)
    assert not found.works
    assert found.detail == "ended with code 1: StopIteration"
    assert found.advice == "try again"


def test_a_probe_that_hangs_is_a_result(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "TIMEOUT_SECONDS", 0.01)
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


def test_everything_blending_imports_is_probed_as_needed() -> None:
    needed = {probe.name: probe.needed for probe in doctor.PROBES}
    assert needed["torchaudio"], "resampling and mel bands are its own"
    assert not needed["compiled loops"], "blending to a file does without"
    assert "numba" in doctor._compiled_loops()
