"""NnTilde: an export for nn~, which plays TorchScript in Max, Pure Data and SuperCollider.

nn~'s contract: a method `m` has a buffer `m_params` [channels in, ratio in, channels out, ratio out] and gets the last
of every `ratio in` samples; attributes have a buffer of type codes, `get_a` and `set_a`, which returns 0 if all is
well.
"""

import io  # and no annotations from __future__, which TorchScript does not read
import warnings
from typing import Any

import torch
from torch import Tensor, nn

from nsynth_lab.dsp.noise_table import NOISE_STEP, TABLE_FRAMES
from nsynth_lab.runtime.export.about import NAME, About
from nsynth_lab.runtime.export.golden import STREAMS
from nsynth_lab.runtime.export.step import CORNERS, SIDES, ExportStep
from nsynth_lab.units import HOP_SAMPLES, SAMPLE_RATE

METHOD = "forward"
FLOAT, TEXT = 2, 3  # type codes of attributes
MOST_SEMITONES = 48.0
INPUT_LABELS = ["f0 in Hz, 0 for none", "loudness in dB, A-weighted", "x", "y"]
_jit: Any = torch.jit  # which has no types
OUTPUT_LABELS = ["left", "right"]


class NnTilde(nn.Module):
    """`forward(signals [voices, 4, frames]) -> audio [voices, 2, frames * 512]`.

    Attributes that nn~ shows: `instruments`, the names at the four corners; `transpose`, in semitones.
    """

    corners: Tensor
    semitones: Tensor
    rate_semitones: Tensor
    walk: Tensor
    past: Tensor
    turns: Tensor
    before_hz: Tensor
    amplitudes: Tensor
    gains: Tensor
    tails: Tensor
    places: Tensor

    def __init__(self, step: ExportStep, names: tuple[str, ...]) -> None:
        super().__init__()
        self.step = traced(step)
        self.most_semitones, self.rate = MOST_SEMITONES, SAMPLE_RATE  # TorchScript reads no globals
        self.noise_step, self.table_frames = SIDES * NOISE_STEP, TABLE_FRAMES
        self.names = torch.jit.Attribute(list(names), list[str])
        self.forward_input_labels = torch.jit.Attribute(INPUT_LABELS, list[str])
        self.forward_output_labels = torch.jit.Attribute(OUTPUT_LABELS, list[str])
        self.register_buffer("forward_params", torch.tensor([STREAMS, HOP_SAMPLES, SIDES, 1]))
        self.register_buffer("instruments_params", torch.tensor([TEXT] * CORNERS))
        self.register_buffer("transpose_params", torch.tensor([FLOAT]))
        self.register_buffer("corners", torch.tensor([place % len(names) for place in range(CORNERS)]))
        self.register_buffer("semitones", torch.zeros(1))
        self.register_buffer("rate_semitones", torch.zeros(1))
        for name, tensor in step.start(1)._asdict().items():
            self.register_buffer(name, tensor)

    def forward(self, signals: Tensor) -> Tensor:
        """The next frames."""
        voices = signals.shape[0]
        if voices != self.walk.shape[0]:
            self._begin(voices)
        blocks: list[Tensor] = []
        for frame in range(signals.shape[2]):
            now = signals[:, :, frame]
            out = self.step(
                now[:, 0], now[:, 1], now[:, 2], now[:, 3],
                self.corners, self.semitones + self.rate_semitones,
                self.walk, self.past, self.turns, self.before_hz, self.amplitudes, self.gains, self.tails, self.places,
            )  # fmt: skip
            blocks.append(out[0])
            self.walk, self.past, self.turns, self.before_hz = out[1], out[2], out[3], out[4]
            self.amplitudes, self.gains, self.tails, self.places = out[5], out[6], out[7], out[8]
        return torch.cat(blocks, dim=2)

    @torch.jit.export
    def get_methods(self) -> list[str]:
        """What can be called."""
        return ["forward"]

    @torch.jit.export
    def get_attributes(self) -> list[str]:
        """What can be set."""
        return ["instruments", "transpose"]

    @torch.jit.export
    def get_instruments(self) -> list[str]:
        """The names at the four corners: top left, top right, bottom left, bottom right."""
        return [self.names[int(place)] for place in self.corners]

    @torch.jit.export
    def set_instruments(self, top_left: str, top_right: str, bottom_left: str, bottom_right: str) -> int:
        """Put others there; 1 if there is no such instrument. An underscore stands for a space."""
        found: list[int] = []
        for name in [top_left, top_right, bottom_left, bottom_right]:
            place = -1
            for index, known in enumerate(self.names):
                if known.replace(" ", "_").lower() == name.replace(" ", "_").lower():
                    place = index
            if place < 0:
                return 1
            found.append(place)
        self.corners = torch.tensor(found)
        return 0

    @torch.jit.export
    def get_transpose(self) -> list[float]:
        """In semitones."""
        return [float(self.semitones[0])]

    @torch.jit.export
    def set_transpose(self, semitones: float) -> int:
        """Transpose by up to four octaves; 1 if that is too far."""
        if not abs(semitones) <= self.most_semitones:
            return 1
        self.semitones = torch.full([1], semitones)
        return 0

    @torch.jit.export
    def set_sample_rate(self, rate: int) -> None:
        """The model plays at 48 kHz: at another rate it is transposed, so that it stays in tune."""
        if rate > 0:
            self.rate_semitones = 12.0 * torch.log2(torch.full([1], float(self.rate) / rate))

    def _begin(self, voices: int) -> None:
        self.walk = torch.zeros([voices], dtype=torch.int64)
        self.past = torch.zeros([voices, self.past.shape[1], self.past.shape[2]])
        self.turns = torch.zeros([voices, self.turns.shape[1]], dtype=torch.float64)
        self.before_hz = torch.zeros([voices])
        self.amplitudes = torch.zeros([voices, self.amplitudes.shape[1]])
        self.gains = torch.zeros([voices, 2])
        self.tails = torch.zeros([voices, 2, self.tails.shape[2]])
        self.places = (self.noise_step * torch.arange(voices) % self.table_frames)[:, None].repeat(1, 2)


def traced(step: ExportStep) -> Any:
    """`step` as TorchScript, for any number of voices."""
    voices = 2
    example = (*(torch.full((voices,), value) for value in (220.0, -20.0, 0.5, 0.5)), torch.zeros(CORNERS).long())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it is deprecated, and what nn~ plays
        return _jit.trace(step, (*example, torch.zeros(1), *step.start(voices)), check_trace=False)


@torch.no_grad()
def nn_tilde(step: ExportStep, about: About) -> bytes:
    """The file that nn~ loads."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        script = _jit.script(NnTilde(step, about.instruments).eval())
        file = io.BytesIO()
        _jit.save(script, file, _extra_files={NAME: about.to_text()})
    return file.getvalue()
