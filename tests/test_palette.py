"""A palette of loops: what plays is the loop at the position, in time, live as offline; grids are read from folders."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest
from playing import SECOND, small_engine
from test_live import Swallow

from nsynth_lab.cli import run
from nsynth_lab.cli.loops_play import read_palette
from nsynth_lab.cli.recipes import is_live
from nsynth_lab.errors import TuneError, UsageError
from nsynth_lab.melody.palette import Palette, PalettePlayer, palette_of
from nsynth_lab.midi.events import Event, Kind, control, note_on, setting
from nsynth_lab.render.live import Live, LiveEngine
from nsynth_lab.render.palette_engine import PaletteEngine
from nsynth_lab.render.song import BLOCK_SAMPLES
from nsynth_lab.synth.settings import Settings
from nsynth_lab.tune.abc import tune_from_abc
from nsynth_lab.tune.files import write_tune
from nsynth_lab.tune.tune import Tune
from nsynth_lab.units import FloatArray

QUARTER = SECOND // 4  # at 240 quarters a minute
LOW, HIGH = "CDEF|GFED|]", "c2 d2|e4|]"


def tune(notes: str) -> Tune:
    return tune_from_abc(f"X:1\nM:4/4\nL:1/4\nK:C\n{notes}\n")


def palette() -> Palette:
    return palette_of([[tune(LOW), tune(HIGH)], [tune("z4|C4|]"), tune("C8|z8|]".replace("8", "4"))]], quarters_bpm=240)


def notes(events: list[Event]) -> list[tuple[float, int]]:
    return [(one.at_sample / QUARTER, one.number) for one in events if one.kind is Kind.NOTE_ON]


def test_the_loop_at_the_position_plays_again_and_again() -> None:
    events = PalettePlayer(palette(), x=0.4, y=0.2).until(10 * QUARTER)
    assert notes(events) == [(at, note) for at, note in enumerate([60, 62, 64, 65, 67, 65, 64, 62, 60, 62])]
    ends = [one.at_sample / QUARTER for one in events if one.kind is Kind.NOTE_OFF]
    assert ends == [float(at) for at in range(1, 11)]


def test_when_the_position_moves_time_goes_on_in_the_other_loop() -> None:
    player = PalettePlayer(palette())
    player.move(int(2.5 * QUARTER), "x", 1.0)
    player.move(int(8.5 * QUARTER), "x", 0.0)
    events = player.until(11 * QUARTER)
    assert notes(events) == [(0, 60), (1, 62), (2, 64), (4, 76), (8, 72), (9, 62), (10, 64)]
    ends = {one.number: one.at_sample / QUARTER for one in events if one.kind is Kind.NOTE_OFF}
    assert ends[72] == 9  # the next note of the other loop ends it
    assert ends[76] == 8


def test_what_is_played_does_not_depend_on_how_it_is_asked_for() -> None:
    def events(block: int) -> list[Event]:
        player = PalettePlayer(palette(), end_sample=14 * QUARTER + 100)
        for at, axis, value in ((QUARTER // 3, "x", 0.7), (5 * QUARTER + 1, "y", 1.0), (9 * QUARTER, "y", 0.0)):
            player.move(at, axis, value)
        found = [event for sample in range(block, 16 * QUARTER + block, block) for event in player.until(sample)]
        assert player.ended
        return found

    whole = events(16 * QUARTER)
    assert whole == events(64) == events(1000)
    assert max(one.at_sample for one in whole) == 14 * QUARTER + 100  # what sounds at the end is ended


def test_a_tempo_without_whole_samples_does_not_drift() -> None:
    player = PalettePlayer(palette_of([[tune(LOW)]], quarters_bpm=97))
    begun = [one.at_sample for one in player.until(SECOND * 600) if one.kind is Kind.NOTE_ON]
    exact = np.arange(len(begun)) * 60 / 97 * SECOND
    assert np.abs(begun - exact).max() <= 0.5 + 1e-6


def moves() -> list[Event]:
    return [
        control(1, 127, at_sample=QUARTER // 2),
        note_on(84, 60, at_sample=QUARTER),
        setting("y", 1.0, at_sample=2 * QUARTER + 7),
        control(1, 0, at_sample=3 * QUARTER),
        setting("y", 0.0, at_sample=3 * QUARTER),
    ]


def engine(*, together: bool, ahead_samples: int = 512) -> PaletteEngine:
    inner = small_engine(Settings(voices=6), ahead_samples=ahead_samples)
    player = PalettePlayer(palette(), x=0.0, y=0.0)
    return PaletteEngine(inner, player, controllers={1: "x"}, together=together)


def offline(made: LiveEngine, events: list[Event], *, samples: int) -> FloatArray:
    made.send(events)
    blocks = [made.render(BLOCK_SAMPLES) for _ in range(-(-samples // BLOCK_SAMPLES))]
    return np.concatenate(blocks, axis=1)[:, :samples]


@pytest.mark.parametrize("together", [False, True])
def test_a_palette_sounds_live_as_it_does_offline(together: bool) -> None:
    samples = 5 * QUARTER
    live = Live(engine(together=together), Swallow(), song=moves())
    live.run(threading.Event(), done=lambda: live.engine.clock >= samples)
    assert isinstance(live.sink, Swallow)
    heard = np.concatenate(live.sink.heard, axis=1)[:, :samples]
    assert np.abs(heard).max() > 0.01
    rendered = offline(engine(together=together, ahead_samples=BLOCK_SAMPLES), moves(), samples=samples)
    assert np.abs(rendered - heard).max() <= 2e-5


def test_one_position_moves_the_blend_only_together() -> None:
    for together, blend in ((False, 0.5), (True, 1.0)):
        made = engine(together=together)
        made.send([control(1, 127), note_on(84)])
        made.render(512)
        assert made.player.settings.x == blend
        assert made.state().x == 1.0  # where the palette is
        assert {voice.key for voice in made.player.allocator.voices} == {72, 84}  # the keys play along


def test_loops_of_different_lengths_are_refused() -> None:
    with pytest.raises(TuneError, match=r"different lengths, 1, 2 whole notes"):
        palette_of([[tune(LOW), tune("C4|]")]], quarters_bpm=100)


def written(folder: Path, **loops: str) -> Path:
    for name, text in loops.items():
        write_tune(tune(text), folder / f"{name.strip('_').replace('_', '-')}.mid")
    return folder


def test_a_grid_is_read_by_row_and_column_and_a_series_is_one_row(tmp_path: Path) -> None:
    made = read_palette(written(tmp_path, _1_1=LOW, _1_2=HIGH, _2_1=HIGH, _2_2=LOW), quarters_bpm=240)
    wanted = palette_of([[tune(LOW), tune(HIGH)], [tune(HIGH), tune(LOW)]], quarters_bpm=240)
    assert made == wanted
    (tmp_path / "series").mkdir()
    row = read_palette(
        written(tmp_path / "series", _1=LOW, _2=HIGH, _10=LOW, **{f"_{n}": LOW for n in range(3, 10)}),
        quarters_bpm=None,
    )
    assert len(row.rows) == 1
    assert row.rows[0][1] == palette_of([[tune(HIGH)]], quarters_bpm=120).rows[0][0]


def test_what_is_no_grid_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(UsageError, match="no loops in it"):
        read_palette(tmp_path, quarters_bpm=None)
    with pytest.raises(UsageError, match=r"2-2.mid is missing in a grid of 2 rows and 2 columns"):
        read_palette(written(tmp_path, _1_1=LOW, _1_2=HIGH, _2_1=HIGH), quarters_bpm=None)
    with pytest.raises(UsageError, match="expected 20 to 400"):
        read_palette(tmp_path, quarters_bpm=3)
    assert run(["loops", "play", "flute", "--grid", str(tmp_path / "none")]) == 2
    assert "no such folder; make one" in capsys.readouterr().err
    assert run(["loops", "play", "flute"]) == 2


def test_a_recording_of_it_says_how_it_was_made_and_cannot_be_made_again() -> None:
    assert is_live(("loops", "play", "flute", "--grid", "grid"))
    assert not is_live(("loops", "a.mid", "b.mid"))
