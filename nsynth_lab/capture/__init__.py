"""Capture: any instrument becomes one that can be blended by name.

    VST3, SoundFont, SFZ, folder, file --> notes --> trimmed, pitch checked --> latents --> the user's bank
      vst3  soundfont  sfz  folder  file   captured_notes                      capture       model/user_bank

It may see training's players and importers, and nothing that plays sees it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nsynth_lab.capture.capture import Capture, Captured, capture
    from nsynth_lab.capture.open import open_source
    from nsynth_lab.capture.plan import Plan
    from nsynth_lab.capture.source import About, Key, Source

_ROOMS = {  # looked up when they are asked for: what checks a request must not wait for torch
    "nsynth_lab.capture.capture": ("Capture", "Captured", "capture"),
    "nsynth_lab.capture.open": ("open_source",),
    "nsynth_lab.capture.plan": ("Plan",),
    "nsynth_lab.capture.source": ("About", "Key", "Source"),
}

__all__ = ["About", "Capture", "Captured", "Key", "Plan", "Source", "capture", "open_source"]


def __getattr__(name: str) -> object:
    for room, names in _ROOMS.items():
        if name in names:
            return getattr(import_module(room), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
