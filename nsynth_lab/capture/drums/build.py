"""add_drums(folder): encodes drums and noises and writes them into a checkpoint's bank, behind what has a pitch.

What is encoded is kept beside the bank until all are there, so that the same command continues where it stopped. The
other instruments stay as they are, to the last bit; drums and noises that the bank had before are replaced.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from nsynth_lab.audio import read_clip
from nsynth_lab.capture.bank_builder import normalize_zones
from nsynth_lab.capture.drums.noises import NOISES
from nsynth_lab.capture.drums.table import DRUMS, ELECTRONIC, LONGEST_SECONDS, MIDDLE_C, TR_808, Drum
from nsynth_lab.capture.reencode import without_instruments
from nsynth_lab.capture.soundfont import SoundFontSource
from nsynth_lab.capture.source import KeyVelocity
from nsynth_lab.dataset.font_presets import DRUM_BANK
from nsynth_lab.dsp.loudness import loudness_db
from nsynth_lab.dsp.offset import one_channel, to_mono
from nsynth_lab.dsp.recording_resampling import resample_recording
from nsynth_lab.errors import CheckpointError, LatentsError
from nsynth_lab.latents import Latents, read_latents, write_latents
from nsynth_lab.model.bank import BANK, Bank, BankEntry, merged, read_bank_file, write_bank
from nsynth_lab.model.codec import encode_unpitched, trim
from nsynth_lab.model.headers import model_of
from nsynth_lab.note import NOISE, UNPITCHED_FAMILIES, Instrument, Note
from nsynth_lab.units import HOP_SAMPLES, SAMPLE_RATE, FloatArray
from nsynth_lab.version import __version__

UNFINISHED_FOLDER = "drums.unfinished"
HELD_SECONDS = 3.0
ENDED_DB, ENDING_SECONDS, CUT_SECONDS = -50.0, 0.01, 0.2  # how long it fades where it has ended, or is cut off
PEAK, NOMINAL_VELOCITY = 0.5, 100  # of the noises, which are brought to the bank's level later
FREE, MAKER = "CC0-1.0", "nsynth_lab, made of filtered noise"


@dataclass(frozen=True)
class Sounds:
    """Where the sounds come from: a General MIDI SoundFont with kits, and the folder of Sonic Pi's samples."""

    font: Path
    recordings: Path


def count_drums() -> int:
    """How many instruments `add_drums` makes."""
    return len(DRUMS) + len(NOISES)


def add_drums(folder: Path, sounds: Sounds, *, advance: Callable[[], None]) -> Bank:
    """Write all drums and noises into the bank of the checkpoint in `folder`; `advance` is called after each.

    Raises:
        CheckpointError: no usable bank in `folder`.
        AudioError, DatasetError, MissingError: a sound that cannot be read or played.
    """
    before, header = read_bank_file(folder / BANK)
    if before.model_id != model_of(folder):
        raise CheckpointError(f"{folder}: has no bank of its own model; make one with `nsynth-lab bank build`")
    unfinished = folder / UNFINISHED_FOLDER
    unfinished.mkdir(exist_ok=True)
    entries: list[BankEntry] = []
    zones: list[Latents] = []
    for entry, recorded in _instruments(sounds):
        own = [_encoded(key, samples, unfinished, before.model_id) for key, samples in recorded]
        entries.append(replace(entry, zones=tuple(range(len(zones), len(zones) + len(own)))))
        zones += normalize_zones(own, entry.instrument.family)
        advance()
    gone = [name for name, entry in before.entries.items() if entry.instrument.family in UNPITCHED_FAMILIES]
    bank = merged(without_instruments(before, gone), [Bank(entries, zones, model_id=before.model_id)])
    write_bank(folder, bank, about={"recipe": {**header.get("recipe", {}), "drums": len(entries)}})
    shutil.rmtree(unfinished)
    return bank


def _instruments(sounds: Sounds) -> Iterator[tuple[BankEntry, list[tuple[Note, FloatArray]]]]:
    """Each instrument, and its keys as they were recorded."""
    fonts: dict[int, SoundFontSource] = {}
    for drum in DRUMS:
        if drum.file:
            recorded = [(Note(MIDDLE_C, drum.velocities[0]), _read(sounds.recordings / f"{drum.file}.flac"))]
            credit = f"{drum.maker} (freesound.org), Sonic Pi"
            entry = BankEntry(Instrument(drum.name, drum.family, "acoustic"), (), FREE, credit)
        else:
            if drum.program not in fonts:
                fonts[drum.program] = SoundFontSource(sounds.font, bank=DRUM_BANK, program=drum.program)
            source = fonts[drum.program]
            electronic = drum.program in (ELECTRONIC, TR_808)
            instrument = Instrument(drum.name, drum.family, "electronic" if electronic else "acoustic")
            entry = BankEntry(instrument, (), source.info.licence, source.info.attribution)
            recorded = _played(source, drum)
        yield entry, [(note, shortened(samples, drum.longest_seconds)) for note, samples in recorded]
    for source in fonts.values():
        source.close()
    for number, (name, make) in enumerate(NOISES.items()):
        wave = make(np.random.default_rng(number))
        samples = np.asarray(PEAK * wave / np.abs(wave).max(), np.float32)
        entry = BankEntry(Instrument(name, NOISE, "synthetic"), (), FREE, MAKER)
        yield entry, [(Note(MIDDLE_C, NOMINAL_VELOCITY), samples)]


def _played(source: SoundFontSource, drum: Drum) -> list[tuple[Note, FloatArray]]:
    """The keys of a kit that sound; a single one stands on middle C."""
    found = []
    for key in sorted({*drum.keys}.intersection(source.info.playable)):
        for velocity in drum.velocities:
            wanted = KeyVelocity(key, velocity)
            samples = to_mono(source.play(wanted, hold_seconds=HELD_SECONDS, seconds=LONGEST_SECONDS))
            found.append((Note(key if len(drum.keys) > 1 else MIDDLE_C, velocity), samples))
    return found


def _read(path: Path) -> FloatArray:
    clip = read_clip(path, max_seconds=LONGEST_SECONDS)
    mono, _ = one_channel(clip.samples, clip.sample_rate)
    return np.asarray(resample_recording(mono[None], clip.sample_rate)[0], np.float32)


def shortened(samples: FloatArray, longest_seconds: float) -> FloatArray:
    """`samples` until they are 50 dB below their loudest or too long, faded out at the end."""
    level, most = loudness_db(samples), round(longest_seconds * SAMPLE_RATE)
    ends = HOP_SAMPLES * (int(np.flatnonzero(level > level.max() + ENDED_DB)[-1]) + 1)
    kept = samples[: min(ends, most)].copy()
    fade = min(round((CUT_SECONDS if ends > most else ENDING_SECONDS) * SAMPLE_RATE), len(kept) // 2)
    kept[len(kept) - fade :] *= np.cos(np.linspace(0.0, np.pi / 2, fade, dtype=np.float32)) ** 2
    return kept


def _encoded(note: Note, samples: FloatArray, unfinished: Path, model_id: str) -> Latents:
    """The latents of a recording: kept from before, or encoded now and kept."""
    digest = hashlib.sha256(f"{model_id} {note.number} {note.velocity} {__version__}".encode() + samples.tobytes())
    path = unfinished / f"{digest.hexdigest()[:24]}.latents"
    if path.is_file():
        with suppress(LatentsError):
            return read_latents(path)
    zone = encode_unpitched(trim(samples)[0], model_id, note=note)
    write_latents(path, zone, force=True)
    return zone
