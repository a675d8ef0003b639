"""NumpyDecoder: one voice on the CPU in NumPy, for a clip that is over before torch or compiled loops are loaded.

    streams -> control net -> bank of partials + noise -> audio

It plays what `Decoder.step` plays within 2e-5; `model.decoder`, `dsp.oscillators` and `dsp.noise` say why each step is
what it is. Streams and audio have no axis of voices here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nsynth_lab.dsp.noise_table import FFT_SAMPLES, TABLE_FRAMES, overlap_window, white_spectra
from nsynth_lab.dsp.numpy_bank import SPANS, bank, phases, span_hz
from nsynth_lab.model.scales import start_turns
from nsynth_lab.model.sizes import GAINS_PER_FRAME
from nsynth_lab.model.weights import ModelWeights
from nsynth_lab.runtime.numpy_controls import Controls, NumpyControls, Past, oscillators_below_top, partial_ratios
from nsynth_lab.units import HOP_SAMPLES, Doubles, FloatArray


@dataclass(frozen=True)
class VoiceState:
    """The state of the voice between blocks, as `model.decoder.DecoderState`.

    Attributes:
        past: state of the control net.
        turns: [oscillators] phase in cycles.
        f0_hz: at the end of the last block; 0 before the first.
        partials: [oscillators] amplitudes at the end of the last block.
        gains: [1, 2] of partials and noise at the end of the last block.
        noise_tail: [1, 512] noise that overlaps into the next frame.
        noise_place: position in the noise table, in frames.
    """

    past: Past
    turns: Doubles
    f0_hz: float
    partials: FloatArray
    gains: FloatArray
    noise_tail: FloatArray
    noise_place: int


class NumpyDecoder:
    """`start() -> state`, `step(streams, state) -> audio [frames * 512], state`."""

    def __init__(self, weights: ModelWeights) -> None:
        self._oscillators = weights.config.oscillators
        self._controls = NumpyControls(weights)

    def start(self, *, noise_place: int = 0) -> VoiceState:
        """The state of a silent voice whose noise begins at `noise_place` in its table."""
        return VoiceState(
            past=self._controls.stack.start(),
            turns=start_turns(self._oscillators),
            f0_hz=0.0,
            partials=np.zeros(self._oscillators, np.float32),
            gains=np.zeros((1, 2), np.float32),
            noise_tail=np.zeros((1, HOP_SAMPLES), np.float32),
            noise_place=noise_place,
        )

    @np.errstate(over="ignore", invalid="ignore")  # timbre out of the model's range comes out as NaN, as in torch
    def step(
        self,
        timbre: FloatArray,
        level_db: FloatArray,
        f0_hz: FloatArray,
        partials: FloatArray,
        state: VoiceState,
        *,
        detail: FloatArray | None = None,
    ) -> tuple[FloatArray, VoiceState]:
        """Decode the next frames.

        Args:
            timbre: [frames, 16].
            level_db: [frames] A-weighted level.
            f0_hz: [frames].
            partials: [frames, 128] offsets in units of f0.
            state: from `start` or the last step.
            detail: [frames, 129] offsets of levels (see `nsynth_lab.detail`), if there are any.

        Returns:
            Audio [frames * 512] and the state after it.
        """
        ratios = partial_ratios(partials, self._oscillators)
        lowest_hz = min(float(f0_hz.min()), state.f0_hz or np.inf)
        sounding = min(self._oscillators, oscillators_below_top(lowest_hz))
        heard = ratios[:, :sounding]
        controls, past = self._controls.step(timbre, level_db, f0_hz, heard, partials, state.past, detail)
        state = _begun(state, controls, float(f0_hz[0]))
        tones, turns = _tones(controls, f0_hz, ratios, state)
        noise, tail = _coloured(controls.noise, state)
        gains, last_gains = _gain_curves(controls.gains, state.gains)
        after = VoiceState(
            past=past,
            turns=turns,
            f0_hz=float(f0_hz[-1]),
            partials=_padded(controls.partials[-1], self._oscillators),
            gains=last_gains,
            noise_tail=tail,
            noise_place=(state.noise_place + len(f0_hz)) % TABLE_FRAMES,
        )
        return tones * gains[:, 0] + noise * gains[:, 1], after


def _begun(state: VoiceState, controls: Controls, f0_hz: float) -> VoiceState:
    """`state`; a voice that starts now is given the partials, noise and `f0_hz` of its first frame."""
    if state.f0_hz > 0:
        return state
    spectrum = white_spectra()[(state.noise_place - 1) % TABLE_FRAMES] * controls.noise[0]
    return replace(
        state,
        f0_hz=f0_hz,
        partials=_padded(controls.partials[0], len(state.partials)),
        noise_tail=_waves(spectrum[None])[:, HOP_SAMPLES:],
    )


def _tones(controls: Controls, f0_hz: FloatArray, ratios: FloatArray, state: VoiceState) -> tuple[FloatArray, Doubles]:
    """(the sum of the partials [samples], the phases after it [oscillators])."""
    partial_hz = span_hz(f0_hz, state.f0_hz)[:, None] * ratios.repeat(SPANS, axis=0)
    starts, turns = phases(partial_hz, state.turns)
    count = controls.partials.shape[1]
    return bank(controls.partials, state.partials[:count], partial_hz[:, :count], starts[:, :count]), turns


def _coloured(magnitudes: FloatArray, state: VoiceState) -> tuple[FloatArray, FloatArray]:
    """Noise [samples], and the half frame [1, 512] that overlaps the next block's noise."""
    places = (state.noise_place + np.arange(len(magnitudes))) % TABLE_FRAMES
    rising, falling = np.hsplit(_waves(white_spectra()[places] * magnitudes), 2)
    return (rising + np.concatenate([state.noise_tail, falling[:-1]])).ravel(), falling[-1:]


def _waves(spectra: NDArray[np.complexfloating[Any, Any]]) -> FloatArray:
    waves = np.fft.irfft(spectra, n=FFT_SAMPLES).astype(np.float32, copy=False)  # double before NumPy 2
    return np.asarray(waves * overlap_window())


def _gain_curves(points: FloatArray, previous: FloatArray) -> tuple[FloatArray, FloatArray]:
    """(gains of partials and noise at each sample [samples, 2], at the last sample [1, 2])."""
    before = np.concatenate([previous, points[:-1]])
    span = HOP_SAMPLES // GAINS_PER_FRAME
    ramp = (np.arange(span, dtype=np.float32) / np.float32(span))[:, None]
    return (before[:, None] + (points - before)[:, None] * ramp).reshape(-1, 2), points[-1:]


def _padded(values: FloatArray, count: int) -> FloatArray:
    return np.pad(values, (0, count - len(values)))
