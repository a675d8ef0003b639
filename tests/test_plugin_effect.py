"""The effect: what a host plays in is followed, and played in tune by what stands on the track."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from clap_host import Clap

from nsynth_lab.dsp.resampling import resample
from nsynth_lab.units import SAMPLE_RATE, FloatArray, cents_to_ratio, note_to_hz

CELLO = 'version = 1\nname = "One cello"\n[blend]\ncorners = ["cello"]\n'
MELODY, SECONDS = (57, 60, 64), 0.5
EFFECT = "nsynth-lab.translate"


def state_of(text: str) -> bytes:
    """What a project has saved of the plugin with this preset."""
    return f"__dpf_state_begin__\0preset\0{text}\0__dpf_state_end__\0".encode() + b"\xfe"


def sung(rate: int = SAMPLE_RATE) -> FloatArray:
    """[2, samples] the melody, a tone with three partials for each note."""
    time = np.arange(round(SECONDS * SAMPLE_RATE)) / SAMPLE_RATE
    swell = np.minimum(1.0, np.minimum(time, SECONDS - time) / 0.03)
    notes = [
        swell * sum(np.sin(2 * np.pi * k * note_to_hz(float(key)) * time) / k for k in (1, 2, 3)) for key in MELODY
    ]
    mono = 0.1 * np.concatenate([*notes, np.zeros(SAMPLE_RATE // 4)])
    return resample(np.stack([mono, mono]).astype(np.float32), SAMPLE_RATE, rate)


def played(plugin: Path, given: FloatArray, blocks: Sequence[int], *, rate: int = SAMPLE_RATE) -> FloatArray:
    """What the effect makes of it, its latency taken away."""
    with closing(Clap(plugin, name=EFFECT)) as effect:
        effect.load(state_of(CELLO))
        effect.activate(rate=rate, block=max(blocks))
        effect.play(1, given=given[:, :1])
        late = effect.latency
        effect.activate(rate=rate, block=max(blocks))
        given = np.pad(given, ((0, 0), (0, late)))
        made, done, turn = [], 0, 0
        while done < given.shape[1]:
            block = given[:, done : done + blocks[turn % len(blocks)]]
            made.append(effect.play(block.shape[1], given=block))
            done, turn = done + block.shape[1], turn + 1
        assert effect.latency == late
        return np.concatenate(made, axis=1)[:, late:]


def cents_off(sound: FloatArray, rate: int) -> list[float]:
    """Of each note of the melody, in its second half."""
    found = []
    for place, key in enumerate(MELODY):
        begin, end = (round((place + part) * SECONDS * rate) for part in (0.5, 0.9))
        spectrum = np.abs(np.fft.rfft(sound[0, begin:end] * np.hanning(end - begin), 8 * rate))
        hz = note_to_hz(float(key))
        around = slice(round(8 * hz * cents_to_ratio(-150)), round(8 * hz * cents_to_ratio(150)))
        assert spectrum[around].max() > 0.05 * spectrum.max()
        found.append(1200 * float(np.log2((around.start + np.argmax(spectrum[around])) / 8 / hz)))
    return found


def test_a_melody_is_played_in_tune_and_in_time_whatever_the_blocks(plugin: dict[str, Path]) -> None:
    path = plugin["CLAP effect"]
    sound = played(path, sung(), (512,))
    assert np.abs(cents_off(sound, SAMPLE_RATE)).max() < 15.0
    loud = np.abs(sound[0]) > 0.05 * np.abs(sound).max()
    assert abs(int(np.argmax(loud))) < 0.05 * SAMPLE_RATE, "latency is reported"
    assert np.array_equal(played(path, sung(), (64, 1000, 7, 4096)), sound)


@pytest.mark.parametrize("rate", [44_100])
def test_another_rate_plays_it_too(plugin: dict[str, Path], rate: int) -> None:
    path = plugin["CLAP effect"]
    sound = played(path, sung(rate), (441,), rate=rate)
    assert np.abs(cents_off(sound, rate)).max() < 15.0
    assert np.abs(played(path, sung(rate), (100, 1, 3000), rate=rate) - sound).max() < 1e-6


def test_a_vst3_host_finds_an_effect(plugin: dict[str, Path]) -> None:
    from nsynth_lab.effects.pedal import pedalboard

    effect = pedalboard().load_plugin(str(plugin["VST3 effect"]))
    assert effect.is_effect
    assert not effect.is_instrument
    effect.process(sung()[:, :4_800], SAMPLE_RATE, buffer_size=512)  # begins with the usual preset
    sound = effect.process(sung(), SAMPLE_RATE, buffer_size=512)
    assert np.abs(sound).max() > 0.01
