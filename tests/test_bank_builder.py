"""Building a bank: the same by one process or two, and as if it had never stopped after an interruption."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_train import write_notes
from tiny_model import tiny_model

from nsynth_lab import workers
from nsynth_lab.capture import bank_builder
from nsynth_lab.capture.bank_builder import UNFINISHED_FOLDER, BankPlan, build_bank, plan_bank
from nsynth_lab.capture.bank_detail import plan_details, write_details
from nsynth_lab.latents import Latents, beginning
from nsynth_lab.model.bank import BANK, Bank, load_bank, write_bank
from nsynth_lab.model.checkpoint import save_weights


@pytest.fixture
def plan(tmp_path: Path) -> BankPlan:
    return plan_bank([write_notes(tmp_path / "set", (50, 57, 64))], spacing=5, layers=2)


@pytest.fixture
def build(plan: BankPlan, tmp_path: Path) -> Callable[..., bytes]:
    def build(name: str, *, processes: int = 1, stop_after: int | None = None) -> bytes:
        save_weights(tmp_path / name, tiny_model(), about={})
        done: list[int] = []

        def progress() -> None:
            done.append(1)
            if len(done) == stop_after:
                raise KeyboardInterrupt

        build_bank(plan, tmp_path / name, processes=processes, progress=progress)
        return (tmp_path / name / BANK).read_bytes()

    return build


def test_two_processes_build_what_one_does(
    build: Callable[..., bytes], plan: BankPlan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared = workers._shared

    def once_it_has_started(work: Any, items: Any, pool: ProcessPoolExecutor, **more: Any) -> Iterator[Any]:
        pool.submit(abs, 1).result()
        yield from shared(work, items, pool, **more)

    monkeypatch.setattr(workers, "LEAST_ITEMS", 1)
    monkeypatch.setattr(workers, "_shared", once_it_has_started)
    build("two", processes=2)
    build("one")
    bank, other = load_bank(tmp_path / "one"), load_bank(tmp_path / "two")
    for zone, twin in zip(bank.zones, other.zones, strict=True):
        assert (zone.note, zone.velocity, zone.release_frame) == (twin.note, twin.velocity, twin.release_frame)
        assert np.abs(zone.timbre - twin.timbre).max() < 0.05  # stored in steps of a few hundredths
    assert list(bank.entries) == list(plan.instruments)
    assert [len(entry.zones) for entry in bank.entries.values()] == [len(notes) for notes in plan.instruments.values()]
    assert sum(len(entry.zones) for entry in bank.entries.values()) == len(bank.zones) == plan.zones
    for name, records in plan.instruments.items():
        assert [bank.zones[at].note for at in bank.entries[name].zones] == [record.pitch for record in records]


def test_notes_that_do_not_die_away_as_recorded_are_told(
    plan: BankPlan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def rise_db(latents: Latents, *_: object) -> float:
        return 9.0 if latents.note == 57 else 2.0

    monkeypatch.setattr(bank_builder, "rise_beyond_db", rise_db)
    save_weights(tmp_path / "model", tiny_model(), about={})
    heard: list[str] = []
    build_bank(plan, tmp_path / "model", progress=lambda: None, warn=heard.append)
    assert heard
    assert all("A3 at velocity" in told and "rises by 9 dB" in told for told in heard)


def test_a_build_that_was_interrupted_goes_on(build: Callable[..., bytes], tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        build("parts", stop_after=3)
    kept = {path: path.stat().st_mtime_ns for path in (tmp_path / "parts" / UNFINISHED_FOLDER).iterdir()}
    assert len(kept) >= 3
    assert not (tmp_path / "parts" / BANK).exists()
    with pytest.raises(KeyboardInterrupt):
        build("parts", stop_after=5)
    assert {path: path.stat().st_mtime_ns for path in kept} == kept
    next(iter(kept)).write_bytes(b"cut short")
    assert build("parts") == build("whole")
    assert not (tmp_path / "parts" / UNFINISHED_FOLDER).exists()


def test_a_bank_that_was_built_without_details_gets_those_of_one_built_with(
    build: Callable[..., bytes], tmp_path: Path
) -> None:
    """But for the steps in which timbre is stored; a note whose recording is another one is left as it is."""
    build("model")
    folder, built = tmp_path / "model", load_bank(tmp_path / "model")
    bare = [replace(zone, detail=None) for zone in built.zones]
    wavering = bare[0].loudness_db + np.float32(6.0) * (np.arange(bare[0].frames) // 9 % 2).astype(np.float32)
    bare[0] = replace(bare[0], loudness_db=wavering - np.float32(20.0))
    bare[1] = beginning(bare[1], bare[1].frames - 2)
    write_bank(folder, Bank(list(built.entries.values()), bare, model_id=built.model_id), about={})
    details = plan_details([tmp_path / "set"], folder)
    assert len(details.recorded) == len(bare)
    assert write_details(details, folder, processes=1, progress=lambda: None) == len(bare) - 1
    zones = load_bank(folder).zones
    assert zones[0].detail is None
    for zone, twin in zip(zones[1:], built.zones[1:], strict=True):
        assert zone.detail is not None
        assert twin.detail is not None
        np.testing.assert_array_equal(zone.timbre, twin.timbre[: zone.frames])
        assert np.abs(zone.detail - twin.detail[: zone.frames]).mean() < 0.5
