"""Training: prepared once, the same batches for ever, resumed as if it had never stopped."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from tiny_model import TINY, tiny_model
from torch import nn

from nsynth_lab.audio import Audio, write_audio
from nsynth_lab.dataset.note_writer import note_entry
from nsynth_lab.dataset.notes import is_held_out, is_unseen, read_dataset
from nsynth_lab.dataset.prepare import PreparedNotes, load, prepare
from nsynth_lab.errors import CheckpointError, DatasetError
from nsynth_lab.model.autoencoder import Autoencoder
from nsynth_lab.model.controls import ControlNet
from nsynth_lab.model.stack import GatedStack
from nsynth_lab.train import loop
from nsynth_lab.train.augment import add_hiss, add_reverb, low_pass
from nsynth_lab.train.batches import MARGIN_FRAMES, Batch, Batches, Crop
from nsynth_lab.train.loop import train
from nsynth_lab.train.losses import forward, timbre_penalty
from nsynth_lab.train.options import TrainingProgress, TrainOptions, learning_rate
from nsynth_lab.train.precision import bf16_is_faster, use_bf16
from nsynth_lab.train.run_state import FILE, read_state, saved_step
from nsynth_lab.units import HOP_SAMPLES, SAMPLE_RATE, note_to_hz

OPTIONS = TrainOptions(steps=30, batch=2, frames=16, rate=0.1, seed=3)
FRAMES = OPTIONS.frames + 2 * MARGIN_FRAMES
SECONDS = 0.6


def pluck(pitch: int, *, seconds: float = SECONDS, brightness: float = 1.0, sample_rate: int = SAMPLE_RATE) -> Audio:
    at = np.arange(round(seconds * sample_rate)) / sample_rate
    orders = np.arange(1, 7)[:, None]
    waves = np.cos(2 * np.pi * note_to_hz(float(pitch)) * orders * at + orders) / orders ** (2 - brightness)
    return Audio((0.2 * waves.sum(axis=0) * np.exp(-3 * at)).astype(np.float32)[None], sample_rate)


def write_notes(folder: Path, pitches: tuple[int, ...] = (50, 57, 62, 70), second: str = "string") -> Path:
    """Two instruments at these pitches, a mallet and one of another family at 16 kHz."""
    entries = {}
    (folder / "audio").mkdir(parents=True)
    for number, (family, sample_rate) in enumerate((("mallet", SAMPLE_RATE), (second, 16_000))):
        for pitch in pitches:
            entry = note_entry(
                family=family,
                instrument_source="acoustic",
                number=number,
                pitch=pitch,
                velocity=100,
                sample_rate=sample_rate,
            )
            entries[entry["note_str"]] = entry
            sound = pluck(pitch, brightness=0.5 * number, sample_rate=sample_rate)
            write_audio(folder / "audio" / f"{entry['note_str']}.wav", sound)
    (folder / "examples.json").write_text(json.dumps(entries))
    return folder


def prepared(folder: Path, cache: Path) -> tuple[PreparedNotes, int]:
    """The notes, and how many of them had to be read and measured for it."""
    read: list[int] = []
    notes = prepare([folder], cache, processes=1, progress=lambda done, _: read.append(done))
    return notes, len(read)


@pytest.fixture
def notes(tmp_path: Path) -> PreparedNotes:
    return prepared(write_notes(tmp_path / "set"), tmp_path / "cache")[0]


@pytest.fixture(autouse=True)
def float32(monkeypatch: pytest.MonkeyPatch) -> None:
    """Which precision is faster is measured, and may turn out otherwise from one run to the next."""
    monkeypatch.setattr(loop, "bf16_is_faster", lambda _: False)


Watch = Callable[[TrainingProgress], None]


def run(
    notes: PreparedNotes,
    folder: Path,
    *,
    options: TrainOptions = OPTIONS,
    steps: int | None = None,
    watch: Watch = lambda _: None,
    model: Autoencoder | None = None,
    teacher: ControlNet | None = None,
) -> Autoencoder:
    start = model if model is not None else tiny_model(seed=8).requires_grad_(True)
    options = replace(options, steps=steps or options.steps)
    return train(
        notes, folder, options, start, device="cpu", on_step=watch, on_save=lambda *_: None, teacher=teacher
    )  # fmt: skip


def assert_same(first: nn.Module, second: nn.Module) -> None:
    for (name, one), other in zip(first.state_dict().items(), second.state_dict().values(), strict=True):
        assert torch.equal(one, other), name


def stop_at(step: int) -> Watch:
    def watch(progress: TrainingProgress) -> None:
        if progress.step == step:
            raise KeyboardInterrupt

    return watch


def test_prepared_notes(notes: PreparedNotes, tmp_path: Path) -> None:
    assert len(notes) == 8
    for number, record in enumerate(read_dataset(tmp_path / "set")):
        entry = notes.index[number]
        assert (entry["note_str"], entry["pitch"], entry["family"]) == (record.note_str, record.pitch, record.family)
        assert entry["held_out"] == is_held_out(record)
        streams = notes.measured(number)
        samples = notes.samples(number)
        assert len(samples) == len(streams.loudness_db) * HOP_SAMPLES >= SECONDS * SAMPLE_RATE
        assert abs(np.median(streams.f0_cents)) < 3.0
        wanted = pluck(record.pitch, brightness=0.0 if record.family == "mallet" else 0.5).mono()
        inside = slice(2000, 20_000)  # a resampled note rings at its ends
        np.testing.assert_allclose(samples[inside], wanted[inside], rtol=0, atol=1e-3)


def test_prepared_once(tmp_path: Path) -> None:
    folder, cache = write_notes(tmp_path / "set"), tmp_path / "cache"
    first, read = prepared(folder, cache)
    assert read == 8
    again, read = prepared(folder, cache)
    assert read == 0
    assert again.index == first.index
    for name in ("audio", "starts", "loudness_db", "f0_cents", "partials", "loudest_db"):
        np.testing.assert_array_equal(getattr(again, name), getattr(first, name))


def test_changes_are_noticed(tmp_path: Path) -> None:
    folder, cache = write_notes(tmp_path / "set"), tmp_path / "cache"
    prepared(folder, cache)
    path = sorted((folder / "audio").iterdir())[0]
    write_audio(path, pluck(50, seconds=0.5), force=True)
    assert prepared(folder, cache)[1] == 8  # a note has another length
    path.unlink()
    assert prepared(folder, cache)[1] == 7
    entries = json.loads((folder / "examples.json").read_text())
    entries["mallet_acoustic_000-057-100"]["pitch"] = 45
    (folder / "examples.json").write_text(json.dumps(entries))
    assert prepared(folder, cache)[1] == 7  # a note has another pitch
    assert prepared(folder, cache)[1] == 0


def test_changes_that_keep_the_size_are_noticed(tmp_path: Path) -> None:
    folder, cache = write_notes(tmp_path / "set"), tmp_path / "cache"
    before = prepared(folder, cache)[0].samples(0)
    write_audio(sorted((folder / "audio").iterdir())[0], pluck(50, brightness=1.5), force=True)
    assert np.abs(prepared(folder, cache)[0].samples(0) - before).max() > 0.01


def test_a_damaged_cache(tmp_path: Path) -> None:
    folder, cache = write_notes(tmp_path / "set"), tmp_path / "cache"
    prepared(folder, cache)
    (cache / "index.json").write_text("{")
    assert prepared(folder, cache)[1] == 8
    with pytest.raises(DatasetError, match="delete the folder"):
        load(tmp_path / "nowhere")


def test_damaged_streams_in_the_cache(tmp_path: Path) -> None:
    folder, cache = write_notes(tmp_path / "set"), tmp_path / "cache"
    prepared(folder, cache)
    (cache / "streams.safetensors").write_bytes(b"nothing")
    with pytest.raises(DatasetError, match="delete the folder"):
        prepared(folder, cache)


def test_notes_that_cannot_be_used_are_left_out(tmp_path: Path) -> None:
    folder = write_notes(tmp_path / "set")
    paths = sorted((folder / "audio").iterdir())
    paths[0].write_bytes(b"not a sound")
    write_audio(paths[1], Audio(np.zeros((1, 9600), np.float32), SAMPLE_RATE), force=True)
    assert len(prepared(folder, tmp_path / "cache")[0]) == 6
    dropped = json.loads((tmp_path / "cache" / "index.json").read_text())["dropped"]
    assert [paths[0].name in dropped[0], paths[1].name in dropped[1]] == [True, True]
    for path in paths[2:]:
        path.write_bytes(b"")
    with pytest.raises(DatasetError, match="no usable note"):
        prepared(folder, tmp_path / "cache")


def batches(notes: PreparedNotes, *, seed: int = 1, swap_share: float = 0.5) -> Batches:
    return Batches(notes, size=4, frames=FRAMES, swap_share=swap_share, seed=seed)


def same(first: Batch, second: Batch) -> bool:
    def crops(batch: Batch) -> list[torch.Tensor]:
        return [getattr(crop, item.name) for crop in (batch.source, batch.target) for item in fields(Crop)]

    return all(torch.equal(one, other) for one, other in zip(crops(first), crops(second), strict=True))


def test_batches_are_the_same_for_a_seed_and_a_step(notes: PreparedNotes) -> None:
    assert same(batches(notes).at(5), batches(notes).at(5))
    assert not same(batches(notes).at(5), batches(notes).at(6))
    assert not same(batches(notes).at(5), batches(notes, seed=2).at(5))


def test_a_batch_belongs_together(notes: PreparedNotes) -> None:
    swapped = 0
    for step in range(8):
        batch = batches(notes).at(step)
        for crop in (batch.source, batch.target):
            assert crop.samples.shape == (4, FRAMES * HOP_SAMPLES)
            assert crop.loudness_db.shape == crop.f0_hz.shape == (4, FRAMES)
            assert crop.partials.shape == (4, FRAMES, 128)
            assert crop.samples.dtype == crop.f0_hz.dtype == crop.loudness_db.dtype == torch.float32
            silent = crop.samples.reshape(4, FRAMES, -1).abs().amax(dim=-1) == 0
            assert (crop.loudness_db[silent] < -40).all()
            assert (crop.f0_hz > 100).all()
        swapped += int((batch.source.f0_hz != batch.target.f0_hz).any(dim=1).sum())
    assert 2 < swapped < 30
    unswapped = batches(notes, swap_share=0.0).at(0)
    assert same(replace(unswapped, source=unswapped.target), unswapped)


def test_beginnings_of_notes_count_from_their_first_frame(notes: PreparedNotes) -> None:
    """There encoder and decoder have no past, and must do without it, as they do when a note is played."""
    made = batches(notes)
    beginnings = 0
    for step in range(100):
        batch = made.at(step)
        begun = batch.target.samples[:, : 2 * HOP_SAMPLES].abs().amax(dim=1) > 0.01
        if batch.loss_from_frame == 0:
            beginnings += 1
            assert begun.all()
        else:
            assert batch.loss_from_frame == MARGIN_FRAMES
    assert 25 < beginnings < 55


def test_held_out_notes_are_not_trained_on(tmp_path: Path) -> None:
    folder = write_notes(tmp_path / "set", pitches=tuple(range(40, 72)))
    every = prepared(folder, tmp_path / "cache")[0]
    held_out = {float(str(entry["pitch"])) for entry in every.index if entry["held_out"]}
    assert held_out, "no pitch of 64 is held out"
    made = batches(every)
    drawn = {number for numbers in made.families.values() for number in numbers}
    assert drawn == {number for number, entry in enumerate(every.index) if not entry["held_out"]}


def test_whole_instruments_can_be_held_out(tmp_path: Path) -> None:
    folder = write_notes(tmp_path / "set", second="flute")
    unseen = [is_unseen(record) for record in read_dataset(folder)]
    assert len(set(unseen)) == 2, "of the two instruments one is to be seen"

    def held_out(name: str, split: list[Path]) -> list[object]:
        notes = prepare([folder], tmp_path / name, split=split, processes=1, progress=lambda *_: None)
        return [entry["held_out"] for entry in notes.index]

    usual = held_out("usual", [])
    assert held_out("split", [folder]) == [out or one for out, one in zip(usual, unseen, strict=True)]
    assert held_out("other", [tmp_path]) == usual


def test_only_what_the_encoder_hears_is_augmented(notes: PreparedNotes) -> None:
    plain, touched = (
        Batches(notes, size=6, frames=FRAMES, swap_share=0.0, augment_share=share, seed=5).at(0) for share in (0.0, 1.0)
    )
    for name in ("samples", "loudness_db", "f0_hz", "partials", "loudest_db"):
        assert torch.equal(getattr(touched.target, name), getattr(plain.target, name))
        if name != "samples":
            assert torch.equal(getattr(touched.source, name), getattr(plain.source, name))
    sounding = plain.source.samples.abs().amax(dim=1) > 0
    apart = (touched.source.samples - plain.source.samples).abs().amax(dim=1)
    assert (apart[sounding] > 0).all()
    assert (apart < plain.source.samples.abs().amax(dim=1)).all()


def test_augmentations_do_what_they_say() -> None:
    rng = np.random.default_rng(0)
    noise = rng.standard_normal(SAMPLE_RATE).astype(np.float32)
    power = np.abs(np.fft.rfft(low_pass(noise, rng))) ** 2
    assert power[9_000:].max() < 1e-6 * power[:3_000].mean()
    click = np.eye(1, SAMPLE_RATE, 1000, dtype=np.float32)[0]
    room = add_reverb(click, rng) - click
    assert np.abs(room[:1000]).max() < 1e-9
    assert -25 < 10 * np.log10(np.square(room).sum()) < -11
    assert np.square(room[6000:]).sum() < 0.2 * np.square(room).sum()
    assert -66 < 20 * np.log10((add_hiss(click, rng) - click).std()) < -39


def test_loss_falls(notes: PreparedNotes, tmp_path: Path) -> None:
    losses: list[float] = []
    model = run(notes, tmp_path / "run", watch=lambda progress: losses.append(progress.loss_db))
    assert len(losses) == OPTIONS.steps
    assert np.isfinite(losses).all()
    batch = Batches(notes, size=6, frames=FRAMES, swap_share=0.0, seed=99).at(0)
    with torch.no_grad():
        before = forward(tiny_model(seed=8), batch, seed=0, noise=0.0).distance_db
        after = forward(model, batch, seed=0, noise=0.0).distance_db
    assert after < 0.8 * before


def test_interrupted_and_resumed_is_uninterrupted(notes: PreparedNotes, tmp_path: Path) -> None:
    whole = run(notes, tmp_path / "whole")
    for step in (7, 19):
        with pytest.raises(KeyboardInterrupt):
            run(notes, tmp_path / "parts", watch=stop_at(step))
        assert saved_step(tmp_path / "parts") == step
    assert_same(run(notes, tmp_path / "parts", model=tiny_model(seed=5).requires_grad_(True)), whole)
    assert saved_step(tmp_path / "parts") == OPTIONS.steps
    assert_same(run(notes, tmp_path / "parts"), whole)  # nothing left to do


def test_a_saved_run_is_saved_again_the_same(notes: PreparedNotes, tmp_path: Path) -> None:
    run(notes, tmp_path / "run", steps=4)
    first = (tmp_path / "run" / FILE).read_bytes()
    run(notes, tmp_path / "run", steps=4)
    assert (tmp_path / "run" / FILE).read_bytes() == first
    assert [path.name for path in (tmp_path / "run").iterdir()] == [FILE]


def test_what_needs_no_gradient_is_not_trained(notes: PreparedNotes, tmp_path: Path) -> None:
    """A control net in a model that stays as it is, interrupted on the way."""

    def start() -> Autoencoder:
        model = tiny_model(seed=8)
        for name, value in model.named_parameters():
            value.requires_grad_(name.startswith("decoder.controls."))
        return model

    whole = run(notes, tmp_path / "whole", steps=12, model=start())
    for name, value in start().state_dict().items():
        trained = not torch.equal(whole.state_dict()[name], value)
        assert trained == name.startswith("decoder.controls."), name
    with pytest.raises(KeyboardInterrupt):
        run(notes, tmp_path / "parts", steps=12, model=start(), watch=stop_at(5))
    assert_same(run(notes, tmp_path / "parts", steps=12, model=start()), whole)


def test_a_damaged_state_is_refused(notes: PreparedNotes, tmp_path: Path) -> None:
    run(notes, tmp_path, steps=4)
    path = tmp_path / FILE
    data = path.read_bytes()
    for broken in (data[: len(data) // 2], b"", np.random.default_rng(0).bytes(5000)):
        path.write_bytes(broken)
        with pytest.raises(CheckpointError, match="damaged") as caught:
            run(notes, tmp_path, steps=4)
        assert "\n" not in str(caught.value)
        with pytest.raises(CheckpointError, match="damaged"):
            saved_step(tmp_path)


def test_a_state_that_lacks_a_tensor_is_refused(notes: PreparedNotes, tmp_path: Path) -> None:
    run(notes, tmp_path, steps=4)
    with safe_open(str(tmp_path / FILE), framework="pt") as file:
        about = file.metadata()
    tensors = load_file(str(tmp_path / FILE))
    tensors.pop("exp_avg.encoder.stack.first.bias")
    save_file(tensors, str(tmp_path / FILE), metadata=about)
    with pytest.raises(CheckpointError, match="damaged"):
        run(notes, tmp_path, steps=4)


def rewrite_state(path: Path, *, sizes: dict[str, int], tensors: dict[str, torch.Tensor]) -> None:
    """Adds model sizes and tensors to a saved run, as an older version would have saved it."""
    with safe_open(str(path), framework="pt") as file:
        header = json.loads(file.metadata()["run"])
    header["config"] |= sizes
    save_file(load_file(str(path)) | tensors, str(path), metadata={"run": json.dumps(header)})


def test_a_run_of_version_0_1_is_resumed_as_if_it_were_of_this_one(notes: PreparedNotes, tmp_path: Path) -> None:
    whole = run(notes, tmp_path / "whole", steps=6)
    with pytest.raises(KeyboardInterrupt):
        run(notes, tmp_path / "old", steps=6, watch=stop_at(3))
    rewrite_state(tmp_path / "old" / FILE, sizes={"band_channels": 0, "band_layers": 6}, tensors={})
    assert_same(run(notes, tmp_path / "old", steps=6), whole)


@pytest.mark.parametrize(
    ("sizes", "tensor", "says"),
    [
        (
            {"band_channels": 64, "band_layers": 6},
            "averaged.decoder.bands.condition.bias",
            "band_channels 64, expected 0",
        ),
        ({}, "critics.model.critics.0.last.bias", "--base"),
        ({}, "discriminators.model.discriminators.0.last.bias", "--base"),
    ],
)
def test_a_run_of_a_stage_that_is_no_longer_trained_is_refused_in_one_line(
    notes: PreparedNotes, tmp_path: Path, sizes: dict[str, int], tensor: str, says: str
) -> None:
    run(notes, tmp_path, steps=1)
    rewrite_state(tmp_path / FILE, sizes=sizes, tensors={tensor: torch.zeros(3)})
    before = (tmp_path / FILE).read_bytes()
    for resume in (lambda: run(notes, tmp_path, steps=2), lambda: saved_step(tmp_path)):
        with pytest.raises(CheckpointError, match=says) as caught:
            resume()
        assert str(tmp_path / FILE) in str(caught.value)
        assert "\n" not in str(caught.value)
    assert (tmp_path / FILE).read_bytes() == before


def test_the_state_of_a_model_of_other_sizes_is_refused(notes: PreparedNotes, tmp_path: Path) -> None:
    run(notes, tmp_path, steps=4)
    with pytest.raises(CheckpointError, match="other model sizes"):
        read_state(tmp_path, Autoencoder(replace(TINY, oscillators=64)), device=torch.device("cpu"))


def test_the_learning_rate_warms_up_and_falls() -> None:
    options = TrainOptions(steps=10_000, rate=1e-3)
    rates = np.array([learning_rate(step, options) for step in range(options.steps)])
    assert rates[0] < 1e-5
    assert (np.diff(rates[:300]) > 0).all()
    np.testing.assert_allclose(rates[300:5000], 1e-3)
    assert (np.diff(rates[5001:]) < 0).all()
    assert rates[-1] == pytest.approx(2e-5, rel=0.01)


def test_bf16_changes_the_stacks_and_nothing_else(notes: PreparedNotes) -> None:
    model = tiny_model().requires_grad_(True)
    batch = batches(notes).at(0)
    exact = forward(model, batch, seed=0, noise=0.0).distance_db.detach()
    use_bf16(model, True)
    rounded = forward(model, batch, seed=0, noise=0.0).distance_db
    assert rounded.dtype == torch.float32
    assert 0 < (rounded.detach() - exact).abs() < 0.05 * exact
    rounded.backward()  # type: ignore[no-untyped-call]
    assert {value.grad.dtype for value in model.parameters() if value.grad is not None} == {torch.float32}
    use_bf16(model, False)
    assert forward(model, batch, seed=0, noise=0.0).distance_db == exact


@pytest.mark.parametrize(("rounded_seconds", "faster", "tries"), [(0.9, True, 1), (1.1, False, 4), (11.0, False, 1)])
def test_which_precision_is_faster_is_timed(
    monkeypatch: pytest.MonkeyPatch, rounded_seconds: float, faster: bool, tries: int
) -> None:
    """On a clock that the stack itself puts forward: a second in float32, so many in bfloat16."""
    now, played = 0.0, list[bool]()

    class Timed(GatedStack):
        def __init__(self, *_: int, **__: int) -> None:
            super().__init__(64, 4, 64, layers=1, cycle=1)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            nonlocal now
            now += rounded_seconds if self.bf16 else 1.0
            played.append(self.bf16)
            return super().forward(x)

    monkeypatch.setattr("nsynth_lab.train.precision.GatedStack", Timed)
    monkeypatch.setattr("nsynth_lab.train.precision.time", SimpleNamespace(perf_counter=lambda: now))
    assert bf16_is_faster.__wrapped__(torch.device("cpu")) == faster
    assert played == [False] * 4 + [True] * tries


def test_copies_of_one_dimension_are_penalised_and_independent_ones_are_not() -> None:
    generator = torch.Generator().manual_seed(0)
    loudness_db = torch.full((8, 200), -20.0)
    independent = 1.1 * torch.randn(8, 200, 16, generator=generator)
    copies = independent[..., :1].expand(-1, -1, 16)
    assert float(timbre_penalty(independent, loudness_db)) < 0.01
    assert 0.99 < float(timbre_penalty(copies, loudness_db)) < 1.01


def test_a_flat_dimension_is_penalised() -> None:
    timbre = torch.randn(4, 100, 16, generator=torch.Generator().manual_seed(0)) * 1.2
    timbre[..., 0] = 0.3
    assert float(timbre_penalty(timbre, torch.full((4, 100), -20.0))) > 0.05


def test_silent_frames_do_not_count_as_timbre() -> None:
    timbre = torch.randn(4, 100, 16, generator=torch.Generator().manual_seed(0)) * 1.2
    loudness_db = torch.full((4, 100), -20.0)
    loudness_db[:, 50:] = -90.0
    quiet = timbre.clone()
    quiet[:, 50:] = 2.5
    assert torch.equal(timbre_penalty(timbre, loudness_db), timbre_penalty(quiet, loudness_db))
