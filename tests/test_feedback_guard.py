"""A microphone that hears the loudspeakers: the loop dies away and is told; who wears headphones is left alone."""

from __future__ import annotations

import numpy as np
import pytest
from live_inputs import MadeInput
from made_tunes import faded, silence, steady, tone
from playing import small_engine

from nsynth_lab.synth.mixer import CEILING
from nsynth_lab.synth.settings import Settings
from nsynth_lab.translate.feedback_guard import EXPRESSION, FULL, FeedbackGuard
from nsynth_lab.translate.live_notes import LiveNotes
from nsynth_lab.translate.rules import Rules
from nsynth_lab.units import SAMPLE_RATE, FloatArray

BLOCK = 256
DELAY_BLOCKS = 8  # 43 ms through the device and the air
SECONDS = 6.5


def looped(*, gain: float, makeup_db: float | None, seconds: float = SECONDS) -> tuple[FloatArray, LiveNotes]:
    """What the loudspeakers play, and who listens: a second is sung, then only the loop goes on."""
    sung = np.concatenate([silence(0.7), faded(tone(steady(220.0, 1.0), level=0.05)), silence(seconds)])
    source = MadeInput(sung)
    engine, played = small_engine(Settings(mpe=True)), [np.zeros((2, BLOCK), np.float32)] * DELAY_BLOCKS
    notes = LiveNotes(source, Rules(), block_samples=BLOCK, makeup_db=makeup_db)
    while engine.clock < seconds * SAMPLE_RATE:
        source.samples[engine.clock : engine.clock + BLOCK] += gain * played[-DELAY_BLOCKS].mean(axis=0)
        engine.send(notes.events(engine.clock))
        played.append(engine.render(BLOCK))
    return np.concatenate(played, axis=1), notes


def level_db(sound: FloatArray, begin: float, end: float) -> float:
    part = sound[:, int(begin * SAMPLE_RATE) : int(end * SAMPLE_RATE)]
    return float(10.0 * np.log10(np.square(part).mean() + 1e-12))


@pytest.mark.parametrize("gain", [0.5, 1.0])
def test_a_loop_dies_away_and_is_told_once(gain: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a fixed make-up of 20 dB, so that without the guard it howls as loud as it can be, for ever."""
    sound, notes = looped(gain=gain, makeup_db=20.0)
    assert np.abs(sound).max() < CEILING
    assert level_db(sound, SECONDS - 1.0, SECONDS) < level_db(sound, 1.2, 1.6) - 40.0
    told = notes.troubles()
    assert len(told) == 1
    assert "use headphones" in told[0]
    assert notes.troubles() == []
    monkeypatch.setattr(FeedbackGuard, "hear", lambda *_, **__: [])
    howling, _ = looped(gain=gain, makeup_db=20.0)
    assert level_db(howling, SECONDS - 1.0, SECONDS) > level_db(howling, 1.2, 1.6) - 10.0, "there is a loop"


@pytest.mark.parametrize("gain", [0.1, 1.0])
def test_a_level_that_is_learnt_holds_no_loop(gain: float) -> None:
    sound, _ = looped(gain=gain, makeup_db=None, seconds=4.0)
    assert np.abs(sound).max() < CEILING
    assert level_db(sound, 3.0, 4.0) < level_db(sound, 1.2, 1.6) - 40.0


def test_a_long_note_without_a_loop_dips_once_and_is_left_alone() -> None:
    pitch = 220.0 * 2 ** (20 / 1200 * np.sin(2 * np.pi * 5 * np.arange(round(14 * SAMPLE_RATE)) / SAMPLE_RATE))
    sound = np.concatenate([silence(0.7), faded(tone(pitch))])
    notes = LiveNotes(MadeInput(sound), Rules(), block_samples=BLOCK)
    events = [event for clock in range(0, len(sound), BLOCK) for event in notes.events(clock)]
    turned = [event for event in events if event.number == EXPRESSION and event.channel == 0]
    assert [event.value == FULL for event in turned] == [False, True]
    assert 6.5 < turned[0].at_sample / SAMPLE_RATE < 7.5
    assert (turned[1].at_sample - turned[0].at_sample) / SAMPLE_RATE < 0.4
    assert notes.troubles() == []
