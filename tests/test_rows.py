"""The rows that play: each as `Decoder.step` alone has it, whichever others are due at the same time."""

from __future__ import annotations

import pytest
import torch
from tiny_model import decode, streams, tiny_model
from torch import Tensor

from nsynth_lab.model.decoder import Decoder
from nsynth_lab.model.rows import RowDecoder, Rows, SlowRows, row_decoder

PITCHES = (33.0, 52.0, 69.0, 93.0, 110.0)
FRAMES = 30
# bends of an octave and more, so that partials leave hearing and come back
BEND = 1.0 + 1.5 * torch.sin(torch.linspace(0.0, torch.pi, FRAMES)).square()


def played() -> list[Tensor]:
    inputs = streams(PITCHES, FRAMES)
    inputs[2] = inputs[2] * BEND
    return inputs


def in_turns(rows: Rows, inputs: list[Tensor], order: list[list[int]]) -> Tensor:
    """Each row's frames one after the other, while `order` says which rows are due in each step."""
    at = [0] * len(PITCHES)
    blocks: list[list[Tensor]] = [[] for _ in PITCHES]
    step = 0
    while min(at) < FRAMES:
        due = [row for row in order[step % len(order)] if at[row] < FRAMES]
        step += 1
        if not due:
            continue
        frames = [torch.stack([stream[row, at[row]] for row in due]) for stream in inputs]
        for row, audio in zip(due, rows.step(torch.tensor(due), *frames), strict=True):
            blocks[row].append(audio.clone())
            at[row] += 1
    return torch.stack([torch.cat(row) for row in blocks])


@pytest.mark.parametrize("kind", [RowDecoder, SlowRows])
@pytest.mark.parametrize("order", [[[0, 1, 2, 3, 4]], [[3, 0], [4, 1, 2]], [[0], [1], [4, 2, 3]]])
def test_rows_play_what_the_decoder_plays(kind: type[RowDecoder | SlowRows], order: list[list[int]]) -> None:
    decoder = tiny_model().decoder
    inputs = played()
    rows = kind(decoder, len(PITCHES))
    rows.reset(range(len(PITCHES)), range(len(PITCHES)))
    whole, _ = decode(decoder, inputs, decoder.start(len(PITCHES)))
    assert whole.abs().max() > 0.01
    torch.testing.assert_close(in_turns(rows, inputs, order), whole, rtol=0, atol=2e-5)


@pytest.mark.parametrize("bands", [0, 8])
def test_a_row_is_used_again_without_touching_the_others(bands: int) -> None:
    decoder = tiny_model(band_channels=bands).decoder
    inputs = played()
    rows = row_decoder(decoder, len(PITCHES))
    rows.reset(range(5), range(5))
    everyone = torch.arange(5)
    first = [rows.step(everyone, *(stream[:, frame] for stream in inputs)) for frame in range(12)]
    rows.reset([1, 3], [1, 3])
    again = [rows.step(torch.tensor([1, 3]), *(stream[[1, 3], frame] for stream in inputs)) for frame in range(12)]
    later = [rows.step(torch.tensor([0, 2]), *(stream[[0, 2], frame] for stream in inputs)) for frame in range(12, 20)]
    torch.testing.assert_close(torch.cat(again, dim=1), torch.cat(first, dim=1)[[1, 3]], rtol=0, atol=1e-5)
    whole, _ = decode(decoder, [stream[:, :20] for stream in inputs], decoder.start(5))
    torch.testing.assert_close(torch.cat(later, dim=1), whole[[0, 2], 12 * 512 :], rtol=0, atol=2e-5)


def test_the_way_is_chosen_by_the_model() -> None:
    plain, banded = tiny_model().decoder, tiny_model(band_channels=8).decoder
    assert isinstance(row_decoder(plain, 2), RowDecoder)
    assert isinstance(row_decoder(banded, 2), SlowRows)
    assert isinstance(plain, Decoder)
