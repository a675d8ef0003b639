"""All files of a pack besides its clips: sampler presets, README, licence, preview, pictures, report, manifest.

`document_files` lists their names before anything is made; `write_documents` writes them, the manifest last. A new
sampler format is added to both, and to `FORMATS` in `pack.request`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from nsynth_lab.legible import encodable
from nsynth_lab.pack.folder import MANIFEST, json_bytes
from nsynth_lab.pack.formats.decentsampler import dspreset_bytes
from nsynth_lab.pack.formats.pictures import draw_background, draw_cover
from nsynth_lab.pack.formats.preview import write_preview
from nsynth_lab.pack.formats.readme import licence_text, readme_text
from nsynth_lab.pack.formats.report import report_page
from nsynth_lab.pack.formats.sf2 import write_sf2
from nsynth_lab.pack.formats.sfz import morph_text, sfz_text
from nsynth_lab.pack.formats.wav import read_clip_samples
from nsynth_lab.pack.formats.zones import PackInfo, PackMap
from nsynth_lab.pack.store import Store
from nsynth_lab.threads import thread_count
from nsynth_lab.units import FloatArray

BACKGROUND = "Images/background.png"
README, LICENCE, PREVIEW, COVER, REPORT = "README.md", "LICENCE.txt", "preview.flac", "cover.png", "report.html"
PRESET = "preset.toml"


def document_files(about: PackInfo, formats: Sequence[str], labels: Sequence[str], *, preset: bool) -> list[str]:
    """Names of all files besides the clips."""
    files = [README, LICENCE, PREVIEW, COVER, REPORT, *([PRESET] if preset else [])]
    if "sfz" in formats:
        files += [_sfz(about, label) for label in labels]
        files += [_morph(about)] if _can_morph(labels) else []
    if "sf2" in formats:
        files.append(f"{about.stem}.sf2")
    if "decentsampler" in formats:
        files += [f"{about.stem}.dspreset", BACKGROUND]
    return [*files, MANIFEST]


def write_documents(
    store: Store,
    pack: PackMap,
    records: Sequence[Mapping[str, Any]],
    values: Mapping[str, Any],
    *,
    formats: Sequence[str],
) -> None:
    """Write all files besides the clips; `values` is the plan, which becomes part of the manifest.

    Raises:
        PackError: the disk is full or not writable, or a format cannot hold the pack.
    """
    labels = [layer.label for layer in pack.layers]

    def read(file: str) -> FloatArray:
        return read_clip_samples(store.folder, file)

    def read_mono(file: str) -> FloatArray:
        return np.asarray(read(file).mean(axis=0), np.float32)

    def text(content: str) -> Any:
        return lambda path: path.write_bytes(encodable(content).encode("utf-8"))

    files: dict[str, Callable[[Path], object]] = {}
    if "sfz" in formats:
        for layer in pack.layers:
            files[_sfz(pack.about, layer.label)] = text(sfz_text(pack, layer))
        if _can_morph(labels):
            files[_morph(pack.about)] = text(morph_text(pack))
    if "sf2" in formats:
        files[f"{pack.about.stem}.sf2"] = lambda path: write_sf2(path, pack, read)
    if "decentsampler" in formats:
        preset = dspreset_bytes(pack, background=BACKGROUND)
        files[BACKGROUND] = lambda path: draw_background(path, pack, read_mono)
        files[f"{pack.about.stem}.dspreset"] = lambda path: path.write_bytes(preset)
    files[PREVIEW] = lambda path: write_preview(path, pack, read_mono)
    files[COVER] = lambda path: draw_cover(path, pack, read_mono)
    files[README] = text(readme_text(pack, values, records, formats=formats))
    files[LICENCE] = text(licence_text(pack, values))
    if own := values["recipe"].get("preset"):
        files[PRESET] = text(own)
    files[REPORT] = text(report_page(pack, records))
    with ThreadPoolExecutor(thread_count()) as pool:
        hashes = dict(zip(files, pool.map(store.write, files.keys(), files.values()), strict=True))
    manifest = {"nsynth_lab": values["nsynth_lab"], **values, "documents": hashes, "clips": list(records)}
    store.write(MANIFEST, lambda path: path.write_bytes(json_bytes(manifest)))


def _sfz(about: PackInfo, label: str) -> str:
    return f"{about.stem}_{label}.sfz"


def _morph(about: PackInfo) -> str:
    return f"{about.stem}_morph.sfz"


def _can_morph(labels: Sequence[str]) -> bool:
    """Whether there are several positions on a line, which one controller can morph through."""
    return len(labels) > 1 and all(label.startswith("p") for label in labels)
