"""Checkpoint and bank: what is written is read back, and anything else ends in one line."""

from __future__ import annotations

import json
import pickle
import struct
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from tiny_model import TINY, decode, streams, tiny_model

from nsynth_lab.errors import CheckpointError, UsageError
from nsynth_lab.latents import Latents
from nsynth_lab.model.bank import BANK, Bank, BankEntry, load_bank, merged, write_bank
from nsynth_lab.model.checkpoint import Checkpoint, load_checkpoint, save_weights
from nsynth_lab.model.config import ModelConfig
from nsynth_lab.model.headers import FORMAT_VERSION, KEY, WEIGHTS
from nsynth_lab.note import Instrument, Note

Header = dict[str, Any]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    save_weights(tmp_path, tiny_model(), about={"licence": "CC0-1.0", "steps": 7})
    return tmp_path


def refused(load: Callable[[Path], object], path: Path) -> str:
    """The message of the CheckpointError that `load` must raise: one line, naming the file."""
    with pytest.raises(CheckpointError) as caught:
        load(path)
    message = str(caught.value)
    assert "\n" not in message
    return message


def rewrite(path: Path, change: Callable[[Header, dict[str, torch.Tensor]], None]) -> None:
    """Change a file's header and tensors, and write it again."""
    with safe_open(str(path), framework="pt") as file:
        header = json.loads(file.metadata()[KEY])
    tensors = load_file(str(path))
    change(header, tensors)
    save_file(tensors, str(path), metadata={KEY: json.dumps(header)})


def test_weights_are_read_back(folder: Path) -> None:
    wanted = tiny_model()
    came = load_checkpoint(folder)
    assert came.model.config == TINY
    for name, value in wanted.state_dict().items():
        assert torch.equal(came.model.state_dict()[name], value.half().float())
    assert not came.model.training
    assert not any(value.requires_grad for value in came.model.parameters())
    inputs = streams([50.0, 70.0], 6)
    first, _ = decode(came.model.decoder, inputs, came.model.decoder.start(2))
    second, _ = decode(wanted.decoder, inputs, wanted.decoder.start(2))
    torch.testing.assert_close(first, second, rtol=0, atol=0.01)


def test_reading_takes_no_torch_and_a_model_not_its_compiler(folder: Path, bank: Bank) -> None:
    """torch takes two seconds to import; its compiler, which some operations on shapes alone import, two more."""
    write_bank(folder, bank, about={})
    run = (
        "import sys; from nsynth_lab.model.checkpoint import load_checkpoint\n"
        "from nsynth_lab.model.bank import load_bank\n"
        f"checkpoint, bank = load_checkpoint({str(folder)!r}), load_bank({str(folder)!r})\n"
        "sum(zone.frames for zone in bank.zones)\n"
        "print('torch' in sys.modules)\n"
        "checkpoint.model\n"
        "print('torch' in sys.modules, 'torch._dynamo' in sys.modules)"
    )
    said = subprocess.run([sys.executable, "-c", run], capture_output=True, text=True, check=True).stdout
    assert said.split() == ["False", "True", "False"]


def test_a_checkpoint_can_be_sent_to_another_process(folder: Path) -> None:
    """As packs send it to the workers of a cluster: without the model in torch, which each makes if it needs it."""
    sent = load_checkpoint(folder)
    without = len(pickle.dumps(sent))
    wanted = sent.model.state_dict()
    data = pickle.dumps(sent)
    assert len(data) == without
    came = pickle.loads(data)
    assert (came.model_id, came.header, came.config) == (sent.model_id, sent.header, sent.config)
    assert all(torch.equal(value, wanted[name]) for name, value in came.model.state_dict().items())


def test_a_model_in_memory_is_its_own_checkpoint(folder: Path) -> None:
    """Saved weights are float16, which those of the tiny model are already."""
    model, stored = tiny_model(), load_checkpoint(folder)
    came = Checkpoint.of(model, model_id="made")
    assert (came.model is model, came.model_id, came.device, came.config) == (True, "made", "cpu", TINY)
    assert came.weights.arrays.keys() == stored.weights.arrays.keys()
    for name, array in stored.weights.arrays.items():
        np.testing.assert_array_equal(came.weights.arrays[name], array)


def test_any_safetensors_reader_can_read_it(folder: Path) -> None:
    with safe_open(str(folder / WEIGHTS), framework="np") as file:
        header = json.loads(file.metadata()[KEY])
        assert set(file.keys()) == set(tiny_model().state_dict())
        assert {file.get_tensor(name).dtype for name in file.keys()} == {np.dtype(np.float16)}  # noqa: SIM118
    assert header["format_version"] == FORMAT_VERSION
    assert (header["sample_rate"], header["hop_samples"], header["timbre_dims"]) == (48_000, 512, 16)
    assert (header["licence"], header["steps"]) == ("CC0-1.0", 7)
    assert ModelConfig.from_dict(header["config"]) == TINY


def test_a_header_that_says_there_is_no_band_stack_is_read(folder: Path) -> None:
    """As every checkpoint of version 0.1 does."""
    rewrite(folder / WEIGHTS, lambda header, _: header["config"].update(band_channels=0, band_layers=6))
    assert load_checkpoint(folder).model.config == TINY


@pytest.mark.parametrize("channels", [8, -1, "64", None])
def test_a_band_stack_is_refused_in_one_line(folder: Path, channels: object) -> None:
    rewrite(folder / WEIGHTS, lambda header, _: header["config"].update(band_channels=channels))
    said = refused(load_checkpoint, folder)
    assert str(folder / WEIGHTS) in said
    assert f"band_channels {channels!r}, expected 0" in said


def test_the_id_belongs_to_the_weights(tmp_path: Path) -> None:
    first = save_weights(tmp_path / "a", tiny_model(), about={"steps": 1})
    again = save_weights(tmp_path / "b", tiny_model(), about={"steps": 2})
    other = save_weights(tmp_path / "c", tiny_model(seed=1), about={"steps": 1})
    assert first == again != other
    assert load_checkpoint(tmp_path / "a").model_id == first
    loaded = load_checkpoint(tmp_path / "a").model
    assert save_weights(tmp_path / "d", loaded, about={}) == first  # written again after reading
    assert [path.name for path in (tmp_path / "a").iterdir()] == [WEIGHTS]


def test_missing(tmp_path: Path) -> None:
    assert "no such file" in refused(load_checkpoint, tmp_path)
    assert "no such file" in refused(load_bank, tmp_path)


@pytest.mark.parametrize("share", [0.0, 0.001, 0.5, 0.999])
def test_cut_short(folder: Path, share: float) -> None:
    data = (folder / WEIGHTS).read_bytes()
    (folder / WEIGHTS).write_bytes(data[: int(share * len(data))])
    assert WEIGHTS in refused(load_checkpoint, folder)


def test_random_bytes(folder: Path) -> None:
    rng = np.random.default_rng(0)
    for size in (1, 8, 9, 100, 10_000):
        (folder / WEIGHTS).write_bytes(rng.bytes(size))
        refused(load_checkpoint, folder)


def test_a_flipped_byte_anywhere_in_the_header_does_not_crash(folder: Path) -> None:
    data = bytearray((folder / WEIGHTS).read_bytes())
    size = struct.unpack("<Q", data[:8])[0] + 8
    rng, told = np.random.default_rng(1), list[str]()
    for place in rng.integers(0, size, 60):
        broken = bytearray(data)
        broken[place] ^= 1 << rng.integers(0, 8)
        (folder / WEIGHTS).write_bytes(broken)
        try:
            load_checkpoint(folder)  # if the byte did not matter
        except CheckpointError as error:
            told.append(str(error))
    assert len(told) > 30
    assert not any("\n" in line for line in told)


def test_a_pickle_is_not_opened(tmp_path: Path) -> None:
    torch.save(tiny_model().state_dict(), tmp_path / WEIGHTS)
    refused(load_checkpoint, tmp_path)


@pytest.mark.parametrize(
    ("key", "value"), [("format_version", 2), ("sample_rate", 16_000), ("hop_samples", 256), ("partial_slots", 64)]
)
def test_another_version(folder: Path, key: str, value: int) -> None:
    rewrite(folder / WEIGHTS, lambda header, _: header.update({key: value}))
    message = refused(load_checkpoint, folder)
    assert "another version" in message
    assert f"{key} {value}" in message


def test_a_file_of_another_program(tmp_path: Path) -> None:
    save_file({"weight": torch.zeros(3)}, str(tmp_path / WEIGHTS))
    assert "not a checkpoint" in refused(load_checkpoint, tmp_path)


def test_weights_that_do_not_fit_their_sizes(folder: Path) -> None:
    original = (folder / WEIGHTS).read_bytes()

    def wider(header: Header, _: Any) -> None:
        header["config"]["controls_channels"] = 32

    def one_missing(_: Any, tensors: dict[str, torch.Tensor]) -> None:
        tensors.popitem()

    def one_more(_: Any, tensors: dict[str, torch.Tensor]) -> None:
        tensors["another"] = torch.zeros(1)

    def reshaped(_: Any, tensors: dict[str, torch.Tensor]) -> None:
        name = "decoder.controls.stack.first.weight"
        tensors[name] = tensors[name].reshape(-1, 1).contiguous()

    for change in (wider, one_missing, one_more, reshaped):
        (folder / WEIGHTS).write_bytes(original)
        rewrite(folder / WEIGHTS, change)
        assert "do not fit" in refused(load_checkpoint, folder)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_no_numbers(folder: Path, value: float) -> None:
    def spoil(_: Any, tensors: dict[str, torch.Tensor]) -> None:
        tensors["encoder.stack.first.bias"][3] = value

    rewrite(folder / WEIGHTS, spoil)
    assert "NaN or infinite" in refused(load_checkpoint, folder)


@pytest.mark.parametrize(
    "sizes",
    [
        {"controls_channels": 10_000_000},
        {"encoder_channels": 4096, "encoder_layers": 64, "controls_channels": 4096},  # 40 GB, were it allocated
        {"encoder_layers": -1},
        {"encoder_cycle": 0},
        {"controls_cycle": 4096},
        {"oscillators": 0},
        {"noise_bands": 1},
        {"encoder_channels": "192"},
        {"encoder_channels": 16.5},
        {"encoder_channels": None},
        {"a size\nof the future": 3},
    ],
)
def test_sizes_out_of_bounds(folder: Path, sizes: Header) -> None:
    rewrite(folder / WEIGHTS, lambda header, _: header["config"].update(sizes))
    refused(load_checkpoint, folder)


@pytest.mark.parametrize("config", [None, 3, [], "tiny"])
def test_sizes_that_are_no_table(folder: Path, config: object) -> None:
    rewrite(folder / WEIGHTS, lambda header, _: header.update(config=config))
    refused(load_checkpoint, folder)


def test_a_file_too_large_is_not_read(folder: Path) -> None:
    with open(folder / WEIGHTS, "r+b") as file:
        file.truncate(600 * 2**20)  # sparse
    assert "larger than" in refused(load_checkpoint, folder)


def zone(note: int, velocity: int, *, peak_db: float = -20.0, frames: int = 30, seed: int = 0) -> Latents:
    rng = np.random.default_rng((note, velocity, seed))
    return Latents(
        timbre=rng.uniform(-2.9, 2.9, (frames, 16)).astype(np.float32),
        loudness_db=np.linspace(peak_db, peak_db - 40.0, frames, dtype=np.float32),
        f0_cents=rng.uniform(-50, 50, frames).astype(np.float32),
        partials=rng.uniform(-0.25, 0.25, 128).astype(np.float32),
        note=note,
        velocity=velocity,
        attack_frames=3,
        release_frame=frames - 4,
        model_id="0123456789ab",
    )


@pytest.fixture
def bank() -> Bank:
    zones = [
        zone(48, 60, peak_db=-30.0, frames=20),
        zone(48, 100, peak_db=-10.0, frames=25),
        zone(60, 100),
        zone(72, 100),
        zone(62, 100, seed=1),
        zone(55, 100, seed=2),
        zone(57, 100, seed=3),
    ]
    entries = [
        BankEntry(Instrument("grand piano", "keyboard"), (0, 1, 2, 3), "CC0-1.0", "a player"),
        BankEntry(Instrument("alto flute", "flute"), (4,)),
        BankEntry(Instrument("bass flute", "flute"), (5,)),
        BankEntry(Instrument("synth_lead saw", "synth_lead", "synthetic"), (6,)),
    ]
    return Bank(entries, zones, model_id="0123456789ab")


def test_bank_is_read_back(tmp_path: Path, bank: Bank) -> None:
    path = write_bank(tmp_path, bank, about={"made_from": "tests"})
    came = load_bank(tmp_path)
    assert came.model_id == bank.model_id
    assert list(came.entries.values()) == list(bank.entries.values())
    assert len(came.zones) == len(bank.zones)
    for now, then in zip(came.zones, bank.zones, strict=True):
        for name in ("note", "velocity", "attack_frames", "release_frame", "frames", "model_id"):
            assert getattr(now, name) == getattr(then, name)
        np.testing.assert_allclose(now.timbre, then.timbre, rtol=0, atol=0.5 * 3.0 / 127 + 1e-6)
        np.testing.assert_allclose(now.loudness_db, then.loudness_db, rtol=0, atol=0.04)
        np.testing.assert_allclose(now.f0_cents, then.f0_cents, rtol=0, atol=0.02)
        np.testing.assert_allclose(now.partials, then.partials, rtol=0, atol=2e-4)
    first = path.read_bytes()
    write_bank(tmp_path, came, about={"made_from": "tests"})
    assert path.read_bytes() == first  # rounding again changes nothing


@pytest.mark.parametrize(
    "name", ["grand piano", "Grand Piano", "grand_piano", "GRAND-piano", "piano", " grand  piano "]
)
def test_a_name_or_part_of_it(bank: Bank, name: str) -> None:
    assert bank.find(name).instrument.name == "grand piano"


def test_part_of_several_names_is_ambiguous(bank: Bank) -> None:
    with pytest.raises(UsageError, match="did you mean alto flute, bass flute"):
        bank.find("flute")


def test_an_unknown_name_offers_close_ones(bank: Bank) -> None:
    with pytest.raises(UsageError, match=r"'alto flite'.*did you mean alto flute"):
        bank.find("alto flite")
    with pytest.raises(UsageError, match="nsynth-lab instruments"):
        bank.find("xyzzy")
    with pytest.raises(UsageError):
        bank.find("")


def test_the_nearest_zone_is_moved_to_the_note(bank: Bank) -> None:
    came = bank.latents("piano", Note(65, 100))
    assert came.note == 65
    np.testing.assert_array_equal(came.timbre, bank.zones[2].timbre)
    assert bank.latents("piano", Note(0, 100)).timbre is bank.zones[1].timbre
    assert bank.latents("piano", Note(127, 100)).timbre is bank.zones[3].timbre


@pytest.mark.parametrize(("velocity", "peak_db", "layer"), [(60, -30, 0), (100, -10, 1), (20, -40, 0), (120, -7, 1)])
def test_at_a_velocity_layer_and_beyond_it_its_zone_sounds(
    bank: Bank, velocity: int, peak_db: float, layer: int
) -> None:
    came = bank.latents("piano", Note(48, velocity))
    assert came.velocity == velocity
    assert came.loudness_db.max() == pytest.approx(peak_db)
    np.testing.assert_array_equal(came.timbre, bank.zones[layer].timbre)
    np.testing.assert_allclose(np.diff(came.loudness_db), np.diff(bank.zones[layer].loudness_db), atol=1e-4)


def test_between_velocity_layers_a_note_is_a_blend_of_them(bank: Bank) -> None:
    came = bank.latents("piano", Note(48, 70))
    assert (came.velocity, came.frames) == (70, 21)
    assert came.loudness_db.max() == pytest.approx(-25, abs=0.5)


def test_a_zone_is_converted_when_it_is_first_asked_for(tmp_path: Path, bank: Bank) -> None:
    write_bank(tmp_path, bank, about={})
    came = merged(load_bank(tmp_path), [Bank([bank.find("saw")], bank.zones, model_id=bank.model_id)])
    assert [(note.number, note.velocity) for note in came.notes] == [
        (zone.note, zone.velocity) for zone in bank.zones
    ] * 2
    assert came.zones[2] is came.zones[2]
    assert came.zones[-1] is bank.zones[-1]
    assert came.zones[1:3] == [came.zones[1], came.zones[2]]
    with pytest.raises(IndexError):
        came.zones[2 * len(bank.zones)]
    assert came.find("saw").zones == (len(bank.zones) + 6,)


def test_levels_stay_above_silence(bank: Bank) -> None:
    quiet = Bank(
        [bank.find("piano")], [replace(bank.zones[0], loudness_db=bank.zones[0].loudness_db - 60.0)] * 4, model_id=""
    )
    assert quiet.latents("piano", Note(48, 60)).loudness_db.min() == -100.0


def test_a_damaged_bank(tmp_path: Path, bank: Bank) -> None:
    path = write_bank(tmp_path, bank, about={})
    original = path.read_bytes()
    path.write_bytes(original[: len(original) // 2])
    assert BANK in refused(load_bank, tmp_path)

    def set_to(name: str, value: object) -> Callable[[Header, dict[str, torch.Tensor]], None]:
        return lambda header, _: header["instruments"][0].update({name: value})

    def spoil(
        name: str, change: Callable[[torch.Tensor], torch.Tensor]
    ) -> Callable[[Any, dict[str, torch.Tensor]], None]:
        return lambda _, tensors: tensors.update({name: change(tensors[name]).contiguous()})

    changes: list[Callable[[Header, dict[str, torch.Tensor]], None]] = [
        set_to("family", "kazoo"),
        set_to("zones", [99]),
        set_to("zones", []),
        set_to("zones", None),
        lambda header, _: header.update(instruments=[3]),
        lambda header, _: header.update(instruments=None),
        lambda header, _: header.update(format_version=9),
        lambda _, tensors: tensors.update(another=tensors.pop("marks")),
        spoil("timbre", lambda x: x[:-1]),
        spoil("timbre", lambda x: x[:, :8]),
        spoil("partials", lambda x: x[:, :64]),
        spoil("partials", lambda x: x[:2]),
        spoil("loudness_db", lambda x: x * float("nan")),
        spoil("f0_cents", lambda x: x[:-5]),
        spoil("starts", lambda x: x.flip(0)),
        spoil("starts", lambda x: x[:0]),
        spoil("marks", lambda x: x[:, :2]),
        spoil("marks", lambda x: x * 0 + 1000),
        spoil("marks", lambda x: x + torch.tensor([0, 0, 1000, 0], dtype=torch.int32)),
        spoil("marks", lambda x: x + torch.tensor([0, 0, 0, 1000], dtype=torch.int32)),
        spoil("timbre", lambda x: x.float() * float("nan")),
        spoil("starts", lambda x: torch.tensor([0, -(2**63), 2**63 - 1, *x[3:].tolist()])),
    ]
    for number, change in enumerate(changes):
        path.write_bytes(original)
        rewrite(path, change)
        assert BANK in refused(load_bank, tmp_path), number
