"""The map of the instruments in the panel: made once for a bank, and those that sound alike are neighbours."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

pytest.importorskip("starlette", reason="the panel's server is not installed: pip install 'nsynth-lab[panel]'")

from nsynth_lab.panel import mapping
from nsynth_lab.panel.messages.evolving import MapInstruments
from nsynth_lab.panel.produce.child import session_arguments
from nsynth_lab.render import Session


def test_the_nearest_on_the_map_is_mostly_of_the_same_family(tmp_path: Path) -> None:
    session = Session(device="cpu")
    found = mapping.drawn(tmp_path, lambda *_: None, session=session_arguments(session))
    rows = json.loads((tmp_path / mapping.FILE).read_text())
    assert {row["name"] for row in rows} == set(session.bank.entries)
    assert found == {"instruments": len(rows)}
    at = np.array([(row["x"], row["y"]) for row in rows])
    assert np.abs(at).max() == pytest.approx(1.0)
    away = np.hypot(*(at[:, None] - at[None]).transpose(2, 0, 1))
    np.fill_diagonal(away, np.inf)
    families = np.array([row["family"] for row in rows])
    assert np.mean(families[away.argmin(axis=1)] == families) > 0.6  # by chance an eighth


class Works:
    """Jobs that are started and never done, unless a test says so."""

    def __init__(self) -> None:
        self.jobs: dict[str, dict[str, Any]] = {}
        self.count = 0

    def start(self, kind: str, _title: str, _work: str, _arguments: Any, *, about: Any, **_: Any) -> None:
        self.count += 1
        self.jobs[f"job-{self.count}"] = {"kind": kind, "about": about, "state": "waiting"}

    def rows(self) -> dict[str, dict[str, Any]]:
        return dict(self.jobs)

    def forget(self, name: str) -> None:
        del self.jobs[name]


def test_there_is_one_map_of_a_bank_and_another_when_instruments_have_come() -> None:
    entries, guests = {"flute": 0, "my sound (recording)": 0}, {"my sound (recording)": 0}
    session = SimpleNamespace(
        bank=SimpleNamespace(entries=entries), guest=guests.get, folder=Path("x"), device="cpu", seed=0
    )
    works = Works()
    works.jobs["other"] = {"kind": "pack", "about": {}, "state": "done"}
    ask = mapping.map_handlers(SimpleNamespace(session=session), works)[MapInstruments]  # type: ignore[arg-type]
    for state in ("waiting", "running", "done"):
        ask(MapInstruments())
        works.jobs["job-1"]["state"] = state
    entries["another (recording)"] = guests["another (recording)"] = 0  # of which there is no map
    ask(MapInstruments())
    assert set(works.jobs) == {"other", "job-1"}
    works.jobs["job-1"]["state"] = "failed"
    ask(MapInstruments())
    entries["reed of mine"] = 0
    ask(MapInstruments())
    assert set(works.jobs) == {"other", "job-3"}
