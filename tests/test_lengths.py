"""Lengths: what was asked, to the sample, and an end in silence."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from nsynth_lab.cli import run
from nsynth_lab.latents import write_latents
from nsynth_lab.model.bank import load_bank
from nsynth_lab.patch import Blend, Envelope, Patch, Slot
from nsynth_lab.patch.preset_file import write_preset
from nsynth_lab.units import FloatArray

# and how many samples that is at 48 kHz
LENGTHS = {"0.5": 24_000, str(1 / 3): 16_000, "2": 96_000, "3": 144_000, "7.77": 372_960}
PAD = Patch(
    "Pad",
    Blend(("flute", "cello")),
    envelope=Envelope(attack_seconds=0.1, release_seconds=0.4),
    effects=(Slot("reverb", mix=0.5, parameters={"room_size": 0.9}),),
)


pytestmark = pytest.mark.usefixtures("beside_model")


def made(*words: str, path: str = "out.wav") -> FloatArray:
    """[samples, channels] of what a command writes."""
    assert run([*words, "-o", path, "--checkpoint", "model", "--force"]) == 0
    return read(path)


def read(path: str) -> FloatArray:
    return np.asarray(soundfile.read(path, dtype="float32", always_2d=True)[0], np.float32)


def ends_in_silence(sound: FloatArray) -> bool:
    """Whether the end goes to zero without a click: no step, and far below what came before."""
    peak, end = np.abs(sound).max(), np.abs(sound[-480:])
    assert peak > 0.01
    return bool(end[-1].max() == 0 and end[-48:].max() < 0.02 * peak)


@pytest.mark.parametrize(("seconds", "samples"), LENGTHS.items())
def test_a_blend_is_as_long_as_asked(seconds: str, samples: int) -> None:
    for words in (("flute", "cello"), ("piano", "flute"), ("flute", "cello", "--curve", "0:0,0.3:1")):
        sound = made("blend", *words, "--duration", seconds)
        assert len(sound) == samples
        assert ends_in_silence(sound)


@pytest.mark.parametrize("more", [(), ("--even",)])
def test_a_series_is_made_of_notes_as_long_as_asked(more: tuple[str, ...]) -> None:
    made("blend", "flute", "cello", "--steps", "3", "--duration", "0.77", *more)
    for number in (1, 2, 3):
        sound = read(f"out-{number}.wav")
        assert len(sound) == 36_960
        assert ends_in_silence(sound)


@pytest.mark.parametrize(("seconds", "samples"), LENGTHS.items())
def test_what_is_decoded_is_as_long_as_asked(seconds: str, samples: int) -> None:
    write_latents("one.latents", load_bank("model").zones[1])
    sound = made("decode", "one.latents", "--duration", seconds)
    assert len(sound) == samples
    assert ends_in_silence(sound)


@pytest.mark.parametrize("envelope", [PAD.envelope, Envelope()], ids=["own release", "the instruments' release"])
@pytest.mark.parametrize(("seconds", "samples"), LENGTHS.items())
def test_a_note_of_a_preset_is_as_long_as_asked_whatever_rings_on(
    seconds: str, samples: int, envelope: Envelope
) -> None:
    write_preset(Path("pad.toml"), Patch(PAD.name, PAD.blend, envelope=envelope, effects=PAD.effects))
    sound = made("blend", "--preset", "pad.toml", "--duration", seconds)
    assert sound.shape == (samples, 2)
    assert ends_in_silence(sound)


@pytest.mark.parametrize("rate", [44_100, 48_000])
@pytest.mark.parametrize("sources", [("flute", "cello"), ("piano", "piano")], ids=["looped", "dies away"])
def test_the_clips_of_a_pack_are_as_long_as_asked(sources: tuple[str, str], rate: int) -> None:
    for number, seconds in enumerate((1.5, 7 / 3, 3.0)):
        words = ("--notes", "C4", "--duration", str(seconds), "--rate", str(rate), "--positions", "0.5")
        assert run(["pack", *sources, *words, "--checkpoint", "model", "-o", f"pack{number}"]) == 0
        for record in json.loads(Path(f"pack{number}/manifest.json").read_text("utf-8"))["clips"]:
            sound = read(f"pack{number}/{record['file']}")
            assert len(sound) == round(seconds * rate)
            assert np.abs(sound[-1]).max() <= 5e-4  # resampled after it was faded
            loop = record["zone"]["loop"]
            assert not loop or loop["end"] + 0.004 * rate < len(sound), "some of the sound lies beyond the loop"
            assert bool(loop) == (sources[0] == "flute")
