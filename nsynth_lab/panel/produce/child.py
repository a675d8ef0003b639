"""child: the panel's session, once more in the process of a job."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from nsynth_lab.latents import read_latents, write_latents
from nsynth_lab.model.bank import Bank, BankEntry
from nsynth_lab.note import Instrument
from nsynth_lab.patch import Patch
from nsynth_lab.patch.table import from_table, to_table
from nsynth_lab.render.session import Session

GUESTS = "guests.json"


def session_arguments(session: Session) -> dict[str, Any]:
    """What a job's process has to know of a session, as JSON."""
    return {"folder": str(session.folder), "device": session.device, "seed": session.seed}


def write_guests(session: Session, names: Iterable[str], folder: Path) -> Path:
    """Write those of these instruments that only this session knows, such as a player's recordings, into a folder."""
    folder.mkdir()
    rows = []
    for number, name in enumerate(names):
        if (bank := session.guest(name)) is None:
            continue
        (entry,) = bank.entries.values()
        files = [f"{number}-{zone}.latents" for zone in entry.zones]
        for zone, file in zip(entry.zones, files, strict=True):
            write_latents(folder / file, bank.zones[zone])
        rows.append({"name": name, "family": entry.instrument.family, "zones": files})
    (folder / GUESTS).write_text(json.dumps(rows), encoding="utf-8")
    return folder


def session_of(arguments: Mapping[str, Any], guests: Path | None = None) -> Session:
    """The session that `session_arguments` describes, with the guests that `write_guests` has written, if any."""
    session = Session(arguments["folder"], device=arguments["device"], seed=arguments["seed"])
    if guests is None:
        return session
    for row in json.loads((guests / GUESTS).read_text(encoding="utf-8")):
        zones = [read_latents(guests / file) for file in row["zones"]]
        entry = BankEntry(Instrument(row["name"], row["family"]), tuple(range(len(zones))))
        session.add(Bank([entry], zones, model_id=zones[0].model_id))
    return session


def patch_arguments(patch: Patch) -> dict[str, Any]:
    """A patch as JSON, with the folder that its sound files are in."""
    return {"patch": to_table(patch), "home": None if patch.home is None else str(patch.home)}


def patch_of(arguments: Mapping[str, Any]) -> Patch:
    """The patch that `patch_arguments` describes."""
    home = arguments["home"]
    patch = replace(from_table(Patch, arguments["patch"]), home=None if home is None else Path(home))
    return patch.with_macros_applied()
