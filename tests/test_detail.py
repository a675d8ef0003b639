"""What timbre leaves unsaid: measured, played by every decoder, blended, stored and read by voices; else nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from made_notes import flute, organ_cut_short
from playing import played
from tiny_model import streams, tiny_model

from nsynth_lab.blend import blend, pair
from nsynth_lab.detail import (
    DB_LIMIT,
    DIMS,
    NOISE,
    NOISE_GAIN,
    PARTIALS,
    anchor_count,
    anchors,
    band_edges,
    erb_rate,
    from_stored,
    share_at,
    stored,
)
from nsynth_lab.dsp.attack_distance import attack_distance
from nsynth_lab.dsp.line_levels import LineLevels
from nsynth_lab.dsp.measure import measure
from nsynth_lab.dsp.mel_spectrum import band_edges_hz
from nsynth_lab.errors import CheckpointError, LatentsError
from nsynth_lab.latents import Latents, read_latents, write_latents
from nsynth_lab.midi.events import bend, note_off, note_on
from nsynth_lab.model.audible_noise import audible_noise_db
from nsynth_lab.model.bank import Bank, BankEntry, load_bank, write_bank
from nsynth_lab.model.checkpoint import Checkpoint
from nsynth_lab.model.codec import encode_measured
from nsynth_lab.model.headers import read_header
from nsynth_lab.note import Instrument, Note
from nsynth_lab.runtime.clips import Clip, decode, decode_blocks
from nsynth_lab.runtime.cuda_graph_batch import CudaGraphBatch
from nsynth_lab.runtime.numba_batch import NumbaBatch
from nsynth_lab.runtime.slot_step import PlainStep
from nsynth_lab.runtime.torch_batch import TorchBatch
from nsynth_lab.runtime.voice_batch import FrameStreams, VoiceBatch
from nsynth_lab.synth.engine import Engine
from nsynth_lab.synth.planned_note import plan_note
from nsynth_lab.synth.settings import Settings
from nsynth_lab.synth.sources import Sources
from nsynth_lab.units import FloatArray, track_hz

CHECKPOINT = Checkpoint.of(tiny_model())
BATCHES: dict[str, Callable[[], VoiceBatch]] = {
    "compiled": lambda: NumbaBatch(CHECKPOINT.weights, 2),
    "torch": lambda: TorchBatch(CHECKPOINT.model.decoder, 2),
    "as in a graph": lambda: CudaGraphBatch(CHECKPOINT.model.decoder, 2, make_step=PlainStep),
}


def rows_of(frames: int, seed: int = 0) -> FloatArray:
    """Random offsets that move, as files keep them."""
    rng = np.random.default_rng(seed)
    return from_stored(stored(rng.uniform(-12.0, 12.0, (frames, DIMS)).astype(np.float32)), frames)


def detailed(note: Latents, seed: int = 0) -> Latents:
    return replace(note, detail=rows_of(note.frames, seed), model_id=CHECKPOINT.model_id)


def plain(note: Latents) -> Latents:
    return replace(note, model_id=CHECKPOINT.model_id)


def sound_of(latents: Latents) -> FloatArray:
    return np.concatenate(list(decode(latents, CHECKPOINT)))


def recording(f0_hz: float = 220.0, seconds: float = 1.5) -> FloatArray:
    """A registration of an organ: every third partial, loud and soft in turn, and a hiss."""
    time = np.arange(round(seconds * 93.75) * 512) / 48_000
    tone = sum(
        (0.2 if order % 2 else 0.02) * np.sin(2 * np.pi * order * f0_hz * time + order) for order in range(1, 40, 3)
    )
    hiss = 0.004 * np.random.default_rng(0).standard_normal(len(time))
    return np.asarray((tone + hiss) * np.minimum(1.0, time / 0.02), np.float32)


@pytest.mark.parametrize("name", BATCHES)
def test_every_decoder_plays_it_alike_and_zeros_change_nothing(name: str) -> None:
    latents, frames = detailed(flute()), 24
    assert latents.detail is not None
    f0_hz = track_hz(latents.note, latents.f0_cents)
    heard, without = list[FloatArray](), list[FloatArray]()
    for offsets, blocks in ((True, heard), (False, without)):
        batch = BATCHES[name]()
        batch.reset([0, 1], [0, 0])
        for at in range(frames):
            own = latents.timbre[at], latents.loudness_db[at], f0_hz[at], latents.partials_per_frame()[at]
            both = [np.stack([stream, stream]).astype(np.float32) for stream in own]
            rows = np.stack([latents.detail[at], np.zeros(DIMS, np.float32)]) if offsets else None
            blocks.append(batch.step(np.arange(2), FrameStreams(both[0], both[1], both[2], both[3], None, rows)))
    sound, bare = np.concatenate(heard, axis=1), np.concatenate(without, axis=1)
    assert np.array_equal(sound[1], bare[1])
    assert np.abs(sound[0] - sound_of(latents)[: frames * 512]).max() < 2e-5
    assert np.abs(sound[0] - sound[1]).max() > 1e-3


def test_a_partial_is_as_many_decibels_louder_as_the_row_says() -> None:
    """Loudness stays: what one partial gains, all together lose."""
    decoder, frames = CHECKPOINT.model.decoder, 6
    given = streams([57.0], frames)
    rows = torch.zeros(1, frames, DIMS)
    rows[..., 2] = 9.0
    with torch.no_grad():
        bare, louder = (
            decoder.excite(given[0], given[1], given[2], given[3], decoder.start(1), every=True, detail=one)[2]
            for one in (None, rows)
        )
    halves = bare.partials.shape[-1] - decoder.config.oscillators + 16
    db = 20 * torch.log10(louder.partials / bare.partials)[0, 0, halves:]
    assert db[2] - db[1] == pytest.approx(9.0, abs=0.01)
    assert db[1] < 0
    assert torch.equal(louder.noise, bare.noise)


def test_blocks_of_any_size_and_clips_in_company_are_the_whole() -> None:
    latents = detailed(flute())
    whole = sound_of(latents)
    several = [Clip(one, track_hz(one.note, one.f0_cents)) for one in (latents, plain(flute()))]
    together = np.concatenate(list(decode_blocks(several, CHECKPOINT, threads=1)), axis=1)
    assert np.abs(together[0] - whole).max() < 2e-5
    assert np.abs(together[1] - sound_of(plain(flute()))).max() < 2e-5


def test_what_is_measured_brings_the_sound_nearer_to_its_recording() -> None:
    samples = recording()
    measured = measure(samples, note=57)
    bare, latents = (
        encode_measured(samples, measured, CHECKPOINT, note=Note(57), rounds=1, detail=detail)
        for detail in (False, True)
    )
    assert bare.detail is None
    assert latents.detail is not None
    lines = LineLevels(track_hz(57, measured.f0_cents), measured.partials)
    real, without, heard = (lines(sound) for sound in (samples, sound_of(bare), sound_of(latents)))
    for part, first, share in (
        ("partials", 16, 0.6),
        ("noise", 64, 0.8),
    ):  # the tiny model has corrections for sixteen partials
        levels = [
            10 * np.log10(getattr(one, part)[20:-20, :first] + 1e-12).mean(axis=0) for one in (real, without, heard)
        ]
        audible = levels[0] > levels[0].max() - 40.0
        before, after = (np.abs(level - levels[0])[audible].mean() for level in levels[1:])
        assert after < share * before, f"{part}: {before:.1f} dB, then {after:.1f}"
    peak, loud = (np.abs(latents.detail[:, part]).max() for part in (slice(0, NOISE.stop), slice(NOISE_GAIN, DIMS)))
    assert peak <= 18.0
    assert loud <= DB_LIMIT


def struck(attack_seconds: float = 0.03) -> FloatArray:
    """Begins with a knock of noise that the tone after it has nothing of."""
    samples = recording()
    knock = round(attack_seconds * 48_000)
    noise = 0.5 * np.random.default_rng(1).standard_normal(knock) * np.hanning(2 * knock)[knock:]
    samples[:knock] = noise
    return samples


def test_where_it_would_lead_the_attack_away_it_begins_with_the_sustain() -> None:
    """What windows smear into the attack is left out of the first row; the rows after it stay."""
    samples = struck()
    measured = measure(samples, note=57)
    bare, latents = (
        encode_measured(samples, measured, CHECKPOINT, note=Note(57), rounds=1, detail=detail)
        for detail in (False, True)
    )
    assert latents.detail is not None
    assert not latents.detail[0].any()
    assert np.abs(latents.detail[16]).max() > 3.0
    recorded, *sounds = (torch.from_numpy(sound)[None] for sound in (samples, sound_of(bare), sound_of(latents)))
    before, after = (float(attack_distance(sound, recorded, torch.tensor([220.0]))) for sound in sounds)
    assert after < before + 0.3


def test_noise_is_compared_where_it_is_heard_and_nowhere_else() -> None:
    """The low half is full of tones, the top is below the floor; between them the recording is 4 dB louder."""
    noise = np.full((9, 128), -40.0, np.float32)
    tones = np.where(np.arange(128) < 64, -20.0, -120.0).astype(np.float32) + 0 * noise
    recorded = np.where(np.arange(128) < 64, -19.0, -36.0).astype(np.float32) + 0 * noise
    noise[:, 110:], recorded[:, 110:] = -90.0, -70.0
    louder, share = audible_noise_db(recorded, tones, noise, np.full((2, 9), 1 / 9), floor_db=-60.0)
    middles_hz = np.interp(np.arange(64) + 0.5, np.arange(65), band_edges())
    low, high = (erb_rate(hz) for hz in band_edges_hz()[[63, 112]])
    between = (middles_hz > low + 1) & (middles_hz < high - 1)
    np.testing.assert_allclose(louder[:, between], 4.0, atol=0.1)
    np.testing.assert_allclose(share[:, between], 1.0, atol=1e-6)
    np.testing.assert_allclose(share[:, middles_hz < low - 1], 0.0, atol=1e-6)
    np.testing.assert_allclose(louder[:, middles_hz > high + 1], 0.0, atol=1e-6)


def test_blends_lie_between_in_decibels_and_a_sound_without_counts_as_none() -> None:
    one, other = detailed(flute(), 1), detailed(flute(), 2)
    assert one.detail is not None
    assert other.detail is not None
    middle = blend([one, other], pair(0.25), frames=one.frames).detail
    assert middle is not None
    np.testing.assert_allclose(middle, 0.75 * one.detail + 0.25 * other.detail, atol=1e-4)
    half = blend([one, plain(flute())], pair(0.5), frames=one.frames).detail
    assert half is not None
    np.testing.assert_allclose(half, 0.5 * one.detail, atol=1e-4)
    assert blend([one, plain(flute())], pair(1.0), frames=one.frames).detail is None


def test_files_and_banks_keep_it_and_say_so_only_where_it_is(tmp_path: Path) -> None:
    latents = detailed(organ_cut_short())
    again = read_latents(write_latents(tmp_path / "a.latents", latents))
    np.testing.assert_array_equal(again.detail, latents.detail)
    entry = BankEntry(Instrument("x", "reed"), (0, 1))
    path = write_bank(tmp_path, Bank([entry], [plain(flute()), latents], model_id=latents.model_id), about={})
    zones = load_bank(tmp_path).zones
    assert zones[0].detail is None
    np.testing.assert_array_equal(zones[1].detail, latents.detail)
    assert read_header(path)["format_version"] == 4
    write_bank(tmp_path, Bank([entry], [plain(flute())] * 2, model_id=latents.model_id), about={})
    assert read_header(path)["format_version"] == 1


def test_files_with_other_rows_are_refused(tmp_path: Path) -> None:
    from safetensors import safe_open
    from safetensors.numpy import load_file, save_file

    latents = detailed(flute())
    path = write_latents(tmp_path / "a.latents", latents)
    with safe_open(str(path), framework="numpy") as file:
        metadata = file.metadata()
    tensors = load_file(path)
    for rows in (tensors["detail"][:-1], tensors["detail"][:, 1:], tensors["detail"].astype(np.float32)):
        save_file(tensors | {"detail": np.ascontiguousarray(rows)}, path, metadata=metadata)
        with pytest.raises(LatentsError, match="detail"):
            read_latents(path)
    entry = BankEntry(Instrument("x", "reed"), (0,))
    bank = write_bank(tmp_path, Bank([entry], [latents], model_id=latents.model_id), about={})
    with safe_open(str(bank), framework="numpy") as file:
        metadata = file.metadata()
    tensors = load_file(bank)
    save_file(tensors | {"detail": tensors["detail"][:-1]}, bank, metadata=metadata)
    with pytest.raises(CheckpointError, match="damaged"):
        load_bank(tmp_path)


@pytest.mark.parametrize("frames", [1, 2, 16, 17, 33, 100])
def test_anchors_are_counted_and_straight_lines_lie_between(frames: int) -> None:
    assert anchor_count(np.array([frames])) == len(anchors(frames))
    ramp = np.linspace(-20.0, 20.0, frames, dtype=np.float32)[:, None].repeat(DIMS, axis=1)
    assert np.abs(from_stored(stored(ramp), frames) - ramp).max() <= 0.2
    assert PARTIALS < DIMS


def engine_of(*corners: list[Latents], ahead_samples: int = 512) -> Engine:
    return Engine(CHECKPOINT, [Sources(corners)], Settings(volume_db=-20.0), ahead_samples=ahead_samples)


def test_a_voice_of_the_engine_reads_it_whatever_the_block_size() -> None:
    events = [note_on(69, at_sample=100), note_off(69, at_sample=30_000)]
    latents = detailed(flute())
    whole = played(engine_of([latents]), events, samples=48_000)
    odd = played(engine_of([latents]), events, samples=48_000, blocks=(64, 448, 1_024))
    ahead = played(engine_of([latents], ahead_samples=8_192), events, samples=48_000)
    bare = played(engine_of([plain(flute())]), events, samples=48_000)
    assert np.abs(whole - odd).max() < 2e-5
    assert np.abs(whole - ahead).max() < 2e-5
    assert np.abs(whole - bare).max() > 1e-3


def test_half_way_the_engine_plays_half_of_it() -> None:
    """A corner without any counts as 0 dB: the same sound as a corner with half of it at every place."""
    latents = detailed(flute())
    assert latents.detail is not None
    half = replace(latents, detail=latents.detail / np.float32(2))
    events = [note_on(69)]
    blended = played(engine_of([latents], [plain(flute())]), events, samples=24_000)
    alone = played(engine_of([half], [half]), events, samples=24_000)
    assert np.abs(blended - alone).max() < 2e-5


def test_it_fades_without_steps_from_the_key_that_was_recorded() -> None:
    away = np.arange(-12.0, 12.01, 0.01)
    shares = np.array([share_at(semitones) for semitones in away])
    np.testing.assert_allclose(shares, shares[::-1], atol=1e-9)
    assert np.abs(np.diff(shares)).max() < 0.007
    assert (np.diff(shares[len(shares) // 2 :]) <= 0).all()
    latents = detailed(flute())
    assert latents.detail is not None
    assert latents.at_note(69).detail is latents.detail
    far = latents.at_note(64).detail
    assert far is not None
    np.testing.assert_allclose(far, latents.detail * np.float32(share_at(5.0)), atol=1e-5)
    assert latents.at_note(77).detail is None


@pytest.mark.parametrize(("key", "semitones"), [(72, 0), (70, 1), (75, -1)])
def test_every_zone_of_a_voice_fades_by_its_own_distance_from_what_sounds(key: int, semitones: int) -> None:
    """Played at another key, or bent to it, it is the sound of latents that were moved there before."""
    notes = detailed(flute(), seed=1), detailed(flute().at_note(67), seed=2)
    sounds = key + semitones
    live = played(engine_of(*([note] for note in notes)), [bend(4096 * semitones), note_on(key)], samples=24_000)
    moved = engine_of(*([note.at_note(sounds)] for note in notes))
    assert np.abs(live - played(moved, [note_on(sounds)], samples=24_000)).max() < 2e-5


def test_at_its_own_key_it_is_played_to_the_bit_whatever_the_vibrato() -> None:
    latents = detailed(flute())
    deep = replace(latents, f0_cents=np.asarray(60.0 * np.sin(np.arange(latents.frames)), np.float32))
    steady = replace(latents, f0_cents=np.zeros(latents.frames, np.float32))
    shaken, still = (
        plan_note(Sources([[note]]), Settings(), key=69, velocity=100, hold_seconds=0.4)[0].frames.detail[:30]
        for note in (deep, steady)
    )
    np.testing.assert_array_equal(shaken, still)
    assert still.any()
