"""`nsynth-lab score`: pictures and notations of tunes, what is said, and what is refused."""

from __future__ import annotations

import builtins
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tunes import ALL, JIG, REEL, WALTZ, heard, tune_of

from nsynth_lab.cli import run
from nsynth_lab.errors import TuneError, UsageError
from nsynth_lab.tune.engrave import engraved
from nsynth_lab.tune.files import read_tune, tune_in, write_tune
from nsynth_lab.tune.lines import Lines
from nsynth_lab.tune.musicxml import musicxml_bytes
from nsynth_lab.tune.svg_shapes import page_of


@pytest.fixture
def jig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A jig in the folder where the test runs."""
    monkeypatch.chdir(tmp_path)
    Path("jig.abc").write_text(f"{JIG}\n{REEL}")
    return Path("jig.abc")


@pytest.mark.parametrize("ending", [".abc", ".musicxml", ".mid"])
def test_notation_is_written_and_sounds_the_same(jig: Path, ending: str, capsys: pytest.CaptureFixture[str]) -> None:
    out = f"out{ending}"
    assert run(["score", str(jig), "-o", out]) == 0
    assert heard(read_tune(out).tune) == heard(tune_of(JIG))
    said = capsys.readouterr()
    assert said.out == f"The Test Bench: E dorian, 6/8, form AABB, 11 bars, 46 notes\n{out}\n"
    assert "the first of 2 tunes; --number takes another, by its X:" in said.err
    assert run(["score", out, "-o", f"again{ending}"]) == 0
    assert heard(read_tune(f"again{ending}").tune) == heard(tune_of(JIG))


def test_a_tune_of_a_book_is_taken_by_its_number(jig: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["score", str(jig), "--number", "1", "-o", "reel.abc", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["title"], report["key"], report["metre"]) == ("Round", "Bb major", "2/2")
    assert run(["score", str(jig), "--number", "3", "-o", "none.abc"]) == 2
    assert "no tune X:'3'; it has 2 tunes: 7, 1" in capsys.readouterr().err
    assert not Path("none.abc").exists()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["jig.abc", "-o", "x.wav"], "nsynth-lab render jig.abc flute -o x.wav"),
        (["jig.abc", "-o", "x.doc"], "unknown ending '.doc'"),
        (["jig.abc", "-o", "jig.abc"], "exists already"),
        (["jig.abc", "-o", "jig.abc", "--force"], "is the tune itself"),
        (["nothing.abc", "-o", "x.abc"], "no such file"),
        ([".", "-o", "x.abc"], "is a folder"),
        (["jig.abc", "-o", "x.abc", "--metre", "6/7"], "metre '6/7'"),
        (["jig.abc", "-o", "x.abc", "--key", "H"], "key 'H'"),
        (["empty.abc", "-o", "x.abc"], "the file is empty"),
        (["words.abc", "-o", "x.abc"], "holds no ABC tune"),
        (["bytes.mid", "-o", "x.abc"], "neither ABC, MIDI nor MusicXML"),
    ],
)
def test_what_cannot_be_done_is_refused_in_a_line(
    jig: Path, words: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("empty.abc").write_text("")
    Path("words.abc").write_text("hello\n")
    Path("bytes.mid").write_bytes(bytes(range(256)))
    before = jig.read_bytes()
    assert run(["score", *words]) in (1, 2)
    said = capsys.readouterr().err.strip()
    assert says in said
    assert "\n" not in said
    assert jig.read_bytes() == before
    assert not Path("x.abc").exists()


@pytest.mark.usefixtures("jig")
def test_files_are_read_by_what_is_in_them() -> None:
    write_tune(tune_of(JIG), Path("a.mid"))
    Path("a.mid").rename("a.abc")
    write_tune(tune_of(JIG), Path("a.musicxml"))
    Path("a.musicxml").rename("a.mid")
    assert heard(read_tune("a.abc").tune) == heard(read_tune("a.mid").tune) == heard(tune_of(JIG))


def test_bars_that_do_not_add_up_are_said(jig: Path, capsys: pytest.CaptureFixture[str]) -> None:
    jig.write_text("X:1\nM:2/4\nL:1/8\nK:C\nCDEF|CDEFG|CDE|C4|]\n")
    assert run(["score", str(jig), "-o", "x.abc"]) == 0
    assert capsys.readouterr().err.splitlines() == [
        "jig.abc: bar 2 holds 5/8, expected 2/4",
        "jig.abc: bar 3 holds 3/8, expected 2/4",
    ]


def test_no_other_error_comes_out_of_a_file() -> None:
    for data in (b" ", b"\xff\xfe\x00", b"<", b"PK\x03\x04", b"MThd", b"X:", b"X:1\nK:", b"\x1f\x8b"):
        with pytest.raises((TuneError, UsageError, Exception)) as raised:
            tune_in(data)
        assert raised.type.__module__ == "nsynth_lab.errors", data


def _white_share(path: Path) -> float:
    """Share of a picture's points that are white."""
    from matplotlib.image import imread  # as the pictures were written

    return float(np.mean(np.asarray(imread(path))[..., :3].min(axis=-1) > 0.9))


@pytest.mark.parametrize("ending", [".svg", ".png", ".pdf"])
def test_a_score_is_engraved_and_the_same_every_time(tmp_path: Path, ending: str) -> None:
    pytest.importorskip("verovio")
    paths = [tmp_path / f"{name}{ending}" for name in ("one", "two")]
    for path in paths:
        assert write_tune(tune_of(JIG), path) == ()
    first, second = (path.read_bytes() for path in paths)
    assert first == second
    begin = {".svg": b"<svg", ".png": b"\x89PNG", ".pdf": b"%PDF"}[ending]
    assert first.startswith(begin)
    if ending == ".svg":
        assert b"The Test Bench" in first
        assert not re.findall(rb'(?:href|src)="(?!#)', first)
    if ending == ".png":
        assert 0.8 < _white_share(paths[0]) < 0.99


def test_every_line_of_an_engraved_staff_is_drawn_where_the_engraver_put_it() -> None:
    pytest.importorskip("verovio")
    for text in ALL:
        svg = engraved(musicxml_bytes(tune_of(text), Lines()), on_pages=False)[0]
        page = page_of(svg)
        systems = svg.count('class="staff"')
        level = [
            shape
            for shape in page.shapes
            if shape.width and len(shape.steps) == 2 and shape.steps[0][1][0][1] == shape.steps[1][1][0][1]
        ]
        assert len(level) >= 5 * systems
        corners = np.array([point for shape in page.shapes for _, points in shape.steps for point in points])
        assert corners[:, 0].min() >= 0
        assert corners[:, 0].max() <= page.width
        assert tune_of(text).title in [words.text for words in page.words]


def test_a_tempo_in_half_notes_says_so_where_fonts_have_no_such_letter() -> None:
    pytest.importorskip("verovio")
    tune = tune_of("X:1\nT:Slow\nM:2/2\nL:1/4\nQ:1/2=66\nK:D\nD E F G|A2 d2|]\n")
    page = page_of(engraved(musicxml_bytes(tune, Lines()), on_pages=False)[0])
    assert "half note = 66" in [words.text for words in page.words]


def test_the_frames_of_parts_letters_are_empty() -> None:
    pytest.importorskip("verovio")
    svg = engraved(musicxml_bytes(tune_of(WALTZ), Lines()), on_pages=False)[0]
    frames = svg.count("<rect")
    outlined = [shape for shape in page_of(svg).shapes if shape.width and shape.steps[-1][0] == "Z"]
    assert len(outlined) == frames == 2


@pytest.mark.parametrize("ending", [".svg", ".png", ".pdf"])
def test_without_an_engraver_a_piano_roll_is_drawn_and_said(
    tmp_path: Path, ending: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = builtins.__import__

    def absent(name: str, *more: Any, **named: Any) -> Any:
        if name == "verovio":
            raise ImportError("No module named 'verovio'")
        return real(name, *more, **named)

    monkeypatch.setattr(builtins, "__import__", absent)
    path = tmp_path / f"roll{ending}"
    (line,) = write_tune(tune_of(JIG), path)
    assert line.startswith("a piano roll is drawn: engraving needs verovio: pip install 'nsynth-lab[score]'")
    assert path.stat().st_size > 2000


@pytest.mark.usefixtures("beside_model")
def test_a_tune_is_played_by_render_with_its_repeats(capsys: pytest.CaptureFixture[str]) -> None:
    from nsynth_lab.audio import read_audio

    Path("tune.abc").write_text("X:1\nM:2/4\nL:1/8\nQ:1/4=240\nK:A\n|:A2 c2:|\n")
    assert run(["render", "tune.abc", "flute", "cello", "-o", "tune.wav", "--checkpoint", "model"]) == 0
    assert "4 notes" in capsys.readouterr().out
    assert 1.0 <= read_audio("tune.wav").samples.shape[1] / 48_000 < 3.0
