"""What a worker does of a batch, wherever it is: from rows and a checkpoint alone."""

from __future__ import annotations

from nsynth_lab.model.checkpoint import Checkpoint
from nsynth_lab.render.pack_clip import Finished, finish_clips
from nsynth_lab.render.pack_decode import decode_rows, decode_voices
from nsynth_lab.render.pack_latents import Row
from nsynth_lab.render.pack_preset import PresetRow
from nsynth_lab.render.pack_request import PackRequest
from nsynth_lab.units import FloatArray


def finish_batch(checkpoint: Checkpoint, rows: list[Row], request: PackRequest) -> list[Finished]:
    """All of a blend's batch."""
    return list(finish_clips(rows, decode_rows(rows, checkpoint), request))


def decode_batch(checkpoint: Checkpoint, rows: list[PresetRow], request: PackRequest) -> list[FloatArray]:  # noqa: ARG001
    """A preset's batch before its effects: samples [voices, samples] of each row."""
    return decode_voices(rows, checkpoint)
