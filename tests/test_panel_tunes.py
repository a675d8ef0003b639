"""Tunes in the panel: what jobs make of them, what plays, and what a palette does under the hand."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("uvicorn", reason="the panel's server is not installed: pip install 'nsynth-lab[panel]'")

from test_panel_server import hear, page, say, serving

from nsynth_lab.errors import NsynthLabError, TuneError, UsageError
from nsynth_lab.melody.looping import loop_of
from nsynth_lab.midi.events import Event, Kind
from nsynth_lab.panel.changes import blend_patch
from nsynth_lab.panel.instrument import Instrument
from nsynth_lab.panel.jobs.jobs import Jobs
from nsynth_lab.panel.messages.playing import Place
from nsynth_lab.panel.messages.tunes import Compose, TunePlace, TuneWay
from nsynth_lab.panel.tunes import work
from nsynth_lab.panel.tunes.pieces import CHANNEL, PALETTE, PalettePieces, palette_pieces, tune_piece
from nsynth_lab.panel.tunes.tune_player import TunePlayer
from nsynth_lab.panel.tunes.written import SHEETS, TUNE, WIDTHS
from nsynth_lab.render import Session
from nsynth_lab.tune.files import tune_in
from nsynth_lab.units import SAMPLE_RATE

CHECKPOINT = str(Session(device="cpu").folder)
ABC = (
    "X:1\nT:Up & <script>alert(1)</script>\nM:2/4\nL:1/8\nQ:1/4=60\nK:D\n|: D2 F2 | ~A2 {g}f2- :|1 f4 :|2 (3ABc d2 |]\n"
)
LOOPS = ("X:1\nM:2/4\nL:1/8\nK:D\nD2F2|A4|]\n", "X:1\nM:2/4\nL:1/8\nK:D\nf4|e2d2|]\n")


def told(*_: Any) -> None:
    """Progress, of which nobody is told."""


def dropped(folder: Path, data: bytes, *, title: str = "dropped") -> dict[str, Any]:
    folder.mkdir(exist_ok=True)
    (folder / "given").write_bytes(data)
    return work.read(folder, told, file=str(folder / "given"), title=title)


def composed(folder: Path, *given: str, **asked: Any) -> tuple[dict[str, Any], Any]:
    folder.mkdir()
    found = work.composed(folder, told, asked=asdict(Compose(**asked)), title="It", given=given, checkpoint=CHECKPOINT)
    return found, tune_in((folder / "it.abc").read_bytes()).tune


def test_a_dropped_tune_is_shown_as_it_sounds_with_its_repeats_at_its_own_tempo(tmp_path: Path) -> None:
    found = dropped(tmp_path, b"X:1\nT:Up\nM:2/4\nL:1/8\nQ:1/4=60\nK:D\n|: D2 F2 | A2 f2- :| f4 |]\n")
    shown = json.loads((tmp_path / TUNE).read_text())
    assert [at for at, _ in shown["bars"]] == [0, 2, 4, 6, 8]
    assert [bar for _, bar in shown["bars"]] == [0, 1, 0, 1, 2]
    assert shown["notes"] == [
        [0, 1, 62],
        [1, 1, 66],
        [2, 1, 69],
        [3, 1, 78],
        [4, 1, 62],
        [5, 1, 66],
        [6, 1, 69],
        [7, 3, 78],
    ]
    assert (shown["length"], shown["bpm"], found["seconds"]) == (10, 60, 10)
    assert (found["title"], found["key"], found["metre"], found["notes"]) == ("Up", "D major", "2/4", 8)
    piece = tune_piece(tmp_path / "up.mid")
    ons = [event for event in piece.events if event.kind is Kind.NOTE_ON]
    assert [(event.at_sample, event.number, event.channel) for event in ons] == [
        (round(at * SAMPLE_RATE), key, CHANNEL) for at, _, key in shown["notes"]
    ]
    assert piece.end_sample == 10 * SAMPLE_RATE


def test_what_sounds_at_any_time_is_marked_in_every_sheet(tmp_path: Path) -> None:
    """Ties, tuplets, graces, chord symbols beside the notes, and each pass of a repeat."""
    pytest.importorskip("verovio")
    dropped(tmp_path, b'X:1\nM:2/4\nL:1/8\nK:D\n|: "D"D2 F-"G"F | {g}f2 (3ABc :| z2 d2 |]\n')
    shown = json.loads((tmp_path / TUNE).read_text())
    sheets = [(tmp_path / SHEETS.format(width)).read_text() for width in WIDTHS]
    for at, length, key in shown["notes"]:
        for time_at in (at + 1e-6, at + length - 1e-6):
            begin, bar = [one for one in shown["bars"] if one[0] <= time_at][-1]
            marked = [row for row in shown["written"][bar] if row[1] <= time_at - begin < row[1] + row[2]]
            assert len(marked) == 1, (time_at, key)
            assert all(f'id="{marked[0][0]}" class="note"' in sheet for sheet in sheets)
    silent = shown["bars"][-1][0] + 0.1
    assert all(row[1] + shown["bars"][-1][0] > silent for row in shown["written"][2])


def test_words_of_strangers_are_words_in_every_file(tmp_path: Path) -> None:
    found = dropped(tmp_path, ABC.encode())
    assert found["title"] == "Up & <script>alert(1)</script>"
    for path in tmp_path.glob("*.svg"):
        assert "<script" not in path.read_text()
    assert {path.suffix for path in tmp_path.glob(f"{found['stem']}.*")} == {".abc", ".mid", ".musicxml", ".svg"}


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"\0\1\2\3", "neither ABC, MIDI nor MusicXML"),
        (b" \n", "empty"),
        (b"X:1\nM:none\nL:1/1\nQ:1/4=1\nK:C\n" + b"C8|" * 10 + b"\n", "no tune is that long"),
        (b"X:1\nK:C\nz4|z4|]\n", "no note"),
    ],
)
def test_what_is_no_tune_is_refused_in_a_line(tmp_path: Path, data: bytes, says: str) -> None:
    with pytest.raises(NsynthLabError, match=says) as refused:
        dropped(tmp_path, data)
    assert str(tmp_path) not in str(refused.value)


def test_a_tune_is_composed_as_it_is_asked_for_and_goes_on(tmp_path: Path) -> None:
    found, tune = composed(tmp_path / "new", metre="6/8", key="E dorian", form="AB", bars=2, seed=7, chords=True)
    assert (found["metre"], found["key"], found["bars"], len(tune.bars)) == ("6/8", "E dorian", 4, 4)
    assert any(bar.chords for bar in tune.bars)
    again, _ = composed(tmp_path / "again", metre="6/8", key="E dorian", form="AB", bars=2, seed=7)
    assert again["bits"] == found["bits"]
    duet, _ = composed(tmp_path / "duet", LOOPS[0], bars=1, begin="it", second=True)
    page = json.loads((tmp_path / "duet" / TUNE).read_text())
    above, below = ([note[:3] for note in page["notes"] if len(note) == size] for size in (3, 4))
    assert [note[:2] for note in below] == [note[:2] for note in above]
    assert all(0 < high[2] - low[2] <= 16 for high, low in zip(above, below, strict=True))
    marked = [name for name, *_ in page["written"][0]]
    assert [name.split("m")[0] for name in marked] == ["v0", "v0", "v1", "v1"], "both are marked"
    assert duet["notes"] == len(page["notes"])
    longer, more = composed(tmp_path / "on", LOOPS[0], bars=3, begin="it")
    assert longer["bars"] == 5
    assert [bar.notes for bar in more.bars[:2]] == [bar.notes for bar in tune_in(LOOPS[0].encode()).tune.bars]
    between, _ = composed(tmp_path / "between", *LOOPS, between=("a", "b"), position=1.0, free=0.0)
    assert json.loads((tmp_path / "between" / TUNE).read_text())["notes"][0][2] == 78, "at 1 it is the second"
    assert between["metre"] == "2/4"


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"metre": "5/4"}, "5/4"), ({"metre": "none"}, "free time"), ({"key": "H"}, "key"), ({"key": "none"}, "tonic"),
        ({"form": "A1"}, "form"), ({"bars": 65}, "65 bars"), ({"upbeat": "a bit"}, "upbeat"),
    ],
)  # fmt: skip
def test_a_wish_that_cannot_be_is_refused_before_any_work(asked: dict[str, Any], says: str) -> None:
    with pytest.raises(NsynthLabError, match=says):
        work.wish_of(Compose(**asked))


def laid_out(folder: Path, count: int) -> PalettePieces:
    folder.mkdir()
    given, titles = [LOOPS[k % 2] for k in range(count)], [f"tune {k}" for k in range(count)]
    work.laid_out(folder, told, given=given, titles=titles, bars=[1] * count, checkpoint=CHECKPOINT)
    return palette_pieces(folder / PALETTE)


def test_a_palette_has_its_tunes_at_the_corners(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work, "STEPS", 2)
    ends = [
        [
            note.pitch.note
            for bar in loop_of(tune_in(text.encode()).tune)[0].tune().bars
            for note in bar.notes
            if note.pitch
        ]
        for text in LOOPS
    ]

    def keys(piece: Any) -> list[int]:
        return [event.number for event in piece.events if event.kind is Kind.NOTE_ON]

    two = laid_out(tmp_path / "two", 2)
    assert [[keys(piece) for piece in row] for row in two.cells] == [ends]
    assert (two.bar_samples, two.slot_samples) == (SAMPLE_RATE, SAMPLE_RATE // 8), "at 120 quarters a minute"
    three = laid_out(tmp_path / "three", 3)
    assert [[keys(piece) for piece in row] for row in three.cells] == [ends, [ends[0], ends[0]]]
    four = laid_out(tmp_path / "four", 4)
    assert [[keys(piece) for piece in row] for row in four.cells] == [ends, ends]
    assert {piece.end_sample for row in four.cells for piece in row} == {2 * SAMPLE_RATE}


def test_a_palette_of_tunes_that_do_not_go_together_names_them(tmp_path: Path) -> None:
    with pytest.raises(TuneError, match="equally long"):
        work.laid_out(
            tmp_path, told, given=[LOOPS[0], "X:1\nM:3/4\nL:1/4\nK:C\nCDE|FGA|]\n"], titles=["a", "b"], bars=[1, 1],
            checkpoint=CHECKPOINT,
        )  # fmt: skip
    with pytest.raises(TuneError, match="b: has no notes in bars 9"):
        work.laid_out(tmp_path, told, given=LOOPS, titles=["a", "b"], bars=[1, 9], checkpoint=CHECKPOINT)


@pytest.mark.parametrize(
    "change",
    [
        {"length": 1e9}, {"bar": 0}, {"slot": "x"}, {"cells": []}, {"cells": [[]]}, {"cells": [[[[0, 1, 60]]], []]},
        {"cells": [[[[0, 1, 999]]]]}, {"cells": [[[[0, 99, 60]]]]}, {"cells": [[[["a", 1, 60]]]]},
        {"cells": [[[[float("nan"), 1, 60]]]]},
    ],
)  # fmt: skip
def test_a_palette_that_a_job_has_spoilt_is_not_played(tmp_path: Path, change: dict[str, Any]) -> None:
    page = {"length": 4.0, "bar": 2.0, "slot": 0.125, "cells": [[[[0, 1, 60]]]]}
    (tmp_path / PALETTE).write_text(json.dumps(page))
    assert len(palette_pieces(tmp_path / PALETTE).cells) == 1
    (tmp_path / PALETTE).write_text(json.dumps(page | change))
    with pytest.raises(TuneError, match="lay it out again"):
        palette_pieces(tmp_path / PALETTE)


class Around:
    """Of an instrument what a player of tunes needs."""

    def __init__(self) -> None:
        self.place = (0.0, 0.0)
        self.kept: list[Any] = []
        self.held: set[int] = set()

    def holds(self, key: int) -> bool:
        return key in self.held

    def add_source(self, _: object) -> None:
        """Blocks are pulled here."""

    def handle(self, message: Any) -> None:
        self.kept.append(message)


class Hand:
    """A player on a palette of 2 x 2 loops, whose notes say where they come from: 60, 61 above, 70, 71 below."""

    def __init__(self, tmp_path: Path) -> None:
        cells = [
            [[[step * 0.5, 0.5, 60 + 10 * row + column] for step in range(4)] for column in (0, 1)] for row in (0, 1)
        ]
        (tmp_path / PALETTE).write_text(json.dumps({"length": 2.0, "bar": 1.0, "slot": 0.125, "cells": cells}))
        self.around = Around()
        self.player = TunePlayer(self.around)  # type: ignore[arg-type]
        self.player.move(TunePlace(0.0, 0.0))
        self.pieces = palette_pieces(tmp_path / PALETTE)
        self.clock = 0
        self.down: set[int] = set()

    def hear(self, seconds: float) -> list[Event]:
        found: list[Event] = []
        until = self.clock + round(seconds * SAMPLE_RATE)
        while self.clock < until:
            size = min(256, until - self.clock)
            found += self.player.events(self.clock, size)
            self.clock += size
        for event in found:
            if event.kind is Kind.NOTE_ON:
                assert event.number not in self.down
                self.down.add(event.number)
            elif event.kind is Kind.NOTE_OFF:
                self.down.remove(event.number)
        return found

    def ons(self, seconds: float) -> list[tuple[float, int]]:
        return [
            (event.at_sample / SAMPLE_RATE, event.number) for event in self.hear(seconds) if event.kind is Kind.NOTE_ON
        ]


def test_a_place_on_the_palette_is_heard_at_the_next_bar_or_sixteenth(tmp_path: Path) -> None:
    hand = Hand(tmp_path)
    hand.player.play_palette("it", hand.pieces, at_seconds=0.0)
    assert hand.ons(0.3) == [(0, 60)]
    hand.player.move(TunePlace(1.0, 0.0))
    assert hand.ons(0.9) == [(0.5, 60), (1.0, 61)]
    assert (hand.player.playing().row, hand.player.playing().column) == (0, 1)
    hand.player.go(TuneWay(change="slot"))
    hand.player.move(TunePlace(1.0, 1.0))
    assert hand.ons(0.4) == [(1.25, 71), (1.5, 71)], "in the middle of a note, which is struck anew as that of the loop"
    hand.player.stop()
    hand.hear(0.01)
    assert not hand.down
    assert not hand.player.playing().on


def test_a_key_that_a_page_holds_is_not_let_go_by_the_same_note_of_a_tune(tmp_path: Path) -> None:
    hand = Hand(tmp_path)
    hand.around.held = {60}
    hand.player.play_palette("it", hand.pieces, at_seconds=0.0)
    assert {event.kind for event in hand.player.events(0, SAMPLE_RATE)} == {Kind.NOTE_ON}


def test_together_the_place_of_the_blend_is_the_place_on_the_palette(tmp_path: Path) -> None:
    hand = Hand(tmp_path)
    hand.player.go(TuneWay(together=True))
    hand.player.play_palette("it", hand.pieces, at_seconds=0.0)
    hand.ons(0.1)
    hand.around.place = (0.2, 0.9)
    assert hand.ons(1.0) == [(0.5, 60), (1.0, 70)]
    assert (hand.player.playing().x, hand.player.playing().y) == (0.2, 0.9)
    hand.player.stop()
    assert hand.around.kept == []


def test_a_path_is_gone_along_round_and_round_and_takes_the_blend_with_it(tmp_path: Path) -> None:
    hand = Hand(tmp_path)
    hand.player.go(TuneWay(together=True))
    hand.player.move(TunePlace(path=((0.0, 0.0, 0.0), (2.0, 1.0, 0.0), (3.9, 1.0, 1.0))))
    hand.player.play_palette("it", hand.pieces, at_seconds=0.0)
    heard = hand.hear(5.0)
    ons = [(event.at_sample / SAMPLE_RATE, event.number) for event in heard if event.kind is Kind.NOTE_ON]
    assert [number for at, number in ons if at % 1 == 0] == [60, 60, 61, 71, 60]
    across = [(event.at_sample / SAMPLE_RATE, event.value) for event in heard if event.name == "x"]
    for at, x in across:
        assert x == pytest.approx(min(at % 3.9 / 2, 1.0), abs=0.001)
    hand.player.stop()
    (kept,) = hand.around.kept
    assert isinstance(kept, Place)
    assert kept.x == pytest.approx(0.55, abs=0.01)
    assert (kept.y, kept.keep) == (0.0, True)
    with pytest.raises(UsageError, match="rising times"):
        hand.player.move(TunePlace(path=((1.0, 0.0, 0.0), (0.0, 1.0, 0.0))))
    with pytest.raises(UsageError, match="from 0 to 1"):
        hand.player.move(TunePlace(path=((0.0, 0.0, 0.0), (1.0, 3.0, 0.0))))


@pytest.fixture(scope="module")
def there() -> Iterator[tuple[int, Jobs, Instrument]]:
    """A panel's port, its jobs and its instrument."""
    with (
        Instrument(Session(device="cpu"), blend_patch(["flute", "cello"])) as instrument,
        serving(instrument) as served,
    ):
        yield served[0], served[1].state.jobs, instrument


def sent(port: int, name: str, body: bytes) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10.0)
    connection.request("POST", f"/api/tunes?name={name}", body)
    answer = connection.getresponse()
    found = answer.status, answer.read().decode()
    connection.close()
    return found


def ready(jobs: Jobs, name: str) -> dict[str, Any]:
    until = time.monotonic() + 60.0
    while (row := jobs.rows()[name])["state"] in ("waiting", "running"):
        assert time.monotonic() < until, row
        time.sleep(0.02)
    return row


def test_a_dropped_tune_is_played_by_the_sound_and_told_to_all_pages(there: tuple[int, Jobs, Instrument]) -> None:
    port, jobs, _ = there
    assert sent(port, "tune.exe", b"X:1\nK:C\nC|\n")[0] == 415
    status, said = sent(port, "..%2Fmy%20tune.abc", b"X:1\nM:4/4\nL:1/4\nQ:1/4=240\nK:C\nCEGc|CEGc|]\n")
    assert status == 200
    name = json.loads(said)["job"]
    with page(port) as first, page(port) as second:
        say(first, "play_tune", tune="nothing")
        assert "no tune" in hear(first, "trouble")["says"]
        row = ready(jobs, name)
        assert (row["kind"], row["state"], row["result"]["title"]) == ("tune", "done", "my tune")
        say(first, "play_tune", tune=name)
        hear(second, "playing", lambda one: one["on"] and one["tune"] == name and 0 < one["at"] < 2)
        assert hear(second, "status", lambda one: one["voices"] > 0)
        ended = hear(second, "playing", lambda one: not one["on"])
        assert ended["at"] == pytest.approx(2.0)
        say(first, "tune_way", loop=True, speed=0.5)
        say(first, "play_tune", tune=name, at=1.0)
        for each in (first, second):
            hear(each, "playing", lambda one: one["on"] and one["speed"] == 0.5)
        say(second, "panic")
        assert 1.0 <= hear(first, "playing", lambda one: not one["on"])["at"] < 2.0
        say(first, "render_tune", tune=name, format="flac")
        songs = hear(first, "jobs", lambda one: any(row["kind"] == "song" for row in one["jobs"].values()))["jobs"]
        (song, rendered) = next(item for item in songs.items() if item[1]["kind"] == "song")
        assert (rendered["title"], rendered["about"]["tune"], rendered["about"]["format"]) == ("my tune", name, "flac")
        say(first, "forget", job=song)
    with page(port) as third:
        told = hear(third, "playing")
        assert (told["tune"], told["on"], told["loop"]) == (name, False, True), "whoever comes later is told"


def test_what_cannot_be_asked_of_tunes_is_refused(there: tuple[int, Jobs, Instrument]) -> None:
    port, _, _ = there
    with page(port) as one:
        for kind, fields, says in (
            ("compose", {"begin": "x", "between": ["x", "y"]}, "either"),
            ("compose", {"between": ["x"]}, "second"),
            ("compose", {"metre": "7/8"}, "7/8"),
            ("compose", {"begin": "gone"}, "no tune"),
            ("draw_loop", {"key": "?"}, "key"),
            ("palette", {"tunes": ["a", "b"]}, "no tune"),
            ("render_tune", {"tune": "gone"}, "no tune"),
            ("tune_place", {"path": [[1, 0, 0], [0, 0, 0]]}, "rising"),
        ):
            say(one, kind, **fields)
            assert says in hear(one, "trouble")["says"]
