"""Capture: any instrument becomes latents in the user's bank, to be blended by name.

    open.open_source -> a Source:        captured_notes:         capture:                 the user's bank
      vst3                    --+
      soundfont               --+--> play, keep, check pitch --> encode, measure error --> model/user_bank
      sfz (+ sfz_map, sfz_text) +      (a CapturePlan says
      folder, file            --+       which notes)

`bank_builder` does the same for the bank of a checkpoint, from data sets; `reencode` moves instruments from one model
to another. Start with `capture.capture`. To capture from another kind of instrument, write a class with the methods of
`source.Source` and add it to `open.open_source`. Nothing that plays imports this room.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nsynth_lab.lazy import lazy_names

if TYPE_CHECKING:
    from nsynth_lab.capture.capture import CaptureResult, NoteOutcome
    from nsynth_lab.capture.open import open_source
    from nsynth_lab.capture.plan import CapturePlan
    from nsynth_lab.capture.source import KeyVelocity, Source, SourceInfo

_MODULES = {  # imported on first use, so that checking a request does not have to import torch
    # (the function `capture` is not among them, because the module of that name would hide it)
    "nsynth_lab.capture.capture": ("CaptureResult", "NoteOutcome"),
    "nsynth_lab.capture.open": ("open_source",),
    "nsynth_lab.capture.plan": ("CapturePlan",),
    "nsynth_lab.capture.source": ("KeyVelocity", "Source", "SourceInfo"),
}

__all__ = [
    "CapturePlan",
    "CaptureResult",
    "KeyVelocity",
    "NoteOutcome",
    "Source",
    "SourceInfo",
    "open_source",
]

__getattr__ = lazy_names(__name__, _MODULES)
