"""How wide sounds are: measured, played, blended, stored and read by voices; what is mono stays so to the last bit."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from made_notes import flute
from playing import corner, played
from tiny_model import tiny_model

from nsynth_lab.audio import Audio, write_audio
from nsynth_lab.blend import blend, pair
from nsynth_lab.dsp.width import measure_width
from nsynth_lab.dsp.width_filters import band_shapes, resonators
from nsynth_lab.dsp.width_renderer import WidthVoices, widened
from nsynth_lab.evaluate.sections.section import EvaluationSetup
from nsynth_lab.evaluate.sections.width import WidthSection
from nsynth_lab.latents import Latents, read_latents, write_latents
from nsynth_lab.midi.events import note_off, note_on
from nsynth_lab.model.bank import Bank, BankEntry, load_bank, write_bank
from nsynth_lab.model.banks import DEFAULT_CHECKPOINT
from nsynth_lab.model.checkpoint import Checkpoint, load_checkpoint
from nsynth_lab.model.codec import encode
from nsynth_lab.note import UNPITCHED, Instrument, Note
from nsynth_lab.render.offline import render_whole
from nsynth_lab.synth.engine import Engine
from nsynth_lab.synth.settings import Settings
from nsynth_lab.synth.sources import Sources
from nsynth_lab.units import Doubles, FloatArray
from nsynth_lab.width import ANGLE, BANDS, DIFFERENCE, DIMS, OPPOSED

FRAMES = 120
DB, LIKENESS = 1.5, 0.1  # how far level difference and correlation may be off


def noises(seed: int = 0) -> FloatArray:
    """Two unrelated noises [2, samples]."""
    return 0.2 * np.random.default_rng(seed).standard_normal((2, FRAMES * 512)).astype(np.float32)


def measured(sides: FloatArray) -> tuple[Doubles, Doubles]:
    """Level difference in dB and correlation in each octave from 250 Hz on, by one spectrum of the whole."""
    left, right = np.fft.rfft(sides)
    shapes = band_shapes(sides.shape[1])[1:]
    powers = [shapes @ one for one in (np.abs(left) ** 2, np.abs(right) ** 2, (left * right.conj()).real)]
    return 10 * np.log10(powers[0] / powers[1]), powers[2] / np.sqrt(powers[0] * powers[1])


def likeness(sides: FloatArray) -> float:
    """Correlation of the two sides."""
    left, right = sides.astype(np.float64)
    return float(left @ right / np.sqrt((left @ left) * (right @ right)))


def rows_of(*, difference_db: float, angle: float, frames: int = FRAMES) -> FloatArray:
    """The same width in all bands and frames."""
    rows = np.zeros((frames, DIMS), np.float32)
    rows[:, DIFFERENCE], rows[:, ANGLE] = difference_db, angle
    return rows


@pytest.mark.parametrize("case", ["unrelated", "half", "panned", "opposed", "late", "to one side"])
def test_a_stereo_sound_is_as_wide_as_its_source(case: str) -> None:
    one, other = noises()
    sides = {
        "unrelated": np.stack([one, 0.5 * other]),
        "half": np.stack([one, 0.6 * one + 0.8 * other]),
        "panned": np.stack([one, 0.3 * one]),
        "opposed": np.stack([one, -one]),
        "late": np.stack([one, np.roll(one, 20)]),
        "to one side": np.stack([one, 0.01 * one]),
    }[case]
    mono = (sides[0] - sides[1]) / 2 if case == "opposed" else sides.mean(axis=0)
    heard = widened(mono, measure_width(sides))
    for (came, expected), most in zip(zip(measured(heard), measured(sides), strict=True), (DB, LIKENESS), strict=True):
        assert np.abs(came - expected).max() < most
    assert np.isclose(np.square(heard).sum(), np.square(sides).sum(), rtol=0.05)


def test_the_sum_of_the_sides_stays_the_mono_voice() -> None:
    mono = noises()[0]
    heard = widened(mono, rows_of(difference_db=4.0, angle=1.4))
    assert np.abs(heard.mean(axis=0) - mono).max() < 1e-6
    assert np.square(heard[0] - heard[1]).mean() > 0.1 * np.square(mono).mean()


def test_equal_sides_are_mono_to_the_last_bit() -> None:
    mono = noises()[0]
    assert measure_width(np.stack([mono, mono])) is None
    assert np.array_equal(widened(mono, np.zeros((FRAMES, DIMS), np.float32)), mono[None])


def test_a_tone_becomes_as_wide_as_noise_does() -> None:
    mono = np.asarray(0.3 * np.sin(2 * np.pi * 520.0 * np.arange(FRAMES * 512) / 48_000), np.float32)
    heard = widened(mono, rows_of(difference_db=6.0, angle=1.3))[:, 8_192:]
    left, right = np.square(heard).mean(axis=1).tolist()
    assert 10 * np.log10(left / right) == pytest.approx(6.0, abs=DB)
    assert likeness(heard) == pytest.approx(np.cos(1.3), abs=LIKENESS)


@pytest.mark.parametrize("f0_hz", [82.4, 220.0])
def test_so_do_few_partials_in_an_octave(f0_hz: float) -> None:
    draw = np.random.default_rng(7)
    turns = np.arange(1, 20)[:, None] * f0_hz * np.arange(FRAMES * 512) / 48_000
    phases = draw.uniform(-1.5, 1.5, (2, 19, 1)) + draw.uniform(0, 2 * np.pi, (19, 1))
    waves = np.sin(2 * np.pi * turns + phases) / np.arange(1, 20)[:, None]
    sides = np.asarray(0.1 * waves.sum(axis=1), np.float32)
    heard = widened(sides.mean(axis=0), measure_width(sides))
    came, expected = ([one[:3] for one in measured(each[:, 8_192:])] for each in (heard, sides))
    assert np.abs(came[0] - expected[0]).max() < DB
    assert np.abs(came[1] - expected[1]).max() < 2 * LIKENESS
    assert np.abs(came[1] - expected[1]).mean() < LIKENESS


def test_a_voice_is_the_same_in_whatever_company_it_sounds() -> None:
    audio = noises()[0].reshape(FRAMES, 512)
    rows = rows_of(difference_db=-3.0, angle=1.0)
    alone = WidthVoices(1).frames(audio, rows)[1]
    voices = WidthVoices(3)
    both = [voices.step(np.array([2, 0]), audio[[one, -one - 1]], rows[:2])[1][0] for one in range(FRAMES)]
    assert np.array_equal(np.stack(both), alone)


def tone(*, f0_hz: float = 130.0) -> FloatArray:
    """Partials with vibrato and a little breath [samples]."""
    seconds = np.arange(FRAMES * 512) / 48_000
    turns = f0_hz * (seconds + 0.0004 * np.sin(2 * np.pi * 5.0 * seconds))
    waves = sum(np.sin(2 * np.pi * k * turns + k * k) / k for k in range(1, 40))
    return np.asarray(0.1 * waves + 0.01 * noises()[0], np.float32)


@pytest.mark.parametrize("sound", [noises()[0], tone(), tone(f0_hz=523.0)], ids=["noise", "low tone", "high tone"])
def test_what_differs_by_rounding_sounds_the_same(sound: FloatArray) -> None:
    draw = np.random.default_rng(1)
    rows = rows_of(difference_db=0.0, angle=0.0)
    rows[:, :OPPOSED] = np.concatenate([draw.uniform(-6.0, 6.0, 8), draw.uniform(0.0, 1.6, 8)])
    rounded = np.asarray(sound * (1.0 + 1e-7 * draw.standard_normal(len(sound))), np.float32)
    side, other = (widened(one, rows)[0] - one for one in (sound, rounded))
    assert np.abs(side - other).max() < 1e-4 * np.abs(side).max()


def test_a_filter_lets_through_no_more_than_its_octave_and_copies_are_as_loud() -> None:
    hz = np.geomspace(40.0, 20_000.0, 400)
    responses = resonators().responses(hz)
    octaves, copies = responses[:BANDS], responses[BANDS : 2 * BANDS]
    assert np.abs(octaves.sum(axis=0) - 1.0).max() < 1e-9
    assert -1e-9 < octaves.real.min() <= octaves.real.max() < 1.0 + 1e-9
    at = np.abs(hz[:, None] / (125.0 * 2.0 ** np.arange(BANDS)) - 1.0).argmin(axis=0)
    np.testing.assert_allclose(np.abs(copies[np.arange(BANDS), at]), 1.0, atol=0.1)


def test_blends_lie_between_and_end_in_mono() -> None:
    wide = replace(flute(), width=rows_of(difference_db=8.0, angle=1.6, frames=flute().frames))
    middle = blend([wide, flute()], pair(0.5), frames=wide.frames)
    assert middle.width is not None
    assert middle.width[:, 0] == pytest.approx(4.0, abs=0.01)
    assert middle.width[:, 8] == pytest.approx(0.8, abs=0.01)
    assert blend([wide, flute()], pair(1.0), frames=wide.frames).width is None


def test_files_and_banks_keep_the_width(tmp_path: Path) -> None:
    wide = replace(flute(), width=rows_of(difference_db=-5.1, angle=2.0, frames=flute().frames))
    again = read_latents(write_latents(tmp_path / "a.latents", wide)).width
    assert wide.width is not None
    assert again is not None
    assert np.abs(again - wide.width).max() < 0.2
    entry = BankEntry(Instrument("x", "reed"), (0, 1))
    write_bank(tmp_path, Bank([entry], [flute(), wide], model_id=wide.model_id), about={})
    zones = load_bank(tmp_path).zones
    assert zones[0].width is None
    np.testing.assert_array_equal(zones[1].width, again)


def test_sides_that_cancel_each_other_are_heard() -> None:
    noise = noises()[0]
    latents = encode(Audio(np.stack([noise, -noise])), Checkpoint.of(tiny_model()), note=UNPITCHED)
    assert latents.width is not None
    assert (latents.width[:, OPPOSED] == 1.0).all()
    heard = render_whole(latents, Checkpoint.of(tiny_model()), limited=False).audio.samples
    assert np.square(heard).mean() == pytest.approx(np.square(noise).mean(), rel=0.3)
    assert likeness(heard) < -0.9
    assert encode(Audio(noise[None]), Checkpoint.of(tiny_model()), note=UNPITCHED).width is None


def engine_of(*corners: list[Latents], ahead_samples: int = 512) -> Engine:
    return Engine(
        Checkpoint.of(tiny_model()), [Sources(corners)], Settings(volume_db=-20.0), ahead_samples=ahead_samples
    )


def test_a_voice_of_the_engine_is_wide_whatever_the_block_size_and_folds_to_the_mono_voice() -> None:
    wide = replace(flute(), width=rows_of(difference_db=5.0, angle=1.2, frames=flute().frames))
    events = [note_on(69), note_on(64, at_sample=700), note_off(69, at_sample=9_600), note_on(69, at_sample=12_000)]
    plain = played(engine_of(corner(flute())), events, samples=20_000)
    whole = played(engine_of(corner(wide)), events, samples=20_000)
    assert np.array_equal(plain[0], plain[1])
    assert not np.allclose(whole[0], whole[1])
    assert np.abs(whole.mean(axis=0) - plain[0]).max() < 1e-5
    for blocks in ((64,), (333, 5), (20_000,)):
        assert np.allclose(played(engine_of(corner(wide)), events, samples=20_000, blocks=blocks), whole, atol=2e-5)
    ahead = engine_of(corner(wide), ahead_samples=8_192)
    assert np.allclose(played(ahead, events, samples=20_000, blocks=(4_096,)), whole, atol=2e-5)


def test_a_bowed_string_sounds_the_same_in_blocks_of_any_size() -> None:
    bank = load_bank(DEFAULT_CHECKPOINT)
    viola = bank.latents("fluidr3 gm viola", Note(64))
    wide = [replace(viola, width=rows_of(difference_db=-4.0, angle=1.3, frames=viola.frames))]
    events = [note_on(64), note_on(52, at_sample=5_000), note_off(64, at_sample=20_000)]
    checkpoint = load_checkpoint(DEFAULT_CHECKPOINT)
    engines = [
        Engine(checkpoint, [Sources([wide])], Settings(volume_db=-20.0), ahead_samples=ahead) for ahead in (512, 8_192)
    ]
    whole = played(engines[0], events, samples=40_000, blocks=(40_000,))
    side = np.abs(whole[0] - whole[1]).max()
    assert side > 0.1 * np.abs(whole).max()
    live = played(engines[1], events, samples=40_000, blocks=(333, 64, 2_048))
    assert np.abs(live - whole).max() < 1e-4 * side


def test_the_evaluation_compares_sides_and_counts_what_is_mono(tmp_path: Path) -> None:
    sides = noises() * np.array([[1.0], [0.5]], np.float32)
    wide, mono = write_audio(tmp_path / "wide.wav", Audio(sides)), write_audio(tmp_path / "mono.wav", Audio(sides[:1]))
    setup = EvaluationSetup(Checkpoint.of(tiny_model()), [], [], stereo=[wide, mono, tmp_path / "none.wav"])
    steps: list[int] = []
    figures = WidthSection(setup).finish(steps.append)
    assert (figures["stereo_recordings"], figures["mono_recordings"], len(figures["left_out"])) == (1, 1, 1)
    assert sum(steps) == 3
    assert figures["mono_level_difference_off_db"]["mean"] == pytest.approx(6.0, abs=0.5)
    assert figures["mono_correlation_off"]["mean"] == pytest.approx(1.0, abs=0.1)
    assert figures["level_difference_off_db"]["mean"] < DB / 2
    assert figures["correlation_off"]["reached"]
    assert "16000 Hz" in figures["correlation_off"]["by_family"]
