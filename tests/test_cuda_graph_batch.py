"""CudaGraphBatch: what can be tested without a GPU; and, where there is one, that it plays what the decoder plays.

Without one, the step runs on tensors of a pretended CUDA device, which have shapes and a device but no numbers: that
finds whatever would read a number back, or bring one over from the host, while a graph is captured.
"""

from __future__ import annotations

import copy
import math
import sys
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
import torch
from made_notes import flute
from playing import corner
from streaming import in_turns
from tiny_model import TINY, decode, streams, tiny_model
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode

from nsynth_lab.model.autoencoder import Autoencoder
from nsynth_lab.model.checkpoint import Checkpoint
from nsynth_lab.model.decoder import Decoder
from nsynth_lab.model.weights import ModelWeights
from nsynth_lab.runtime.cuda_graph_batch import CudaGraphBatch, sizes
from nsynth_lab.runtime.slot_step import WIDTH, PlainStep
from nsynth_lab.runtime.torch_batch import TorchBatch
from nsynth_lab.runtime.verify import LARGEST_ERROR_DB, WAYS, Way, largest_error_db, verified_batch
from nsynth_lab.synth.engine import Engine
from nsynth_lab.synth.settings import Settings
from nsynth_lab.synth.sources import Sources

needs_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
needs_none = pytest.mark.skipif(torch.cuda.is_available(), reason="a CUDA device is pretended where there is none")


class NoHost(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Within, nothing may touch a tensor on the host."""

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):  # type: ignore[no-untyped-def]
        out = func(*args, **(kwargs or {}))
        for tensor in torch.utils._pytree.tree_leaves((args, kwargs, out)):
            assert not isinstance(tensor, Tensor) or tensor.device.type == "cuda", f"{func} touches the host"
        return out


@pytest.fixture
def pretended(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeTensorMode]:
    """A CUDA device of which there are only shapes; host memory cannot be pinned there."""
    zeros = torch.zeros

    def unpinned(*shape: int, pin_memory: bool = False, **how: Any) -> Tensor:
        assert not pin_memory or "device" not in how
        return zeros(*shape, **how)

    monkeypatch.setattr(torch, "zeros", unpinned)
    with FakeTensorMode(allow_non_fake_inputs=True) as mode:
        yield mode
    for module in [module for name, module in sys.modules.items() if name.startswith("nsynth_lab")]:
        for table in vars(module).values():
            if callable(clear := getattr(table, "cache_clear", None)):
                clear()  # it has no numbers in it


def pretended_decoder() -> Decoder:
    return pretended_model().decoder


def pretended_model() -> Autoencoder:
    model = tiny_model()
    for module in model.decoder.modules():
        for name, weight in list(module.named_parameters(recurse=False)):
            there = torch.empty(weight.shape, device="cuda")
            setattr(module, name, torch.nn.Parameter(there, requires_grad=False))
    return model


@needs_none
@pytest.mark.usefixtures("pretended")
def test_nothing_comes_from_or_goes_to_the_host_within_a_step() -> None:
    step = PlainStep(pretended_decoder(), 6)
    for voices in sizes(5):
        packed, audio = torch.zeros(voices, WIDTH, device="cuda"), torch.zeros(voices, 512, device="cuda")
        step(packed, audio)  # tables are made here, as in the steps that warm a graph up
        with NoHost():  # type: ignore[no-untyped-call]
            step(packed, audio)


@needs_none
@pytest.mark.usefixtures("pretended")
def test_the_plain_step_would_be_found_out() -> None:
    decoder = pretended_decoder()
    inputs = [torch.zeros(shape, device="cuda") for shape in ((2, 1, 16), (2, 1), (2, 1), (2, 1, 128))]
    with pytest.raises(Exception, match=r"aten\._local_scalar_dense"):
        decoder.step(inputs[0], inputs[1], inputs[2], inputs[3], decoder.start(2, device="cuda"))


def test_a_step_with_every_oscillator_is_the_step() -> None:
    decoder = tiny_model().decoder
    inputs = streams((33.0, 69.0, 110.0), 6)
    whole, state = decode(decoder, inputs, decoder.start(3))
    every, after = decoder.step(inputs[0], inputs[1], inputs[2], inputs[3], decoder.start(3), every=True)
    torch.testing.assert_close(every, whole, rtol=0, atol=1e-5)
    torch.testing.assert_close(after.turns, state.turns, rtol=0, atol=1e-9)
    torch.testing.assert_close(after.partials, state.partials, rtol=0, atol=1e-6)


@pytest.mark.parametrize("slots", [1, 2, 3, 4, 5, 16, 21])
def test_there_is_a_size_for_any_number_of_voices(slots: int) -> None:
    made = sizes(slots)
    assert made == sorted(set(made))
    assert made[-1] == slots
    assert all(min(size for size in made if size >= active) < 2 * active for active in range(1, slots + 1))


def test_a_way_is_used_once_it_plays_what_the_decoder_plays() -> None:
    decoder = tiny_model().decoder
    told: list[str] = []
    batch = verified_batch(decoder, 5, seed=3, warn=told.append, ways=[("itself", PlainStep)])
    assert batch is not None
    assert not told
    assert largest_error_db(batch, decoder) < -100
    inputs = streams([40.0, 50.0, 60.0, 70.0, 80.0], 4)
    heard = in_turns(batch, inputs, [range(5)])  # every slot begins anew after the check
    whole, _ = decode(decoder, inputs, decoder.start(5, seed=3))
    torch.testing.assert_close(heard, whole, rtol=0, atol=1e-5)


def spoilt(decoder: Decoder, slots: int, *, by: float) -> PlainStep:
    made = copy.deepcopy(decoder)
    made.controls.stack.last.bias.add_(by)
    return PlainStep(made, slots)


def missing(_decoder: Decoder, _slots: int) -> PlainStep:
    raise ModuleNotFoundError("No module named 'triton'")


def test_a_way_that_plays_something_else_is_reported_and_not_used() -> None:
    decoder = tiny_model().decoder
    told: list[str] = []
    ways: list[Way] = [
        ("louder", partial(spoilt, by=-0.01)),
        ("broken", partial(spoilt, by=math.nan)),
        ("missing", missing),
        ("itself", PlainStep),
    ]
    batch = verified_batch(decoder, 3, seed=0, warn=told.append, ways=ways)
    assert batch is not None
    assert largest_error_db(batch, decoder) < -100
    assert [line.split()[0] for line in told] == ["louder", "broken", "missing"]
    assert all("\n" not in line and len(line) < 320 for line in told)
    assert verified_batch(decoder, 3, seed=0, warn=told.append, ways=ways[:2]) is None


@needs_none
@pytest.mark.usefixtures("pretended")
def test_where_no_way_works_the_player_is_told_of_each_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The real ways, on a device whose driver is missing."""
    checkpoint = Checkpoint(ModelWeights(TINY, {}), "", {}, "cuda")
    monkeypatch.setattr(Checkpoint, "model", pretended_model())
    engine = Engine(checkpoint, [Sources([corner(flute())])], Settings())
    assert [line.split(" cannot")[0] for line in engine.troubles()] == [name for name, _ in WAYS]
    assert not engine.troubles()
    assert isinstance(engine.batch, TorchBatch)


@pytest.mark.gpu
@needs_gpu
@pytest.mark.parametrize("voices", [1, 3, 16, 33])
@pytest.mark.parametrize("way", [name for name, _ in WAYS])
def test_on_a_gpu_graphs_play_what_the_decoder_plays(voices: int, way: str) -> None:
    plain = tiny_model().decoder
    decoder = copy.deepcopy(plain).cuda()
    batch = CudaGraphBatch(decoder, voices, make_step=dict(WAYS)[way])
    assert set(batch.graphs) == set(batch.sizes)
    assert largest_error_db(batch, decoder) <= LARGEST_ERROR_DB
    inputs = streams([30.0 + 2.5 * voice for voice in range(voices)], 12)
    batch.reset(range(voices), range(voices))
    order = [list(range(voices)), list(range(0, voices, 2)), list(range(1, voices, 2))]
    heard = in_turns(batch, inputs, order)
    whole, _ = decode(plain, inputs, plain.start(voices))
    error = (heard - whole).square().sum(dim=1) / whole.square().sum(dim=1)
    assert float(10 * error.max().log10()) <= LARGEST_ERROR_DB
