"""prepare(folders, cache): notes ready for training, each read, resampled to 48 kHz and measured only once.

cache/audio.i16               the samples of all notes, one after another, 16 bit, padded to whole frames
cache/streams.safetensors     loudness, f0 and partials, and where each note starts
cache/index.json              the labels of each note, and a fingerprint of the source files
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from nsynth_lab.atomic_file import atomic_write
from nsynth_lab.audio import read_clip
from nsynth_lab.dataset.notes import NoteRecord, is_held_out, is_unseen, read_dataset
from nsynth_lab.dsp.framing import whole_frames
from nsynth_lab.dsp.measure import Measured, measure
from nsynth_lab.dsp.mel import loudest_db
from nsynth_lab.dsp.offset import one_channel
from nsynth_lab.dsp.recording_resampling import resample_recording
from nsynth_lab.errors import DatasetError, NsynthLabError
from nsynth_lab.threads import usable_processors
from nsynth_lab.units import HOP_SAMPLES, FloatArray

VERSION = 3
LONGEST_SECONDS = 8.0
FULL_SCALE = 32767.0

Progress = Callable[[int, int], None]
Entry = dict[str, object]
_Note = tuple[Entry, NoteRecord]
_Result = tuple[NDArray[np.int16], Measured, float] | str


@dataclass(frozen=True)
class PreparedNotes:
    """All notes, one after another: note i is frames starts[i] .. starts[i + 1] - 1 of every per-frame array.

    Attributes:
        audio: [frames * 512] int16, memory-mapped.
        starts: [notes + 1] first frame of each note, and the end of the last.
        loudness_db: [frames].
        f0_cents: [frames].
        partials: [notes, 128].
        loudest_db: [notes] level of the loudest mel band.
        index: one dict per note: note_str, instrument (`data set/instrument_str`), family, pitch, velocity,
            hold_seconds, licence, held_out.
    """

    audio: NDArray[np.int16]
    starts: NDArray[np.int64]
    loudness_db: FloatArray
    f0_cents: FloatArray
    partials: FloatArray
    loudest_db: FloatArray
    index: list[Entry]

    def __len__(self) -> int:
        return len(self.index)

    def samples(self, note: int) -> FloatArray:
        """The audio of one note, [frames * 512], -1..1."""
        return self.frame_samples(int(self.starts[note]), int(self.starts[note + 1]))

    def frame_samples(self, first: int, end: int) -> FloatArray:
        """The audio of the frames from `first` up to but not including `end`, [frames * 512], -1..1."""
        part = self.audio[first * HOP_SAMPLES : end * HOP_SAMPLES]
        return np.asarray(part, np.float32) / np.float32(FULL_SCALE)

    def measured(self, note: int) -> Measured:
        """One note's measured streams."""
        frames = slice(self.starts[note], self.starts[note + 1])
        return Measured(self.loudness_db[frames], self.f0_cents[frames], self.partials[note])


def prepare(
    folders: Sequence[Path],
    cache: Path,
    *,
    split: Collection[Path] = (),
    processes: int | None = None,
    progress: Progress,
) -> PreparedNotes:
    """Read and measure every note of `folders`, or load them from `cache` if no file has changed.

    Notes that cannot be read or are silent are skipped and listed in the index file. In folders that are also in
    `split`, whole instruments are held out as well as single notes (see `notes.is_unseen`). `processes` share the work;
    None stands for one for each processor that may be used.

    Raises:
        DatasetError: a folder without notes, or without a usable one.
    """
    notes = [
        (_entry(folder, record, held_out=is_held_out(record) or (folder in split and is_unseen(record))), record)
        for folder in folders
        for record in read_dataset(folder)
    ]
    fingerprint = _fingerprint(notes)
    if not _is_current(cache, fingerprint):
        _build(notes, cache, fingerprint, processes=processes, progress=progress)
    return load(cache)


def load(cache: Path) -> PreparedNotes:
    """Load what `prepare` has written; the audio stays on disk and is memory-mapped.

    Raises:
        DatasetError: missing or damaged.
    """
    try:
        index = json.loads((cache / "index.json").read_text())
        streams = load_file(cache / "streams.safetensors")
        audio = np.memmap(cache / "audio.i16", np.int16, mode="r")
    except (OSError, ValueError, KeyError, SafetensorError) as error:
        raise DatasetError(
            f"{cache}: prepared notes are damaged ({error}); delete the folder to make them again"
        ) from error
    return PreparedNotes(audio=audio, index=index["notes"], **streams)


def _build(notes: Sequence[_Note], cache: Path, fingerprint: str, *, processes: int | None, progress: Progress) -> None:
    cache.mkdir(parents=True, exist_ok=True)
    (cache / "index.json").unlink(missing_ok=True)
    kept: list[Entry] = []
    dropped: list[str] = []
    measured: list[Measured] = []
    loudest: list[float] = []
    with open(cache / "audio.i16", "wb") as audio:
        for done, (entry, result) in enumerate(_measured(notes, processes)):
            progress(done + 1, len(notes))
            if isinstance(result, str):
                dropped.append(result)
                continue
            samples, streams, loudest_db = result
            audio.write(samples.tobytes())
            loudest.append(loudest_db)
            measured.append(streams)
            kept.append(entry)
    if not kept:
        raise DatasetError(f"no usable note among {len(notes)}: {dropped[0] if dropped else 'the folders are empty'}")
    _write_streams(cache / "streams.safetensors", measured, loudest)
    index = {"fingerprint": fingerprint, "notes": kept, "dropped": dropped}
    with atomic_write(cache / "index.json", DatasetError) as temporary:
        temporary.write_text(json.dumps(index))


def _measured(notes: Sequence[_Note], processes: int | None) -> Iterator[tuple[Entry, _Result]]:
    processes = processes or usable_processors()
    if processes == 1:
        yield from ((entry, _measure_one(record)) for entry, record in notes)
        return
    with ProcessPoolExecutor(processes, initializer=torch.set_num_threads, initargs=(1,)) as pool:
        results = pool.map(_measure_one, [record for _, record in notes], chunksize=16)
        yield from ((entry, result) for (entry, _), result in zip(notes, results, strict=True))


def _measure_one(record: NoteRecord) -> _Result:
    try:
        clip = read_clip(record.path, max_seconds=LONGEST_SECONDS)
        mono = resample_recording(one_channel(clip.samples, clip.sample_rate)[0][None], clip.sample_rate)[0]
    except NsynthLabError as error:
        return str(error)
    mono = whole_frames(mono / max(1.0, float(np.abs(mono).max())))
    return np.asarray((mono * FULL_SCALE).round(), np.int16), measure(mono, note=record.pitch), loudest_db(mono)


def _write_streams(path: Path, measured: Sequence[Measured], loudest: Sequence[float]) -> None:
    lengths = [len(streams.loudness_db) for streams in measured]
    save_file(
        {
            "starts": np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
            "loudness_db": np.concatenate([streams.loudness_db for streams in measured]),
            "f0_cents": np.concatenate([streams.f0_cents for streams in measured]),
            "partials": np.stack([streams.partials for streams in measured]),
            "loudest_db": np.array(loudest, np.float32),
        },
        path,
    )


def _entry(folder: Path, record: NoteRecord, *, held_out: bool) -> Entry:
    return {
        "note_str": record.note_str,
        "instrument": f"{folder.name}/{record.instrument_str}",
        "family": record.family,
        "pitch": record.pitch,
        "velocity": record.velocity,
        "hold_seconds": record.hold_seconds,
        "licence": record.licence,
        "held_out": held_out,
    }


def _fingerprint(notes: Sequence[_Note]) -> str:
    digest = hashlib.sha256(str(VERSION).encode())
    for entry, record in notes:
        file = record.path.stat() if record.path.is_file() else None
        made = (file.st_size, file.st_mtime_ns) if file is not None else ()
        digest.update(f"{made} {json.dumps(entry)}\n".encode())
    return digest.hexdigest()


def _is_current(cache: Path, fingerprint: str) -> bool:
    try:
        return bool(json.loads((cache / "index.json").read_text())["fingerprint"] == fingerprint)
    except (OSError, ValueError, KeyError, TypeError):
        return False
