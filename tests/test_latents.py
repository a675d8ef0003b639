from __future__ import annotations

import json
import random
import struct
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save

from nsynth_lab.errors import LatentsError, UsageError
from nsynth_lab.latents import CENTS_LIMIT, Latents, read_latents, write_latents

STREAMS = ("timbre", "loudness_db", "f0_cents", "partials")


def make_latents(frames: int = 20, *, morph: bool = False) -> Latents:
    rng = np.random.default_rng(1)
    return Latents(
        timbre=rng.standard_normal((frames, 16)).astype(np.float32),
        loudness_db=rng.uniform(-90, 0, frames).astype(np.float32),
        f0_cents=rng.uniform(-50, 50, frames).astype(np.float32),
        partials=rng.uniform(-0.2, 0.2, (frames, 128) if morph else 128).astype(np.float32),
        note=69,
        velocity=90,
        attack_frames=3,
        release_frame=15,
        model_id="test",
        provenance={"made": "by hand", "seed": 1},
    )


def tensors(latents: Latents) -> dict[str, Any]:
    return {name: getattr(latents, name) for name in STREAMS}


def header(**changes: Any) -> dict[str, Any]:
    fixed = {"format_version": 1, "sample_rate": 48_000, "hop_samples": 512, "timbre_dims": 16}
    own = {"note": 69, "velocity": 90, "attack_frames": 3, "release_frame": 15, "model_id": "test", "provenance": {}}
    return {**fixed, **own, **changes}


def write_raw(path: Path, streams: dict[str, Any], head: Any) -> Path:
    text = head if isinstance(head, str) else json.dumps(head)
    path.write_bytes(save(streams, metadata={"nsynth_lab": text}))
    return path


@pytest.mark.parametrize("morph", [False, True])
@pytest.mark.parametrize("frames", [15, 20, 375])
def test_what_is_written_is_read_back(tmp_path: Path, frames: int, morph: bool) -> None:
    latents = make_latents(frames, morph=morph)
    back = read_latents(write_latents(tmp_path / "a.latents", latents))
    for name in STREAMS:
        np.testing.assert_array_equal(getattr(back, name), getattr(latents, name))
        assert getattr(back, name).dtype == np.float32
    for name in ("note", "velocity", "attack_frames", "release_frame", "model_id", "provenance"):
        assert getattr(back, name) == getattr(latents, name)
    assert back.seconds == pytest.approx(frames * 512 / 48_000)


def test_raw_files_of_this_test_are_read(tmp_path: Path) -> None:
    assert read_latents(write_raw(tmp_path / "a.latents", tensors(make_latents()), header())).note == 69


def test_a_file_in_the_way_stays_unless_forced(tmp_path: Path) -> None:
    path = write_latents(tmp_path / "a.latents", make_latents())
    with pytest.raises(UsageError, match="--force"):
        write_latents(path, make_latents(30))
    write_latents(path, make_latents(30), force=True)
    assert read_latents(path).frames == 30
    assert [file.name for file in tmp_path.iterdir()] == ["a.latents"]


def test_every_cut_is_refused(tmp_path: Path) -> None:
    whole = write_latents(tmp_path / "whole.latents", make_latents()).read_bytes()
    path = tmp_path / "cut.latents"
    for length in (0, 1, 7, 8, 9, *(len(whole) * quarter // 4 for quarter in (1, 2, 3)), len(whole) - 1):
        path.write_bytes(whole[:length])
        with pytest.raises(LatentsError, match=r"cut\.latents: not a latents file, or damaged") as caught:
            read_latents(path)
        assert "\n" not in str(caught.value)


def test_damage_at_every_quarter_is_noticed_or_harmless(tmp_path: Path) -> None:
    whole = write_latents(tmp_path / "whole.latents", make_latents()).read_bytes()
    rng = random.Random(4)
    path = tmp_path / "damaged.latents"
    for turn in range(400):
        damaged = bytearray(whole)
        quarter = turn % 4
        for _ in range(rng.choice((1, 4, 40))):
            damaged[rng.randrange(len(whole) * quarter // 4, len(whole) * (quarter + 1) // 4)] = rng.randrange(256)
        path.write_bytes(damaged)
        try:
            latents = read_latents(path)
        except LatentsError:
            continue
        assert all(np.isfinite(getattr(latents, name)).all() for name in STREAMS)
        assert np.abs(latents.partials).max() <= 0.5


def test_random_bytes_are_refused(tmp_path: Path) -> None:
    rng = random.Random(5)
    path = tmp_path / "random.latents"
    for _ in range(300):
        path.write_bytes(rng.randbytes(rng.randrange(2_000)))
        with pytest.raises(LatentsError):
            read_latents(path)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"format_version": 5}, "latents format 5, this version reads 1 to 4"),
        ({"format_version": None}, "latents format None"),
        ({"sample_rate": 16_000}, "made with sample_rate 16000, this version works with 48000"),
        ({"hop_samples": 256}, "made with hop_samples 256"),
        ({"timbre_dims": 8}, "made with timbre_dims 8"),
        ({"note": 128}, "note 128 is outside 0 to 127"),
        ({"velocity": 0}, "velocity 0 is outside 1 to 127"),
        ({"attack_frames": 16}, "in order"),
        ({"attack_frames": -1}, "in order"),
        ({"release_frame": 21}, "in order"),
        ({"note": float("inf")}, "damaged"),
        ({"note": "A4"}, "damaged"),
        ({"note": [69]}, "damaged"),
        ({"provenance": 5}, "damaged"),
    ],
)
def test_headers_of_another_kind_are_refused(tmp_path: Path, changes: dict[str, Any], says: str) -> None:
    path = write_raw(tmp_path / "a.latents", tensors(make_latents()), header(**changes))
    with pytest.raises(LatentsError, match=says) as caught:
        read_latents(path)
    assert str(caught.value).startswith(str(path))


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "5", '"a"', "[" * 100_000, '{"format_version": 1}'])
def test_invalid_headers_are_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(LatentsError):
        read_latents(write_raw(tmp_path / "a.latents", tensors(make_latents()), text))


@pytest.mark.parametrize(
    ("stream", "shape"),
    [
        ("timbre", (20, 8)),
        ("timbre", (19, 16)),
        ("timbre", (320,)),
        ("loudness_db", (20, 1)),
        ("loudness_db", (0,)),
        ("f0_cents", (21,)),
        ("f0_cents", ()),
        ("partials", (64,)),
        ("partials", (19, 128)),
        ("partials", (1, 20, 128)),
    ],
)
def test_streams_of_the_wrong_shape_are_refused(tmp_path: Path, stream: str, shape: tuple[int, ...]) -> None:
    streams = {**tensors(make_latents()), stream: np.zeros(shape, np.float32)}
    with pytest.raises(LatentsError, match="expected"):
        read_latents(write_raw(tmp_path / "a.latents", streams, header()))


@pytest.mark.parametrize("stream", STREAMS)
def test_streams_that_are_missing_or_of_another_type_are_refused(tmp_path: Path, stream: str) -> None:
    streams = tensors(make_latents())
    wide = {**streams, stream: np.full(streams[stream].shape, 1e300)}
    with pytest.raises(LatentsError, match=f"{stream} holds float64, expected float32"):
        read_latents(write_raw(tmp_path / "wide.latents", wide, header()))
    del streams[stream]
    with pytest.raises(LatentsError, match="damaged"):
        read_latents(write_raw(tmp_path / "missing.latents", streams, header()))


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("stream", STREAMS)
def test_values_that_are_not_finite_are_refused(stream: str, value: float) -> None:
    latents = make_latents()
    broken = getattr(latents, stream).copy()
    broken[0] = value
    with pytest.raises(LatentsError, match=f"{stream} holds NaN or infinite"):
        replace(latents, **{stream: broken})


def test_an_enormous_claimed_size_allocates_nothing(tmp_path: Path) -> None:
    promise = {"timbre": {"dtype": "F32", "shape": [2**40, 16], "data_offsets": [0, 2**46]}}
    text = json.dumps(promise).encode()
    path = tmp_path / "moon.latents"
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"\0" * 64)
    with pytest.raises(LatentsError, match="damaged"):
        read_latents(path)
    path.write_bytes(struct.pack("<Q", 2**63) + text)
    with pytest.raises(LatentsError, match="damaged"):
        read_latents(path)


def test_a_file_that_is_too_large_is_not_even_opened(tmp_path: Path) -> None:
    path = tmp_path / "large.latents"
    with path.open("wb") as file:
        file.truncate(65 * 2**20)
    with pytest.raises(LatentsError, match="larger than"):
        read_latents(path)


def test_missing_files_are_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "nowhere.latents", tmp_path):
        with pytest.raises(LatentsError, match="no such file"):
            read_latents(path)


def test_values_out_of_range_are_clipped(tmp_path: Path) -> None:
    streams = tensors(make_latents())
    streams["f0_cents"] = np.full(20, 5_000, np.float32)
    streams["partials"] = np.full(128, -7, np.float32)
    streams["loudness_db"] = np.full(20, -500, np.float32)
    latents = read_latents(write_raw(tmp_path / "wild.latents", streams, header()))
    assert latents.f0_cents.max() == CENTS_LIMIT
    assert latents.partials.min() == -0.5
    assert latents.loudness_db.min() == -100.0


def test_partials_per_frame_work_for_both_shapes() -> None:
    fixed, moving = make_latents(), make_latents(morph=True)
    assert fixed.partials_per_frame().shape == moving.partials_per_frame().shape == (20, 128)
    np.testing.assert_array_equal(fixed.partials_per_frame()[7], fixed.partials)
    np.testing.assert_array_equal(moving.partials_per_frame(), moving.partials)


def test_moving_a_note_leaves_the_sound_alone() -> None:
    latents = make_latents()
    moved = latents.at_note(60)
    assert moved.note == 60
    assert latents.note == 69
    np.testing.assert_array_equal(moved.timbre, latents.timbre)
