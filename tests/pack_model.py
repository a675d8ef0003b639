"""The checkpoint that the tests of packs play: tiny, with three instruments."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from made_notes import flute, organ_cut_short, piano
from tiny_model import tiny_model

from nsynth_lab.model.bank import BANK, Bank, BankEntry, write_bank
from nsynth_lab.model.checkpoint import save_weights
from nsynth_lab.model.headers import WEIGHTS
from nsynth_lab.note import Instrument


def write_model(folder: Path) -> Path:
    """A tiny checkpoint with a flute, an organ called cello and a piano in its bank."""
    model_id = save_weights(folder, tiny_model(), about={})
    names = (("flute", "flute"), ("cello", "string"), ("piano", "keyboard"))
    entries = [
        BankEntry(Instrument(name, family), (zone,), "CC0-1.0", "made") for zone, (name, family) in enumerate(names)
    ]
    zones = [replace(note, model_id=model_id) for note in (flute(), organ_cut_short(), piano())]
    write_bank(folder, Bank(entries, zones, model_id=model_id), about={})
    return folder


def copy_model(folder: Path) -> None:
    """The same as `model` in the folder where the test runs."""
    Path("model").mkdir()
    for name in (WEIGHTS, BANK):
        Path("model", name).write_bytes((folder / name).read_bytes())
