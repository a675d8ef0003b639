"""`nsynth-lab` in a process of its own; its last line of output names the large packages that it imported, if any."""

from __future__ import annotations

import sys

from sound_card import no_sound_card

from nsynth_lab.__main__ import main

LARGE = ("torch", "torchaudio", "numba", "scipy", "scipy.linalg", "matplotlib", "librosa", "pedalboard")

if __name__ == "__main__":
    sys.modules["sounddevice"] = no_sound_card()  # type: ignore[assignment]
    try:
        main()
    finally:
        print(*(name for name in LARGE if name in sys.modules))
