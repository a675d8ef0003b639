"""Session: a checkpoint loaded once (weights, bank, device, seed), and encoding, blending and decoding with it."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import cached_property, partial
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np

from nsynth_lab import messages
from nsynth_lab.audio import file_hash
from nsynth_lab.blend import blend
from nsynth_lab.blend.even import STEPS, EvenAxis, even_axis
from nsynth_lab.blend.modulation import weights_of
from nsynth_lab.errors import LatentsError
from nsynth_lab.latents import Latents, read_latents
from nsynth_lab.legible import encodable
from nsynth_lab.model.bank import Bank, at_bank_level, load_bank, merged, zones_at_note
from nsynth_lab.model.banks import DEFAULT_CHECKPOINT, check_bank, other_model_hint
from nsynth_lab.model.checkpoint import Checkpoint, load_checkpoint
from nsynth_lab.model.config import ROUNDS
from nsynth_lab.model.encodings import EncodingCache, user_encoding_cache
from nsynth_lab.model.user_bank import with_user_instruments
from nsynth_lab.note import Note, note_name
from nsynth_lab.patch.sound import SPHERICAL
from nsynth_lab.render.compute_device import pick_device
from nsynth_lab.render.offline import Advance, Rendered, render_whole
from nsynth_lab.render.output_paths import LATENTS_ENDING, SOUND_ENDINGS
from nsynth_lab.render.recordings import LONGEST_NOTE_SECONDS, Progress, Recording, Recordings, clip_of
from nsynth_lab.render.request import BlendRequest
from nsynth_lab.units import FloatArray
from nsynth_lab.version import __version__

if TYPE_CHECKING:
    from nsynth_lab.model.refine import Refined

Source = str | Latents


def _silently(_total: int, _unit: str, _title: str) -> AbstractContextManager[Callable[..., None]]:
    return nullcontext(lambda *_: None)


class Session:
    """A checkpoint loaded once; with `user_instruments` the user's own instruments are added to its bank.

    `progress(total, unit, title)` shows the progress of encoding a recording; encoded recordings are cached in
    `encodings`, by default the user's own.

    Raises:
        CheckpointError: the checkpoint cannot be used.
        UsageError: the device asked for is not available.
    """

    def __init__(
        self,
        folder: str | Path | None = None,
        *,
        device: str = "auto",
        seed: int = 0,
        user_instruments: bool = True,
        progress: Progress = _silently,
        encodings: EncodingCache | None = None,
    ) -> None:
        self.folder = Path(folder or DEFAULT_CHECKPOINT)
        self.device = pick_device(device)
        self.seed = seed
        self._user_instruments = user_instruments
        self._progress = progress
        self._told: set[str] = set()
        self._encodings = encodings
        self._guests: dict[str, Bank] = {}
        self._changing = Lock()

    @cached_property
    def checkpoint(self) -> Checkpoint:
        """The model on the device."""
        return load_checkpoint(self.folder, device=self.device)

    @cached_property
    def bank(self) -> Bank:
        """The bank of instruments.

        Raises:
            CheckpointError: it cannot be used, or was encoded with other weights.
        """
        check_bank(self.folder)
        bank = load_bank(self.folder)
        bank = with_user_instruments(bank) if self._user_instruments else bank
        bank.hint = partial(other_model_hint, folder=self.folder)
        return bank

    def add(self, bank: Bank, *, stays: bool = False) -> None:
        """Add the instruments of another bank; in the place of those that were added before under their names.

        They are forgotten by `remove`, unless they stay as if they had been in this session's bank from the beginning.

        Raises:
            CheckpointError: this session's bank cannot be used.
        """
        with self._changing:
            if stays:
                self._home = _joined(self._home, [bank])
            else:
                self._guests["\n".join(bank.entries)] = bank
            self.bank = _joined(self._home, list(self._guests.values()))

    def remove(self, name: str) -> None:
        """Forget an instrument that was added by this name, if it was."""
        with self._changing:
            self._guests.pop(name, None)
            self.bank = _joined(self._home, list(self._guests.values()))

    def guest(self, name: str) -> Bank | None:
        """The bank of an instrument that was added by this name and is not to stay; None for any other."""
        return self._guests.get(name)

    @cached_property
    def _home(self) -> Bank:
        """The bank without what was added; asked for first before anything is."""
        return self.bank

    @cached_property
    def _recordings(self) -> Recordings:
        return Recordings(
            self.checkpoint,
            device=self.device,
            encodings=self._encodings or user_encoding_cache(),
            progress=self._progress,
        )

    def instruments(self) -> list[dict[str, Any]]:
        """One row per instrument of the bank: name, family, source, range, velocity layers, licence, attribution."""
        rows, bank = [], self.bank
        for entry in bank.entries.values():
            notes = [bank.notes[index] for index in entry.zones]
            rows.append(
                {
                    "name": entry.instrument.name,
                    "family": entry.instrument.family,
                    "source": entry.instrument.source,
                    "lowest": note_name(min(note.number for note in notes)),
                    "highest": note_name(max(note.number for note in notes)),
                    "velocities": sorted({note.velocity for note in notes}),
                    "licence": entry.licence,
                    "attribution": entry.attribution,
                }
            )
        return rows

    def ranges(self) -> dict[str, tuple[int, int]]:
        """The lowest and the highest note of each instrument, by name."""
        bank = self.bank
        notes = {name: [bank.notes[index].number for index in entry.zones] for name, entry in bank.entries.items()}
        return {name: (min(found), max(found)) for name, found in notes.items()}

    def stamp(self) -> dict[str, Any]:
        """What reproduces a file besides its parameters: model, seed, version."""
        return {"model": self.checkpoint.model_id, "seed": self.seed, "nsynth_lab": __version__}

    def recipe(self, request: BlendRequest) -> dict[str, Any]:
        """Everything a blend was made from, as plain values."""
        return {"command": "blend", **request.to_dict(), **self.stamp()}

    def encode(
        self,
        recording: Recording,
        *,
        note: int | None = None,
        velocity: int = 100,
        rounds: int = ROUNDS,
        detail: bool = True,
        warn: bool = True,
    ) -> Latents:
        """Encode a recording of one note to latents, fitted to it in `rounds` rounds; of a long one, its first 30 s.

        Recordings encoded before, in this session or another, come from a cache (see `model.encodings`). `warn` tells
        what is doubtful about the recording, such as a pitch other than `note`.

        Raises:
            AudioError: it cannot be used, or no pitch is given and none can be detected.
        """
        return self._recordings.latents(
            recording, note=note, velocity=velocity, rounds=rounds, detail=detail, warn=warn
        )

    def refine(
        self, recording: Recording, latents: Latents, *, seconds: float, progress: Callable[[float, float], None]
    ) -> Refined:
        """Fit the latents of `recording`, as `encode` gave them, closer to it (see `model.refine`)."""
        from nsynth_lab.model.refine import refine  # torch takes two seconds to import

        return refine(latents, self.recorded_samples(recording), self.checkpoint, seconds=seconds, progress=progress)

    def recorded_samples(self, recording: Recording) -> FloatArray:
        """The part of a recording that `encode` uses: mono, 48 kHz, cut to the note, [samples]."""
        from nsynth_lab.model.codec import cut

        return cut(clip_of(recording, max_seconds=LONGEST_NOTE_SECONDS)).mono

    def even_axis(self, request: BlendRequest, sources: Sequence[Latents], *, advance: Advance) -> EvenAxis:
        """Measure the path between two sources once; `advance` is called with the samples done."""
        sounds = []
        for position in np.linspace(0.0, 1.0, STEPS):
            latents = self.blend(request.at((float(position),)), sources)
            sounds.append(self.render(latents, samples=request.samples, advance=advance).audio.mono())
        return even_axis(sounds)

    def zones(self, source: Source, *, files: bool = True) -> list[Latents]:
        """The zones of a source: all notes of an instrument of the bank, or the one note of a file or of latents.

        Args:
            source: a name of the bank, a sound or .latents file (see `file_of`), or latents.
            files: whether it may be a file; the corners of a preset are instruments only.

        Raises:
            UsageError: an unknown name; the closest are offered.
            AudioError, LatentsError: a file that cannot be used.
        """
        if isinstance(source, Latents):
            zones = [at_bank_level(source)]
        elif files and (path := self.file_of(source)) is not None:
            zones = [self.recorded(path)]
        else:
            bank = self.bank  # another may take its place meanwhile
            zones = [bank.zones[index] for index in bank.find(source).zones]
        if zones[0].model_id != (ours := self.checkpoint.model_id):
            theirs, told = zones[0].model_id or "unknown", "latents" if isinstance(source, Latents) else source
            raise LatentsError(f"{told}: made by model {theirs}, this checkpoint is {ours}; encode the sound again")
        return zones

    def source(self, source: Source, note: Note, *, files: bool = True, track: float | None = None) -> Latents:
        """A source (see `zones`) at the pitch and velocity of `note`, at the bank's level.

        Drums and noises follow the note by `track`, 0 to 1, or as far as each was captured to.

        Raises:
            as `zones`.
        """
        return zones_at_note([zone.tracking(track) for zone in self.zones(source, files=files)], note)

    def recorded(self, path: Path) -> Latents:
        """A .latents or sound file, at the bank's level.

        Raises:
            AudioError, LatentsError: it cannot be used.
        """
        is_latents = path.suffix.lower() == LATENTS_ENDING
        return at_bank_level(read_latents(path) if is_latents else self.encode(path))

    def file_of(self, text: str) -> Path | None:
        """The file that a source names; None where it names an instrument.

        The ending of a sound or .latents file makes it a file. Without one, an instrument with exactly that name comes
        before a file, and a message says how to name the file.
        """
        path = Path(text)
        if path.suffix.lower() in (LATENTS_ENDING, *SOUND_ENDINGS):
            return path
        if not os.path.isfile(path):  # not Path.is_file, which raises on long names
            return None
        if not self.bank.holds(text):
            return path
        if text not in self._told:
            self._told.add(text)
            messages.emit(f"'{text}' is the instrument; for the file of that name say .{os.sep}{text}")
        return None

    def describe(self, text: str, *, files: bool = True) -> dict[str, str]:
        """Origin of a source (see `zones`): name, licence and attribution, or the name and hash of a file.

        Raises:
            UsageError: an unknown name.
        """
        path = self.file_of(text) if files else None
        if path is not None:
            return {"name": encodable(path.stem), "file": encodable(path.name), "sha256": file_hash(path)}
        entry = self.bank.find(text)
        return {"name": entry.instrument.name, "licence": entry.licence, "attribution": entry.attribution}

    def blend(self, request: BlendRequest, sources: Sequence[Latents] | None = None) -> Latents:
        """The latents of a blend; pass `sources` if many blends share them."""
        notes = sources or [self.source(text, request.note, track=request.blend.key_track) for text in request.sources]
        weights = weights_of(request.blend, request.frames, seed=self.seed)
        return blend(
            notes,
            weights["timbre"],
            frames=request.frames,
            loudness=weights["loudness"],
            f0=weights["f0"],
            partials=weights["partials"],
            spherical=request.blend.interpolation == SPHERICAL,
        )

    def render(
        self,
        latents: Latents,
        *,
        samples: int | None = None,
        limited: bool = True,
        advance: Advance = lambda _: None,
    ) -> Rendered:
        """Decode a whole note with this session's checkpoint and seed (see `offline.render_whole`)."""
        return render_whole(latents, self.checkpoint, samples=samples, seed=self.seed, limited=limited, advance=advance)


def _joined(bank: Bank, others: Sequence[Bank]) -> Bank:
    whole = merged(bank, others)
    whole.hint = bank.hint
    return whole
