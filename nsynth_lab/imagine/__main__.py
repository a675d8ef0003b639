"""`python -m nsynth_lab.imagine [CHECKPOINT]`: hear a checkpoint's bank; it writes heard.safetensors there."""

from __future__ import annotations

import sys
from pathlib import Path

from nsynth_lab.imagine.ear import Ear
from nsynth_lab.imagine.heard_bank import FILE, bank_digest, hear_bank, write_heard
from nsynth_lab.model.bank import load_bank
from nsynth_lab.model.banks import DEFAULT_CHECKPOINT
from nsynth_lab.model.checkpoint import load_checkpoint

if __name__ == "__main__":
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else DEFAULT_CHECKPOINT
    bank = load_bank(folder)
    write_heard(folder / FILE, hear_bank(bank, Ear(load_checkpoint(folder))), bank_digest(bank))
