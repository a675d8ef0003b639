"""The real parts: keyboard process -> JACK MIDI -> duet, its answers written beside -> PulseAudio -> a recording."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from test_live_end_to_end import environment, keyboard, wait_for

from nsynth_lab.audio import read_audio
from nsynth_lab.midi.events import Kind
from nsynth_lab.midi.song import read_song
from nsynth_lab.units import SAMPLE_RATE

pytestmark = pytest.mark.alone
__all__ = ["environment"]

BEAT_SECONDS, HELD_SECONDS = 0.4, 0.3
KEYS = (62, 66, 69, 74, 69, 66, 64, 62)
SILENCE_SECONDS = 0.35
TAKES = 3


def take(environment: dict[str, str], folder: Path) -> tuple[str, str, list[float]]:
    """What the duet said on both streams, and when each key went down, after the first."""
    command = [
        sys.executable, "-m", "nsynth_lab", "duet", "reed organ", "--answer", "square lead", "--midi", "keys",
        "--latency", "high", "--turns", "1", "--record", str(folder / "take.wav"), "--notes", str(folder / "take.mid"),
        "--force", "--duration", "20",
    ]  # fmt: skip
    pipe = subprocess.PIPE
    with (
        keyboard("keys", environment) as keys,
        subprocess.Popen(command, env=environment, stdout=pipe, stderr=pipe, text=True) as process,
    ):
        try:
            wait_for(process.stderr, "playing on")
            time.sleep(1.5)
            begun, sent = time.perf_counter(), []
            for place, key in enumerate(KEYS):
                time.sleep(max(0.0, begun + place * BEAT_SECONDS - time.perf_counter()))
                sent.append(keys.do(bytes=[0x90, key, 90]))
                time.sleep(HELD_SECONDS)
                keys.do(bytes=[0x80, key, 64])
            out, said = process.communicate(timeout=90)
        finally:
            process.kill()
    assert process.returncode == 0, said
    return out, said, sent


def test_a_phrase_on_a_keyboard_is_answered_on_the_beat(environment: dict[str, str], tmp_path: Path) -> None:
    """The answer comes on the next beat, and is heard when its notes say so; taken again after an underrun."""
    faults = []
    for _ in range(TAKES):
        out, said, sent = take(environment, tmp_path)
        if "underruns 0," in out and "late" not in out and abs(np.diff(sent) - BEAT_SECONDS).max() < 0.02:
            break
        faults.append(f"{out}; keys {np.diff(sent).round(3)}")
    else:
        if os.getloadavg()[0] > 1.5 * (os.cpu_count() or 1):
            pytest.skip(f"other programs keep this machine too busy to play live: {faults}")
        pytest.fail(str(faults))
    assert "1 answer" in out
    assert "answer 1: " in said
    song = read_song(tmp_path / "take.mid")
    assert song.channels[0] == len(KEYS)
    both = [
        [event.at_sample / SAMPLE_RATE for event in song.events if event.kind is Kind.NOTE_ON and event.channel == one]
        for one in (0, 1)
    ]
    played, answered = both
    assert len(answered) >= 2
    decided = played[-1] + HELD_SECONDS + SILENCE_SECONDS
    assert -0.03 < answered[0] - decided < BEAT_SECONDS + 0.03
    beats = (answered[0] - played[0]) / BEAT_SECONDS
    assert abs(beats - round(beats)) * BEAT_SECONDS < 0.02, "hands of a program are off by some milliseconds as well"
    sound = read_audio(tmp_path / "take.wav").mono()
    begin = round(answered[0] * SAMPLE_RATE)
    before, after = sound[begin - SAMPLE_RATE // 20 : begin], sound[begin : begin + SAMPLE_RATE // 10]
    assert np.abs(before).max() < 0.1 * np.abs(sound).max(), "nothing sounds before the answer"
    loud = np.flatnonzero(np.abs(after) > 0.1 * np.abs(sound).max())
    assert loud.size
    assert loud[0] < 0.015 * SAMPLE_RATE, "it is heard within 15 ms of its place"
