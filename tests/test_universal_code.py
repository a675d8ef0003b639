"""The universal code of research: its features are deaf to level and pitch, and it forgets whom it hears."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from made_notes import flute
from made_tunes import steady, tone
from playing import Heard
from tiny_model import tiny_model

from nsynth_lab.analysis.follower import HOP
from nsynth_lab.midi.events import follow, note_on
from nsynth_lab.model.bank import Bank, BankEntry
from nsynth_lab.model.checkpoint import Checkpoint
from nsynth_lab.note import Instrument
from nsynth_lab.research.code.engine import ATTACK_FRAMES, FADE_FRAMES, CodedEngine, codes_of
from nsynth_lab.research.code.features import Features, features_of, spectral
from nsynth_lab.research.code.performances import Performance, range_of
from nsynth_lab.research.code.training import UniversalCode, train
from nsynth_lab.units import SAMPLE_RATE, FloatArray


def dulled(hz: float, seconds: float, partials: int) -> FloatArray:
    return tone(steady(hz, seconds), partials=partials)


def test_features_hear_neither_level_nor_pitch_but_brightness() -> None:
    low, high = (spectral(dulled(hz, 0.5, 8), hz) for hz in (180.0, 330.0))
    np.testing.assert_allclose(low, spectral(0.01 * dulled(180.0, 0.5, 8), 180.0), atol=0.2)
    np.testing.assert_allclose(low[:5], high[:5], atol=1.0)
    dull = spectral(dulled(180.0, 0.5, 2), 180.0)
    assert dull[4] < low[4] - 20.0, "the sixth to the eighth partial"


def test_what_an_instrument_always_sounds_like_is_taken_off() -> None:
    sound = dulled(220.0, 2.0, 6)
    found = features_of(sound, np.full(len(sound) // HOP, 220.0))
    assert np.abs(found[-40:, :5]).max() < 0.5
    brighter = np.concatenate([sound, dulled(220.0, 0.3, 12)])
    found = features_of(brighter, np.full(len(brighter) // HOP, 220.0))
    assert found[-1, 5] > 10.0


def test_features_do_not_look_ahead() -> None:
    sound = np.random.default_rng(0).normal(0.0, 0.1, 40 * HOP).astype(np.float32)
    hz = np.full(40, 200.0)
    hz[10:14] = np.nan
    whole, features = features_of(sound, hz), Features()
    for hop in range(30):
        np.testing.assert_array_equal(features.hear(sound[hop * HOP : (hop + 1) * HOP], hz[hop]), whole[hop])


def made(instruments: int = 6, hops: int = 1600) -> dict[str, Performance]:
    """Players who differ in features that say nothing of how they play, two of which do."""
    rng, played = np.random.default_rng(3), {}
    for number in range(instruments):
        way = rng.uniform(-1.0, 1.0, (hops, 2))
        features = rng.normal(0.0, 0.3, (hops, 11))
        features[:, :2] += 2.0 * way
        features[:, 2:5] += rng.normal(0.0, 2.0, 3)
        displacement = way @ rng.normal(0.0, 1.0, (2, 16)) + features[:, 2:5] @ rng.normal(0.0, 0.02, (3, 16))
        note = rng.uniform(40.0, 80.0, hops)
        columns = (features, displacement, note)
        played[f"player {number}"] = Performance(*(column.astype(np.float32) for column in columns))
    return played


def test_the_code_keeps_the_way_of_playing_and_forgets_the_player(tmp_path: Path) -> None:
    played = made()
    _, knows = train(played, steps=300, probe_steps=200, batch_hops=256, confusion=0.0)
    code, forgets = train(played, steps=600, probe_steps=200, batch_hops=256, confusion=0.3)
    assert forgets.explained > 0.8
    right, chance = forgets.instrument
    assert right < chance + 0.05, "no better than chance"
    assert knows.instrument[0] > right + 0.1, "without the classifiers it tells"
    assert forgets.pitch[0] < forgets.pitch[1] + 0.05
    code.save(tmp_path / "code.safetensors")
    again = UniversalCode.load(tmp_path / "code.safetensors")
    features = played["player 1"].features.astype(np.float64)
    np.testing.assert_array_equal(again.encode(features), code.encode(features))
    np.testing.assert_array_equal(again.displacement("player 1", np.ones(4)), code.displacement("player 1", np.ones(4)))
    assert (tmp_path / "code.safetensors").stat().st_size < 100_000


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_a_voice_goes_to_the_place_in_its_own_range_after_its_attack(share: float) -> None:
    checkpoint = Checkpoint.of(tiny_model())
    zone = replace(flute().at_note(60), model_id=checkpoint.model_id)
    bank = Bank([BankEntry(Instrument("flute", "flute"), (0,))], [zone], model_id=checkpoint.model_id)
    names = {"scale": 11, "first": (24, 11), "first_bias": 24, "second": (4, 24), "second_bias": 4}
    arrays = {name: np.ones(shape, np.float32) for name, shape in names.items()}
    arrays |= {"matrices": np.zeros((1, 16, 4), np.float32), "biases": np.full((1, 16), 0.5, np.float32)}
    code = UniversalCode(arrays, ("flute",))
    codes = codes_of(code, [np.zeros(11)] * 400)
    engine = CodedEngine(checkpoint, bank, "flute", code, codes, share=share, ahead_samples=512)
    asked = Heard(engine)
    engine.send([*follow(0.0, -20.0, at_sample=0, channel=1), note_on(60, 100, channel=1)])
    engine.render(SAMPLE_RATE)
    own = range_of(bank, "flute")
    wanted = own.centre(60.0) + 0.5 * own.spread
    late = np.array([timbre for _, _, timbre in asked.timbre][ATTACK_FRAMES + FADE_FRAMES + 2 :])
    off = np.abs(late - wanted).max()
    assert (off < 1e-5) if share else (off > 0.05)
