"""The effects chain: the table is what pedalboard has, blocks give what the whole gives, wet and dry stay in step."""

from __future__ import annotations

import inspect
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pedalboard
import pytest

from nsynth_lab.audio import Audio, write_audio
from nsynth_lab.effects.chain import CEILING_DB, Chain
from nsynth_lab.effects.effect import ParameterSetter
from nsynth_lab.effects.stage import Stage
from nsynth_lab.effects.watchdog import SLOW_BLOCKS, Watchdog
from nsynth_lab.errors import PatchError
from nsynth_lab.patch import EFFECTS, Slot
from nsynth_lab.patch.rules import Parameter
from nsynth_lab.units import SAMPLE_RATE, FloatArray, db_to_gain

SIZES = ((3, 7, 64, 256, 1000, 31, 1024, 5), (64,), (1024, 3), (480, 4096, 17))
LEFT_OUT = {"true_peak", "quality", "mix", "freeze_mode", "impulse_response", "impulse_response_filename"}
NAMES = [name for name in EFFECTS if name != "convolution"]
GUARD_LATE = Chain([]).latency_samples


def noise(samples: int = 12_000, *, level: float = 0.2, seed: int = 0) -> FloatArray:
    return np.asarray(np.random.default_rng(seed).standard_normal((2, samples)) * level, np.float32)


def tone(hz: float, samples: int = 24_000, *, level: float = 0.25) -> FloatArray:
    return np.asarray(np.tile(level * np.sin(2 * np.pi * hz * np.arange(samples) / SAMPLE_RATE), (2, 1)), np.float32)


def in_blocks(chain: Chain, samples: FloatArray, sizes: Sequence[int]) -> FloatArray:
    blocks, first, turn = [], 0, 0
    while first < samples.shape[1]:
        size = sizes[turn % len(sizes)]
        if samples.shape[1] - first - size < 3:
            size = samples.shape[1] - first
        blocks.append(chain.process(samples[:, first : first + size]))
        first, turn = first + size, turn + 1
    return np.concatenate(blocks, axis=1)


@pytest.mark.parametrize("name", EFFECTS)
def test_the_table_matches_pedalboards_parameters(name: str) -> None:
    row = EFFECTS[name]
    kind = getattr(pedalboard, row.pedalboard)
    plugin = kind(np.ones((1, 8), np.float32), sample_rate=48_000.0) if name == "convolution" else kind()
    for attribute in row.fixed:
        assert hasattr(plugin, attribute)
    for one in row.parameters:
        if one.beats_of:
            continue
        assert isinstance(inspect.getattr_static(kind, one.attribute), property)
        if not one.choices:
            for value in (one.low, one.high, float(one.default)):
                setattr(plugin, one.attribute, value)
                assert getattr(plugin, one.attribute) == pytest.approx(value, rel=1e-4), one.name
            assert one.low <= float(one.default) <= one.high
    own = {attribute for attribute in vars(kind) if isinstance(inspect.getattr_static(kind, attribute), property)}
    settable = {one.attribute for one in row.parameters if one.attribute} | set(row.fixed) | LEFT_OUT
    assert own <= settable, "pedalboard has parameters that the table does not name"


@pytest.mark.parametrize("name", NAMES)
def test_an_effect_gives_the_same_in_blocks_and_in_one_go(name: str) -> None:
    chain, sound = Chain([Slot(name)]), noise()
    whole = chain.process(sound)
    assert np.abs(whole).max() > 0.05
    for sizes in SIZES:
        chain.reset()
        assert np.abs(in_blocks(chain, sound, sizes) - whole).max() < 1e-6, sizes


def test_a_long_chain_gives_the_same_at_every_block_size() -> None:
    chain = Chain([Slot("chorus"), Slot("delay"), Slot("limiter"), Slot("lofi"), Slot("reverb")], level_db=6.0)
    sound = noise(30_000)
    whole = chain.process(sound)
    for sizes in SIZES:
        chain.reset()
        assert np.abs(in_blocks(chain, sound, sizes) - whole).max() < 1e-6, sizes


@pytest.mark.parametrize("name", [name for name in NAMES if name not in ("reverb", "delay")])
def test_dry_and_wet_are_aligned_and_latency_is_removed(name: str) -> None:
    sound = noise(level=0.02)  # far below where the limiter begins
    dry = Chain([Slot(name, mix=0.0)]).run(sound, tail=False)
    assert np.abs(dry - sound).max() < 1e-6
    half, wet = (Chain([Slot(name, mix=mix)]).run(sound, tail=False) for mix in (0.5, 1.0))
    assert np.abs(half - (sound + wet) / 2).max() < 1e-6


def test_the_output_stays_below_the_ceiling_and_quiet_sounds_are_unchanged() -> None:
    sound = noise(level=3.0)
    assert np.abs(Chain([], level_db=24.0).process(sound)).max() <= db_to_gain(CEILING_DB) + 1e-6
    quiet = noise(level=0.1)
    assert np.array_equal(Chain([]).run(quiet, tail=False), quiet)


@pytest.mark.parametrize(
    ("slot", "hz", "gain_db"),
    [
        (Slot("lowpass", parameters={"cutoff_hz": 1000.0}), 1000.0, -3.0),
        (Slot("highpass", parameters={"cutoff_hz": 1000.0}), 1000.0, -3.0),
        (Slot("bell", parameters={"centre_hz": 1000.0, "gain_db": 9.0}), 1000.0, 9.0),
        (Slot("low_shelf", parameters={"cutoff_hz": 2000.0, "gain_db": -12.0}), 60.0, -12.0),
        (Slot("high_shelf", parameters={"cutoff_hz": 500.0, "gain_db": -12.0}), 15_000.0, -12.0),
        (Slot("gain", parameters={"gain_db": -7.0}), 440.0, -7.0),
    ],
    ids=lambda value: value.effect if isinstance(value, Slot) else "",
)
def test_filters_do_what_their_parameters_say(slot: Slot, hz: float, gain_db: float) -> None:
    sound = tone(hz)
    heard = Chain([slot]).run(sound, tail=False)[:, 12_000:]
    ratio = np.sqrt(np.mean(heard**2) / np.mean(sound[:, 12_000:] ** 2))
    assert 20 * np.log10(ratio) == pytest.approx(gain_db, abs=0.3)


def test_an_echo_comes_after_the_delay_time() -> None:
    click = np.zeros((2, 48_000), np.float32)
    click[:, 0] = 0.5
    slot = Slot("delay", parameters={"delay_seconds": 0.25, "feedback": 0.0}, mix=1.0)
    assert np.argmax(np.abs(Chain([slot]).run(click)[0])) == 12_000


def test_a_convolution_with_a_single_impulse_is_a_delay(tmp_path: Path) -> None:
    click = np.zeros((1, 4800), np.float32)
    click[0, 480] = 1.0
    write_audio(tmp_path / "click.wav", Audio(click))
    chain = Chain([Slot("convolution", impulse="click.wav", mix=1.0)], home=tmp_path)
    sound = noise()
    heard = chain.run(sound, tail=False)
    ratio = heard[:, 480:] / np.where(np.abs(sound[:, :-480]) > 0.05, sound[:, :-480], np.nan)
    assert np.nanstd(ratio) < 1e-3 * abs(np.nanmean(ratio)), "the sound itself, at one level"
    with pytest.raises(PatchError, match=r"effects.1.impulse: other.wav: not beside"):
        Chain([Slot("convolution", impulse="other.wav")], home=tmp_path)


def test_a_mono_sound_comes_out_on_both_channels() -> None:
    sound = noise()[:1]
    heard = Chain([Slot("gain")]).process(sound)
    assert heard.shape == sound.repeat(2, axis=0).shape
    assert np.array_equal(heard[0], heard[1])
    chain = Chain([Slot("gain")])
    assert np.array_equal(chain.process(sound[0]), heard)


def test_the_tail_of_a_reverb_is_heard_to_its_end() -> None:
    sound = noise(4800)
    whole = Chain([Slot("reverb", parameters={"room_size": 0.9}, mix=0.5)]).run(sound)
    assert whole.shape[1] > 48_000
    assert np.abs(whole[:, -1000:]).max() < db_to_gain(-75.0)


def test_bypass_and_mix_change_without_clicks_at_every_block_size() -> None:
    sound = tone(200.0, 9600)
    results = []
    for size in (64, 240, 1024):
        chain = Chain([Slot("gain", parameters={"gain_db": -20.0})])
        first = in_blocks(chain, sound[:, :4800], [size])
        chain.set("gain.bypass", True)
        results.append(np.concatenate([first, in_blocks(chain, sound[:, 4800:], [size])], axis=1))
    for result in results[1:]:
        assert np.abs(result - results[0]).max() < 1e-6
    steps = np.abs(np.diff(results[0][0]))
    assert steps.max() < 1.2 * np.abs(np.diff(sound[0])).max()
    assert np.array_equal(results[0][:, 4800 + 480 + GUARD_LATE :], sound[:, 4800 + 480 : -GUARD_LATE])


def test_parameters_change_while_playing() -> None:
    sound = tone(440.0)
    chain = Chain([Slot("lowpass"), Slot("gain", label="trim")])
    chain.process(sound)
    chain.set("trim.gain_db", -40.0)
    assert np.abs(chain.process(sound)[:, -1000:]).max() < 0.01
    chain.set("trim.gain_db", 0.0)
    chain.set("level_db", -40.0)
    assert np.abs(chain.process(sound)[:, -1000:]).max() < 0.01
    for name, value in (
        ("trim.gian_db", 0.0),
        ("trim.gain_db", 999.0),
        ("nobody.gain_db", 0.0),
        ("trim.mix", 2.0),
        ("level_db", 99.0),
    ):
        with pytest.raises(PatchError):
            chain.set(name, value)


@pytest.mark.parametrize("name", NAMES)
def test_extreme_parameter_changes_keep_the_output_finite(name: str) -> None:
    row, dice = EFFECTS[name], np.random.default_rng(1)
    chain = Chain([Slot(name)])
    for turn in range(40):
        for one in row.parameters:
            value = one.choices[turn % len(one.choices)] if one.choices else float(dice.uniform(one.low, one.high))
            if one.steady:
                with pytest.raises(PatchError, match="cannot be moved"):
                    chain.set(f"{name}.{one.name}", value)
            else:
                chain.set(f"{name}.{one.name}", value)
        heard = chain.process(noise(256, seed=turn))
        assert heard.shape == (2, 256)
        assert np.isfinite(heard).all()


def test_blocks_that_are_too_short_are_refused() -> None:
    chain = Chain([])
    for shape in ((2, 2), (2, 0), (3, 100), (1, 2, 100)):
        with pytest.raises(ValueError, match="block of shape"):
            chain.process(np.zeros(shape, np.float32))


class Misbehaving:
    """An effect that works for ten blocks, and then does what its `how` says."""

    def __init__(self, how: str) -> None:
        self.latency_samples = 0
        self._how, self._blocks = how, 0

    def prepare(self) -> None:
        pass

    def process(self, block: FloatArray) -> FloatArray:
        self._blocks += 1
        if self._blocks <= 10:
            return block * np.float32(0.5)
        if self._how == "raise":
            raise RuntimeError("no more\nof this")
        if self._how == "slow":
            time.sleep(2 * block.shape[1] / SAMPLE_RATE)
            return block
        bad = {"nan": np.nan, "silence": 0.0, "loud": 1e5}
        return np.full_like(block, bad[self._how]) if self._how in bad else block[:, 1:]

    def setter(self, name: str, *ends: Parameter) -> ParameterSetter:
        raise AssertionError(name, ends)

    def set_tempo(self, bpm: float) -> None:
        raise AssertionError(bpm)

    def reset(self) -> None:
        self._blocks = 0

    def close(self) -> None:
        pass


@pytest.mark.parametrize(
    ("how", "says"),
    [
        ("nan", "gave NaN"),
        ("loud", "gave NaN or"),
        ("raise", "failed: no more of this"),
        ("short", "gave 255 samples for 256"),
        ("silence", "stayed silent for 5 s"),
        ("slow", "is too slow"),
    ],
)
def test_a_misbehaving_effect_is_bypassed_and_the_music_goes_on(how: str, says: str) -> None:
    stage = Stage("it", Misbehaving(how), mix=1.0, bypass=False, watchdog=Watchdog(deadline=True))
    stage.prepare()
    block = tone(440.0, 256)
    for turn in range(11 + SLOW_BLOCKS if how == "slow" else 960):
        heard = stage.process(block)
        assert np.isfinite(heard).all()
        assert np.abs(heard).max() <= 0.26
        if turn < 10:
            assert not stage.trouble
    assert says in stage.trouble
    assert np.array_equal(stage.process(block), block)


def test_silence_out_is_no_fault_when_silence_goes_in() -> None:
    stage = Stage("it", Misbehaving("silence"), mix=1.0, bypass=False, watchdog=Watchdog())
    stage.prepare()
    for _ in range(2000):
        stage.process(np.zeros((2, 256), np.float32))
    assert not stage.trouble
