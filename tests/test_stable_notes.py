"""Notes of plugins that load late, that vary or that stay silent are repeated until they are stable."""

from __future__ import annotations

from itertools import cycle
from pathlib import Path

import numpy as np
import pytest
from made_font import tone

from nsynth_lab.capture import KeyVelocity
from nsynth_lab.capture.vst3 import Vst3Source
from nsynth_lab.cli import run
from nsynth_lab.effects import scan
from nsynth_lab.effects.stable_notes import LATER_SECONDS, PAUSE_SECONDS, VARYING_SECONDS, StableNotePlayer
from nsynth_lab.units import FloatArray

KARS = Path(__file__).resolve().parent.parent / "build" / "vst3" / "Kars.vst3"
needs_kars = pytest.mark.skipif(not KARS.exists(), reason="no VST3 instrument was built (scripts/build-kars)")


class Clock:
    """Time that passes only while somebody sleeps."""

    now = 0.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("nsynth_lab.effects.stable_notes.time", clock)
    return clock


def test_what_loads_late_is_waited_for(told: list[str], clock: Clock) -> None:
    whole = tone()[None]

    def play() -> FloatArray:
        """Silent for 3 s; then fading in for 2 s more."""
        return np.asarray(whole * np.clip((clock.now - 3.0) / 2.0, 0.0, 1.0), np.float32)

    taken = StableNotePlayer("Slow").play(play)
    assert float(np.abs(taken).max()) == pytest.approx(float(np.abs(whole).max()), rel=0.12), "within 1 dB"
    assert clock.now < 3.0 + 2.0 + 2 * PAUSE_SECONDS
    assert told == ["Slow is still silent; waiting up to 20 s for it to load its samples"]


def test_silence_is_not_waited_for_without_end(told: list[str], clock: Clock) -> None:
    player, silence = StableNotePlayer("Dumb", loading_seconds=3.0), np.zeros((1, 4800), np.float32)
    assert not player.play(lambda: silence).any()
    assert 3.0 <= clock.now < 3.0 + 2 * PAUSE_SECONDS
    until = clock.now
    for _ in range(20):
        player.play(lambda: silence)
    assert clock.now - until == pytest.approx(20 * PAUSE_SECONDS), "what all notes wait together is bounded"
    assert told[1:] == ["Dumb is silent after 3 s; does it need a state, or its own samples?"]


def test_a_silent_key_of_a_plugin_that_was_heard_waits_little(told: list[str], clock: Clock) -> None:
    player = StableNotePlayer("Drums")
    player.play(lambda: tone()[None])
    until = clock.now
    player.play(lambda: np.zeros((1, 4800), np.float32))
    assert LATER_SECONDS <= clock.now - until < LATER_SECONDS + 2 * PAUSE_SECONDS
    assert told == []


def test_notes_that_are_never_alike_are_told_once(told: list[str], clock: Clock) -> None:
    gains, player = cycle((0.1, 1.0)), StableNotePlayer("Wild")
    for _ in range(3):
        taken = player.play(lambda: np.asarray(tone()[None] * next(gains), np.float32))
        assert taken.any()
    assert VARYING_SECONDS <= clock.now < VARYING_SECONDS + 4 * PAUSE_SECONDS
    assert told == ["Wild never plays a note twice the same way: another capture will differ slightly"]


@needs_kars
def test_a_plugins_note_is_the_same_whatever_was_played_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, told: list[str]
) -> None:
    monkeypatch.setenv("NSYNTH_LAB_HOME", str(tmp_path))
    scan([KARS])

    def note(source: Vst3Source, number: int = 60) -> FloatArray:
        return source.play(KeyVelocity(number, 100), hold_seconds=0.4, seconds=0.6)

    source = Vst3Source("Kars", settings={"sustain": True})
    first = note(source)
    note(source, 67)
    assert np.array_equal(note(source), first), "its noise comes from dice that are thrown anew"
    source._plugin.set_parameter("Sustain", 0.0)  # as a note, or the plugin itself, may do
    source._plugin.play_silence()
    assert np.array_equal(note(source), first), "each note begins in the same state"
    source.close()
    again = Vst3Source("Kars", settings={"sustain": True})
    assert np.array_equal(note(again), first)
    again.close()
    assert told == []


@needs_kars
def test_a_state_is_read_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NSYNTH_LAB_HOME", str(tmp_path))
    scan([KARS])
    source = Vst3Source("Kars", settings={"sustain": True, "volume": 50.0})
    whole, junk = tmp_path / "whole.state", tmp_path / "junk.state"
    whole.write_bytes(source._plugin.state())
    sustained = source.play(KeyVelocity(60, 100), hold_seconds=0.2, seconds=0.5)
    source.close()
    junk.write_bytes(b"junk" * 20)
    taken = Vst3Source("Kars", settings={}, state=whole)
    assert taken.info.remarks == ()
    assert np.array_equal(taken.play(KeyVelocity(60, 100), hold_seconds=0.2, seconds=0.5), sustained)
    taken.close()
    refused = Vst3Source("Kars", settings={}, state=junk)
    assert [remark.partition(" by ")[0] for remark in refused.info.remarks] == ["Kars was not changed"]
    refused.close()


@pytest.mark.parametrize(
    ("words", "said", "code"),
    [
        (["nowhere.vst3"], "no such folder or .vst3 file", 1),
        (["/usr/lib/vst3/ZamCompX2.vst3"], "contains no instrument|no such folder", 1),
        (["some.wav"], "some.wav: no such file", 1),
        (["a.sfz", "--program", "3"], "--bank and --program are for SoundFonts", 2),
        (["a.sf2", "--keyswitch", "C0"], "--keyswitch is for SFZ", 2),
        (["a.sf2", "--set", "x=1"], "--set and --state are for VST3", 2),
        (["a.sf2", "--velocities", ""], "expected numbers from 1 to 127", 2),
        (["a.sf2", "--velocities", "128"], "velocity 128", 2),
        (["a.sf2", "--step", "0"], "step of 1 to 48", 2),
        (["a.sf2", "--low", "H2"], "is not a note", 2),
        (["a.sf2", "--hold", "9", "--duration", "2"], "hold", 2),
        (["a.sf2"], "no such file", 1),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)  # fmt: skip
def test_what_cannot_be_captured_is_one_line(
    words: list[str],
    said: str,
    code: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("NSYNTH_LAB_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    assert run(["capture", *words, "--name", "x", "--family", "organ"]) == code
    error = capsys.readouterr().err.strip()
    assert "\n" not in error
    assert any(word in error for word in said.split("|")), error
