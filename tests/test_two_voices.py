"""Two voices that are followed as one are told; one voice never is, whatever its partials."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from live_inputs import MadeInput
from made_tunes import silence, steady, tone

from nsynth_lab.analysis.phrase import LOOK_AHEAD_HOPS, follow
from nsynth_lab.analysis.two_voices import sounds_like_two
from nsynth_lab.audio import Audio, write_audio
from nsynth_lab.midi.events import note_on
from nsynth_lab.panel.translation.hearing import hear_file
from nsynth_lab.render import Session
from nsynth_lab.render.play_request import parse_play
from nsynth_lab.translate.live_notes import LiveNotes
from nsynth_lab.translate.rules import Rules
from nsynth_lab.units import SAMPLE_RATE, FloatArray

HZ, SECONDS = 220.0, 1.2


def told(sound: FloatArray) -> bool:
    phrase = follow([sound], look_ahead_hops=LOOK_AHEAD_HOPS)
    return phrase.sounds_like_several or sounds_like_two(np.array_split(sound, 7), phrase)


def partials(*numbers: int) -> FloatArray:
    lines = [tone(steady(HZ * number, SECONDS), partials=1) / number for number in numbers]
    return np.asarray(np.sum(lines, axis=0), np.float32)


@pytest.mark.parametrize("semitones", [3, 4, 5, 7, 9])
def test_two_voices_are_told(semitones: int) -> None:
    assert told(tone(steady(HZ, SECONDS)) + tone(steady(HZ * 2 ** (semitones / 12), SECONDS)))


@pytest.mark.parametrize("numbers", [(1,), (1, 2, 3, 4, 5, 6), (1, 3, 5, 7), (2, 3, 4, 5, 6, 7)])
def test_one_voice_is_not(numbers: tuple[int, ...]) -> None:
    """A whistle, a string, a clarinet, and a bass through a small loudspeaker."""
    assert not told(partials(*numbers))


def test_the_panel_says_so(tmp_path: Path) -> None:
    sound = tone(steady(HZ, SECONDS)) + tone(steady(1.5 * HZ, SECONDS))
    path = write_audio(tmp_path / "a.wav", Audio(sound[None], SAMPLE_RATE))
    said = hear_file(tmp_path, lambda *_: None, file=str(path), into=str(tmp_path), title="a")
    assert any("several notes seem to sound at once" in remark for remark in said["remarks"])


def told_live(sound: FloatArray, *, look_ahead_hops: int = 0) -> list[str]:
    """What a player is told within three seconds of playing, asked for as often as the terminal asks."""
    notes = LiveNotes(
        MadeInput(np.concatenate([silence(0.7), sound])), Rules(), block_samples=256, look_ahead_hops=look_ahead_hops
    )
    lines: list[str] = []
    for clock in range(0, round(0.7 * SAMPLE_RATE) + len(sound), 256):
        notes.events(clock)
        if not clock % 4096:
            lines += notes.troubles()
    return lines


def of_cello(*keys: int, seconds: float = 3.0) -> FloatArray:
    """The bank's cello, playing these keys together."""
    engine = parse_play(["cello"]).engine(Session(device="cpu", user_instruments=False), live=False, ahead_samples=8192)
    engine.send([note_on(key) for key in keys])
    return np.asarray(0.5 * engine.render(round(seconds * SAMPLE_RATE)).mean(axis=0), np.float32)


@pytest.mark.parametrize(("keys", "look_ahead_hops"), [((50, 57), 0), ((62, 66), 0), ((50, 57), 20)])
def test_whoever_plays_two_at_once_live_is_told_once(keys: tuple[int, ...], look_ahead_hops: int) -> None:
    (line,) = told_live(of_cello(*keys), look_ahead_hops=look_ahead_hops)
    assert "several notes seem to sound at once" in line


def test_whoever_plays_one_is_not() -> None:
    assert told_live(of_cello(50)) == []
    tune = np.concatenate([tone(steady(HZ * 2 ** (step / 12), 0.25)) for step in (0, 7, 4, 12, 7, 5) * 2])
    assert told_live(tune) == []
