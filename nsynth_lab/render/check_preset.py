"""Check a preset file on this machine: its instruments, its layers, effects and plugins, its loudness."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from nsynth_lab.effects import effect_info, instrument_info
from nsynth_lab.errors import NsynthLabError, PatchError
from nsynth_lab.patch import Patch, read_preset, write_preset
from nsynth_lab.patch.preset_file import located
from nsynth_lab.render.levelling import measure_level, what_is_wrong
from nsynth_lab.render.session import Session


def check_preset(path: Path, session: Session, *, level: bool) -> dict[str, Any]:
    """Check one file: `preset`, `error` (empty if it is valid), and with `level` its loudness figures."""
    row: dict[str, Any] = {"preset": path.stem, "file": str(path), "error": ""}
    try:
        patch = read_preset(path)
        _check_instruments(patch, session)
        _check_plugins(path, patch)
        if level:
            row |= _level(patch, session)
    except NsynthLabError as error:
        row["error"] = str(error)
    return row


def fix_level(path: Path, row: dict[str, Any]) -> dict[str, Any]:
    """Write the level that meets the target into the file, in the format of `format_preset`.

    What the level cannot mend, such as a high peak, is still reported.
    """
    patch = replace(read_preset(path), level_db=row["wanted_db"])
    write_preset(path, patch, force=True)
    moved = row["wanted_db"] - row["level_db"]
    lufs, peak_db = row["lufs"] + moved, row["peak_db"] + moved
    wrong = what_is_wrong(lufs, peak_db)
    told = [row["troubles"], f"level {row['level_db']:g} dB -> {row['wanted_db']:g} dB", wrong]
    figures = {"level_db": row["wanted_db"], "lufs": lufs, "peak_db": peak_db}
    return {**row, **figures, "level_ok": not wrong, "note": "; ".join(filter(None, told))}


def _check_plugins(path: Path, patch: Patch) -> None:
    checks: list[tuple[str, Callable[[], object]]] = [
        (f"effects.{number}", partial(effect_info, slot))
        for number, slot in enumerate(patch.effects, start=1)
        if slot.plugin
    ]
    checks += [
        (f"layers.{number}", partial(instrument_info, layer)) for number, layer in enumerate(patch.layers, start=1)
    ]
    for place, check in checks:
        try:
            check()
        except PatchError as error:
            below = error.below(f"{place}.parameters")
            raise located(path, path.read_text(encoding="utf-8"), below) from error


def _check_instruments(patch: Patch, session: Session) -> None:
    for name in patch.blend.corners:
        session.bank.find(name)


def _level(patch: Patch, session: Session) -> dict[str, Any]:
    found = measure_level(session, patch)
    troubles = "; ".join(str(trouble) for trouble in found.sound.troubles)
    wrong = what_is_wrong(found.lufs, found.peak_db)
    if wrong and found.wanted_db != patch.level_db:
        wrong += f": level_db {found.wanted_db:g} instead of {patch.level_db:g} (--fix writes it)"
    return {
        "lufs": round(found.lufs, 2),
        "peak_db": round(found.peak_db, 2),
        "level_db": patch.level_db,
        "wanted_db": found.wanted_db,
        "level_ok": found.is_right,
        "troubles": troubles,
        "note": "; ".join(filter(None, (troubles, wrong))),
    }
