"""Sounds without a pitch: measured, played, blended, stored and read by voices."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from made_notes import flute
from playing import Heard, corner, played
from tiny_model import tiny_model

from nsynth_lab.audio import Audio
from nsynth_lab.blend import blend, pair, stretch
from nsynth_lab.dsp.loudness import loudness_db
from nsynth_lab.dsp.mel_spectrum import mel_db
from nsynth_lab.dsp.noise_table import noise_places
from nsynth_lab.dsp.unpitched import band_powers, measure_unpitched, play
from nsynth_lab.dsp.unpitched_renderer import UnpitchedVoices
from nsynth_lab.errors import LatentsError
from nsynth_lab.latents import Latents, read_latents, write_latents
from nsynth_lab.midi.events import Event, note_off, note_on
from nsynth_lab.model.bank import Bank, BankEntry, at_bank_level, load_bank, peak_db, write_bank
from nsynth_lab.model.checkpoint import Checkpoint
from nsynth_lab.model.codec import encode, encode_unpitched
from nsynth_lab.note import Instrument, Note
from nsynth_lab.patch import Blend, Patch
from nsynth_lab.render.patch_note import patch_note
from nsynth_lab.runtime.clips import Clip, decode_blocks
from nsynth_lab.runtime.unpitched_batch import UnpitchedBatch
from nsynth_lab.synth.engine import Engine
from nsynth_lab.synth.settings import Settings
from nsynth_lab.synth.sources import Sources
from nsynth_lab.units import FRAME_RATE_HZ, HOP_SAMPLES, FloatArray, hz_to_note, note_to_hz, track_hz
from nsynth_lab.unpitched import (
    BANDS,
    DIMS,
    LEVELS,
    LOWEST_DB,
    NOISE,
    NOTES,
    PITCHED,
    TRACK,
    between,
    centres_hz,
    moved,
    stored,
    tone_share,
)

RATE = 48_000
AT_MS = 14.0  # where the strokes below begin


def stroke(*, hz: float = 0.0, decay_seconds: float = 0.08, seconds: float = 0.4, low_hz: float = 0.0) -> FloatArray:
    """A stroke of filtered noise, or of a falling tone, as sharp as a click."""
    at = np.arange(round(seconds * RATE)) / RATE - AT_MS / 1000
    rng = np.random.default_rng(3)
    if hz:
        falling = hz * (1.0 + np.exp(-np.maximum(at, 0.0) / 0.03))
        wave = np.sin(2 * np.pi * np.cumsum(falling) / RATE)
    else:
        spectrum = np.fft.rfft(rng.standard_normal(len(at)))
        spectrum[np.fft.rfftfreq(len(at), 1 / RATE) < low_hz] = 0.0
        wave = np.fft.irfft(spectrum, len(at))
    whole = np.where(at >= 0, wave * np.exp(-np.maximum(at, 0.0) / decay_seconds), 0.0)
    return np.asarray(np.pad(0.5 * whole / np.abs(whole).max(), (0, -len(at) % 512)), np.float32)


def drum(samples: FloatArray | None = None, *, track: float = 0.0) -> Latents:
    """Latents of a stroke, for the tiny model."""
    sound = stroke(low_hz=2_000.0) if samples is None else samples
    return encode_unpitched(sound, flute().model_id, note=Note(60, 100), track=track)


def error_db(came: FloatArray, wanted: FloatArray) -> float:
    """The mel error, as `evaluate` measures it."""
    one, other = mel_db(came), mel_db(wanted)
    floor = other.max() - 60.0
    heard = other.max(axis=1) > floor + 5.0
    return float(np.abs(np.maximum(one, floor) - np.maximum(other, floor))[heard].mean())


def onset_ms(samples: FloatArray) -> float:
    """Where a sound first reaches a tenth of its highest amplitude."""
    return float(np.argmax(np.abs(samples) > 0.1 * np.abs(samples).max())) / RATE * 1000


@pytest.mark.parametrize(
    "sound",
    [
        stroke(low_hz=4_000.0),
        stroke(decay_seconds=0.02),
        stroke(hz=55.0, decay_seconds=0.12),
        stroke(low_hz=1_000.0, decay_seconds=0.3, seconds=0.8),
    ],
    ids=["hat", "click", "kick", "crash"],
)
def test_a_stroke_is_played_as_it_was_measured_and_as_sharply(sound: FloatArray) -> None:
    level = loudness_db(sound)
    came = play(measure_unpitched(sound, level), level, place=500)
    assert error_db(came, sound) < 3.0
    assert abs(onset_ms(came) - onset_ms(sound)) < 2.0


def test_a_kick_is_a_falling_resonance() -> None:
    rows = drum(stroke(hz=55.0, decay_seconds=0.15, seconds=0.5)).unpitched
    assert rows is not None
    loudest = int(rows[6:30, LEVELS].reshape(-1, 2, 8).max(axis=(0, 1)).argmax())
    course = note_to_hz(rows[:, NOTES][:, loudest].astype(np.float64))
    assert course[3] > course[20] + 3.0
    assert abs(course[20] - 55.0) < 4.0


def test_levels_of_steady_noise_are_right_in_every_band() -> None:
    noise = np.random.default_rng(1).standard_normal(RATE).astype(np.float32)[: 90 * 512] * np.float32(0.1)
    level = loudness_db(noise)
    came = play(measure_unpitched(noise, level), level, place=7)
    middle = slice(20, -20)
    wanted, own = (band_powers(sound)[middle].mean(axis=0) for sound in (noise, came))
    off_db = np.abs(10 * np.log10(own / wanted))
    assert off_db[centres_hz() > 2_000].max() < 1.0
    assert off_db.max() < 4.0  # half a second holds ten beats of the lowest bands


@pytest.mark.parametrize("kind", [UnpitchedVoices, UnpitchedBatch])
def test_voices_do_not_hear_each_other_and_groups_do_not_matter(kind: type[UnpitchedVoices]) -> None:
    rows, level = drum().unpitched, drum().loudness_db
    assert rows is not None
    single = kind(1)
    single.reset([0], [31])
    alone = single.frames(0, rows, level)
    voices = kind(9)
    voices.reset([0, 2, 3, 4, 5, 6, 7, 8], [31, *range(900, 907)])
    out = []
    for frame in range(len(rows)):
        slots = np.array([8, 7, 6, 5, 4, 3, 2, 0] if frame % 3 else [0])
        out.append(voices.step(slots, rows[[frame] * len(slots)], level[[frame] * len(slots)])[-1])
    np.testing.assert_array_equal(np.concatenate(out), alone)


@pytest.mark.parametrize(
    "sound", [stroke(low_hz=500.0), stroke(hz=55.0), stroke(hz=5_000.0)], ids=["hat", "kick", "bell"]
)
def test_compiled_noise_and_resonances_are_those_of_numpy(sound: FloatArray) -> None:
    rows, level = drum(sound).unpitched, drum(sound).loudness_db
    assert rows is not None
    rows = np.concatenate([rows, moved(rows, 7.0)])  # their frequencies leap
    came = []
    for kind in (UnpitchedVoices, UnpitchedBatch):
        voices = kind(2)
        voices.reset([1], [77])
        came.append(voices.frames(1, rows, np.tile(level, 2)))
    assert np.abs(came[0] - came[1]).max() < 1e-5 * np.abs(came[0]).max()


def test_what_is_encoded_is_stored_exactly(tmp_path: Path) -> None:
    latents = drum(track=1.0)
    back = read_latents(write_latents(tmp_path / "a.latents", latents))
    np.testing.assert_array_equal(back.unpitched, latents.unpitched)
    assert back.pitched == 0.0
    plain = read_latents(write_latents(tmp_path / "b.latents", flute()))
    assert plain.unpitched is None
    assert plain.pitched == 1.0
    assert b'format_version\\": 1' in (tmp_path / "b.latents").read_bytes()


def test_a_bank_keeps_drums_among_notes(tmp_path: Path) -> None:
    zones = [replace(flute(), partials=flute().partials), drum(), flute()]
    entries = [BankEntry(Instrument("snare", "drum"), (1,)), BankEntry(Instrument("flute", "flute"), (0, 2))]
    write_bank(tmp_path, Bank(entries, zones, model_id="m"), about={})
    bank = load_bank(tmp_path)
    np.testing.assert_array_equal(bank.zones[1].unpitched, zones[1].unpitched)
    assert bank.zones[0].unpitched is None
    assert bank.zones[2].unpitched is None


def test_strangers_rows_are_bounded_or_refused(tmp_path: Path) -> None:
    from safetensors.numpy import load, save

    path = write_latents(tmp_path / "a.latents", drum())
    head = path.read_bytes()
    tensors = load(head)
    written = json.loads(head[8 : 8 + int.from_bytes(head[:8], "little")])
    metadata = {"nsynth_lab": written["__metadata__"]["nsynth_lab"]}
    rng = np.random.default_rng(2)
    wild = {**tensors, "unpitched_levels": rng.integers(0, 256, tensors["unpitched_levels"].shape).astype(np.uint8)}
    wild["unpitched_notes"] = rng.integers(0, 65_536, tensors["unpitched_notes"].shape).astype(np.uint16)
    path.write_bytes(save(wild, metadata=metadata))
    read = read_latents(path)
    assert read.unpitched is not None
    assert np.isfinite(play(read.unpitched, read.loudness_db, place=0)).all()
    for name, other in {
        "unpitched_levels": tensors["unpitched_levels"][:-1],
        "unpitched_notes": tensors["unpitched_notes"].astype(np.float32),
    }.items():
        path.write_bytes(save({**tensors, name: other}, metadata=metadata))
        with pytest.raises(LatentsError):
            read_latents(path)


def test_a_blend_of_two_drums_lies_between_band_by_band() -> None:
    low, high = drum(stroke(hz=55.0)), drum(stroke(hz=110.0))
    for position, source in ((0.0, low), (1.0, high)):
        came, whole = blend([low, high], pair(position), frames=low.frames), stretch(source, low.frames)
        assert came.unpitched is not None
        assert whole.unpitched is not None
        np.testing.assert_allclose(came.unpitched, whole.unpitched, atol=1e-4)
    middle = blend([low, high], pair(0.5), frames=low.frames)
    ends = [stretch(source, low.frames) for source in (low, high)]
    assert middle.unpitched is not None
    mean = np.mean([end.unpitched for end in ends if end.unpitched is not None], axis=0)
    np.testing.assert_allclose(middle.unpitched[5:, NOISE], mean[5:, NOISE], atol=3.0)
    assert np.abs(middle.unpitched[:, NOTES] - mean[:, NOTES]).max() < 1.0


def test_half_way_to_a_tone_as_loud_is_half_as_noisy() -> None:
    low = drum()
    high = replace(stretch(flute().at_note(60), low.frames), loudness_db=low.loudness_db)
    shares = [blend([low, high], pair(position), frames=low.frames).pitched for position in np.linspace(0.0, 1.0, 5)]
    assert shares[::2] == pytest.approx([0.0, 0.5, 1.0], abs=0.03)
    assert (np.diff(shares) > 0.05).all()
    assert blend([low, high], pair(1.0), frames=60).unpitched is None


def test_neither_noise_nor_tone_is_louder_between_than_at_the_louder_end() -> None:
    """Long after the drum, its noise does not come back with the level of the tone; nor a tone before it begins."""
    loud, quiet = np.array([-20.0, -20.0, -70.0]), np.array([-70.0, -20.0, -20.0])
    for position in np.linspace(0.05, 0.95, 7):
        level = (1 - position) * loud + position * quiet
        weights = np.tile([1 - position, position], (3, 1))
        each = np.tile([0.0, 1.0], (3, 1))
        pitched = between(np.full(3, position), level, each, np.stack([loud, quiet], axis=1), weights)
        tone = tone_share(pitched)
        power = 10.0 ** (level / 10.0)
        assert (power * (1 - tone) <= 1.001 * 10.0 ** (loud / 10.0)).all()
        assert (power * tone <= 1.001 * 10.0 ** (quiet / 10.0)).all()
        assert pitched[1] == pytest.approx(position), "as loud: as far as it is"


def test_a_drum_dilutes_neither_timbre_nor_vibrato() -> None:
    """It has none to give: half-way the flute is still a flute, though not alone."""
    tone = flute().at_note(60)
    middle, alone = blend([drum(), tone], pair(0.5), frames=60), blend([drum(), tone], pair(1.0), frames=60)
    assert middle.unpitched is not None
    assert 0.0 < middle.pitched < 1.0
    np.testing.assert_array_equal(middle.partials, alone.partials)
    assert np.abs(middle.timbre).max() > 0.8 * np.abs(alone.timbre).max()


def test_a_drum_follows_the_keys_as_far_as_it_tracks() -> None:
    still, following = drum(stroke(hz=55.0)), drum(stroke(hz=55.0), track=1.0)
    np.testing.assert_array_equal(still.at_note(72).unpitched, still.unpitched)
    for track, octaves in ((1.0, 1.0), (0.5, 0.5)):
        rows = following.tracking(track).at_note(72).unpitched
        assert rows is not None
        assert following.unpitched is not None
        used = following.unpitched[:, NOTES].max(axis=0) < 100
        np.testing.assert_allclose((rows - following.unpitched)[:, NOTES][:, used], 12 * octaves, atol=0.01)


def test_noise_that_is_moved_keeps_its_shape() -> None:
    rows = np.full((3, DIMS), LOWEST_DB, np.float32)
    rows[:, 30], rows[:, NOTES], rows[:, PITCHED:] = 0.0, 60.0, 0.0
    up = moved(rows, np.array([0.0, 12.0, -12.0]))
    assert up[0].tolist() == rows[0].tolist()
    assert up[1, :BANDS].argmax() > 30 > up[2, :BANDS].argmax()
    assert stored(up)[0].shape == (3, DIMS - 8)


def test_a_stroke_is_not_made_longer_but_rings_on_after_a_short_key() -> None:
    latents = drum()
    longer, own = stretch(latents, 3 * latents.frames), stretch(latents, latents.frames)
    np.testing.assert_allclose(longer.loudness_db[: latents.frames], own.loudness_db, atol=0.01)
    assert longer.loudness_db[latents.frames :].max() < latents.loudness_db.max() - 50


def test_a_word_and_a_reversed_cymbal_keep_their_ends() -> None:
    """They end while they are loud: 43 ms fade, and nothing is taken for a sustain."""
    rng = np.random.default_rng(5)
    bark = 0.2 * rng.standard_normal(32 * HOP_SAMPLES, np.float32)
    reversed_cymbal = stroke(low_hz=3_000.0, decay_seconds=0.3, seconds=1.5)[::-1]
    for sound in (bark, reversed_cymbal):
        latents = drum(np.ascontiguousarray(sound))
        for seconds in (1.0, 3.0):
            longer = stretch(latents, latents.frames + round(seconds * FRAME_RATE_HZ))
            kept = latents.frames - 5
            np.testing.assert_allclose(longer.loudness_db[:kept], latents.loudness_db[:kept], atol=0.5)
            assert longer.loudness_db[latents.frames :].max() <= latents.loudness_db.max() - 70.0


def test_noise_needs_no_note_and_a_tone_keeps_its_network() -> None:
    checkpoint = Checkpoint.of(tiny_model())
    noise = encode(Audio(stroke(low_hz=3_000.0)[None]), checkpoint)
    assert noise.pitched == 0.0
    at = np.arange(RATE // 2) / RATE
    orders = np.arange(1, 6)[:, None]
    tone = (np.sin(2 * np.pi * 220.0 * orders * at) / orders).sum(axis=0) * np.exp(-4 * at) / 5
    assert encode(Audio(tone[None].astype(np.float32)), checkpoint, rounds=0).unpitched is None


def test_a_bass_drum_at_the_banks_level_is_no_louder_than_full_scale() -> None:
    kick = at_bank_level(drum(stroke(hz=45.0, decay_seconds=0.2, seconds=0.6)))
    assert peak_db(kick) == pytest.approx(-20.0, abs=0.01)
    assert kick.unpitched is not None
    assert np.abs(play(kick.unpitched, kick.loudness_db, place=0)).max() < 1.0


def engine_of(*programs: list[list[Latents]], ahead_samples: int = 512) -> Engine:
    return Engine(
        Checkpoint.of(tiny_model()), [Sources(corners) for corners in programs], Settings(), ahead_samples=ahead_samples
    )


def strike() -> list[Event]:
    return [note_on(60), note_on(64, at_sample=700), note_off(60, at_sample=3_000), note_on(60, at_sample=9_000)]


def test_blocks_of_any_size_give_what_one_block_gives() -> None:
    corners = [[at_bank_level(drum())], corner(flute())]
    whole = played(engine_of(corners), strike(), samples=30_000, blocks=(30_000,))
    for blocks in ((64,), (256, 100, 1_000), (512,)):
        np.testing.assert_allclose(
            played(engine_of(corners), strike(), samples=30_000, blocks=blocks), whole, atol=2e-5
        )
    np.testing.assert_allclose(
        played(engine_of(corners, ahead_samples=8_192), strike(), samples=30_000, blocks=(4_096,)), whole, atol=2e-5
    )


def test_what_has_a_pitch_sounds_the_same_beside_a_drum() -> None:
    flutes = [corner(flute())]
    alone = played(engine_of(flutes), strike(), samples=20_000)
    beside = played(engine_of(flutes, [[drum()]]), strike(), samples=20_000)
    np.testing.assert_array_equal(alone, beside)


def test_a_drum_is_not_decoded() -> None:
    engine = engine_of([[drum()]], [corner(flute())])
    heard = Heard(engine)
    assert np.abs(played(engine, strike(), samples=20_000, blocks=(1_024,))).max() > 0.01
    assert not heard.level
    clip = Clip(drum(), track_hz(60, drum().f0_cents))
    assert clip.first_tone == drum().frames


@pytest.mark.parametrize("toneless", [0, 17])
def test_a_clip_is_the_note_that_the_engine_plays(toneless: int) -> None:
    """Also where the network joins a drum in its middle."""
    begins = at_bank_level(drum())
    assert begins.unpitched is not None
    begins.unpitched[toneless:, PITCHED] = 0.3 if toneless else 0.0
    sources = Sources([[begins], corner(flute())])
    x = 0.0 if toneless else 0.3
    patch = Patch("p", Blend(("a", "b"), position=(x,)))
    checkpoint = Checkpoint.of(tiny_model())
    note = patch_note(sources, patch, Note(60, 100), hold_seconds=0.2)
    (voice,) = note.voices
    clip = Clip(voice.latents, track_hz(60, voice.latents.f0_cents), noise_places(voice.seed))
    assert clip.first_tone == toneless
    engine = Engine(checkpoint, [sources], Settings(x=x))
    live = played(engine, [note_on(60), note_off(60, at_sample=9_600)], samples=voice.latents.samples)
    gains = np.repeat(voice.gains[:, 1, 0], 512)
    for clips in ([clip], [clip, clip]):
        sound = np.concatenate(list(decode_blocks(clips, checkpoint)), axis=1)[-1]
        np.testing.assert_allclose(live[0, :-512], (sound * gains)[:-512], atol=2e-5)


def test_resonances_are_in_order_and_tracking_is_stored() -> None:
    rows = drum(track=0.5).unpitched
    assert rows is not None
    assert (np.diff(rows[:, NOTES].mean(axis=0)) >= -0.01).all()
    assert np.allclose(rows[:, TRACK], 0.5, atol=1 / 255)
    assert hz_to_note(440.0) == 69.0
