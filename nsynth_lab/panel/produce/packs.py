"""packs: a sample pack of the present sound, in a job's process: what it will cost, or all of it in a zip file."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any
from zipfile import ZIP_STORED, ZipFile

from nsynth_lab.atomic_file import atomic_write
from nsynth_lab.errors import PackError
from nsynth_lab.pack.formats.names import position_label
from nsynth_lab.pack.parse import USUAL_PLACES, from_dict, pack_of
from nsynth_lab.pack.request import PackRequest
from nsynth_lab.panel.messages.producing import Pack
from nsynth_lab.panel.produce.child import session_of
from nsynth_lab.patch import Blend, Patch
from nsynth_lab.patch.preset_file import format_preset
from nsynth_lab.render.output_paths import LATENTS_ENDING, SOUND_ENDINGS

KIND, WORK = "pack", "nsynth_lab.panel.produce.packs:make"
ESTIMATE_KIND, ESTIMATE_WORK = "estimate", "nsynth_lab.panel.produce.packs:estimated"
HERE = "here"
Given = Mapping[str, Any]
CLIPS, PREVIEW, COVER = "clips.json", "preview.flac", "cover.png"


def request_of(patch: Patch, message: Pack, *, seed: int) -> PackRequest:
    """The request for a pack of a patch: of a blend if it is nothing else, and of a preset otherwise.

    Raises:
        UsageError: values out of range, or that do not fit together.
        PatchError: the patch cannot be a preset.
    """
    preset = "" if is_blend(patch) else format_preset(patch)
    return pack_of(
        patch,
        preset,
        positions=_positions(patch, message.positions, preset=bool(preset)),
        notes=message.notes,
        velocities=message.velocities,
        formats=message.formats,
        takes=message.round_robin,
        crossfade=message.crossfade,
        seconds=message.seconds,
        loop=message.loop,
        sample_rate=int(message.rate),
        bits=int(message.bits),
        flac=message.flac,
        name=message.name or patch.name,
        author=message.author,
        licence=message.licence,
        seed=seed,
    )


def is_blend(patch: Patch) -> bool:
    """Whether a patch is instruments and a position, and nothing else that is heard.

    An instrument that is named like a sound file makes it a preset, in which names are never files.
    """
    heard = replace(patch.with_macros_applied(), description="", author="", tags=(), macros=(), midi=())
    blend = heard.blend
    plain = Blend(blend.corners, position=blend.position, interpolation=blend.interpolation, track=blend.track)
    return heard == Patch(patch.name, plain) and not any(_is_file(name) for name in blend.corners)


def _is_file(name: str) -> bool:
    return Path(name).suffix.lower() in (LATENTS_ENDING, *SOUND_ENDINGS)


def _positions(patch: Patch, asked: str, *, preset: bool) -> str | None:
    """Positions as `pack_of` takes them: None for the place that a preset has, with its path."""
    if asked == HERE:
        place = patch.with_macros_applied().blend.place
        return None if preset or not place else ",".join(map(str, place))
    return asked or USUAL_PLACES.get(len(patch.blend.corners))


def about(request: PackRequest, message: Pack) -> dict[str, Any]:
    """What pages show of a pack: what was asked for, and the order of its clips, position by position in each note."""
    return {
        "asked": {key: value for key, value in asdict(message).items() if key != "dry_run"},
        "clips": request.clips,
        "corners": list(request.sources),
        "positions": [position_label(place) for place in request.positions],
        "notes": sorted(request.notes),
        "velocities": sorted(request.velocities),
        "takes": request.takes,
    }


def estimated(
    _: Path, tell: Any, *, recipe: Mapping[str, Any], session: Mapping[str, Any], guests: str
) -> dict[str, Any]:
    """What a pack will cost, measured by making a part of it.

    Raises:
        NsynthLabError: it cannot be made.
    """
    from nsynth_lab.pack.estimate import estimate
    from nsynth_lab.pack.plan import plan_pack

    tell(0.0, 0.0, "making a few clips, to see what they take")
    made_by = session_of(session, Path(guests))
    return asdict(estimate(made_by, plan_pack(made_by, from_dict(recipe))))


def make(
    folder: Path, tell: Any, *, recipe: Mapping[str, Any], session: Mapping[str, Any], guests: str
) -> dict[str, Any]:
    """Make a pack, and a zip file of it; its clips can be heard as they come, by the names in clips.json.

    Raises:
        NsynthLabError: it cannot be made.
    """
    from nsynth_lab.pack.formats.report import summary
    from nsynth_lab.pack.make import make_pack
    from nsynth_lab.pack.plan import plan_pack

    request, made_by = from_dict(recipe), session_of(session, Path(guests))
    check_room_for_two(request, folder)
    tell(0.0, request.clips, "beginning")
    plan = plan_pack(made_by, request)
    pack_folder = folder / plan.about.stem
    names = [f"{plan.about.stem}/{file}" for file in plan.files]
    (folder / CLIPS).write_text(json.dumps(names), encoding="utf-8")
    done = 0

    def advance(clips: int) -> None:
        nonlocal done
        done += clips
        tell(done, request.clips, "making clips" if done < request.clips else "writing the instruments")

    pack, records = make_pack(made_by, plan, pack_folder, advance=advance)
    tell(request.clips, request.clips, "packing the zip file")
    zip_file = zipped(pack_folder, folder / f"{plan.about.stem}.zip")
    for name in (PREVIEW, COVER):
        shutil.copyfile(pack_folder / name, folder / name)
    return {
        "file": zip_file.name,
        "report": [list(row) for row in summary(pack, records)],
        "troubles": sorted({trouble for record in records for trouble in record.get("troubles", ())}),
    }


def zipped(folder: Path, path: Path) -> Path:
    """A zip file of a folder, under the folder's name; sound does not get smaller, so nothing is compressed.

    Raises:
        PackError: the disk is full.
    """
    with atomic_write(path, PackError) as temporary, ZipFile(temporary, "w", ZIP_STORED) as file:
        for found in sorted(folder.rglob("*")):
            if found.is_file():
                file.write(found, f"{folder.name}/{found.relative_to(folder).as_posix()}")
    return path


def check_room_for_two(request: PackRequest, folder: Path) -> None:
    """Refuse before the work if the disk has no room for the pack and its zip file.

    Raises:
        PackError: the disk is too full.
    """
    from nsynth_lab.pack.estimate import disk_bytes, megabytes

    needed, free = 2 * disk_bytes(request), shutil.disk_usage(folder).free
    if needed > free:
        raise PackError(
            f"the pack and its zip file need about {megabytes(needed)}, and {megabytes(free)} are free; make room, or "
            "ask for fewer notes, velocities or formats"
        )
