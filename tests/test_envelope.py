from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
from made_notes import Doubles, bell, line

from nsynth_lab.audio import read_audio
from nsynth_lab.dsp.envelope import find_marks, onset_frame
from nsynth_lab.dsp.loudness import loudness_db

STRUCK_THAT_RING = ("mallet_acoustic_000", "mallet_acoustic_001", "mallet_acoustic_007")


@pytest.mark.parametrize("slope_db_per_s", [0.0, -5.0, -12.0])
@pytest.mark.parametrize("release_frames", [12, 30, 60])
@pytest.mark.parametrize("ripple_db", [0.0, 2.0])
def test_the_release_begins_where_the_fall_begins(slope_db_per_s: float, release_frames: int, ripple_db: float) -> None:
    key_up, end = 200, 200 + release_frames
    level = line((0, -60), (4, -20), (key_up, -20 + slope_db_per_s * 2.1), (end, -98))
    level[4:key_up] += ripple_db * np.sin(np.arange(4, key_up) / 3)
    assert find_marks(level.astype(np.float32)).release_frame == pytest.approx(key_up, abs=4)


@pytest.mark.parametrize("attack_frames", [0, 2, 10, 40, 90])
def test_the_attack_ends_within_three_db_of_the_top(attack_frames: int) -> None:
    level = line((0, -70 if attack_frames else -20), (attack_frames, -20), (280, -20))
    attack = find_marks(level).attack_frames
    assert level[attack] >= -24
    assert attack == 0 or level[attack - 1] < -23


def test_a_swell_is_not_an_attack() -> None:
    assert find_marks(line((0, -60), (5, -28), (120, -20), (280, -20))).attack_frames <= 6


def test_the_attack_is_sought_in_the_first_half_only() -> None:
    assert find_marks(line((0, -60), (300, -10))).attack_frames <= 141
    assert find_marks(line((0, -60), (99, -10))).attack_frames <= 50


@pytest.mark.parametrize(
    "level",
    [
        bell().loudness_db,
        line((0, -10), (70, -100), (280, -100)),
        line((0, -10), (60, -30), (280, -60)),
        line((0, -20), (280, -20)),
        line((0, -20), (30, -20), (280, -90)),
        line((0, -20), (200, -20), (230, -28), (280, -28)),
        np.concatenate([line((0, -20), (98, -20)), [-30, -60]]),
    ],
    ids=["bell", "into the silence floor", "two slopes", "cut", "hums on", "a little softer", "half a window"],
)
def test_no_release_where_there_is_none(level: Doubles) -> None:
    assert find_marks(np.asarray(level, np.float32)).release_frame == len(level)


@pytest.mark.parametrize("frames", [1, 2, 3, 15, 17])
def test_marks_lie_in_order_however_short_the_note(frames: int) -> None:
    rng = np.random.default_rng(frames)
    for level in (np.full(frames, -100.0), *rng.uniform(-100, 0, (50, frames))):
        attack, release = find_marks(level)
        assert 0 <= attack <= release <= frames
        assert level[onset_frame(level)] >= level.max() - 40


def test_marks_do_not_depend_on_the_level() -> None:
    level = line((0, -60), (4, -20), (200, -25), (230, -80))
    assert np.allclose(find_marks(level), find_marks(level - 12), atol=1)


def test_marks_of_recorded_notes(shared_data: Path) -> None:
    """Organs and reeds are held until late, struck bars ring out, and attacks are as quick as the instrument."""
    notes = json.loads((shared_data / "notes" / "examples.json").read_text())
    attacks, released = defaultdict(list), defaultdict(list)
    for name in sorted(notes)[::8]:
        level = loudness_db(read_audio(shared_data / "notes" / "audio" / f"{name}.flac").mono())
        attack, release = find_marks(level)
        family = notes[name]["instrument_family_str"]
        attacks[family].append(attack)
        released[family].append(release / len(level))
        if notes[name]["instrument_str"] in STRUCK_THAT_RING and "truncated_from_s" not in notes[name]:
            assert release == len(level), name
    for family in ("bass", "guitar", "keyboard", "mallet"):
        assert np.percentile(attacks[family], 90) <= 4, family
    for family in ("brass", "flute", "organ", "reed", "synth_lead", "vocal"):
        assert np.median(attacks[family]) <= 12, family
        assert np.percentile(released[family], 10) > 0.6, family
