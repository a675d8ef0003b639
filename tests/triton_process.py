"""What the kernels make, run by triton's interpreter on the CPU: a process of its own, since triton reads at its
import whether it is to interpret. Prints, as JSON, how far in dB each thing is below what it must equal."""

from __future__ import annotations

import json

import torch
from tiny_model import streams, tiny_model
from torch import Tensor

from nsynth_lab.model.stack import GatedStack
from nsynth_lab.research.triton_stack import FusedLayer, TritonStack, fused

SIZES = ((1, 1, 16), (5, 1, 24), (3, 7, 33), (17, 2, 40))  # voices, frames, channels


def error_db(made: Tensor, wanted: Tensor) -> float:
    return float(10.0 * torch.log10((made - wanted).square().sum() / wanted.square().sum()))


def compare_stacks(*, half: bool) -> dict[str, float]:
    """Each layer's gated, stream and skips, then a few steps of the whole."""
    worst: dict[str, float] = {}
    for voices, frames, channels in SIZES:
        torch.manual_seed(channels)
        stack = GatedStack(5, channels, 3, layers=4, cycle=2).requires_grad_(False)
        stream, skips = torch.randn(2, voices, frames, channels)
        found: dict[str, float] = {}
        for index, layer in enumerate(stack._layers()):
            padded = torch.randn(voices, frames + 2 * layer.dilation, channels)
            padded[:, 2 * layer.dilation :] = stream
            taps = torch.cat([padded[:, tap * layer.dilation :][:, :frames] for tap in range(3)], dim=-1)
            signal, gate = layer.taps(taps).chunk(2, dim=-1)
            wanted = torch.tanh(signal) * torch.sigmoid(gate)
            made = FusedLayer.of(layer, torch.float16 if half else torch.float32)
            gated = made.gate(padded)
            found[f"gated {index}"] = error_db(gated, wanted)
            kernel_stream, kernel_skips = stream.clone(), skips.clone()
            made.add(gated, kernel_stream, kernel_skips)
            stream, skip = layer(stream, padded)
            skips = skips + skip
            found[f"stream {index}"] = error_db(kernel_stream, stream)
            found[f"skips {index}"] = error_db(kernel_skips, skips)
        kernels = TritonStack(stack, half=half)
        before, after = stack.start(voices), stack.start(voices)
        for _ in range(2):
            x = torch.randn(voices, frames, 5)
            (wanted, before), (out, after) = stack.step(x, before), kernels.step(x, after)
            found["out"] = max(found.get("out", -999.0), error_db(out, wanted))
        found["state"] = max(error_db(*pair) for pair in zip(after, before, strict=True))
        worst = {name: max(value, worst.get(name, -999.0)) for name, value in found.items()}
    return worst


def compare_decoders() -> float:
    """Frames of audio, the whole decoder through the kernels."""
    decoder = tiny_model().decoder
    kernels, inputs = fused(decoder), streams((40.0, 69.0, 101.0), 2)
    whole, _ = decoder.step(inputs[0], inputs[1], inputs[2], inputs[3], decoder.start(3))
    state, blocks = kernels.start(3), []
    for frame in range(2):
        now = [stream[:, frame : frame + 1] for stream in inputs]
        audio, state = kernels.step(now[0], now[1], now[2], now[3], state, every=True)
        blocks.append(audio)
    return error_db(torch.cat(blocks, dim=1), whole)


if __name__ == "__main__":
    told = {
        "float32": compare_stacks(half=False),
        "float16": compare_stacks(half=True),
        "decoder": compare_decoders(),
    }
    print(json.dumps(told))
