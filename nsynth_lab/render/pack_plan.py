"""Plan: all that a pack will be, known before anything is decoded; and a plan from the manifest of a pack."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nsynth_lab import __version__
from nsynth_lab.errors import PackError, UsageError
from nsynth_lab.render.pack_request import ClipKey, PackRequest
from nsynth_lab.render.pack_words import from_dict
from nsynth_lab.render.session import Session
from nsynth_lab.sinks.pack.documents import document_files
from nsynth_lab.sinks.pack.names import clip_file, position_label, stem
from nsynth_lab.sinks.pack.store import read_json
from nsynth_lab.sinks.pack.zones import About

ROWS = {"cpu": 8, "cuda": 64}
MANIFEST_FORMAT = 1


@dataclass(frozen=True)
class Plan:
    """What a pack will be, known before anything is decoded.

    Attributes:
        files: of each clip, in the order of `PackRequest.keys`.
        batches: numbers of the clips that are decoded together.
    """

    request: PackRequest
    about: About
    sources: tuple[dict[str, Any], ...]
    stamp: dict[str, Any]
    keys: tuple[ClipKey, ...]
    files: tuple[str, ...]
    batches: tuple[range, ...]

    def values(self) -> dict[str, Any]:
        """Plain values that are equal exactly when the packs are."""
        return {
            "format": MANIFEST_FORMAT,
            **self.stamp,
            "recipe": self.request.to_dict(),
            "sources": list(self.sources),
            "files": [*self.files, *document_files(self.about, self.request.formats, self.labels)],
        }

    @property
    def labels(self) -> tuple[str, ...]:
        """Of the positions."""
        return tuple(position_label(place) for place in self.request.positions)


def plan_pack(session: Session, request: PackRequest) -> Plan:
    """Names and batches of a pack.

    Raises:
        UsageError, AudioError, LatentsError: a source that cannot be used.
    """
    sources = tuple(session.describe(source) for source in request.sources)
    title = request.name or " + ".join(source["name"] for source in sources)
    about = About(
        title=title,
        stem=stem(title),
        author=request.author,
        licence=request.licence,
        comment=f"A blend of {', '.join(source['name'] for source in sources)}, decoded from latents",
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
    return Plan(request, about, sources, stamp, keys, files, batches)


def read_manifest(path: Path) -> tuple[PackRequest, dict[str, Any]]:
    """The request that made a pack, and its manifest.

    Raises:
        PackError: not a manifest.
        UsageError: a recipe that this version cannot follow.
    """
    values = read_json(path)
    if values.get("format") != MANIFEST_FORMAT or not isinstance(values.get("recipe"), dict):
        raise PackError(f"{path}: not a manifest of a pack, or of another version than format {MANIFEST_FORMAT}")
    return from_dict(values["recipe"]), values


def check_same(plan: Plan, manifest: dict[str, Any]) -> None:
    """Refuse to remake a pack from another model or other sources.

    Raises:
        UsageError: it would not be the same pack.
    """
    for what in ("model", "sources"):
        mine, theirs = plan.values()[what], manifest.get(what)
        if mine != theirs:
            raise UsageError(f"the pack was made from {what} {theirs!s:.120}, here is {mine!s:.120}")
