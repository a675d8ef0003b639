"""Drums and noises of the default bank: which there are, what they are made of, and how they come into a bank."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import soundfile
from pack_model import write_model

from nsynth_lab.capture.drums import build
from nsynth_lab.capture.drums.build import Sounds, add_drums, shortened
from nsynth_lab.capture.drums.noises import NOISES
from nsynth_lab.capture.drums.table import DRUMS, Drum
from nsynth_lab.dsp.noise_carriers import band_bins
from nsynth_lab.imagine.heard_bank import FILE, bank_digest, read_heard
from nsynth_lab.latents import Latents
from nsynth_lab.model.bank import Bank, load_bank
from nsynth_lab.model.banks import DEFAULT_CHECKPOINT
from nsynth_lab.model.codec import encode_unpitched
from nsynth_lab.model.headers import BANK, WEIGHTS
from nsynth_lab.note import DRUM, NOISE, Note
from nsynth_lab.units import SAMPLE_RATE, FloatArray

MOST_BYTES = 32 * 2**20  # of weights and bank


@pytest.fixture(scope="module")
def shipped() -> Bank:
    return load_bank(DEFAULT_CHECKPOINT)


def test_the_default_bank_has_them_all_each_with_its_licence_and_its_maker(shipped: Bank) -> None:
    own = [entry for entry in shipped.entries.values() if entry.instrument.family in (DRUM, NOISE)]
    assert [entry.instrument.name for entry in own] == [*(drum.name for drum in DRUMS), *NOISES]
    assert all(entry.licence and entry.attribution for entry in own)
    kit = shipped.entries["standard kit"]
    assert [shipped.notes[zone].number for zone in kit.zones] == list(range(35, 82))
    for name in ("snare", "closed hat", "wind"):
        assert all(shipped.zones[zone].pitched == 0.0 for zone in shipped.entries[name].zones)


def test_the_default_checkpoint_stays_small_and_was_heard_with_them(shipped: Bank) -> None:
    assert sum((DEFAULT_CHECKPOINT / name).stat().st_size for name in (WEIGHTS, BANK)) < MOST_BYTES
    assert set(read_heard(DEFAULT_CHECKPOINT / FILE, bank_digest(shipped)).names) == set(shipped.entries)


def test_a_seed_makes_one_noise_and_colours_are_what_they_say() -> None:
    for name in ("wind", "rainfall"):
        one, other = (NOISES[name](np.random.default_rng(3)) for _ in range(2))
        np.testing.assert_array_equal(one, other)
    octaves = {}
    for name in ("white noise", "pink noise", "brown noise"):
        wave = NOISES[name](np.random.default_rng(1))
        power = np.abs(np.fft.rfft(wave)) ** 2
        edges = np.array([250, 500, 1_000, 2_000, 4_000, 8_000]) * len(wave) // SAMPLE_RATE
        octaves[name] = np.diff(10 * np.log10([power[a:b].sum() for a, b in pairwise(edges)]))
    for name, steps_db in zip(octaves, (3.0, 0.0, -3.0), strict=True):
        np.testing.assert_allclose(octaves[name], steps_db, atol=0.6)
    assert len(band_bins(2048)) == 64


def test_a_sound_ends_where_it_is_50_db_below_its_loudest() -> None:
    at = np.arange(SAMPLE_RATE) / SAMPLE_RATE
    sound = np.asarray(np.random.default_rng(0).standard_normal(len(at)) * np.exp(-at / 0.05), np.float32)
    assert len(shortened(sound, 3.0)) / SAMPLE_RATE == pytest.approx(0.05 * 50 / 8.686, abs=0.03)
    assert len(shortened(sound, 0.1)) == SAMPLE_RATE // 10
    assert abs(shortened(sound, 0.1)[-1]) < 1e-6


def test_they_join_a_bank_whose_other_notes_stay_and_are_replaced_when_they_come_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_model(tmp_path / "model")
    before = load_bank(folder)
    rng = np.random.default_rng(0)
    click = 0.5 * rng.standard_normal(9_600) * np.exp(-np.arange(9_600) / 1_000)
    soundfile.write(tmp_path / "knock.flac", click, SAMPLE_RATE)
    rows = (Drum("knock", file="knock", maker="me"), Drum("rattle", NOISE, file="knock", maker="me"))
    monkeypatch.setattr(build, "DRUMS", rows)
    monkeypatch.setattr(build, "NOISES", {"steam": lambda rng: 0.1 * rng.standard_normal(9_600)})
    made, most = list[Latents](), [1]

    def counted(samples: FloatArray, model_id: str, *, note: Note) -> Latents:
        if len(made) == most[0]:
            raise KeyboardInterrupt
        made.append(encode_unpitched(samples, model_id, note=note))
        return made[-1]

    monkeypatch.setattr(build, "encode_unpitched", counted)
    sounds = Sounds(Path("unused.sf2"), tmp_path)
    with pytest.raises(KeyboardInterrupt):
        add_drums(folder, sounds, advance=lambda: None)
    assert list(load_bank(folder).entries) == list(before.entries)
    most[0] = 2  # the knock was kept, and the rattle is the same recording
    add_drums(folder, sounds, advance=lambda: None)
    most[0] = 4
    for _ in range(2):
        add_drums(folder, sounds, advance=lambda: None)
        after = load_bank(folder)
        assert list(after.entries) == [*before.entries, "knock", "rattle", "steam"]
        for zone, found in zip(before.zones, after.zones, strict=False):
            np.testing.assert_array_equal(found.timbre, zone.timbre)
            np.testing.assert_array_equal(found.loudness_db, zone.loudness_db)
        most[0] = 6
    assert not (folder / build.UNFINISHED_FOLDER).exists()
    assert after.pitched == list(before.entries)
    assert replace(after.entries["knock"], zones=()).attribution == "me (freesound.org), Sonic Pi"
