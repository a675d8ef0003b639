"""Capture: any instrument becomes one that can be blended by name.

    VST3, SoundFont, SFZ, folder --> notes --> trimmed, pitch checked --> latents --> the user's bank
      vst3  soundfont  sfz  folder   takes            takes               capture       model/user_bank

It may see training's players and importers, and nothing that plays sees it.
"""

from nsynth_lab.capture.capture import Capture, Captured, capture
from nsynth_lab.capture.open import open_source
from nsynth_lab.capture.plan import Plan
from nsynth_lab.capture.source import About, Key, Source

__all__ = ["About", "Capture", "Captured", "Key", "Plan", "Source", "capture", "open_source"]
