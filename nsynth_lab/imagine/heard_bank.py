"""How the instruments of a bank sound: each heard and described at three keys, once and for all.

CHECKPOINT/heard.safetensors            comes with the default checkpoint
CACHE/heard/MODEL-BANK.safetensors      of any other, made when it is first needed
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nsynth_lab.errors import CheckpointError, MissingError
from nsynth_lab.folders import cache_folder, make_folder
from nsynth_lab.imagine.descriptors import DEFINITION, NAMES, describe
from nsynth_lab.imagine.ear import Ear, first_frames, heard_keys
from nsynth_lab.latents import Latents
from nsynth_lab.model.bank import Bank
from nsynth_lab.model.checkpoint import read_tensors, write_bytes
from nsynth_lab.model.headers import FIXED, KEY
from nsynth_lab.note import Note
from nsynth_lab.units import Doubles, FloatArray, Ints

FILE, FOLDER = "heard.safetensors", "heard"
LISTENER = 3  # changes with the default classifier, since features of two are not comparable
GROUP = 8  # instruments heard together
Progress = Callable[[int], None]


@dataclass(frozen=True)
class HeardBank:
    """A bank as it is heard, a row for each of its instruments at three keys.

    Attributes:
        names: the instruments [rows].
        keys: the MIDI notes [rows], played at velocity 100.
        features: the classifier's [rows, 192].
        described: the descriptors [rows, 5], in the order of `descriptors.NAMES`.
    """

    names: tuple[str, ...]
    keys: Ints
    features: FloatArray
    described: Doubles

    def of(self, names: Collection[str]) -> HeardBank:
        """The rows of these instruments."""
        rows = [row for row, name in enumerate(self.names) if name in names]
        return HeardBank(
            tuple(self.names[row] for row in rows), self.keys[rows], self.features[rows], self.described[rows]
        )

    def with_more(self, other: HeardBank) -> HeardBank:
        """Its rows, and those of `other` after them."""
        return HeardBank(
            (*self.names, *other.names),
            np.concatenate([self.keys, other.keys]),
            np.concatenate([self.features, other.features]),
            np.concatenate([self.described, other.described]),
        )

    def notes(self, bank: Bank) -> list[Latents]:
        """The beginnings of the notes that were heard."""
        return [
            first_frames(bank.latents(name, Note(key)))
            for name, key in zip(self.names, self.keys.tolist(), strict=True)
        ]


def keys_of(bank: Bank, name: str) -> list[int]:
    """The three keys at which an instrument of the bank is heard."""
    numbers = [bank.notes[index].number for index in bank.entries[name].zones]
    return heard_keys(min(numbers), max(numbers))


def hear_bank(bank: Bank, ear: Ear, *, advance: Progress = lambda _: None) -> HeardBank:
    """Hear every instrument; `advance(n)` is called after each n of them."""
    rows = [(name, key) for name in bank.entries for key in keys_of(bank, name)]
    features, described = [], []
    for first in range(0, len(rows), 3 * GROUP):
        part = rows[first : first + 3 * GROUP]
        notes = [first_frames(bank.latents(name, Note(key))) for name, key in part]
        sounds = ear.sounds(notes)
        features.append(ear.hear(sounds).features)
        described += [describe(sound, note) for sound, note in zip(sounds, notes, strict=True)]
        advance(len(part) // 3)
    return HeardBank(
        tuple(name for name, _ in rows),
        np.array([key for _, key in rows], np.int64),
        np.concatenate(features),
        np.stack(described),
    )


def heard_bank(folder: Path, bank: Bank, ear: Ear, *, progress: Callable[..., Any]) -> HeardBank:
    """How the bank of a checkpoint folder sounds: from the folder, from the cache, or heard now and cached.

    `progress(total, unit, title)` is a context that yields `advance`.
    """
    digest = bank_digest(bank)
    places = [folder / FILE, *_cached(bank.model_id, digest)]
    for path in places:
        with suppress(CheckpointError):
            return read_heard(path, digest)
    with progress(len(bank.entries), "instruments", "listening to the bank") as advance:
        heard = hear_bank(bank, ear, advance=advance)
    for path in places[1:]:
        with suppress(CheckpointError):
            make_folder(path.parent, CheckpointError)
            write_heard(path, heard, digest)
    return heard


def bank_digest(bank: Bank) -> str:
    """Differs where a bank's model, its instruments or their notes differ."""
    parts = [
        (
            name,
            entry.instrument.family,
            [(bank.notes[index].number, bank.notes[index].velocity) for index in entry.zones],
        )
        for name, entry in bank.entries.items()
    ]
    return hashlib.sha256(repr((bank.model_id, parts)).encode()).hexdigest()[:16]


def write_heard(path: Path, heard: HeardBank, digest: str) -> None:
    """Write it atomically, the features as float16."""
    from safetensors.numpy import save

    tensors: dict[str, NDArray[Any]] = {
        "keys": heard.keys,
        "features": heard.features.astype(np.float16),
        "described": heard.described.astype(np.float32),
    }
    header = {
        **FIXED, "kind": FOLDER, "bank": digest, "names": list(heard.names), "descriptors": list(NAMES),
        "definition": DEFINITION, "listener": LISTENER,
    }  # fmt: skip
    write_bytes(path, save(tensors, metadata={KEY: json.dumps(header)}))


def read_heard(path: Path, digest: str) -> HeardBank:
    """Read it.

    Raises:
        CheckpointError: missing, damaged, of another bank, or by another version.
    """
    header, tensors = read_tensors(path)
    try:
        names = tuple(str(name) for name in header["names"])
        keys, features, described = (tensors[name] for name in ("keys", "features", "described"))
        sizes = {len(names), len(keys), len(features), len(described)}
        described_alike = header["descriptors"] == list(NAMES) and header["definition"] == DEFINITION
        heard_alike = header["bank"] == digest and header["listener"] == LISTENER
        fits = heard_alike and described_alike and len(sizes) == 1
        if not fits or described.shape[1:] != (len(NAMES),) or features.ndim != 2:
            raise CheckpointError(f"{path}: made for another bank, or by another version")
        return HeardBank(names, keys.astype(np.int64), features.astype(np.float32), described.astype(np.float64))
    except (KeyError, TypeError, ValueError) as error:
        raise CheckpointError(f"{path}: damaged ({error})") from error


def _cached(model_id: str, digest: str) -> list[Path]:
    try:
        return [cache_folder() / FOLDER / f"{model_id}-{digest}.safetensors"]
    except MissingError:  # platformdirs is not installed on a machine that only trains
        return []
