"""PackPlan: everything about a pack that is known before decoding; and reading the request back from a manifest."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nsynth_lab.effects import effect_info
from nsynth_lab.errors import PackError, UsageError
from nsynth_lab.pack.folder import read_json
from nsynth_lab.pack.formats.documents import document_files
from nsynth_lab.pack.formats.names import clip_file, position_label, stem
from nsynth_lab.pack.formats.zones import PackInfo, PlannedClip
from nsynth_lab.pack.parse import from_dict
from nsynth_lab.pack.request import ClipKey, PackRequest
from nsynth_lab.patch import Slot
from nsynth_lab.render.patch_note import check_keys
from nsynth_lab.render.session import Session
from nsynth_lab.version import __version__

ROWS = {"cpu": 8, "cuda": 64}
MANIFEST_FORMAT = 2  # 1 had clips out of tune, and how far
FORMATS_READ = (1, 2)


@dataclass(frozen=True)
class PackPlan:
    """Everything about a pack that is known before decoding.

    Attributes:
        files: the file of each clip, in the order of `PackRequest.keys`.
        batches: indices of the clips that are decoded together.
        plugins: the plugins among the preset's effects, with their versions.
    """

    request: PackRequest
    about: PackInfo
    sources: tuple[dict[str, Any], ...]
    stamp: dict[str, Any]
    keys: tuple[ClipKey, ...]
    files: tuple[str, ...]
    batches: tuple[range, ...]
    plugins: tuple[dict[str, Any], ...] = ()

    def values(self) -> dict[str, Any]:
        """Plain values that are equal if and only if the packs are equal."""
        preset = bool(self.request.preset)
        return {
            "format": MANIFEST_FORMAT,
            **self.stamp,
            "recipe": self.request.to_dict(),
            "sources": list(self.sources),
            **({"plugins": list(self.plugins)} if self.plugins else {}),
            "files": [*self.files, *document_files(self.about, self.request.formats, self.clips, preset=preset)],
        }

    @property
    def clips(self) -> list[PlannedClip]:
        """Every clip, in the order of `files`."""
        labels = self.labels
        return [
            PlannedClip(file, labels[key.position], key.velocity, key.take + 1)
            for key, file in zip(self.keys, self.files, strict=True)
        ]

    @property
    def labels(self) -> tuple[str, ...]:
        """Labels of the positions, used in file names."""
        return tuple(position_label(place) for place in self.request.positions)


def plan_pack(session: Session, request: PackRequest) -> PackPlan:
    """Plan a pack. Recordings among its sources are encoded here, unless they were encoded before.

    Raises:
        UsageError, AudioError, LatentsError: a source cannot be used.
    """
    files_too = not request.preset
    sources = tuple(session.describe(source, files=files_too) for source in request.sources)
    for source in dict.fromkeys(request.sources):
        session.zones(source, files=files_too)
    names = ", ".join(source["name"] for source in sources)
    patch = request.patch if request.preset else None
    if patch:
        check_keys(patch, request.notes)
    title = request.name or (patch.name if patch else " + ".join(source["name"] for source in sources))
    about = PackInfo(
        title=title,
        stem=stem(title),
        author=request.author,
        licence=request.licence,
        comment=f"{f'{patch.name}: a preset' if patch else 'A blend'} of {names}, decoded from latents",
        software=f"nsynth_lab {__version__}",
    )
    keys = tuple(request.keys())
    labels = [position_label(place) for place in request.positions]
    ending = ".flac" if request.flac else ".wav"
    files = tuple(
        clip_file(
            about.stem, labels[key.position], note=key.note, velocity=key.velocity, take=key.take + 1, ending=ending
        )
        for key in keys
    )
    rows = max(1, ROWS[session.device] // request.takes) * request.takes
    batches = tuple(range(first, min(first + rows, len(keys))) for first in range(0, len(keys), rows))
    stamp = {**session.stamp(), "seed": request.seed, "device": session.device}
    plugins = tuple(_described(slot) for slot in patch.effects if slot.plugin) if patch else ()
    return PackPlan(request, about, sources, stamp, keys, files, batches, plugins)


def read_manifest(path: Path) -> tuple[PackRequest, dict[str, Any]]:
    """The request that made a pack, and its manifest.

    Raises:
        PackError: not a manifest.
        UsageError: a recipe that this version cannot follow.
    """
    values = read_json(path)
    if values.get("format") not in FORMATS_READ or not isinstance(values.get("recipe"), dict):
        raise PackError(f"{path}: not a manifest of a pack, or of another version than format {MANIFEST_FORMAT}")
    return from_dict(values["recipe"]), values


def check_same(plan: PackPlan, manifest: dict[str, Any], *, also: tuple[str, ...] = ()) -> None:
    """Refuse to remake a pack with another model, sources or plugins, or if one of the values named in `also` differs.

    Raises:
        UsageError: it would not be the same pack.
    """
    for what in ("model", "sources", "plugins", *also):
        mine, theirs = plan.values().get(what), manifest.get(what)
        if mine != theirs:
            name_it = "; name its folder with --checkpoint" if what == "model" else ""
            raise UsageError(f"the pack was made with {what} {theirs!s:.120}, here is {mine!s:.120}{name_it}")


def _described(slot: Slot) -> dict[str, Any]:
    """Name, version and hash of a slot's plugin.

    Raises:
        PluginError: it was not scanned here.
        PatchError: it has no such parameter.
    """
    info = effect_info(slot)
    return {"name": info.name, "version": info.version, "sha256": info.digest}
