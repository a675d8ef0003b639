"""Clipping is found by its flat tops, and told by the command and the panel."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nsynth_lab.analysis.source_blocks import first_look
from nsynth_lab.audio import Audio, write_audio
from nsynth_lab.dsp.clipping import ClipFinder
from nsynth_lab.units import SAMPLE_RATE, FloatArray

SECOND = np.arange(SAMPLE_RATE) / SAMPLE_RATE


def sine(hz: float, amplitude: float) -> FloatArray:
    return np.asarray(amplitude * np.sin(2.0 * np.pi * hz * SECOND), np.float32)


@pytest.mark.parametrize("block", [1, 7, 4096, SAMPLE_RATE])
@pytest.mark.parametrize(("sound", "clipped"), [(np.clip(sine(220, 1.5), -1, 1), True), (sine(220, 1.0), False)])
def test_flat_tops_are_found_in_blocks_of_any_size(sound: FloatArray, clipped: bool, block: int) -> None:
    finder = ClipFinder()
    for at in range(0, len(sound) if block > 1 else 12_000, block):
        finder.hear(sound[at : at + block])
    assert finder.found is clipped


@pytest.mark.parametrize("hz", [50.0, 440.0, 3000.0])
def test_what_only_reaches_full_scale_is_not_clipped(hz: float, tmp_path: Path) -> None:
    for amplitude, clipped in ((0.9999, False), (1.6, True)):
        path = tmp_path / f"{amplitude}.wav"
        write_audio(path, Audio(np.clip(sine(hz, amplitude), -1.0, 1.0)[None], SAMPLE_RATE), subtype="PCM_16")
        look = first_look(path)
        assert look.is_clipped is clipped
        assert any("clipped" in line for line in look.told()) is clipped


def test_a_square_that_is_softer_than_full_scale_is_not_clipped() -> None:
    finder = ClipFinder()
    finder.hear(np.asarray(0.5 * np.sign(sine(220, 1.0)), np.float32))
    assert not finder.found
