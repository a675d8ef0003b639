"""The bank: encoded instruments that can be blended by name, each with zones across its keys and velocity layers.

A bank is one safetensors file beside the weights. The streams of all zones are concatenated: timbre as 8-bit integers
over -3..3 (a rounding error far below the noise that training adds to it), the other streams as float16, noise,
resonances, width and detail as `nsynth_lab.unpitched`, `nsynth_lab.width` and `nsynth_lab.detail` store them. The JSON
header lists the instruments and their zones.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save

from nsynth_lab.blend import blend, pair
from nsynth_lab.blend.velocity import layers_at
from nsynth_lab.errors import CheckpointError, LatentsError, UsageError
from nsynth_lab.latents import LOUDEST_DB, SILENCE_DB, TIMBRE_LIMIT, Latents
from nsynth_lab.legible import encodable_in
from nsynth_lab.model.banks import find_name
from nsynth_lab.model.checkpoint import read_tensors, write_bytes
from nsynth_lab.model.headers import DETAIL_VERSION, FIXED, KEY, UNPITCHED_VERSION, WIDTH_VERSION
from nsynth_lab.model.zones import (
    DETAILED_ZONES,
    STEPS,
    UNPITCHED_ZONES,
    WIDE_ZONES,
    MadeOnce,
    optional_tensors,
    stored_zones,
)
from nsynth_lab.naming import folded
from nsynth_lab.note import INSTRUMENT_FAMILIES, UNPITCHED_FAMILIES, Instrument, Note, nearest_note
from nsynth_lab.units import FloatArray
from nsynth_lab.unpitched import power_db

BANK = "bank.safetensors"
LEVEL_DB = -20.0
BASS_DB = 6.0


@dataclass(frozen=True)
class BankEntry:
    """A named instrument, the indices of its zones in the bank [zones], its licence and whom to credit."""

    instrument: Instrument
    zones: tuple[int, ...]
    licence: str = ""
    attribution: str = ""


class Bank:
    """Instruments by name, ordered by family.

    `notes` are those of the zones, by default taken from the zones themselves. `hint(name)` may explain in one sentence
    why a name is missing here; an empty string if there is nothing to add.
    """

    def __init__(
        self,
        entries: Sequence[BankEntry],
        zones: Sequence[Latents],
        *,
        model_id: str,
        notes: Sequence[Note] | None = None,
    ) -> None:
        self.entries = {entry.instrument.name: entry for entry in entries}
        self.zones = zones
        self.notes = [Note(zone.note, zone.velocity) for zone in zones] if notes is None else notes
        self.model_id = model_id
        self.hint: Callable[[str], str] = lambda _name: ""

    @property
    def pitched(self) -> list[str]:
        """The names of those that have a pitch, which drums and noises do not have."""
        return [name for name, one in self.entries.items() if one.instrument.family not in UNPITCHED_FAMILIES]

    def holds(self, name: str) -> bool:
        """Whether an instrument has exactly that name, compared as by `naming.folded`."""
        return folded(name) in map(folded, self.entries)

    def find(self, name: str) -> BankEntry:
        """The instrument of that name; part of a name is enough if it occurs in only one.

        Raises:
            UsageError: no instrument or several match; the message suggests the closest names.
        """
        return self.entries[find_name(name, list(self.entries), hint=self.hint)]

    def latents(self, name: str, note: Note) -> Latents:
        """The instrument at a note: the zones of its nearest key, blended for the velocity and transposed."""
        return zones_at_note([self.zones[index] for index in self.find(name).zones], note)


def zones_at_note(zones: Sequence[Latents], note: Note) -> Latents:
    """The zones of the key nearest to `note`, blended for its velocity and transposed to its pitch."""
    nearest = nearest_note([zone.note for zone in zones], note.number)
    return blend_layers([zone for zone in zones if zone.note == nearest], velocity=note.velocity).at_note(note.number)


def blend_layers(layers: Sequence[Latents], *, velocity: int) -> Latents:
    """One note from the velocity layers of a key, as played with `velocity` (1 to 127); see `blend.velocity`."""
    layers = sorted(layers, key=lambda zone: zone.velocity)
    peaks_db = [float(zone.loudness_db.max()) for zone in layers]
    own = layers_at([zone.velocity for zone in layers], peaks_db, velocity=velocity)
    softer, harder = layers[own.softer], layers[own.harder]
    if own.share == 0.0:
        between = softer
    else:
        frames = round(softer.frames + own.share * (harder.frames - softer.frames))
        between = blend([softer, harder], pair(own.share), frames=frames)
    return replace(with_gain(between, own.gain_db), velocity=velocity)


def at_bank_level(latents: Latents) -> Latents:
    """Gain applied so that the loudest frame is at -20 dB, like the bank's: neither side then dominates a blend."""
    return with_gain(latents, LEVEL_DB - peak_db(latents))


def peak_db(latents: Latents) -> float:
    """Level in dB of the loudest frame, as levels of a bank are compared.

    A-weighting makes 30 dB less of a bass drum than there is. At the bank's level it would be far above full scale, so
    that sounds without a pitch count with their whole power too, less the 6 dB by which a bass may exceed others.
    """
    loudest = float(latents.loudness_db.max())
    if latents.unpitched is None:
        return loudest
    return max(loudest, float(power_db(latents.unpitched, latents.loudness_db).max()) - BASS_DB)


def with_gain(latents: Latents, by_db: float) -> Latents:
    """`latents` made louder by `by_db`; silent frames stay silent."""
    level = np.where(latents.loudness_db > SILENCE_DB, latents.loudness_db + by_db, SILENCE_DB)
    return replace(latents, loudness_db=np.asarray(level.clip(SILENCE_DB, LOUDEST_DB), np.float32))


def write_bank(folder: Path, bank: Bank, *, about: dict[str, Any]) -> Path:
    """Write the bank of a checkpoint folder; returns its path. `about` as in `write_bank_file`."""
    return write_bank_file(folder / BANK, bank, about=about)


def write_bank_file(path: Path, bank: Bank, *, about: dict[str, Any]) -> Path:
    """Write a bank atomically; the JSON values in `about` are added to its header."""
    zones = bank.zones
    tensors: dict[str, NDArray[Any]] = {
        "timbre": _to_bytes(np.concatenate([zone.timbre for zone in zones])),
        "loudness_db": np.concatenate([zone.loudness_db for zone in zones]).astype(np.float16),
        "f0_cents": np.concatenate([zone.f0_cents for zone in zones]).astype(np.float16),
        "partials": np.stack([zone.partials for zone in zones]).astype(np.float16),
        "starts": np.concatenate([[0], np.cumsum([zone.frames for zone in zones])]).astype(np.int64),
        "marks": np.array(
            [[zone.note, zone.velocity, zone.attack_frames, zone.release_frame] for zone in zones], np.int32
        ),
        **optional_tensors(zones),
    }
    entries = [
        {
            "name": entry.instrument.name,
            "family": entry.instrument.family,
            "source": entry.instrument.source,
            "zones": list(entry.zones),
            "licence": entry.licence,
            "attribution": entry.attribution,
        }
        for entry in bank.entries.values()
    ]
    version = UNPITCHED_VERSION if UNPITCHED_ZONES in tensors else FIXED["format_version"]
    version = WIDTH_VERSION if WIDE_ZONES in tensors else version
    version = DETAIL_VERSION if DETAILED_ZONES in tensors else version
    header = {**FIXED, "format_version": version, "model_id": bank.model_id, "instruments": entries, **about}
    write_bytes(path, save(tensors, metadata={KEY: json.dumps(encodable_in(header))}))
    return path


def load_bank(folder: str | Path) -> Bank:
    """Read the bank of a checkpoint folder.

    Raises:
        CheckpointError: missing, damaged, inconsistent, or of another format version.
    """
    return read_bank_file(Path(folder) / BANK)[0]


def read_bank_file(path: Path) -> tuple[Bank, dict[str, Any]]:
    """Read a bank and its header.

    Raises:
        CheckpointError: as `load_bank`.
    """
    header, tensors = read_tensors(path)
    try:
        model_id = str(header["model_id"])
        zones, notes = stored_zones(tensors, model_id)
        entries = [_entry(item, len(zones)) for item in header["instruments"]]
    except (KeyError, ValueError, TypeError, IndexError, LatentsError, UsageError) as error:
        raise CheckpointError(f"{path}: the bank is damaged ({error}); get the checkpoint again") from error
    return Bank(entries, zones, model_id=model_id, notes=notes), header


def merged(first: Bank, others: Sequence[Bank]) -> Bank:
    """Several banks of the same model as one; if two have an instrument of the same name, the later one wins."""
    banks = [first, *others]
    entries, owners = list[BankEntry](), list[tuple[Bank, int]]()
    for bank in banks:
        at = len(owners)
        entries += [replace(one, zones=tuple(at + zone for zone in one.zones)) for one in bank.entries.values()]
        owners += [(bank, zone) for zone in range(len(bank.zones))]
    zones = MadeOnce(lambda index: owners[index][0].zones[owners[index][1]], len(owners))
    return Bank(entries, zones, model_id=first.model_id, notes=[note for bank in banks for note in bank.notes])


def _entry(item: dict[str, Any], zones: int) -> BankEntry:
    name, family, source = (str(item[key]) for key in ("name", "family", "source"))
    numbers = tuple(int(zone) for zone in item["zones"])
    if family not in INSTRUMENT_FAMILIES or not numbers or not all(0 <= number < zones for number in numbers):
        raise ValueError(f"the entry of instrument '{name}' is malformed")
    return BankEntry(Instrument(name, family, source), numbers, str(item["licence"]), str(item["attribution"]))


def _to_bytes(timbre: FloatArray) -> NDArray[np.int8]:
    return (timbre * (STEPS / TIMBRE_LIMIT)).round().clip(-127, 127).astype(np.int8)
