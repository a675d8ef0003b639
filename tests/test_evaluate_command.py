"""`nsynth-lab evaluate` as a user meets it: figures, report, refusals."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from made_notes import flute, organ_cut_short
from tiny_model import tiny_model

from nsynth_lab.cli import run
from nsynth_lab.evaluate.notes import EvaluationNote, read_note, read_pool
from nsynth_lab.evaluate.page import page
from nsynth_lab.evaluate.report import choose_examples
from nsynth_lab.evaluate.sections.reconstruction import ReconstructionSection
from nsynth_lab.evaluate.sections.section import DecodedNote, EvaluationSetup, decode_whole
from nsynth_lab.latents import Latents
from nsynth_lab.model.bank import Bank, BankEntry, write_bank
from nsynth_lab.model.checkpoint import load_checkpoint, save_weights
from nsynth_lab.note import Instrument
from nsynth_lab.units import FloatArray, note_to_hz

USAGE, FAILED = 2, 1
SECTIONS = ("reconstruction", "transposition", "blends", "latents")
FAMILIES = ("flute", "reed", "string")
PITCHES = (60, 63, 67)


def tone(pitch: int, brightness: float, *, seconds: float = 0.4) -> FloatArray:
    at = np.arange(round(seconds * 48_000)) / 48_000
    orders = np.arange(1, 7)[:, None]
    ends = np.minimum(1.0, np.minimum(at / 0.02, (seconds - at) / 0.05))
    waves = np.sin(2 * np.pi * note_to_hz(float(pitch)) * orders * at)
    return np.asarray(0.2 * ends * (orders[:, 0] ** -brightness @ waves), np.float32)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data set of three instruments with three notes each, and a tiny checkpoint."""
    folder = tmp_path_factory.mktemp("evaluate")
    (folder / "notes" / "audio").mkdir(parents=True)
    names = {
        f"{family}_acoustic_00{place}-{pitch:03d}-100": tone(pitch, 0.5 + place)
        for place, family in enumerate(FAMILIES)
        for pitch in PITCHES
    }
    for name, samples in names.items():
        soundfile.write(str(folder / "notes" / "audio" / f"{name}.wav"), samples, 48_000, subtype="FLOAT")
    entries = {name: {"instrument_name": "<b>&", "licence": "CC0-1.0"} for name in names}
    (folder / "notes" / "examples.json").write_text(json.dumps(entries))
    model_id = save_weights(folder / "model", tiny_model(), about={})
    zones = [flute(), organ_cut_short()]
    bank = [BankEntry(Instrument(name, "flute"), (place,)) for place, name in enumerate(("flute", "recorder"))]
    write_bank(folder / "model", Bank(bank, [own(zone, model_id) for zone in zones], model_id=model_id), about={})
    return folder


def own(latents: Latents, model_id: str) -> Latents:
    from dataclasses import replace

    return replace(latents, model_id=model_id)


@pytest.fixture
def evaluate(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The command on that data, in an empty folder; returns its exit code."""
    monkeypatch.chdir(tmp_path)
    given = ["evaluate", str(folder / "notes"), "--checkpoint", str(folder / "model"), "--all", "--pairs", "2"]
    return lambda *words: run([*given, "--rounds", "1", *words])


@pytest.mark.patient
def test_figures_and_report(evaluate: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert evaluate("--figures", "figures.json", "--report", "report") == 0
    told = capsys.readouterr().out
    figures = json.loads(Path("figures.json").read_text())
    assert figures == json.loads(Path("report/figures.json").read_text())
    assert figures["notes"] == 9
    assert set(SECTIONS) <= set(figures)
    mel = figures["reconstruction"]["mel_error_db"]
    assert set(mel) == {"mean", "median", "p90", "by_family"}
    assert set(mel["by_family"]) == set(FAMILIES)
    assert f"{mel['mean']:.2f}" in told
    assert {"within_5", "within_10", "within_20"} <= set(figures["reconstruction"]["f0_error_cents"])
    assert {"semitones_3_mel_error_db", "up_7_mel_error_db"} <= set(figures["transposition"])
    assert figures["blends"]["pairs"] == 2
    assert figures["latents"] == {}, "three instruments are too few"
    assert "refinement" not in figures
    assert len(told.splitlines()) < 80
    check_page(Path("report"), figures)


def test_refined_notes_are_measured_where_that_is_asked_for(evaluate: Any) -> None:
    assert evaluate("--only", "refinement", "--refine", "0.3", "--limit", "2", "--figures", "figures.json") == 0
    found = json.loads(Path("figures.json").read_text())["refinement"]
    assert found["seconds"] == 0.3
    assert found["mel_error_db"]["mean"] < found["encoded_mel_error_db"]["mean"]


def test_unseen_instruments_are_chosen(evaluate: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert evaluate("--unseen") == 2
    assert "--all" in capsys.readouterr().err


def check_page(report: Path, figures: dict[str, Any]) -> None:
    text = (report / "index.html").read_text(encoding="utf-8")
    linked = set(re.findall(r'(?:src|href)="([^"]*)"', text))
    assert linked == {
        f"{path.relative_to(report)}" for path in report.rglob("*") if path.suffix in (".flac", ".png")
    }, "everything that lies there is shown, and nothing else"
    assert len(linked) == 3 * len(FAMILIES) * 3
    assert "http" not in text
    assert "<b>&amp;" not in text, "names are shown as they are"
    assert "&lt;b&gt;&amp;amp;" in text or "&lt;b&gt;&amp;" in text
    assert f"{figures['reconstruction']['mel_error_db']['mean']:.2f}" in text
    for name in ("original", "decoded"):
        samples, rate = soundfile.read(str(report / "sounds" / f"flute-worst-{name}.flac"))
        assert rate == 48_000
        assert np.abs(samples).max() > 0


def test_one_section_alone(evaluate: Any) -> None:
    assert evaluate("--only", "blends", "--figures", "figures.json") == 0
    figures = json.loads(Path("figures.json").read_text())
    assert [name for name in SECTIONS if name in figures] == ["blends"]
    assert figures["blends"]["end_point_error_db"]["mean"] == 0.0
    assert figures["blends"]["f0_off_line_cents"]["median"] < 20
    assert [path.name for path in Path().iterdir()] == ["figures.json"]


@pytest.mark.patient
def test_the_same_every_time(evaluate: Any) -> None:
    for name in ("once.json", "again.json"):
        assert evaluate("--only", "reconstruction,blends", "--limit", "2", "--figures", name) == 0
    assert Path("once.json").read_text() == Path("again.json").read_text()


def test_notes_that_are_kept_are_not_encoded_again(evaluate: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Interrupted at its third note, it resumes there; damaged files and other rounds are measured again."""
    words = ("--only", "reconstruction,recognition", "--limit", "4")
    assert evaluate(*words, "--figures", "whole.json") == 0
    encoded: list[str] = []
    stops = [3]
    real = EvaluationNote.encode

    def encode(note: EvaluationNote, *given: Any, **how: Any) -> Latents:
        encoded.append(note.record.note_str)
        if len(encoded) == stops[0]:
            raise KeyboardInterrupt
        return real(note, *given, **how)

    monkeypatch.setattr(EvaluationNote, "encode", encode)
    kept_words = (*words, "--cells", "cells", "--figures", "figures.json")
    assert evaluate(*kept_words) == 130
    kept = sorted(Path("cells").iterdir())
    assert [path.suffix for path in kept] == [".json", ".json"]
    stops.clear()
    stops.append(0)
    encoded.clear()
    for wanted in (2, 0):
        assert evaluate(*kept_words) == 0
        assert Path("figures.json").read_text() == Path("whole.json").read_text()
        assert len(encoded) == wanted
        encoded.clear()
    for broken in ("{", "[]", '{"reconstruction": {"values": []}}'):
        kept[0].write_text(broken)
        assert evaluate(*kept_words) == 0
        assert len(encoded) == 1
        encoded.clear()
    assert Path("figures.json").read_text() == Path("whole.json").read_text()
    assert evaluate(*kept_words, "--no-detail") == 0
    assert len(encoded) == 4


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--only", "blends", "--cells", "cells"), "--cells keeps what is measured of notes and translations"),
        (("--only", "everything"), "use any of reconstruction"),
        (("--report", "nowhere/report"), "does not exist"),
        (("--report", "mine"), "--force"),
        (("--report", "mine", "--force"), "is not a report"),
        (("--report", "mine/tune.wav", "--force"), "is no folder"),
    ],
)
def test_refusals(words: tuple[str, ...], says: str, evaluate: Any, capsys: pytest.CaptureFixture[str]) -> None:
    Path("mine").mkdir()
    Path("mine", "tune.wav").write_bytes(b"mine")
    assert evaluate(*words) == USAGE
    told = capsys.readouterr()
    assert says in told.err
    assert told.out == ""
    assert [path.name for path in sorted(Path().rglob("*"))] == ["mine", "tune.wav"]


def test_a_report_is_replaced_only_when_asked(evaluate: Any) -> None:
    words = ("--only", "reconstruction", "--limit", "1", "--report", "report")
    assert evaluate(*words) == 0
    before = Path("report/index.html").read_text()
    assert evaluate(*words) == USAGE
    Path("report", "stale").touch()
    assert evaluate(*words, "--force") == 0
    assert Path("report/index.html").read_text() == before
    assert not Path("report", "stale").exists()
    assert [path.name for path in Path().iterdir()] == ["report"]


def test_a_report_that_fails_leaves_the_old_one(evaluate: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    words = ("--only", "reconstruction", "--limit", "1", "--report", "report")
    assert evaluate(*words) == 0
    before = Path("report/index.html").read_bytes()

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("nsynth_lab.evaluate.report.draw_spectrograms", interrupted)
    assert evaluate(*words, "--force") == 130
    assert Path("report/index.html").read_bytes() == before
    assert [path.name for path in Path().iterdir()] == ["report"]


def test_examples_are_the_extremes_and_the_middle(folder: Path) -> None:
    records = read_pool([folder / "notes"])
    errors = [(float(number % 4), record) for number, record in enumerate(records)]
    examples = choose_examples(errors)
    assert [example.rank for example in examples if example.record.family == "reed"] == ["best", "median", "worst"]
    for family in FAMILIES:
        own_errors = sorted(error for error, record in errors if record.family == family)
        found = {one.rank: one.error_db for one in examples if one.record.family == family}
        assert found == {"best": own_errors[0], "median": own_errors[1], "worst": own_errors[2]}
    assert [one.rank for one in choose_examples(errors[:1])] == ["median"]
    assert [(one.rank, one.error_db) for one in choose_examples(errors[:2])] == [("best", 0.0), ("worst", 1.0)]


def test_a_page_of_figures_alone() -> None:
    figures = {"model": "<x>", "notes": 0, "left_out": [], "peers": {"world": {"mel_error_db": {"mean": 2.25}}}}
    text = page(figures, [])
    assert "&lt;x&gt;" in text
    assert "world mel error dB" in text
    assert "2.25" in text


def test_a_twin_is_what_the_codec_makes_of_a_note(folder: Path) -> None:
    checkpoint = load_checkpoint(folder / "model")
    records = read_pool([folder / "notes"])
    note = DecodedNote(read_note(records[0]), checkpoint)
    assert note.decoded.samples.shape == note.original.samples.shape
    assert (note.decoded.samples == decode_whole(note.latents, checkpoint)).all()
    section = ReconstructionSection(EvaluationSetup(checkpoint, records, records))
    section.add_note(note, lambda _: None)
    assert section.errors[0][1] == records[0]
