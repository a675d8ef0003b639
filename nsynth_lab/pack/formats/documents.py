"""All files of a pack besides its clips: sampler presets, README, licence, preview, pictures, report, manifest.

`document_files` lists their names before anything is made; `write_documents` writes them, the manifest last. A new
sampler format gets a row of `WRITERS`, and one of `pack.format_table`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from nsynth_lab.legible import encodable
from nsynth_lab.pack.folder import MANIFEST, json_bytes
from nsynth_lab.pack.formats.ableton import ableton_files, ableton_writers
from nsynth_lab.pack.formats.decentsampler import dspreset_bytes
from nsynth_lab.pack.formats.mpc import mpc_files, mpc_writers
from nsynth_lab.pack.formats.multisample import multisample_files, multisample_writers
from nsynth_lab.pack.formats.opxy import opxy_files, opxy_writers
from nsynth_lab.pack.formats.pictures import draw_background, draw_cover
from nsynth_lab.pack.formats.preview import write_preview
from nsynth_lab.pack.formats.readme import licence_text, readme_text
from nsynth_lab.pack.formats.renoise import renoise_files, renoise_writers
from nsynth_lab.pack.formats.report import report_page
from nsynth_lab.pack.formats.sf2 import sf2_files, sf2_writers
from nsynth_lab.pack.formats.sfz import sfz_files, sfz_writers
from nsynth_lab.pack.formats.wav import read_clip_samples
from nsynth_lab.pack.formats.zones import PackInfo, PackMap, PlannedClip
from nsynth_lab.pack.store import Store
from nsynth_lab.threads import thread_count
from nsynth_lab.units import FloatArray

Write = Callable[[Path], object]

BACKGROUND = "Images/background.png"
README, LICENCE, PREVIEW, COVER, REPORT = "README.md", "LICENCE.txt", "preview.flac", "cover.png", "report.html"
PRESET = "preset.toml"


def _decentsampler_files(about: PackInfo, _: Sequence[PlannedClip]) -> list[str]:
    return [f"{about.stem}.dspreset", BACKGROUND]


def _decentsampler_writers(folder: Path, pack: PackMap) -> dict[str, Write]:
    preset = dspreset_bytes(pack, background=BACKGROUND)
    return {
        BACKGROUND: lambda path: draw_background(path, pack, _mono_reader(folder)),
        f"{pack.about.stem}.dspreset": lambda path: path.write_bytes(preset),
    }


# format: the names of its files from the planned clips, and what writes them once the clips are in the folder
Names = Callable[[PackInfo, Sequence[PlannedClip]], list[str]]
Writers = Callable[[Path, PackMap], dict[str, Write]]
WRITERS: dict[str, tuple[Names, Writers]] = {
    "sfz": (sfz_files, sfz_writers),
    "sf2": (sf2_files, sf2_writers),
    "decentsampler": (_decentsampler_files, _decentsampler_writers),
    "multisample": (multisample_files, multisample_writers),
    "op-xy": (opxy_files, opxy_writers),
    "renoise": (renoise_files, renoise_writers),
    "ableton": (ableton_files, ableton_writers),
    "mpc": (mpc_files, mpc_writers),
}


def document_files(about: PackInfo, formats: Sequence[str], clips: Sequence[PlannedClip], *, preset: bool) -> list[str]:
    """Names of all files besides the clips."""
    files = [README, LICENCE, PREVIEW, COVER, REPORT, *([PRESET] if preset else [])]
    for name, (names, _) in WRITERS.items():
        files += names(about, clips) if name in formats else []
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

    def text(content: str) -> Write:
        return lambda path: path.write_bytes(encodable(content).encode("utf-8"))

    files: dict[str, Write] = {}
    for name, (_, writers) in WRITERS.items():
        files |= writers(store.folder, pack) if name in formats else {}
    read_mono = _mono_reader(store.folder)
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


def _mono_reader(folder: Path) -> Callable[[str], FloatArray]:
    return lambda file: np.asarray(read_clip_samples(folder, file).mean(axis=0), np.float32)
