"""Two voices that are followed as one are told; one voice never is, whatever its partials."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from made_tunes import steady, tone

from nsynth_lab.analysis.phrase import LOOK_AHEAD_HOPS, follow
from nsynth_lab.analysis.two_voices import sounds_like_two
from nsynth_lab.audio import Audio, write_audio
from nsynth_lab.panel.translation.hearing import hear_file
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
