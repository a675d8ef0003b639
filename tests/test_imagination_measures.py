"""The measures of imagined instruments, on points of which the answers are known; the map of a bank."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nsynth_lab.cli import run
from nsynth_lab.evaluate.imagination import evaluate, kinds
from nsynth_lab.evaluate.imagination.evaluate import REAL, rows
from nsynth_lab.evaluate.imagination.heard import HeardInstrument
from nsynth_lab.evaluate.imagination.kinds import IMAGINED
from nsynth_lab.evaluate.imagination.measures import frechet_distances, measures, spread
from nsynth_lab.evaluate.imagination.report import grid_of
from nsynth_lab.imagine import choose
from nsynth_lab.imagine.descriptors import NAMES
from nsynth_lab.imagine.ear import apart, recognition
from nsynth_lab.imagine.labels import name_corners
from nsynth_lab.imagine.layout import added, plane
from nsynth_lab.imagine.neighbours import nearest_distances
from nsynth_lab.latents import Latents
from nsynth_lab.model.bank import Bank, BankEntry, load_bank, write_bank
from nsynth_lab.model.classifier import Heard
from nsynth_lab.model.headers import WEIGHTS
from nsynth_lab.note import FAMILIES
from nsynth_lab.resources import default_checkpoint


def one(family: str, features: np.ndarray, *, right: float = 1.0, ratio: float = 1.0) -> HeardInstrument:
    keys = len(features)
    return HeardInstrument(
        family, features.astype(np.float32), np.full(keys, right), np.ones(keys), np.full(keys, ratio), 0.1, 0.2
    )


def cloud(seed: int, *, shift: float = 0.0, wide: float = 1.0) -> list[HeardInstrument]:
    rng = np.random.default_rng(seed)
    return [
        one(family, shift + wide * rng.standard_normal((3, 20)) + 3.0 * place)
        for place, family in enumerate(FAMILIES)
        for _ in range(8)
    ]


def test_the_frechet_distance_of_like_sets_is_that_of_two_halves_and_of_unlike_ones_larger() -> None:
    found = frechet_distances(
        cloud(0), {"alike": cloud(1), "moved": cloud(2, shift=2.0), "wide": cloud(3, wide=3.0)}, seed=0
    )
    assert found["alike"] == pytest.approx(found["real"], rel=0.6)
    assert found["moved"] > 3.0 * found["real"]
    assert found["wide"] > 3.0 * found["real"]


def test_spread_copies_and_shares_are_what_they_say() -> None:
    pair = [one("reed", np.zeros((3, 4))), one("reed", np.full((3, 4), 2.0), right=0.0, ratio=0.4)]
    assert spread(pair) == pytest.approx(4.0)
    found = measures([*pair, one("flute", np.ones((3, 4)), ratio=1.2)])
    assert found["family"] == pytest.approx(2 / 3, abs=1e-3)
    assert found["ratio_copies"] == pytest.approx(1 / 3, abs=1e-3)
    assert found["ratio_median"] == 1.0
    assert found["spread"] == pytest.approx(4.0), "a family of one has none"


def test_recognition_tells_families_pitches_and_how_far_keys_are_apart() -> None:
    reed, flute = FAMILIES.index("reed"), FAMILIES.index("flute")
    families = np.zeros((3, len(FAMILIES)), np.float32)
    families[0, reed], families[1, reed], families[1, flute] = 1.0, 0.6, 0.4
    families[2, reed], families[2, flute] = 0.3, 0.7
    heard = recognition(Heard(np.zeros((3, 192), np.float32), families, np.array([60, 64, 67])), [60, 64, 68], "reed")
    assert heard.family == pytest.approx(1.9 / 3)
    assert heard.families_right == pytest.approx(2 / 3)
    assert heard.pitches_right == pytest.approx(2 / 3)
    assert heard.apart == pytest.approx(0.7)
    assert not heard.passes
    assert apart(families[:1]) == 0.0


def test_two_names_of_one_sound_are_not_neighbours() -> None:
    points = np.array([[0.0, 0.0], [0.0, 0.0], [3.0, 4.0]], np.float32)
    assert nearest_distances(points) == pytest.approx([5.0, 5.0, 5.0])


def test_the_table_has_a_verdict_for_each_goal() -> None:
    real = {
        "family": 0.9, "pitch": 0.99, "ratio_median": 1.0, "ratio_copies": 0.0, "keys_apart": 0.2,
        "velocities_apart": 0.1, "spread": 10.0, "frechet": 10.0,
    }  # fmt: skip
    ours = {**real, "family": 0.73, "frechet": 20.5, "spread": 9.1}
    moved = {"step": 0.4, "of": 20, "median": 0.3, "reached": 0.9, "pitch_kept": 1.0}
    asked = {
        "brighter 1": moved,
        "brighter -1": {**moved, "pitch_kept": 0.9},
        "percussive -1": {"step": -8.0, "of": 0},
    }
    table = rows({"kinds": {REAL: real, IMAGINED: ours}, "descriptors": asked})
    verdicts = {row.what: row.met for row in table}
    assert verdicts["family recognised"], "0.73 is more than 0.8 of 0.9"
    assert not verdicts["Fréchet distance to half of the real ones"]
    assert verdicts["spread within a family"]
    assert verdicts["--brighter 1 moves half a step"]
    assert not verdicts["--brighter -1 moves half a step"], "it has left its pitch"
    assert verdicts["--percussive -1 moves half a step"] is None, "nothing to judge"
    head, cells = grid_of(table)
    assert head == ["what", "goal", "", REAL, IMAGINED]
    assert cells[0] == ["family recognised", ">= 0.8 x real", "met", "0.900", "0.730"]


def test_groups_stay_together_on_the_plane_and_further_points_join_theirs() -> None:
    rng = np.random.default_rng(0)
    points = np.concatenate([centre + 0.1 * rng.standard_normal((12, 30)) for centre in (0.0, 4.0, -4.0)])
    at = plane(points)
    assert np.array_equal(at, plane(points)), "no chance in it"
    groups = at.reshape(3, 12, 2)
    centres = groups.mean(axis=1)
    within = np.linalg.norm(groups - centres[:, None], axis=2).max()
    between = np.linalg.norm(centres[:, None] - centres[None], axis=2)[np.triu_indices(3, 1)].min()
    assert between > 2.0 * within
    placed = added(np.full(30, 4.0), points, at)
    assert np.linalg.norm(placed - centres[1]) <= within


def test_names_on_the_map_do_not_cover_one_another() -> None:
    rng = np.random.default_rng(0)
    points = np.concatenate([rng.uniform(-290.0, 290.0, (60, 2)), np.full((3, 2), 100.0)])  # three at one place
    sizes = np.stack([rng.uniform(15.0, 60.0, len(points)), np.full(len(points), 5.0)], axis=1)
    low = name_corners(points, np.full(len(points), 3.0), sizes, edge=300.0)
    high = low + sizes
    across = np.minimum(high[:, None], high[None]) - np.maximum(low[:, None], low[None])
    covered = np.maximum(across, 0.0).prod(axis=2)
    np.fill_diagonal(covered, 0.0)
    assert covered.max() < 1.0
    assert np.all((low > -300.5) & (high < 300.5)), "and they stay on the map"
    middle = np.abs(points - (low + high) / 2) - sizes / 2
    assert np.all(middle.max(axis=1) < 25.0), "each stands beside its point"


def test_the_map_of_the_bank_is_drawn_and_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["bank", "map", "-o", "map.png", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)["instruments"]
    places = {one["name"]: np.array([one["x"], one["y"]]) for one in told}
    assert np.abs(np.stack(list(places.values()))).max() <= 1.0
    near = np.linalg.norm(places["marimba"] - places["xylophone"])
    assert near < np.linalg.norm(places["marimba"] - places["cello"])
    assert (tmp_path / "map.png").stat().st_size > 50_000
    assert run(["bank", "map", "-o", "map.png"]) == 2
    assert "--force" in capsys.readouterr().err


def test_the_evaluation_takes_no_data(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["evaluate", "imagination", "notes"]) == 2
    assert "takes no data" in capsys.readouterr().err


def test_a_small_bank_is_evaluated_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(evaluate, "WISHES_EACH", 1)
    monkeypatch.setattr(choose, "CANDIDATES", 1)
    real = load_bank(default_checkpoint())
    entries, zones = list[BankEntry](), list[Latents]()
    for name in ("flute", "recorder", "oboe", "clarinet"):
        entry = real.find(name)
        own = [real.zones[index] for index in entry.zones]
        entries.append(replace(entry, zones=tuple(range(len(zones), len(zones) + len(own)))))
        zones += own
    model = tmp_path / "model"
    model.mkdir()
    shutil.copy(default_checkpoint() / WEIGHTS, model / WEIGHTS)
    write_bank(model, Bank(entries, zones, model_id=real.model_id), about={})
    figures, report = tmp_path / "figures.json", tmp_path / "report"
    words = ["evaluate", "imagination", "--limit", "1", "--checkpoint", str(model)]
    assert run([*words, "--figures", str(figures), "--report", str(report)]) == 0
    assert "family recognised" in capsys.readouterr().out
    found = json.loads(figures.read_text(encoding="utf-8"))
    assert list(found["kinds"]) == [REAL, *kinds.NAMES]
    assert found["kinds"][REAL]["pitch"] >= 0.9
    assert set(found["descriptors"]) == {f"{name} {amount}" for name in NAMES for amount in (1, -1)}
    assert len(found["rows"]) == 8 + 2 * len(NAMES)
    page = (report / "index.html").read_text(encoding="utf-8")
    assert page.count("<audio") >= 4
    assert {path.suffix for path in report.iterdir()} == {".flac", ".html", ".json", ".png"}
