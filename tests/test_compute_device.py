"""Where to compute: on a graphics card if torch can use one, which is asked only where there may be one."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from nsynth_lab.errors import UsageError
from nsynth_lab.render import compute_device
from nsynth_lab.render.compute_device import is_cuda_possible, pick_device


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """A machine with a driver and a torch built for it; what torch is asked is noted here."""
    noted: list[str] = []

    def is_available() -> bool:
        noted.append("torch")
        return True

    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setattr(compute_device, "_loads", lambda library: library in ("libcuda.so.1", "nvcuda.dll"))
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setattr(compute_device, "_is_available", is_available)
    monkeypatch.setattr(compute_device, "find_spec", lambda _: SimpleNamespace(origin=str(tmp_path / "__init__.py")))
    (tmp_path / "version.py").write_text("cuda: str | None = '13.0'\nhip = None\n")
    return noted


def test_a_card_is_used_where_torch_can_use_it(asked: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert (pick_device("auto"), pick_device("cuda"), len(asked)) == ("cuda", "cuda", 2)
    monkeypatch.setattr(compute_device, "_is_available", lambda: False)
    assert pick_device("auto") == "cpu"
    with pytest.raises(UsageError, match="no CUDA device"):
        pick_device("cuda")


def test_the_processor_is_chosen_without_asking_torch(asked: list[str]) -> None:
    assert pick_device("cpu") == "cpu"
    assert asked == []


@pytest.mark.parametrize("missing", ["hidden", "hidden by number", "no driver", "no CUDA in torch", "no torch"])
def test_torch_is_not_asked_where_there_can_be_no_card(
    asked: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, missing: str
) -> None:
    assert is_cuda_possible()
    if missing.startswith("hidden"):
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "-1" if missing == "hidden by number" else "")
    elif missing == "no driver":
        monkeypatch.setattr(compute_device, "_loads", lambda _: False)
        monkeypatch.setattr(compute_device, "ROCM_DRIVER", tmp_path / "none")
    elif missing == "no torch":
        monkeypatch.setattr(compute_device, "find_spec", lambda _: None)
    else:
        (tmp_path / "version.py").write_text("cuda = None\nhip = None\n")
    assert pick_device("auto") == "cpu"
    assert asked == []


def test_another_device_is_refused() -> None:
    with pytest.raises(UsageError, match="expected auto, cpu or cuda"):
        pick_device("gpu")
