"""The status line of `play`: it fits the terminal, shows what a player needs, and forgets past overloads."""

from __future__ import annotations

import os
import signal
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from rich.cells import cell_len

from nsynth_lab.analysis.follower import Heard
from nsynth_lab.cli.status import OVERLOAD_SECONDS, StatusLine, cut
from nsynth_lab.midi.computer_keyboard import ComputerKeyboard
from nsynth_lab.render.live import Status
from nsynth_lab.render.play_request import PlayRequest
from nsynth_lab.synth.engine import EngineState

TITLES = ["flute", "flute, cello, choir aahs, marimba", "琵琶と尺八の長い名前の楽器, " * 3, "e\u0301te\u0301 " * 20, ""]
FILES = ["", "take.wav", "a very long name of a recording that nobody can read.flac", "録音した曲の題名.wav"]


def status(*, overload: int = 0, learning: str = "", away: bool = False, recording: str = "") -> Status:
    engine = EngineState(
        voices=16, overload_stolen=overload, stolen=0, dropped=0, x=0.25, y=0.5, peak=0.51, learning=learning
    )
    return Status(engine, median=0.123, highest=0.987, underruns=3, latency_ms=21.4, away=away, recording=recording)


def test_it_says_where_the_blend_is_by_position_or_by_weights() -> None:
    there = status()
    assert "0.25,0.50" in StatusLine().line(there, columns=200)
    weighted = replace(there, engine=replace(there.engine, weights=(0.5, 0.3, 0.2, 0.0, 0.0)))
    assert "50/30/20/0/0" in StatusLine().line(weighted, columns=200)


def test_it_shows_what_comes_in() -> None:
    line = StatusLine("flute")
    heard = replace(status(), heard=Heard(69.12, -23.4, 0.9, 512))
    assert "flute  -23 dB A4  +12" in line.line(heard, columns=200)
    assert "A4" in line.line(heard, columns=50)
    assert "INPUT LOST" in line.line(replace(heard, input_away=True), columns=30)


@pytest.mark.parametrize("title", TITLES)
@pytest.mark.parametrize("recording", FILES)
def test_it_fits_every_terminal(title: str, recording: str) -> None:
    for alarms in ({}, {"overload": 12, "learning": "release_ms", "away": True}):
        line = StatusLine(title, ComputerKeyboard(0.5, 0.5, octave=-2, holding=True))
        for columns in range(1, 200):
            said = line.line(status(recording=recording, **alarms), columns=columns)  # type: ignore[arg-type]
            assert cell_len(said) <= columns
            assert "\n" not in said
            assert columns < 20 or said


def test_eighty_columns_show_instruments_octave_hold_and_the_file_that_is_recorded() -> None:
    line = StatusLine("flute, cello", ComputerKeyboard(0.5, 0.5, octave=1, holding=True))
    said = line.line(status(recording="take.wav"), columns=79)
    for words in ("flute, cello", "0.25,0.50", "oct +1", "hold", "rec take.wav", "16 voices", "load 12/99%"):
        assert words in said


def test_forty_columns_keep_what_matters_most() -> None:
    line = StatusLine("flute, cello, choir aahs, marimba", ComputerKeyboard(0.5, 0.5, octave=1, holding=True))
    said = line.line(status(recording="an evening in june.wav"), columns=39)
    for words in ("flute, ", "oct +1", "hold", "rec an ", "…"):
        assert words in said
    said = line.line(status(away=True, overload=4, recording="take.wav"), columns=39)
    assert said.startswith("DEVICE LOST  overload: 4 voices stolen")


def test_a_past_overload_is_forgotten_and_the_next_one_is_counted_anew() -> None:
    now = 100.0
    line = StatusLine(clock=lambda: now)

    def said(overload: int) -> str:
        return line.line(status(overload=overload), columns=200)

    assert "overload" not in said(0)
    assert "overload: 4 voices stolen" in said(4)
    now += OVERLOAD_SECONDS - 0.1
    assert "overload: 6 voices stolen" in said(6), "it goes on"
    now += OVERLOAD_SECONDS + 0.1
    assert "overload" not in said(6)
    now += 60.0
    assert "overload: 1 voices stolen" in said(7)


def test_titles_name_what_is_played() -> None:
    assert PlayRequest(("flute", "cello")).title() == "flute, cello"
    assert PlayRequest(preset="glass-cello").title() == "glass-cello"
    assert "\x1b" not in StatusLine("a\x1b[31mb").line(status(), columns=80)
    assert cut("abc", 0) == ""


@pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals")
def test_a_terminal_shows_one_line_that_stays_in_its_place(tmp_path: Path) -> None:
    """On a pseudo-terminal: keys are pressed, and every redrawn line is checked."""
    import fcntl
    import pty
    import select
    import struct
    import termios

    columns = 40
    script, take = Path(__file__).with_name("status_process.py"), tmp_path / "take.wav"
    child, terminal = pty.fork()
    if child == 0:
        words = [sys.executable, str(script), "琵琶と尺八, flute, and a cello of a long name", str(take)]
        own = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}
        os.execve(sys.executable, words, {**own, "TERM": "xterm-256color", "PYTHONPATH": str(script.parent)})
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    said, until = "", time.monotonic() + 60.0
    keys = [("take.wav", b"="), ("oct +1", b" "), ("  hold  ", b"\x1b")]
    while time.monotonic() < until:
        if not select.select([terminal], [], [], 0.2)[0]:
            continue
        try:
            said += os.read(terminal, 4096).decode(errors="replace")
        except OSError:  # the child has ended
            break
        if keys and keys[0][0] in said:
            os.write(terminal, keys.pop(0)[1])
    else:
        os.kill(child, signal.SIGKILL)
    _, code = os.waitpid(child, 0)
    os.close(terminal)
    assert (code, keys) == (0, []), said[-2000:]
    drawn = said.split("\r\x1b[K")[1:]
    assert len(drawn) > 2
    for line in drawn[:-1]:
        assert cell_len(line) < columns
        assert "\n" not in line
        assert line == "" or ("琵琶" in line and "rec take.wav" in line)
    assert drawn[-1].strip() == "", "nothing of it is left behind"
