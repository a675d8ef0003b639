"""`load`, and Model: what one does with a checkpoint, by the requests that the command line makes too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nsynth_lab import messages
from nsynth_lab.audio import Audio
from nsynth_lab.errors import UsageError
from nsynth_lab.latents import Latents, read_latents
from nsynth_lab.library.given import (
    Numbers,
    Part,
    Place,
    Points,
    Source,
    channels_of,
    curve_of,
    note_of,
    part_of,
    place_of,
    settings_of,
    source_of,
    spoken,
)
from nsynth_lab.library.sound import Sound
from nsynth_lab.model.config import ROUNDS
from nsynth_lab.note import Note
from nsynth_lab.patch.library import preset_files
from nsynth_lab.patch.sources import preset_of
from nsynth_lab.render.play_request import PlayRequest
from nsynth_lab.render.request import BlendRequest, check_seconds, parse_blend

if TYPE_CHECKING:
    from nsynth_lab.patch import Patch
    from nsynth_lab.render.session import Session

LONGEST_SONG_SECONDS = 3_600.0  # 1.4 GB
HIGHEST_SEED = 2**31 - 1  # this and the next as the command line's options
MOST_ROUNDS, LONGEST_REFINING_SECONDS = 1_000, 3_600.0


@spoken()
def load(checkpoint: str | Path | None = None, *, compute: str = "cpu", seed: int = 0) -> Model:
    """Load a model: a checkpoint's weights and its bank of instruments, and your own instruments beside them.

    Args:
        checkpoint: its folder; the default model if not given.
        compute: `cpu`, which begins at once; `cuda`; or `auto`: clips on the graphics card where there is one, songs on
            the processor.
        seed: of noise and random movement, from 0; the same seed always gives the same sound.

    Raises:
        CheckpointError: the checkpoint is missing, damaged, or of another version.
        UsageError: `compute` is another word, there is no such device, or the seed is no seed.
    """
    from nsynth_lab.render.session import Session

    if not 0 <= seed <= HIGHEST_SEED:
        raise UsageError(f"seed {seed}; expected 0 to {HIGHEST_SEED}")
    clips = Session(checkpoint, device=compute, seed=seed)
    songs = clips if compute != "auto" or clips.device == "cpu" else Session(checkpoint, device="cpu", seed=seed)
    return Model(clips, songs)


class Model:
    """A loaded model; `nsynth_lab.load` makes it.

    What the methods call a source is one of these:

    - the name of an instrument, such as "flute" (see `instruments`);
    - the path of a sound file or a .latents file, as text or `Path`;
    - `Latents`, as `encode` makes them;
    - a `Sound` of your own, made from an array.

    A recording is one note, of which the first 30 s count. It is encoded when it is first used, which takes about as
    long as it lasts, and kept for later, in other programs too.

    A note is a name or a MIDI number: "A4" and 69 are the same, middle C is C4.

    Warnings, such as of a damaged recording, go to the logger `nsynth_lab`.

    Attributes:
        checkpoint: the folder of its checkpoint.
        model_id: the id of its weights. Latents belong to the model that made them.
        seed: as it was given to `load`.
    """

    def __init__(self, clips: Session, songs: Session) -> None:
        self._clips, self._songs = clips, songs
        self.checkpoint = clips.folder
        self.model_id = clips.checkpoint.model_id
        self.seed = clips.seed

    def __repr__(self) -> str:
        return f"Model({self.checkpoint.name!r}, model_id={self.model_id!r}, seed={self.seed})"

    @spoken()
    def instruments(self) -> list[str]:
        """The names of the instruments that can be blended, the user's own among them.

        Raises:
            CheckpointError: the checkpoint has no bank, or one that cannot be used.
        """
        return list(self._clips.bank.entries)

    @spoken()
    def describe(self, instrument: str) -> dict[str, Any]:
        """What is known of an instrument.

        Returns:
            `name`, `family`, `source` (acoustic, electronic or synthetic), `lowest` and `highest` recorded note,
            `velocities` of its recordings, `licence` and `attribution`.

        Raises:
            UsageError: an unknown name; the closest is offered.
        """
        name = self._clips.bank.find(instrument).instrument.name
        return next(row for row in self._clips.instruments() if row["name"] == name)

    @spoken()
    def presets(self) -> list[str]:
        """The names of the presets, which `blend` and `render` take: the factory's and the user's own."""
        return [path.stem for path in preset_files()]

    @spoken()
    def blend(
        self,
        *sources: Source,
        preset: str = "",
        note: str | int = "A4",
        seconds: float = 3.0,
        velocity: int = 100,
        position: Place | None = None,
        weights: Numbers | None = None,
        path: str | None = None,
        curve: Points | None = None,
        timbre: Place | None = None,
        loudness: Place | None = None,
        partials: Place | None = None,
    ) -> Sound:
        """One note of a blend of one to eight sources, or of a preset: one sound with one pitch, in between.

        Args:
            *sources: what is blended (see `Model`).
            preset: a preset by name, or a .toml file, instead of sources; beside it only `note`, `seconds`,
                `velocity`, `position`, `weights` and `path` go.
            note: the note to sound.
            seconds: length, release included, from 0.05 to 600; exactly so long.
            velocity: MIDI velocity, 1 to 127.
            position: where between the sources, 0 to 1. One number between two: 0 is the first, 1 the second. Two
                numbers, (x, y), among three or four: x from the first to the second, y from there down to the third
                (and from the third to the fourth). The middle if not given.
            weights: a share for each source instead; they are scaled to sum to 1.
            path: "linear", or "spherical", which keeps the timbre's magnitude on the way between unlike sources.
            curve: a morph between two sources: (second, position) points, straight in between.
            timbre: a position of the timbre alone.
            loudness: a position of level, attack and release alone.
            partials: a position of the partials alone.

        Returns:
            48 kHz; mono [1, samples], or stereo [2, samples] of a preset, with its effects.

        Raises:
            UsageError: an unknown instrument or preset, or a value out of range.
            AudioError, LatentsError, PatchError, PluginError: a file, latents, a preset or its plugin cannot be used.

        For nine steps from one to the other: `[model.blend("flute", "cello", position=step / 8) for step in range(9)]`.
        """
        if preset:
            if sources or curve or any(value is not None for value in (timbre, loudness, partials)):
                raise UsageError(
                    "a preset says what is blended and how; beside it only position, weights, path, note, seconds and "
                    "velocity go"
                )
            patch = preset_of(
                preset,
                position=place_of(position, what="position"),
                weights=place_of(weights, what="weights"),
                interpolation=path,
            )
            return self._preset_note(patch, note_of(note, velocity), check_seconds(seconds))
        request, notes = self._asked(
            sources, note_of(note, velocity), seconds, path, curve,
            position=position, weights=weights, timbre=timbre, loudness=loudness, partials=partials,
        )  # fmt: skip
        return _sound(self._clips.render(self._clips.blend(request, notes), samples=request.samples).audio)

    @spoken()
    def latents(
        self,
        *sources: Source,
        note: str | int = "A4",
        seconds: float = 3.0,
        velocity: int = 100,
        position: Place | None = None,
        weights: Numbers | None = None,
        path: str | None = None,
        curve: Points | None = None,
        timbre: Place | None = None,
        loudness: Place | None = None,
        partials: Place | None = None,
    ) -> Latents:
        """What `blend` decodes: the latents of a note of one instrument, or of a blend. Arguments and errors as there.

        Returns:
            Frames of 512 samples at 48 kHz, as many as `seconds` take, rounded up. `decode` makes them sound.
        """
        request, notes = self._asked(
            sources, note_of(note, velocity), seconds, path, curve,
            position=position, weights=weights, timbre=timbre, loudness=loudness, partials=partials,
        )  # fmt: skip
        return self._clips.blend(request, notes)

    @spoken()
    def encode(
        self,
        recording: str | Path | Audio,
        *,
        note: str | int | None = None,
        velocity: int = 100,
        rounds: int = ROUNDS,
        detail: bool = True,
        refine_seconds: float = 0.0,
    ) -> Latents:
        """Turn a recording of one note into latents.

        Args:
            recording: a WAV, FLAC, OGG, MP3 or AIFF file, or a `Sound` made from an array; any sample rate.
            note: the note that it is; measured if not given.
            velocity: with which it was played, 1 to 127.
            rounds: in which the whole note is fitted to the recording first, 0 to 1000; eight take four times as long
                as all the rest, and bring 0.05 dB.
            detail: whether what the latents leave unsaid of partials and noise is measured.
            refine_seconds: fit them for so many seconds more, up to 3600; for odd sounds.

        Returns:
            Its onset to its end, at its own level.

        Raises:
            AudioError: it cannot be read, is silent or too short, or has no clear pitch and `note` is not given.
            UsageError: a value out of range.
        """
        struck = note_of(0 if note is None else note, velocity)
        if not 0 <= rounds <= MOST_ROUNDS:
            raise UsageError(f"{rounds} rounds; expected 0 to {MOST_ROUNDS}")
        if not 0 <= refine_seconds <= LONGEST_REFINING_SECONDS:
            raise UsageError(f"refine_seconds {refine_seconds:g}; expected 0 to {LONGEST_REFINING_SECONDS:g}")
        number = None if note is None else struck.number
        latents = self._clips.encode(recording, note=number, velocity=velocity, rounds=rounds, detail=detail)
        if not refine_seconds:
            return latents
        return self._clips.refine(
            recording, latents, seconds=refine_seconds, progress=lambda _seconds, _db: None
        ).latents

    @spoken()
    def decode(
        self, latents: Latents | str | Path, *, note: str | int | None = None, seconds: float | None = None
    ) -> Sound:
        """Turn latents into sound, at any note and of any length.

        Args:
            latents: as `encode` or `latents` makes them, or a .latents file.
            note: the note to sound; their own if not given.
            seconds: length, from 0.05 to 600; their own if not given. The sustain is lengthened or shortened.

        Returns:
            Mono [1, samples] at 48 kHz; turned down if it would peak above -0.3 dBFS.

        Raises:
            LatentsError: they cannot be read, or belong to another model.
            UsageError: a value out of range.
        """
        from nsynth_lab.render.offline import as_asked

        given = latents if isinstance(latents, Latents) else read_latents(latents)
        wanted, samples = as_asked(given, note=None if note is None else note_of(note).number, seconds=seconds)
        return _sound(self._clips.render(wanted, samples=samples).audio)

    @spoken()
    def render(
        self,
        song: str | Path,
        *sources: Source,
        preset: str = "",
        position: Place | None = None,
        weights: Numbers | None = None,
        path: str | None = None,
        parts: Mapping[int | str, Part] | None = None,
        midi_channels: str | Sequence[int] = "",
        settings: Mapping[str, float] | None = None,
        voices: int | None = None,
        mode: str = "poly",
        unison: int = 1,
        mpe: bool = False,
        a4_hz: float = 440.0,
        scale: str | Path | None = None,
        keymap: str | Path | None = None,
        tempo_bpm: float | None = None,
    ) -> Sound:
        """Play a MIDI file with a blend of sources or a preset: what `nsynth-lab play --file` sends to the device.

        Pedals, bend, pressure, the mod wheel (the blend's position), MPE and program changes are played as they are in
        the file.

        Args:
            song: a .mid file, of an hour at most.
            *sources: what plays it (see `Model`).
            preset: a preset by name, or a .toml file, instead of sources.
            position: where between the sources the song begins (see `blend`).
            weights: a share for each source instead.
            path: "linear" or "spherical" (see `blend`).
            parts: what single MIDI channels, counted from 1, play instead: `{2: "cello", "3-4": "glass-cello"}`, a
                source, several to be blended, or the name of a preset.
            midi_channels: the channels to play, `[1, 3]` or "1,3-5"; all but 10, which is percussion, if not given.
            settings: parameters of the synth by the names of `nsynth-lab play --set`, as `{"release_seconds": 0.4}`.
            voices: how many notes may sound at once; as many as there are if not given.
            mode: "poly", "mono" or "legato".
            unison: voices for each key.
            mpe: whether channels 2 to 16 carry one note each, where the file does not say so itself.
            a4_hz: concert pitch.
            scale: a Scala scale, .scl.
            keymap: a Scala keyboard mapping, .kbm, for the scale.
            tempo_bpm: beats a minute, instead of the file's own tempo.

        Returns:
            Stereo [2, samples] at 48 kHz, 23 MB a minute; sample 0 is the beginning of the song, and the tails of the
            last notes and of effects are in it, at most 20 s of them.

        Raises:
            MidiError: the file cannot be read, or has no note on these channels.
            UsageError: an unknown instrument or preset, or a value out of range.
            AudioError, LatentsError, PatchError, PluginError: something that plays it cannot be used.
        """
        from nsynth_lab.render.song import BLOCK_SAMPLES, blocks_of
        from nsynth_lab.render.song_choice import song_to_play

        asked = PlayRequest(
            sources=tuple(source_of(source, self._songs) for source in sources),
            preset=preset,
            channels=tuple(part_of(channels, part, self._songs) for channels, part in (parts or {}).items()),
            position=place_of(position, what="position"),
            weights=place_of(weights, what="weights"),
            path=path,
            voices=voices,
            mode=mode,
            unison=unison,
            mpe=mpe,
            a4=a4_hz,
            scale=None if scale is None else Path(scale),
            keymap=None if keymap is None else Path(keymap),
            values=settings_of(settings or {}),
            tempo=tempo_bpm,
        )
        read = song_to_play(song, asked, channels=channels_of(midi_channels))
        if read.seconds > LONGEST_SONG_SECONDS:
            raise UsageError(
                f"{song}: {read.seconds / 60:.0f} minutes; expected an hour at most, as it is kept in memory: "
                "`nsynth-lab render` writes longer songs to a file"
            )
        engine = asked.engine(self._songs, live=False, ahead_samples=BLOCK_SAMPLES)
        played = np.concatenate(list(blocks_of(engine, read.timed, end_sample=read.end_sample)), axis=1)
        for line in engine.troubles():
            messages.emit(f"warning: {line}")
        return _sound(Audio(played))

    def _asked(
        self,
        sources: Sequence[Source],
        note: Note,
        seconds: float,
        path: str | None,
        curve: Points | None,
        **places: Place | None,
    ) -> tuple[BlendRequest, list[Latents]]:
        """The request for one clip of a blend, and its sources at that note."""
        names = [str(source) if isinstance(source, str | Path) else "latents" for source in sources]
        numbers: dict[str, Any] = {what: place_of(place, what=what) for what, place in places.items()}
        request = parse_blend(names, note, seconds, path=path, curve=curve_of(curve), **numbers)[0]
        return request, [self._clips.source(source_of(source, self._clips), note) for source in sources]

    def _preset_note(self, patch: Patch, note: Note, seconds: float) -> Sound:
        from nsynth_lab.render.preset import play_note

        played = play_note(self._clips, patch, note, seconds=seconds)
        for line in played.troubles:
            messages.emit(f"warning: {line}")
        return _sound(played.audio)


def _sound(audio: Audio) -> Sound:
    return Sound(audio.samples, audio.sample_rate)
