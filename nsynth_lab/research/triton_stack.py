"""TritonStack: `GatedStack.step` with each layer in two kernels; the only door to triton.

    padded -> [ three taps, product, tanh * sigmoid ] -> gated -> [ product, add ] -> stream, skips

The kernels are plain tiles with masks: any number of rows and channels, whatever GPU triton compiles for. With
TRITON_INTERPRET=1 they run on a CPU, and so the tests hold each of their outputs to `GatedStack`.

Importing this raises ImportError where triton is missing.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass

import torch
import triton
import triton.language as tl
from torch import Tensor, nn

from nsynth_lab.model.decoder import Decoder
from nsynth_lab.model.sizes import TAPS
from nsynth_lab.model.stack import GatedLayer, GatedStack, StackState

DEEP = 32  # channels that are multiplied at a time
FEW_ROWS = 16  # the smallest tile that a product may have
TENSOR_CORES = (8, 0)  # the first NVIDIA generation whose tensor cores take float32


@triton.jit(do_not_specialize=["rows", "frames", "dilation"])  # type: ignore[untyped-decorator]
def _gate_kernel(  # type: ignore[no-untyped-def]
    padded, weight, bias, gated, rows, frames, dilation,
    channels: tl.constexpr, high: tl.constexpr, wide: tl.constexpr, deep: tl.constexpr, precision: tl.constexpr,
):  # fmt: skip
    """Fill gated [rows, C] = tanh(signal) * sigmoid(gate); [signal, gate] = taps @ weight [3 C, 2 C] + bias.

    Row r is frame r % frames of voice r // frames; `padded` [voices, frames + 2 dilation, C].
    """
    row = tl.program_id(0).to(tl.int64) * high + tl.arange(0, high)
    out = tl.program_id(1) * wide + tl.arange(0, wide)
    first = (row // frames) * (frames + 2 * dilation) + row % frames
    signal = tl.zeros((high, wide), tl.float32)
    gate = tl.zeros((high, wide), tl.float32)
    for tap in range(3):
        for begin in range(0, channels, deep):
            into = begin + tl.arange(0, deep)
            where = padded + (first + tap * dilation)[:, None] * channels + into[None, :]
            seen = tl.load(where, mask=(row[:, None] < rows) & (into[None, :] < channels), other=0.0)
            seen = seen.to(weight.dtype.element_ty)
            place = weight + (tap * channels + into)[:, None] * (2 * channels) + out[None, :]
            inside = (into[:, None] < channels) & (out[None, :] < channels)
            signal += tl.dot(seen, tl.load(place, mask=inside, other=0.0), input_precision=precision)
            gate += tl.dot(seen, tl.load(place + channels, mask=inside, other=0.0), input_precision=precision)
    signal += tl.load(bias + out, mask=out < channels, other=0.0)[None, :]
    gate += tl.load(bias + channels + out, mask=out < channels, other=0.0)[None, :]
    made = (2.0 * tl.sigmoid(2.0 * signal) - 1.0) * tl.sigmoid(gate)
    tl.store(
        gated + row[:, None] * channels + out[None, :], made, mask=(row[:, None] < rows) & (out[None, :] < channels)
    )


@triton.jit(do_not_specialize=["rows"])  # type: ignore[untyped-decorator]
def _add_kernel(  # type: ignore[no-untyped-def]
    gated, weight, bias, stream, skips, rows,
    channels: tl.constexpr, high: tl.constexpr, wide: tl.constexpr, deep: tl.constexpr, precision: tl.constexpr,
):  # fmt: skip
    """[residual, skip] = gated [rows, C] @ weight [C, 2 C] + bias; stream += residual, skips += skip."""
    row = tl.program_id(0).to(tl.int64) * high + tl.arange(0, high)
    out = tl.program_id(1) * wide + tl.arange(0, wide)
    residual = tl.zeros((high, wide), tl.float32)
    skip = tl.zeros((high, wide), tl.float32)
    for begin in range(0, channels, deep):
        into = begin + tl.arange(0, deep)
        seen = tl.load(
            gated + row[:, None] * channels + into[None, :],
            mask=(row[:, None] < rows) & (into[None, :] < channels),
            other=0.0,
        ).to(weight.dtype.element_ty)
        place = weight + into[:, None] * (2 * channels) + out[None, :]
        inside = (into[:, None] < channels) & (out[None, :] < channels)
        residual += tl.dot(seen, tl.load(place, mask=inside, other=0.0), input_precision=precision)
        skip += tl.dot(seen, tl.load(place + channels, mask=inside, other=0.0), input_precision=precision)
    residual += tl.load(bias + out, mask=out < channels, other=0.0)[None, :]
    skip += tl.load(bias + channels + out, mask=out < channels, other=0.0)[None, :]
    where = row[:, None] * channels + out[None, :]
    inside = (row[:, None] < rows) & (out[None, :] < channels)
    tl.store(stream + where, tl.load(stream + where, mask=inside, other=0.0) + residual, mask=inside)
    tl.store(skips + where, tl.load(skips + where, mask=inside, other=0.0) + skip, mask=inside)


@dataclass(frozen=True)
class FusedLayer:
    """One `GatedLayer`: `taps` [3 C, 2 C], `out` [C, 2 C] in the precision of the products, biases [2 C] in float32."""

    dilation: int
    taps: Tensor
    taps_bias: Tensor
    out: Tensor
    out_bias: Tensor

    @classmethod
    def of(cls, layer: GatedLayer, dtype: torch.dtype) -> FusedLayer:
        """The same weights, laid out for the kernels."""
        with torch.no_grad():
            taps, out = (linear.weight.T.to(dtype).contiguous() for linear in (layer.taps, layer.out))
            taps_bias, out_bias = (linear.bias.float().contiguous() for linear in (layer.taps, layer.out))
        return cls(layer.dilation, taps, taps_bias, out, out_bias)

    def gate(self, padded: Tensor) -> Tensor:
        """`padded` [voices, frames + 2 dilation, C] -> gated [voices, frames, C]."""
        voices, length, channels = padded.shape
        frames = length - (TAPS - 1) * self.dilation
        gated = torch.empty(voices, frames, channels, device=padded.device)
        grid, tiles = _tiles(voices * frames, channels, padded.device)
        _gate_kernel[grid](
            padded.contiguous(), self.taps, self.taps_bias, gated, voices * frames, frames, self.dilation, **tiles
        )
        return gated

    def add(self, gated: Tensor, stream: Tensor, skips: Tensor) -> None:
        """`gated` [voices, frames, C] -> its residual added to `stream`, its skip to `skips`, both in place."""
        rows, channels = gated.shape[0] * gated.shape[1], gated.shape[2]
        grid, tiles = _tiles(rows, channels, gated.device)
        _add_kernel[grid](gated, self.out, self.out_bias, stream, skips, rows, **tiles)


class TritonStack(GatedStack):
    """`step` as `stack` has it, for playing; `half` rounds what its layers multiply to float16."""

    def __init__(self, stack: GatedStack, *, half: bool = False) -> None:
        nn.Module.__init__(self)
        self.channels = stack.channels
        self.first, self.layers, self.mix, self.last = stack.first, stack.layers, stack.mix, stack.last
        dtype = torch.float16 if half else torch.float32
        self.fused = [FusedLayer.of(layer, dtype) for layer in self._layers()]

    def step(self, x: Tensor, state: StackState) -> tuple[Tensor, StackState]:
        """As `GatedStack.step`."""
        stream = self.first(x).contiguous()
        skips, kept = torch.zeros_like(stream), []
        for layer, past in zip(self.fused, state, strict=True):
            padded = torch.cat([past, stream], dim=1)
            kept.append(padded[:, -past.shape[1] :])
            layer.add(layer.gate(padded), stream, skips)
        return self.head(skips), tuple(kept)


def fused(decoder: Decoder, *, half: bool = False) -> Decoder:
    """A copy of `decoder` that plays through the kernels."""
    made = copy.deepcopy(decoder)
    made.controls.stack = TritonStack(made.controls.stack, half=half)
    return made


def _tiles(rows: int, channels: int, device: torch.device) -> tuple[tuple[int, int], dict[str, int | str]]:
    """The grid, and sizes of a tile: of few rows narrow ones, so that the weights are read by many at once."""
    high, wide = (FEW_ROWS, 16) if rows <= FEW_ROWS else (32, 32) if rows <= 256 else (64, 32)
    tiles: dict[str, int | str] = {
        "channels": channels,
        "high": high,
        "wide": wide,
        "deep": DEEP,
        "precision": _precision(device),
    }
    return (-(-rows // high), -(-channels // wide)), tiles


def _precision(device: torch.device) -> str:
    """Tensor cores thrice, which is as good as float32, where they take it; else float32 itself."""
    on_nvidia = device.type == "cuda" and torch.version.hip is None
    return "tf32x3" if on_nvidia and torch.cuda.get_device_capability(device) >= TENSOR_CORES else "ieee"
