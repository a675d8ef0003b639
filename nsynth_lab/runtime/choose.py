"""Which kind of voice batch plays a model fastest where it lies."""

from __future__ import annotations

from collections.abc import Callable

from nsynth_lab.model.decoder import Decoder
from nsynth_lab.runtime.torch_batch import SlowRows
from nsynth_lab.runtime.verify import trusted_rows
from nsynth_lab.runtime.voice_batch import Rows


def is_compiled(decoder: Decoder) -> bool:
    """Whether it plays in compiled loops (`RowDecoder`): on the CPU, without a band stack."""
    return decoder.bands is None and next(decoder.parameters()).device.type == "cpu"


def row_decoder(
    decoder: Decoder,
    rows: int,
    *,
    seed: int = 0,
    one_by_one: bool = True,
    warn: Callable[[str], None] = lambda _: None,
) -> Rows:
    """The fastest that can play this model where it lies; `one_by_one` if no row is due with several frames at a time.

    `warn` hears, in a line, of what should have been faster and cannot be used.
    """
    device = next(decoder.parameters()).device.type
    if is_compiled(decoder):
        from nsynth_lab.runtime.numba_batch import RowDecoder  # Numba takes a second to import

        return RowDecoder(decoder, rows, seed=seed)
    graphed = trusted_rows(decoder, rows, seed=seed, warn=warn) if one_by_one and device == "cuda" else None
    return graphed or SlowRows(decoder, rows, seed=seed)
